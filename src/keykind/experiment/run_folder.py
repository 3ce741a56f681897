"""The folder of a run: who owns it, how far it has come, its files.

In:    what decides the run; its results
Out:   recipe.json, metrics.json, history.csv, predictions.csv; work/ while the run is unfinished
Needs: numpy
"""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadRun
from keykind.core.files import (
    DAMAGE,
    UNFINISHED,
    clear_unfinished,
    whole_file,
    write_json,
    write_text,
    writing_to,
)
from keykind.core.lock import lock_folder

Arrays = dict[str, NDArray[Any]]  # named, e.g. the weights and curves of a fold


@dataclass(frozen=True, slots=True)
class RunFolder:
    """RUN/ and what is in it. Every file is whole or absent; metrics.json comes last."""

    path: Path

    @property
    def work(self) -> Path:
        """Where unfinished steps are kept; gone when the run is finished."""
        return self.path / "work"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder while the block runs. Raises BadRun if one is in it."""
        self.check(resume=True)
        with lock_folder(self.path):
            yield

    def check(self, *, resume: bool) -> None:
        """Raise BadRun if the folder holds anything and `resume` is not wanted, or is no folder."""
        with writing_to(self.path):
            taken = not self._is_free() and (not resume or not self.path.is_dir())
        if taken:
            raise BadRun(
                self.path,
                fault="is there already and not empty",
                remedy="add --resume, or name another folder",
            )

    def claim(self, identity: dict[str, Any], *, resume: bool) -> dict[str, Any] | None:
        """Make the folder this run's own; return the metrics if this very run is finished already.

        identity: all that decides the result, as JSON values.
        Raises BadRun if the folder holds anything and `resume` is not wanted, or holds no run, or another.
        """
        recipe = self.path / "recipe.json"
        self.check(resume=resume)
        if self._is_free():
            write_json(recipe, identity)
        else:
            self._compare(identity, recipe)
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
        """Tell whether nothing is there, or only what a run left that was killed at its very start."""
        if not self.path.is_dir():
            return not self.path.exists()
        return all(file.name.startswith(UNFINISHED) for file in self.path.iterdir())

    def _compare(self, identity: dict[str, Any], recipe: Path) -> None:
        if not recipe.is_file():
            raise BadRun(self.path, fault="holds other files, but no run", remedy="name another folder")
        before = _read(recipe)
        changed = _differences(identity, before)
        if changed:
            raise BadRun(
                self.path,
                fault=f"holds a run with other {', '.join(changed)}",
                remedy="give the same options and photos to resume it, or name another folder",
            )

    def load(self, step: str) -> Arrays | None:
        """Return the arrays a finished step left, or None where there are none, or damaged ones."""
        path = self.work / f"{step}.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except DAMAGE:
            return None

    def keep(self, step: str, arrays: Arrays) -> None:
        """Keep a finished step's arrays for a resumed run."""
        with whole_file(self.work / f"{step}.npz") as temporary:
            np.savez(temporary, allow_pickle=False, **arrays)

    def write_table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        write_text(self.path / name, text.getvalue())

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json, by which a run counts as finished, and remove the unfinished steps."""
        write_json(self.path / "metrics.json", metrics)
        shutil.rmtree(self.work, ignore_errors=True)


def _differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, those inside the recipe by their own name."""
    changed = [key for key in now if now[key] != before.get(key)]
    if "recipe" in changed and isinstance(before.get("recipe"), dict):
        inner = _differences(now["recipe"], before["recipe"])
        changed[changed.index("recipe")] = f"recipe ({', '.join(inner)})"
    return changed


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises BadRun if there is none."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadRun(path, fault=f"cannot be read ({error})", remedy="name another folder") from error
