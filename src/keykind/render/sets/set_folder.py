"""The folder of a rendered dataset: which job it belongs to, and which photos are finished.

In:    Job, name of the Mitsuba variant; photos with labels
Out:   set.json; <kind>/<kind>-000012.jpg, then labels/<kind>-000012.json, each written atomically
Needs: nothing beyond Python
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from keykind import __version__
from keykind.core.errors import CannotWrite, KeykindError
from keykind.core.files import (
    LABELS,
    READ_ERRORS,
    SET_FILE,
    UNFINISHED,
    clear_unfinished,
    free_space,
    write_bytes,
    write_json,
    write_text,
    writing_to,
)
from keykind.render.sets.job import Job, Task

BYTES_PER_PIXEL = 0.4  # of a square photo with its label and annotations; 0.2 on average at 320 px
BYTES_PER_PHOTO = 10_000  # at any size: parameters in the label, partly filled disk blocks


class SetFolder:
    """The folder of a rendered dataset."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def photo_path(self, task: Task) -> Path:
        """Return the path of a photo."""
        return self.path / task.folder / f"{task.stem}.jpg"

    def label_path(self, task: Task) -> Path:
        """Return the path of a photo's label, which is written after the photo."""
        return self.path / LABELS / f"{task.stem}.json"

    def settings(self) -> dict[str, Any] | None:
        """Return the contents of set.json, or None if the folder is empty or missing.

        Raises KeykindError if the folder holds anything else.
        """
        with writing_to(self.path):
            if not self.path.exists() or (self.path.is_dir() and self._is_empty()):
                return None
        try:
            settings = json.loads((self.path / SET_FILE).read_text("utf-8"))
        except READ_ERRORS as error:
            fault = "already exists and is not a rendered dataset"
            raise KeykindError(self.path, fault=fault, remedy="choose another folder") from error
        return settings if isinstance(settings, dict) else {}

    def prepare(self, job: Job, variant: str | None) -> None:
        """Create the folder if necessary, and check that the job can be rendered into it.

        variant: of Mitsuba; None accepts the one in set.json.
        Raises KeykindError if the folder holds another dataset or anything else, is not writable, or lacks
        disk space.
        """
        existing = self.settings()
        if existing is not None:
            self._compare(existing, _identity(job, variant or existing.get("variant")))
        missing = sum(1 for _ in self.missing(job.tasks())) if existing else job.count
        required, free = missing * (BYTES_PER_PHOTO + BYTES_PER_PIXEL * job.size**2), free_space(self.path)
        if free < required:
            space = f"need about {required / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
            fault = f"{missing:,} photos of {job.size} px {space}"
            raise CannotWrite(self.path, fault=fault, remedy="free some space or choose another folder")
        with writing_to(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=self.path).close()

    def claim(self, job: Job, variant: str) -> None:
        """Write set.json for this job, or compare with it, and remove partial files of an interrupted run."""
        existing, identity = self.settings(), _identity(job, variant)
        if existing is None:
            write_json(self.path / SET_FILE, identity)
        else:
            self._compare(existing, identity)
        for folder in (self.path, *self.path.glob("*/")):
            clear_unfinished(folder)

    def missing(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield the tasks whose photo or label does not exist."""
        for task in tasks:
            if not (self.label_path(task).is_file() and self.photo_path(task).is_file()):
                yield task

    def save(self, task: Task, photo: bytes, label: dict[str, Any]) -> None:
        """Write a photo, then its label. Raises ValueError, and writes nothing, if the label holds NaN."""
        text = json.dumps(label, allow_nan=False) + "\n"
        write_bytes(self.photo_path(task), photo)
        write_text(self.label_path(task), text)

    def read_label(self, task: Task) -> dict[str, Any]:
        """Return the label of a finished photo. Raises KeykindError if it cannot be read."""
        path = self.label_path(task)
        try:
            label: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except READ_ERRORS as error:
            raise KeykindError(
                path, fault="cannot be read", remedy="delete it and run the command again"
            ) from error
        return label

    def _is_empty(self) -> bool:
        return all(file.name.startswith(UNFINISHED) for file in self.path.iterdir())

    def _compare(self, existing: dict[str, Any], identity: dict[str, Any]) -> None:
        differing = [key for key in identity if existing.get(key) != identity[key]]
        if differing:
            key = differing[0]
            fault = (
                f"was begun with {key} {_format(key, existing.get(key))}, not {_format(key, identity[key])}"
            )
            remedy = "repeat the command that began it, or choose another folder"
            raise KeykindError(self.path, fault=fault, remedy=remedy)


def _identity(job: Job, variant: str | None) -> dict[str, Any]:
    return {"keykind": __version__, "variant": variant, **job.as_json()}


def _format(key: str, value: Any) -> str:
    if value is None:
        return "in turn" if key == "scene" else "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
