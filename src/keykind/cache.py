"""What was computed once -> what need not be computed again.

In:    a key (bytes) and a value (bytes)
Out:   the same value later, checked; nothing where it was lost or damaged
Needs: nothing beyond Python
"""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from keykind.errors import CannotWrite

WAIT = 60.0  # seconds for another run that writes to the same cache


def default_folder() -> Path:
    """Return the user's cache folder for keykind; the environment variable KEYKIND_CACHE overrides it."""
    chosen = os.environ.get("KEYKIND_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "keykind"
    base = Path.home() / "Library" / "Caches" if sys.platform == "darwin" else Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", base)) / "keykind"


class Cache:
    """A file of checked values, shared by all runs of a user; safe against kills and damage.

    Every value is stored with its hash: a damaged one counts as absent and is computed again.
    A file that SQLite cannot read at all is set aside as `*.damaged` and begun anew.
    Raises CannotWrite where the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cache.sqlite"
        with self._mended():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._database = self._open()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._begin_anew()
            except OSError as error:
                raise sqlite3.OperationalError(error.strerror) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def get(self, key: bytes) -> bytes | None:
        """Return the value stored under `key`, or None where it is absent or damaged."""
        try:
            row = self._database.execute("SELECT hash, value FROM entry WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError:
            with self._mended():
                self._begin_anew()
            return None
        return row[1] if row and row[0] == _hash(key, row[1]) else None

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Store all of `values`, or none of them."""
        rows = [(key, _hash(key, value), value) for key, value in values.items()]
        with self._mended(), self._database:
            self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=WAIT)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, hash BLOB, value BLOB)")
        return database

    def _begin_anew(self) -> None:
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.replace(part.with_name(part.name + ".damaged"))
        self._database = self._open()

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CannotWrite(
                self.path,
                fault=f"the feature cache cannot be used ({error})",
                remedy="free some space, or name another folder in the environment variable KEYKIND_CACHE",
            ) from error


def _hash(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=key[:64], digest_size=16).digest()
