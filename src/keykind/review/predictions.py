"""The tables of a run -> what its models say about photos that they were not trained on.

In:    RUN/: metrics.json, out_of_fold.csv, predictions.csv
Out:   RunFacts: scores, kinds, thresholds; Judged of each photo, by name
Needs: numpy
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadRun
from keykind.core.files import READ_ERRORS

OUT_OF_FOLD, PREDICTIONS, METRICS, MODEL = "out_of_fold.csv", "predictions.csv", "metrics.json", "keys.tflite"
PLAIN = "plain"
FLOOR = 1e-7  # least probability whose logarithm is taken; tables have six digits

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The prediction for a photo by a model that was not trained on it."""

    probabilities: Floats  # (c,) of the run's kinds
    ood: float | None = None  # None: the table has none
    in_test: bool = False  # whether it is a test photo; else it was predicted by cross-validation
    key: str = ""  # the physical key, as the run grouped photos


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """A finished run."""

    path: Path
    kinds: tuple[str, ...]
    f1: float  # weighted, of the judging view
    interval: tuple[float, float]
    ood_threshold: float | None
    of_keys: bool
    judged: Mapping[str, Judged]  # name of a photo in the run -> prediction
    has_out_of_fold: bool

    @property
    def model(self) -> Path:
        """Its model file."""
        return self.path / MODEL


def is_finished(folder: Path) -> bool:
    """Return whether a folder holds a finished run."""
    return (folder / "recipe.json").is_file() and (folder / METRICS).is_file()


def read_run(folder: str | Path) -> RunFacts:
    """Return the facts of a finished run. Raises BadRun if a file is missing or damaged."""
    folder = Path(folder)
    if not is_finished(folder):
        fault = "has no finished run" if folder.is_dir() else "does not exist"
        raise BadRun(
            folder, fault=fault, remedy="name the folder that keykind train wrote, or leave out --run"
        )
    try:
        return _read(folder)
    except (*READ_ERRORS, TypeError) as error:
        fault, remedy = f"has files that cannot be read ({error})", "train again, or leave out --run"
        raise BadRun(folder, fault=fault, remedy=remedy) from error


def _read(folder: Path) -> RunFacts:
    metrics: dict[str, Any] = json.loads((folder / METRICS).read_text("utf-8"))
    novelty = metrics.get("novelty") or {}
    view, kinds = novelty.get("view", PLAIN), tuple(metrics["kinds"])
    scores = metrics["test"][view]
    has_out_of_fold = (folder / OUT_OF_FOLD).is_file()
    judged = dict(_test_photos(folder / PREDICTIONS, kinds, view, float(metrics["temperature"])))
    judged |= dict(_training_photos(folder / OUT_OF_FOLD, kinds)) if has_out_of_fold else {}
    low, high = scores["interval"]["weighted_f1"]
    return RunFacts(
        folder,
        kinds,
        float(scores["weighted_f1"]),
        (float(low), float(high)),
        novelty.get("most"),
        metrics.get("subject", "key") == "key",
        judged,
        has_out_of_fold,
    )


def _test_photos(
    path: Path, kinds: tuple[str, ...], view: str, temperature: float
) -> Iterator[tuple[str, Judged]]:
    for row in _rows(path):
        if row["view"] == view:
            logits = np.log(np.maximum(_probabilities(row, kinds), FLOOR)) / temperature
            values = np.exp(logits - logits.max())
            yield row["photo"], Judged(values / values.sum(), None, True, row["key"])


def _training_photos(path: Path, kinds: tuple[str, ...]) -> Iterator[tuple[str, Judged]]:
    for row in _rows(path):
        yield row["photo"], Judged(_probabilities(row, kinds), float(row["ood"]), False, row["key"])


def _probabilities(row: Mapping[str, str], kinds: tuple[str, ...]) -> Floats:
    return np.array([float(row[f"p({kind})"]) for kind in kinds], np.float32)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
