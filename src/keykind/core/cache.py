"""A persistent cache of computed values, shared by all runs of a user.

In:    a key (bytes) and a value (bytes)
Out:   the same value later, verified; None if it is missing or damaged
Needs: nothing beyond Python
"""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from keykind.core.errors import CannotWrite

T = TypeVar("T")
LOCK_TIMEOUT = 60.0  # seconds to wait for another run that is writing to the same cache
CREATE = "CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, hash BLOB, value BLOB)"
SELECT = "SELECT hash, value FROM entry WHERE key = ?"
INSERT = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)"
PRIMARY_CODE = 0xFF  # mask of the primary result code within an extended SQLite error code
# SQLITE_ERROR is a sign of damage too: our SQL is known to be valid.
DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
# The file or its journal was removed or renamed while it was open.
MOVED_CODES = (sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR_DELETE_NOENT)


def default_folder() -> Path:
    """Return the user's cache folder for keykind; the environment variable KEYKIND_CACHE overrides it."""
    chosen = os.environ.get("KEYKIND_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "keykind"
    base = Path.home() / "Library" / "Caches" if sys.platform == "darwin" else Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or base) / "keykind"


class Cache:
    """A key-value store in one SQLite file that survives killed processes and damage to the file.

    Every value is stored with its hash; a damaged value is treated as missing. A file that SQLite cannot use
    is marked by an empty file `*.damaged` and left as it is, and a new one is created.
    Raises CannotWrite if the folder is not writable or the disk is full.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / "cache.sqlite"
        self._database: sqlite3.Connection | None = None
        self._execute(lambda _: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database:
            self._database.close()

    def get(self, key: bytes) -> bytes | None:
        """Return the value stored under `key`, or None if it is missing or damaged."""
        row = self._execute(lambda database: database.execute(SELECT, (key,)).fetchone())
        stored_hash, value = row or (None, None)
        return value if isinstance(value, bytes) and stored_hash == _hash(key, value) else None

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Store all of `values`, or none of them."""
        rows = [(key, _hash(key, value), value) for key, value in values.items()]

        def store(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(INSERT, rows)

        self._execute(store)

    def _execute(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Return operation(database); if the file is damaged or gone, retry once on a new one."""
        with self._converting_errors():
            try:
                return operation(self._connect())
            except sqlite3.DatabaseError as error:
                self._discard(error)
            return operation(self._connect())

    def _connect(self) -> sqlite3.Connection:
        if self._database is None:
            folder = self.path.parent
            folder.mkdir(parents=True, exist_ok=True)
            # Other runs may have a damaged file open, so it is not renamed: a new name is used instead.
            # WAL mode is not safe either: of several runs that start at once, some would fail as "locked".
            damaged = len(list(folder.glob("*.damaged")))
            self.path = folder / (f"cache-{damaged}.sqlite" if damaged else "cache.sqlite")
            self._database = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT)
            self._database.text_factory = bytes  # damage may turn a blob into text that is not UTF-8
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(CREATE)
        return self._database

    def _discard(self, error: sqlite3.DatabaseError) -> None:
        """Close the file, and mark it if it is damaged. Raise `error` if a new file would not help."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        # A single damaged byte in the header can make SQLite report a writable file as read-only.
        falsely_readonly = code == sqlite3.SQLITE_READONLY and os.access(self.path, os.W_OK)
        damaged = falsely_readonly or code & PRIMARY_CODE in DAMAGE_CODES
        if self._database is None or not (damaged or code in MOVED_CODES):
            raise error
        self._database.close()
        self._database = None
        if damaged:
            self.path.with_name(self.path.name + ".damaged").touch()

    @contextmanager
    def _converting_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a bug in keykind, not in the file
        except (sqlite3.DatabaseError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CannotWrite(
                self.path,
                fault=f"the feature cache cannot be used ({reason})",
                remedy="free some space, or set the environment variable KEYKIND_CACHE to another folder",
            ) from error


def _hash(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=key[:64], digest_size=16).digest()
