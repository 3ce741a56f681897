"""The folder of a run: who owns it, how far it has come, its files.

In:    what decides the run; its results
Out:   recipe.json, metrics.json, history.csv, predictions.csv; work/ while the run is unfinished
Needs: numpy
"""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.errors import BadRun
from keykind.files import clear_unfinished, whole_file, write_json, write_text

Arrays = dict[str, NDArray[Any]]  # named, e.g. the weights and curves of a fold


@dataclass(frozen=True, slots=True)
class RunFolder:
    """RUN/ and what is in it. Every file is whole or absent; metrics.json comes last."""

    path: Path

    @property
    def work(self) -> Path:
        """Where unfinished steps are kept; gone when the run is finished."""
        return self.path / "work"

    def claim(self, identity: dict[str, Any], *, resume: bool) -> dict[str, Any] | None:
        """Make the folder this run's own; return the metrics if this very run is finished already.

        identity: all that decides the result, as JSON values.
        Raises BadRun if the folder holds anything and `resume` is not wanted, or holds another run.
        """
        if not resume and self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise BadRun(
                self.path,
                fault="is there already and not empty",
                remedy="add --resume, or name another folder",
            )
        recipe = self.path / "recipe.json"
        if recipe.exists():
            self._check(identity, recipe)
        else:
            write_json(recipe, identity)
        self.work.mkdir(exist_ok=True)
        for folder in (self.path, *self.path.glob("*/"), *self.work.glob("*/")):
            clear_unfinished(folder)
        metrics = self.path / "metrics.json"
        if not metrics.exists():
            return None
        shutil.rmtree(self.work)
        return dict(json.loads(metrics.read_text("utf-8")))

    def _check(self, identity: dict[str, Any], recipe: Path) -> None:
        try:
            before = json.loads(recipe.read_text("utf-8"))
            changed = [key for key in identity if before[key] != identity[key]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadRun(recipe, fault=f"cannot be read ({error})", remedy="name another folder") from error
        if changed:
            raise BadRun(
                self.path,
                fault=f"holds a run with other {', '.join(changed)}",
                remedy="give the same options and photos to resume it, or name another folder",
            )

    def load(self, step: str) -> Arrays | None:
        """Return the arrays a finished step left, or None."""
        path = self.work / f"{step}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

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
        shutil.rmtree(self.work)
