"""The network's weights that come with keykind: written once, read by every `--weights keykind`.

In:    kernels and biases by their path in the network, float32
Out:   models/models.json and a NumPy archive of float16 arrays, whose hash is checked; the arrays again
Needs: numpy

Only what training changed is in the file: batch normalisation is folded into the kernels and biases, so its
factors and statistics are constants (1, 0) and need no place.
"""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.errors import BadWeights
from keykind.files import DAMAGE, whole_file, write_json

Arrays = dict[str, NDArray[np.float32]]
FOLDER = Path(__file__).parent / "models"
LIST = "models.json"  # name -> file, sha256, architecture, scaling of pixels
NAME, FILE = "keykind", "keykind-mobilenet_v2.fp16.npz"


def write_arrays(arrays: Mapping[str, NDArray[np.floating]], folder: Path) -> Path:
    """Write the arrays as float16 (half the bytes, three digits) with their hash; return the file's path.

    Raises ValueError for numbers that float16 cannot hold, CannotWrite for a full disk.
    """
    with np.errstate(over="ignore"):  # it is told below
        halves = {name: np.asarray(array, np.float16) for name, array in sorted(arrays.items())}
    if not all(np.isfinite(array).all() for array in halves.values()):
        raise ValueError("some weights are not finite, or above 65504, the largest float16")
    path = folder / FILE
    with whole_file(path) as temporary:
        np.savez(temporary, allow_pickle=False, **halves)
    entry = {
        "file": FILE,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "architecture": "mobilenet_v2",
        "scaling": "unit",
    }
    write_json(folder / LIST, {NAME: entry})
    return path


def read_arrays(folder: Path = FOLDER) -> Arrays:
    """Return the arrays as float32. Raises BadWeights where the file is gone or damaged."""
    try:
        entry = json.loads((folder / LIST).read_text("utf-8"))[NAME]
        data = (folder / entry["file"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ValueError("its bytes changed since it was made")
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name].astype(np.float32) for name in arrays.files}
    except DAMAGE as error:
        raise BadWeights(
            folder, fault=f"holds no whole weights file ({error})", remedy="install keykind again"
        ) from error
