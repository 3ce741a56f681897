"""Changes of labels.csv: each at once, atomically, and none lost that another program made.

In:    the path of the file; changed rows, with the versions that the changes were based on
Out:   the file; LabelConflict, with the rows as they are now, if somebody else changed them
Needs: nothing beyond Python
"""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, CannotWrite, KeykindError, printable
from keykind.core.files import check_writable, write_bytes
from keykind.core.lock import lock_folder
from keykind.dataset.label_rows import LABEL_FILE, LabelRow, Labels, read_labels
from keykind.dataset.table_text import has_surrogates

LOCK_TIMEOUT = 10.0  # seconds to wait for another program that is writing the file
Signature = tuple[int, int, int] | None  # time of change in ns, bytes, inode; None: there is no file


class LabelConflict(KeykindError):
    """Somebody else decided about the same photos meanwhile; nothing was written."""

    def __init__(self, path: Path, rows: Sequence[LabelRow]) -> None:
        names = ", ".join(row.path for row in rows[:3])
        fault = f"has other decisions about {len(rows)} of these photos than when they were shown ({names})"
        super().__init__(path, fault=fault, remedy="look at them and decide again")
        self.rows = tuple(rows)  # as they are now


class LabelFile:
    """The labels.csv of a folder of photos. Thread-safe; several programs may use one file."""

    def __init__(self, folder: str | Path) -> None:
        """Read the file, if there is one. Raises BadDataset if it cannot be read."""
        self.path = Path(folder) / LABEL_FILE
        self._lock = threading.Lock()
        self._signature = _signature(self.path)
        self._labels = self._read()

    def row(self, path: str) -> LabelRow:
        """Return what was decided about a photo; an empty row if nothing."""
        return self._labels.rows.get(path) or LabelRow(path)

    @property
    def rows(self) -> Mapping[str, LabelRow]:
        """Return path -> row of all photos with decisions."""
        return self._labels.rows

    def refresh(self) -> tuple[str, ...]:
        """Read the file again if it changed, and return the paths of the rows that did.

        Raises BadDataset if it cannot be read; the rows read before are kept.
        """
        with self._lock:
            return self._refresh()

    def check_writable(self) -> None:
        """Raise CannotWrite if no file can be written there."""
        try:
            check_writable(self.path.parent, self.path)
        except CannotWrite as error:
            remedy = "decisions could not be kept: review a copy of the folder"
            raise CannotWrite(self.path, fault=error.fault, remedy=remedy) from error

    def change(self, rows: Sequence[LabelRow], versions: Mapping[str, str]) -> tuple[LabelRow, ...]:
        """Write the rows, all of them or none, and return those that they replace.

        versions: path -> `LabelRow.version` of the row that each change was based on. Cells of columns that
        keykind does not know are kept. Raises LabelConflict if one of these rows has another version now,
        BadDataset if the file was edited so that it cannot be read, CannotWrite.
        """
        self._check_folder()
        with self._lock, lock_folder(self.path.parent, timeout=LOCK_TIMEOUT):
            self._refresh()
            before = tuple(self.row(row.path) for row in rows)
            changed = [row for row in before if row.version != versions.get(row.path, "")]
            if changed:
                raise LabelConflict(self.path, changed)
            merged = {row.path: replace(row, other=self.row(row.path).other) for row in rows}
            labels = replace(self._labels, rows={**self._labels.rows, **merged})
            self._check_text(merged.values())
            write_bytes(self.path, labels.text().encode("utf-8", "surrogateescape"))
            self._labels, self._signature = labels, _signature(self.path)
            return before

    def _refresh(self) -> tuple[str, ...]:
        signature = _signature(self.path)
        if signature == self._signature:
            return ()
        old, new = self._labels.rows, self._read()
        self._labels, self._signature = new, signature
        paths = old.keys() | new.rows.keys()
        return tuple(sorted(path for path in paths if old.get(path) != new.rows.get(path)))

    def _read(self) -> Labels:
        labels = read_labels(self.path)
        self._check_text(labels.rows.values())
        return labels

    def _check_text(self, rows: Iterable[LabelRow]) -> None:
        """Raise BadDataset for text in another encoding than the one that the file is written in.

        A photo's path may have bytes that are not UTF-8, if its file is called so.
        """
        for row in rows:
            cells = (row.who, row.when, *(text for cell in row.other for text in cell))
            is_foreign = has_surrogates(row.path) and not os.path.lexists(self.path.parent / row.path)
            if is_foreign or any(map(has_surrogates, cells)):
                fault = f"is not in UTF-8: the row of {printable(row.path)} cannot be read"
                raise BadDataset(self.path, fault=fault, remedy="save it as CSV UTF-8")

    def _check_folder(self) -> None:
        """Raise CannotWrite if the folder is gone, which a lock would create again."""
        if not self.path.parent.is_dir():
            fault = "no longer exists, so nothing can be decided about its photos"
            raise CannotWrite(self.path.parent, fault=fault, remedy="put it back")


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        remedy = "check its permissions"
        raise CannotWrite(path, fault=f"cannot be read ({error.strerror})", remedy=remedy) from error
    return status.st_mtime_ns, status.st_size, status.st_ino
