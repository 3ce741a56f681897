"""The name of a model -> the model, and the photos that it was trained on, if they are known.

In:    a model file, the folder of a run, or the word `keykind` for the bundled models
Out:   ChosenModel; which of some photos it was trained on
Needs: numpy, pillow, ai-edge-litert
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadRun, printable
from keykind.core.files import is_same_file
from keykind.dataset.csv_table import load_table
from keykind.dataset.groups import make_unique
from keykind.dataset.samples import Sample
from keykind.dataset.splits import TRAIN, part_of
from keykind.model.description import RUN_MODEL
from keykind.predict.recogniser import SHIPPED, Recogniser, shipped_model

BUNDLED = "keykind"  # in place of a path
PHOTOS, RECORD = "photos.csv", "recipe.json"  # of a run's folder


@dataclass(frozen=True, slots=True, eq=False)
class ChosenModel:
    """A model to evaluate."""

    name: str  # on the page; unique among those that are compared
    path: Path  # of the model file
    recogniser: Recogniser
    table: Path | None  # photos.csv of the run that made it; None: the photos trained on are not known

    @property
    def is_bundled(self) -> bool:
        """Return whether it is the model that comes with keykind."""
        return is_same_file(self.path, SHIPPED)

    def trained_on(self, samples: Sequence[Sample]) -> frozenset[str]:
        """Return the names of those photos that the model was trained on, at this or another path.

        Raises BadDataset if photos.csv cannot be read.
        """
        if self.table is None:
            return frozenset()
        rows = load_table(self.table, needed=("path", "label")).rows
        training = {
            os.path.realpath(self.table.parent / row.cells["path"])
            for row in rows
            if row.cells.get("path") and part_of(row.cells.get("split", TRAIN)) == TRAIN
        }
        paths = {sample.name: os.path.realpath(sample.path) for sample in samples}
        moved = _hashes(training - set(paths.values()), {_file_size(path) for path in paths.values()})
        return frozenset(
            sample.name for sample in samples if paths[sample.name] in training or sample.sha256 in moved
        )


def _hashes(paths: Iterable[str], sizes: set[int | None]) -> set[str]:
    """Return the SHA-256 of those files that still exist and have one of the sizes."""
    hashes = set()
    for path in paths:
        with suppress(OSError):
            if _file_size(path) in sizes - {None}:
                hashes.add(hashlib.sha256(Path(path).read_bytes()).hexdigest())
    return hashes


def _file_size(path: str) -> int | None:
    """Return the size of a file in bytes; None if it is gone."""
    with suppress(OSError):
        return Path(path).stat().st_size
    return None


def choose_models(models: Sequence[str | Path], *, whole: bool = False) -> tuple[ChosenModel, ...]:
    """Return the models with these names.

    whole: skip key detection. Raises BadModel for a file that cannot be used, BadRun for a folder without it.
    """
    paths = [_model_file(model) for model in models]
    runs = [_run_of(path) for path in paths]
    names = [
        _name(model, path, run is not None) for model, path, run in zip(models, paths, runs, strict=True)
    ]
    if len(set(names)) < len(names):
        names = [printable(model) for model in models]
    return tuple(
        ChosenModel(name, path, Recogniser.load(path, whole=whole), run)
        for name, path, run in zip(make_unique(names), paths, runs, strict=True)
    )


def _model_file(model: str | Path) -> Path:
    if str(model) == BUNDLED:
        return shipped_model()
    path = Path(model)
    if not path.is_dir():
        return path
    if not (path / RUN_MODEL).is_file():
        fault = f"is a folder without {RUN_MODEL}, so it is not a finished run"
        raise BadRun(path, fault=fault, remedy="give a model file or the folder of a finished run")
    return path / RUN_MODEL


def _run_of(path: Path) -> Path | None:
    """Return photos.csv of the run that a model file is in; None if it is in none."""
    table = path.parent / PHOTOS
    return table if table.is_file() and (path.parent / RECORD).is_file() else None


def _name(model: str | Path, path: Path, in_run: bool) -> str:
    """Return how the page calls a model: a run by its folder, other files by their name."""
    if str(model) == BUNDLED:
        return f"{BUNDLED} (bundled)"
    return printable(path.resolve().parent.name if in_run and path.name == RUN_MODEL else path.name)
