"""The folder of a rendered set: whose it is, what is finished in it.

In:    an Order, the variant that renders it; photos with labels
Out:   set.json; <kind>/<kind>-000012.jpg, labels/<kind>-000012.json, each whole or absent, the photo first
Needs: nothing beyond Python
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from keykind import __version__
from keykind.core.errors import CannotWrite, KeykindError
from keykind.core.files import (
    DAMAGE,
    LABELS,
    SET_FILE,
    UNFINISHED,
    clear_unfinished,
    free_space,
    write_bytes,
    write_json,
    write_text,
    writing_to,
)
from keykind.render.sets.job import Order, Task

BYTES_A_PIXEL = 0.4  # of a square photo with its label and annotations: 0.2 on average at 320 px
BYTES_A_PHOTO = 10_000  # whatever its size: the parameters in the label, unfilled blocks of the disk


@dataclass(frozen=True, slots=True)
class SetFolder:
    """OUT/ and what is in it."""

    path: Path

    def photo(self, task: Task) -> Path:
        """Return where a photo belongs."""
        return self.path / task.folder / f"{task.stem}.jpg"

    def label(self, task: Task) -> Path:
        """Return where the label of a photo belongs; it is written after its photo."""
        return self.path / LABELS / f"{task.stem}.json"

    def begun(self) -> dict[str, Any] | None:
        """Return what the set in this folder was begun with, or None if nothing is there yet.

        Raises KeykindError if the folder holds anything else.
        """
        with writing_to(self.path):
            if not self.path.exists() or (self.path.is_dir() and self._is_free()):
                return None
        try:
            found = json.loads((self.path / SET_FILE).read_text("utf-8"))
        except DAMAGE as error:
            fault = "is there already, but is no set of rendered photos"
            raise KeykindError(self.path, fault=fault, remedy="name another folder") from error
        return found if isinstance(found, dict) else {}

    def check(self, order: Order, variant: str | None) -> None:
        """Make the folder if need be.

        Raises KeykindError if it holds another set or anything else, is not writable, or the disk too full.
        variant: of Mitsuba, None if any will do.
        """
        before = self.begun()
        if before is not None:
            self._compare(before, _identity(order, variant or before.get("variant")))
        left = sum(1 for _ in self.missing(order.tasks())) if before else order.count
        needed, free = left * (BYTES_A_PHOTO + BYTES_A_PIXEL * order.size**2), free_space(self.path)
        if free < needed:
            room = f"need about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
            fault = f"{left:,} photos of {order.size} px {room}"
            raise CannotWrite(self.path, fault=fault, remedy="free some space or choose another folder")
        with writing_to(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=self.path).close()

    def claim(self, order: Order, variant: str) -> None:
        """Make the folder this order's own, and clear what a killed command left half-written."""
        before, identity = self.begun(), _identity(order, variant)
        if before is None:
            write_json(self.path / SET_FILE, identity)
        else:
            self._compare(before, identity)
        for folder in (self.path, *self.path.glob("*/")):
            clear_unfinished(folder)

    def missing(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield the tasks of which the photo or the label is not there."""
        for task in tasks:
            if not (self.label(task).is_file() and self.photo(task).is_file()):
                yield task

    def save(self, task: Task, photo: bytes, label: dict[str, Any]) -> None:
        """Write a photo, then its label. Raises ValueError for NaN or infinity before anything is written."""
        text = json.dumps(label, allow_nan=False) + "\n"
        write_bytes(self.photo(task), photo)
        write_text(self.label(task), text)

    def read_label(self, task: Task) -> dict[str, Any]:
        """Return the label of a finished photo. Raises KeykindError if it cannot be read."""
        path = self.label(task)
        try:
            label: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except DAMAGE as error:
            raise KeykindError(
                path, fault="cannot be read", remedy="remove it and run the command again"
            ) from error
        return label

    def _is_free(self) -> bool:
        return all(file.name.startswith(UNFINISHED) for file in self.path.iterdir())

    def _compare(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        differing = [key for key in now if before.get(key) != now[key]]
        if differing:
            key = differing[0]
            fault = f"holds a set begun with {key} {_shown(before.get(key))}, not {_shown(now[key])}"
            remedy = "repeat the command that began it, or name another folder"
            raise KeykindError(self.path, fault=fault, remedy=remedy)


def _identity(order: Order, variant: str | None) -> dict[str, Any]:
    return {"keykind": __version__, "variant": variant, **order.as_json()}


def _shown(value: Any) -> str:
    if value is None:
        return "in turn"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
