"""The files that come with keykind, with their hashes: the network's weights, the classifier, the detector.

In:    kernels and biases by their path in the network, float32; model files
Out:   models/models.json, a NumPy archive of float16 arrays, .tflite files; the arrays and bytes again
Needs: numpy

Of the weights only what training changed is in the file: batch normalisation is folded into the kernels and
biases, so its factors and statistics are constants (1, 0) and need no place.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadModel, BadWeights
from keykind.core.files import DAMAGE, write_bytes, write_json

Arrays = dict[str, NDArray[np.float32]]
FOLDER = Path(str(files("keykind"))) / "models"
LIST = "models.json"  # name -> file, sha256, and what is to be known of it
NAME, FILE = "keykind", "keykind-mobilenet_v2.fp16.npz"
CLASSIFIER, DETECTOR = "keys.tflite", "detector.tflite"


def write_arrays(arrays: Mapping[str, NDArray[np.floating]], folder: Path) -> Path:
    """Write the arrays as float16 (half the bytes, three digits) with their hash; return the file's path.

    Raises ValueError for numbers that float16 cannot hold, CannotWrite for a full disk.
    """
    with np.errstate(over="ignore"):  # it is told below
        halves = {name: np.asarray(array, np.float16) for name, array in sorted(arrays.items())}
    if not all(np.isfinite(array).all() for array in halves.values()):
        raise ValueError("some weights are not finite, or above 65504, the largest float16")
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **halves)
    return _keep(NAME, FILE, stream.getvalue(), folder, architecture="mobilenet_v2", scaling="unit")


def write_model(name: str, data: bytes, folder: Path) -> Path:
    """Write a model file with its hash and return its path. Raises CannotWrite for a full disk."""
    return _keep(name, name, data, folder)


def _keep(name: str, file: str, data: bytes, folder: Path, **facts: str) -> Path:
    """Write a file and its entry; the other entries stay."""
    listed = json.loads((folder / LIST).read_text("utf-8")) if (folder / LIST).exists() else {}
    write_bytes(folder / file, data)
    listed[name] = {"file": file, "sha256": hashlib.sha256(data).hexdigest(), **facts}
    write_json(folder / LIST, dict(sorted(listed.items())))
    return folder / file


def read_model(name: str, folder: Path = FOLDER) -> bytes:
    """Return a model file's bytes. Raises BadModel where it is absent or damaged."""
    try:
        return _read(name, folder)
    except DAMAGE as error:
        fault = f"does not come whole with this installation ({error})"
        raise BadModel(name, fault=fault, remedy="install keykind again") from error


def _read(name: str, folder: Path) -> bytes:
    entry = json.loads((folder / LIST).read_text("utf-8"))[name]
    data: bytes = (folder / entry["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError("its bytes changed since it was made")
    return data


def read_arrays(folder: Path = FOLDER) -> Arrays:
    """Return the arrays as float32. Raises BadWeights where the file is gone or damaged."""
    try:
        with np.load(BytesIO(_read(NAME, folder)), allow_pickle=False) as arrays:
            return {name: arrays[name].astype(np.float32) for name in arrays.files}
    except DAMAGE as error:
        raise BadWeights(
            folder, fault=f"holds no whole weights file ({error})", remedy="install keykind again"
        ) from error
