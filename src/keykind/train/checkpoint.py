"""State of a training by steps -> a file from which it continues; the moving average of weights.

In:    variables of Keras, the number of steps that are done, the curves so far
Out:   an .npz file, written atomically; the same state again
Needs: keras                                                                               [train]
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import KeykindError
from keykind.core.files import READ_ERRORS, atomic_write

Curves = list[dict[str, float]]
WARM_UP = 20  # steps: the first averages are of about as many steps as there were


def identity_of(*facts: Any) -> str:
    """Return a digest of what must be the same for a training to be resumed, as JSON values."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def check_identity(path: Path, found: Any, expected: str) -> None:
    """Raise KeykindError if a file is of another training. found: the identity in it, None without one."""
    if found != expected:
        fault = "is of a training by another recipe, start or seed"
        raise KeykindError(path, fault=fault, remedy="choose another folder")


class MovingAverage:
    """The exponential moving average of weights: detects better than the weights of any step."""

    def __init__(self, variables: Sequence[Any], kept: float) -> None:
        """Begin with the variables' values. kept: largest share of the average that an update keeps."""
        self._variables, self._kept = variables, kept
        self.values = [variable.numpy() for variable in variables]

    def update(self, step: int, interval: int) -> None:
        """Move the average towards the variables; interval: steps since the last update."""
        share = max(1 - self._kept, interval / (step + WARM_UP))
        for value, variable in zip(self.values, self._variables, strict=True):
            np.add(value, share * (variable.numpy() - value), out=value)

    def apply(self) -> None:
        """Set the variables to their average."""
        for value, variable in zip(self.values, self._variables, strict=True):
            variable.assign(value)


class Checkpoint:
    """A file with the state of a training."""

    def __init__(self, path: Path, variables: Sequence[Any], average: MovingAverage, identity: str) -> None:
        """Take all variables of the network and its optimizer. identity: see `identity_of`."""
        self._path, self._variables = path, variables
        self._average, self._identity = average, identity

    def save(self, step: int, curves: Curves) -> None:
        """Write the state after `step` steps. Raises CannotWrite."""
        arrays = {f"variable-{i}": variable.numpy() for i, variable in enumerate(self._variables)}
        arrays |= {f"average-{i}": value for i, value in enumerate(self._average.values)}
        facts = json.dumps({"step": step, "curves": curves, "identity": self._identity})
        with atomic_write(self._path) as temporary:
            np.savez(temporary, allow_pickle=False, facts=facts, **arrays)

    def restore(self) -> tuple[int, Curves]:
        """Restore the state; return how many steps are done, and the curves: 0 and none without a file.

        Raises KeykindError if the file is of another training.
        """
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                facts = json.loads(str(arrays["facts"]))
                check_identity(self._path, facts["identity"], self._identity)
                values = [arrays[f"variable-{i}"] for i in range(len(self._variables))]
                averages = [arrays[f"average-{i}"] for i in range(len(self._average.values))]
        except READ_ERRORS:
            return 0, []
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        self._average.values = averages
        return int(facts["step"]), list(facts["curves"])
