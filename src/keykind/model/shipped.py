"""The bundled files and their hashes: the backbone's weights and the models; the decision.

In:    kernels and biases by their path in the network, float32; model files; a Decision
Out:   models/models.json, a NumPy archive of float16 arrays, .tflite files; and what was written again
Needs: numpy

The weights are kernels and biases only: batch normalisation is folded into them, so its parameters are the
constants 1 and 0.
"""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadModel, BadWeights
from keykind.core.files import READ_ERRORS, write_bytes, write_json
from keykind.model.decision import Decision, decision_from_json

Arrays = dict[str, NDArray[np.float32]]
FOLDER = Path(__file__).parents[1] / "models"
INDEX = "models.json"  # name -> file, sha256 and other properties; DECISION -> a Decision
DECISION = "decision"
WEIGHTS, WEIGHTS_FILE = "keykind", "keykind-mobilenet_v2.fp16.npz"
CLASSIFIER, DETECTOR, REFINER = "keys.tflite", "detector.tflite", "refiner.tflite"
SEGMENTER = "segmenter.tflite"


def write_arrays(arrays: Mapping[str, NDArray[np.floating]], folder: str | Path) -> Path:
    """Write the arrays as float16, and their hash to the index; return its path.

    Raises ValueError for values that float16 cannot represent, CannotWrite if the disk is full.
    """
    with np.errstate(over="ignore"):  # checked below
        halves = {name: np.asarray(array, np.float16) for name, array in sorted(arrays.items())}
    if not all(np.isfinite(array).all() for array in halves.values()):
        raise ValueError("some weights are not finite in float16, whose maximum is 65504")
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **halves)
    return _store(
        WEIGHTS, WEIGHTS_FILE, stream.getvalue(), Path(folder), architecture="mobilenet_v2", scaling="unit"
    )


def write_model(name: str, data: bytes, folder: str | Path) -> Path:
    """Write a model file, and its hash to the index; return its path. Raises CannotWrite."""
    return _store(name, name, data, Path(folder))


def write_decision(decision: Decision, folder: str | Path = FOLDER) -> Path:
    """Write a decision into the index and return the index's path. Raises CannotWrite."""
    return _index(DECISION, decision.as_json(), Path(folder))


def read_decision(folder: str | Path = FOLDER) -> Decision | None:
    """Return the decision that was fitted to the bundled models; None: there is none.

    Raises BadModel if the index is missing or damaged.
    """
    try:
        entries = json.loads((Path(folder) / INDEX).read_text("utf-8")).get(DECISION)
        return None if entries is None else decision_from_json(entries)
    except (*READ_ERRORS, AttributeError, TypeError) as error:
        fault = f"is missing from this installation, or damaged ({error})"
        raise BadModel(INDEX, fault=fault, remedy="install keykind again") from error


def load_decision(path: str | Path) -> Decision:
    """Return the decision in a file that `keykind dev fit-decision` wrote. Raises BadModel."""
    try:
        return decision_from_json(json.loads(Path(path).read_text("utf-8")))
    except (*READ_ERRORS, TypeError) as error:
        remedy = "give a file that `keykind dev fit-decision` wrote"
        raise BadModel(path, fault=f"is not a decision ({_reason(error)})", remedy=remedy) from error


def _reason(error: Exception) -> str:
    """Return why a file is not a decision."""
    match error:
        case FileNotFoundError():
            return "no such file"
        case OSError():
            return str(error.strerror or error)
        case KeyError():
            return f"it has no entry {error}"
        case TypeError():
            return "it is not a JSON object, or an entry has a wrong type"
    return str(error)


def _store(name: str, file: str, data: bytes, folder: Path, **properties: str) -> Path:
    """Write a file and its entry in the index."""
    write_bytes(folder / file, data)
    _index(name, {"file": file, "sha256": hashlib.sha256(data).hexdigest(), **properties}, folder)
    return folder / file


def _index(name: str, entry: dict[str, Any], folder: Path) -> Path:
    """Write an entry of the index and return its path; other entries are kept."""
    path = folder / INDEX
    index = json.loads(path.read_text("utf-8")) if path.exists() else {}
    write_json(path, dict(sorted((index | {name: entry}).items())))
    return path


def read_model(name: str, folder: str | Path = FOLDER) -> bytes:
    """Return the bytes of a bundled model file. Raises BadModel if it is missing or damaged."""
    try:
        return _read(name, Path(folder))
    except READ_ERRORS as error:
        fault = f"is missing from this installation, or damaged ({error})"
        raise BadModel(name, fault=fault, remedy="install keykind again") from error


def is_bundled(name: str, digest: str, folder: str | Path = FOLDER) -> bool:
    """Return whether the bundled file of this name has this SHA-256; False without an index."""
    try:
        return bool(json.loads((Path(folder) / INDEX).read_text("utf-8"))[name]["sha256"] == digest)
    except (TypeError, *READ_ERRORS):
        return False


def has_model(name: str, folder: str | Path = FOLDER) -> bool:
    """Return whether a model of this name is bundled. Raises BadModel if the index is damaged."""
    try:
        return name in json.loads((Path(folder) / INDEX).read_text("utf-8"))
    except READ_ERRORS as error:
        fault = f"is missing from this installation, or damaged ({error})"
        raise BadModel(INDEX, fault=fault, remedy="install keykind again") from error


def _read(name: str, folder: Path) -> bytes:
    entry = json.loads((folder / INDEX).read_text("utf-8"))[name]
    data: bytes = (folder / entry["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError("its sha256 differs from the index")
    return data


def read_arrays(folder: str | Path = FOLDER) -> Arrays:
    """Return the bundled weights as float32. Raises BadWeights if the file is missing or damaged."""
    try:
        with np.load(BytesIO(_read(WEIGHTS, Path(folder))), allow_pickle=False) as arrays:
            return {name: arrays[name].astype(np.float32) for name in arrays.files}
    except READ_ERRORS as error:
        raise BadWeights(
            folder, fault=f"has no weights file, or a damaged one ({error})", remedy="install keykind again"
        ) from error
