"""Decisions about photos -> labels.csv, and back again without end.

In:    Change: some cells of one photo, with the version of the row that the reviewer saw
Out:   rows written together or not at all; LabelConflict if somebody else changed one; undone decisions
Needs: nothing beyond Python
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from keykind.core.errors import BadPhoto, BadRun, KeykindError
from keykind.dataset.folder_walk import is_unlabelled
from keykind.dataset.label_file import LabelConflict
from keykind.dataset.label_rows import LabelRow
from keykind.dataset.listing import first_few
from keykind.dataset.splits import part_of
from keykind.dataset.table_text import is_missing
from keykind.review.catalogue import Catalogue

MAX_NEW_KIND = 100  # characters of a new kind's name


class NothingToUndo(KeykindError):
    """No decision of this session is left, or the last one was replaced by somebody else's."""


class NotUndone(KeykindError):
    """Somebody else changed since what the last decision wrote."""


class Busy(KeykindError):
    """Another program holds labels.csv for longer than a decision may wait."""


@dataclass(frozen=True, slots=True)
class Change:
    """New cells of one photo; cells that are not in `cells` stay."""

    photo: int
    version: str
    cells: Mapping[str, Any]  # names of fields of LabelRow -> values


@dataclass(frozen=True, slots=True)
class Decision:
    """What can be undone."""

    queue: str
    item: str
    photos: tuple[int, ...]
    before: tuple[LabelRow, ...]  # the rows that were replaced
    versions: Mapping[str, str]  # path -> version of the row that was written


class Decisions:
    """The decisions of this process. Thread-safe."""

    def __init__(self, catalogue: Catalogue, reviewer: str) -> None:
        self._catalogue, self.reviewer = catalogue, reviewer
        self._stack: list[Decision] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._stack)

    def decide(self, queue: str, item: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Write the changes, all of them or none, and return their photos.

        If photos get one key, so do all others of the keys that they had. Without changes, the item counts as
        looked at. Raises Busy, and LabelConflict, BadDataset and CannotWrite as `LabelFile.change` does.
        """
        labels = self._catalogue.labels
        with self._lock:
            changes = [*changes, *self._of_same_keys(changes)]
            rows = [self._row(change) for change in changes]
            versions = {row.path: change.version for row, change in zip(rows, changes, strict=True)}
            before = self._write(rows, versions)
            photos = tuple(change.photo for change in changes)
            written = {row.path: labels.row(row.path).version for row in rows}
            self._stack.append(Decision(queue, item, photos, before, written))
            return photos

    def undo(self) -> Decision:
        """Restore the rows before the last decision, and return it.

        Raises NothingToUndo without one, NotUndone if somebody else changed a row since; that decision
        can no longer be undone, and the one before it is next.
        """
        with self._lock:
            if not self._stack:
                fault, remedy = "has no decision to undo", "decisions of earlier sessions are in labels.csv"
                raise NothingToUndo("undo", fault=fault, remedy=remedy)
            decision = self._stack[-1]
            try:
                self._write(decision.before, decision.versions)
            except LabelConflict as error:
                self._stack.pop()
                fault = f"{first_few(row.path for row in error.rows)} was edited since in labels.csv"
                raise NotUndone("Not undone", fault=fault, remedy="decide again if it is wrong") from error
            self._stack.pop()
            return decision

    def _of_same_keys(self, changes: Sequence[Change]) -> Iterator[Change]:
        """Yield the changes of the other photos of keys that turn out to be one: all get its name."""
        keys = {str(change.cells.get("key") or "") for change in changes}
        if len(changes) < 2 or len(keys) > 1 or "" in keys:
            return
        given = {change.photo for change in changes}
        merged = {self._catalogue.state(photo).key for photo in given} - keys - {""}
        for state in self._catalogue.states() if merged else ():
            if state.key in merged and state.id not in given:
                yield Change(state.id, state.row.version, {"key": next(iter(keys))})

    def _write(self, rows: Sequence[LabelRow], versions: Mapping[str, str]) -> tuple[LabelRow, ...]:
        """Write rows, and return those that they replace. Raises what `LabelFile.change` does, and Busy."""
        if not rows:
            return ()
        try:
            return self._catalogue.labels.change(rows, versions)
        except BadRun as error:  # of the lock
            fault, remedy = "is being written by another program", "try again in a moment"
            raise Busy(self._catalogue.labels.path, fault=fault, remedy=remedy) from error

    def _row(self, change: Change) -> LabelRow:
        """Return the row as it will be written; one in which nothing is decided names nobody."""
        row = replace(self._catalogue.state(change.photo).row, **change.cells)
        if row.is_empty:
            return replace(row, who="", when="")
        return replace(row, who=self.reviewer, when=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def check_new_kind(kind: str) -> None:
    """Raise BadPhoto for the name of a new kind that is too long, or that folders or tables use otherwise."""
    if len(kind) > MAX_NEW_KIND:
        fault = f"has {len(kind)} characters, more than {MAX_NEW_KIND}"
        raise BadPhoto(f"kind {kind[:40]!r}", fault=fault, remedy="choose a shorter name")
    is_path = bool(set(kind) & {"/", "\\"}) or set(kind) == {"."}
    if is_path or part_of(kind) or is_unlabelled(kind) or is_missing(kind):
        fault = "cannot be a kind: it means something else as the name of a folder, or in a table"
        raise BadPhoto(f"kind {kind!r}", fault=fault, remedy="choose another name")
