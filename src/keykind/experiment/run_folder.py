"""The folder of a run: whose run it is, how far it has come, its files.

In:    what determines the run; its results
Out:   recipe.json, metrics.json, history.csv and other tables; work/ until the run is finished
Needs: numpy
"""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind import __version__
from keykind.core.errors import BadRun
from keykind.core.files import (
    READ_ERRORS,
    UNFINISHED,
    atomic_write,
    clear_unfinished,
    write_json,
    write_text,
    writing_to,
)
from keykind.core.lock import lock_folder
from keykind.dataset.listing import first_few
from keykind.train.recipe import REPORT

Arrays = dict[str, NDArray[Any]]  # by name, e.g. the weights and curves of a fold
RECORD = "recipe.json"  # what determines the run, and what it decided
COMMAND = "command"  # entry of it: the command line, as typed
FILES = (
    *(RECORD, "metrics.json", "report.html", "history.csv", "photos.csv", "predictions.csv", "figures"),
    *("out_of_fold.csv", "model.keras", "prototypes.npy", "keys*.tflite", "*.onnx", "work", f"{UNFINISHED}*"),
)  # what a run holds, and exports of it, as patterns
LAST_WITHOUT_SCHEMA = "0.6.0"  # version of keykind


@dataclass(frozen=True, slots=True)
class RunFolder:
    """RUN/ and its files. Every file is complete or absent; metrics.json is written last."""

    path: Path

    @property
    def work(self) -> Path:
        """The folder of unfinished steps; removed when the run is finished."""
        return self.path / "work"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder while the block runs. Raises BadRun if one is using it."""
        self.check(resume=True)
        with lock_folder(self.path):
            yield

    def check(self, *, resume: bool) -> None:
        """Raise BadRun if the path is a file, or a folder that is not empty and `resume` is false."""
        with writing_to(self.path):
            in_use = not self._is_free() and (not resume or not self.path.is_dir())
        if in_use:
            raise BadRun(
                self.path,
                fault="already exists and is not empty",
                remedy="add --resume to continue its run, --force to replace it, or name another folder",
            )

    def check_replaceable(self) -> None:
        """Raise BadRun if the path is neither free nor a run, or holds what keykind did not write as well."""
        with writing_to(self.path):
            if self._is_free():
                return
            names = sorted(file.name for file in self.path.iterdir()) if self.path.is_dir() else []
        if RECORD not in names or "photos" not in _read(self.path / RECORD):
            fault = "already exists and is not a run of keykind"
            raise BadRun(self.path, fault=fault, remedy="name another folder")
        if foreign := [name for name in names if not any(map(partial(fnmatch, name), FILES))]:
            fault = f"also holds what keykind did not write: {first_few(foreign)}"
            raise BadRun(self.path, fault=fault, remedy="move it elsewhere, or name another folder")

    def clear(self) -> None:
        """Delete the run, so that another can take its place. Raises BadRun as `check_replaceable` does."""
        with self.locked(), writing_to(self.path):
            self.check_replaceable()
            # recipe.json comes last: a run killed meanwhile is still known as one.
            for path in sorted(self.path.iterdir(), key=lambda path: path.name == RECORD):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def read_record(self, schema: int) -> dict[str, Any] | None:
        """Return what `claim` wrote into recipe.json; None if the folder is free.

        Raises BadRun if the folder holds anything but a run, or a run of another schema.
        """
        if self._is_free():
            return None
        path = self.path / RECORD
        if not path.is_file():
            raise BadRun(self.path, fault="holds other files, but no run", remedy="name another folder")
        record = _read(path)
        written = record.get("schema", 1)
        if written != schema:
            version = record.get("keykind", f"{LAST_WITHOUT_SCHEMA} or earlier")
            raise BadRun(
                self.path,
                fault=f"holds a run of keykind {version} (run schema {written}); keykind {__version__} "
                f"resumes schema {schema} only",
                remedy="train anew into another folder, or resume the run with that version",
            )
        return record

    def claim(
        self, identity: Mapping[str, Any], notes: Mapping[str, Any] | None = None, *, resume: bool
    ) -> dict[str, Any] | None:
        """Reserve the folder for this run; return the metrics if the run is already finished.

        identity: everything that determines the result, as JSON values, with its `schema`. notes: what
        recipe.json holds besides.
        Raises BadRun if the folder is not empty and `resume` is false, or holds no run, or another run.
        """
        self.check(resume=resume)
        record = self.read_record(identity["schema"])
        if record is None:
            write_json(self.path / RECORD, {**identity, "keykind": __version__, **(notes or {})})
        else:
            self._compare(identity, record)
        with writing_to(self.work):
            self.work.mkdir(exist_ok=True)
        for folder in (self.path, *self.path.glob("*/"), *self.work.glob("*/")):
            clear_unfinished(folder)
        metrics = self.path / "metrics.json"
        if not metrics.exists():
            return None
        finished = _read(metrics)
        shutil.rmtree(self.work, ignore_errors=True)
        return finished

    def _is_free(self) -> bool:
        """Return whether the folder is absent, or holds at most what a run leaves that is killed at once."""
        if not self.path.is_dir():
            return not self.path.exists()
        return all(file.name.startswith(UNFINISHED) for file in self.path.iterdir())

    def _compare(self, identity: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        changed = _differences(identity, _with_new_choices(record, identity))
        if changed:
            raise BadRun(
                self.path,
                fault=f"holds a run with other {', '.join(changed)}",
                remedy="give the same options and photos to resume it, or name another folder",
            )

    def remember(self, name: str, decide: Callable[[], Any]) -> Any:
        """Return what the run decided under this name; the first time, decide it and add it to recipe.json.

        Raises what `decide` raises, and BadRun if recipe.json cannot be read.
        """
        path = self.path / RECORD
        record = _read(path)
        if name not in record:
            record[name] = decide()
            write_json(path, record)
        return record[name]

    def load_step(self, step: str) -> Arrays | None:
        """Return the arrays of a finished step, or None if they are absent or damaged."""
        path = self.work / f"{step}.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except READ_ERRORS:
            return None

    def save_step(self, step: str, arrays: Arrays) -> None:
        """Save the arrays of a finished step, for a resumed run."""
        with atomic_write(self.work / f"{step}.npz") as temporary:
            np.savez(temporary, allow_pickle=False, **arrays)

    def write_table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        write_text(self.path / name, text.getvalue())

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json, which marks the run as finished, and remove the unfinished steps."""
        write_json(self.path / "metrics.json", metrics)
        shutil.rmtree(self.work, ignore_errors=True)


def _with_new_choices(record: Mapping[str, Any], identity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record with the defaults of those choices of a recipe that its version did not have."""
    recipe, known = identity.get("recipe"), record.get("recipe")
    if not isinstance(recipe, dict) or not isinstance(known, dict):
        return record
    added = {key: value for key, value in REPORT.as_json().items() if key in recipe and key not in known}
    return {**record, "recipe": known | added}


def _differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ; for the recipe, and groups in it, the keys inside in brackets."""
    changed = []
    for key, value in now.items():
        old = before.get(key)
        if value != old:
            inner = _differences(value, old) if isinstance(value, dict) and isinstance(old, dict) else []
            changed.append(f"{key} ({', '.join(inner)})" if inner else key)
    return changed


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises BadRun if there is none."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadRun(path, fault=f"cannot be read ({error})", remedy="name another folder") from error
