"""What was computed once -> what need not be computed again.

In:    a key (bytes) and a value (bytes)
Out:   the same value later, checked; nothing where it was lost or damaged
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
WAIT = 60.0  # seconds for another run that writes to the same cache
CREATE = "CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, hash BLOB, value BLOB)"
SELECT = "SELECT hash, value FROM entry WHERE key = ?"
INSERT = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)"
PRIMARY = 0xFF  # the part of an SQLite error code that says what kind of error it is
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # our SQL itself has no error
# The file, or the journal beside it, was removed or renamed while it was open.
MOVED = (sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR_DELETE_NOENT)


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
    """A file of checked values, shared by all runs of a user; safe against kills and damage.

    Every value is stored with its hash: a damaged one counts as absent and is computed again.
    A file that SQLite cannot work with is left alone, marked by an empty `*.damaged`, and another begun.
    Raises CannotWrite where the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cache.sqlite"
        self._database: sqlite3.Connection | None = None
        self._ask(lambda _: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database:
            self._database.close()

    def get(self, key: bytes) -> bytes | None:
        """Return the value stored under `key`, or None where it is absent or damaged."""
        row = self._ask(lambda database: database.execute(SELECT, (key,)).fetchone())
        kept, value = row or (None, None)
        return value if isinstance(value, bytes) and kept == _hash(key, value) else None

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Store all of `values`, or none of them."""
        rows = [(key, _hash(key, value), value) for key, value in values.items()]

        def store(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(INSERT, rows)

        self._ask(store)

    def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return work(database); where the file is damaged or gone, work on a new one."""
        with self._told():
            try:
                return work(self._opened())
            except sqlite3.DatabaseError as error:
                self._mend(error)
            return work(self._opened())

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            folder = self.path.parent
            folder.mkdir(parents=True, exist_ok=True)
            # A damaged file keeps its name: other runs may have it open, and renaming it under them is not
            # safe. Nor is WAL mode where several runs begin at once: some would fail as "locked".
            number = len(list(folder.glob("*.damaged")))
            self.path = folder / (f"cache-{number}.sqlite" if number else "cache.sqlite")
            self._database = sqlite3.connect(self.path, timeout=WAIT)
            self._database.text_factory = bytes  # what damage made text must not fail as text
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(CREATE)
        return self._database

    def _mend(self, error: sqlite3.DatabaseError) -> None:
        """Close the file, and set it aside if it is damaged. Raises `error` where that would not help."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        # One damaged byte makes SQLite take a file for read-only that is not.
        locked = code == sqlite3.SQLITE_READONLY and os.access(self.path, os.W_OK)
        damaged = locked or code & PRIMARY in DAMAGE
        if self._database is None or not (damaged or code in MOVED):
            raise error
        self._database.close()
        self._database = None
        if damaged:
            self.path.with_name(self.path.name + ".damaged").touch()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a fault of ours
        except (sqlite3.DatabaseError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CannotWrite(
                self.path,
                fault=f"the feature cache cannot be used ({why})",
                remedy="free some space, or name another folder in the environment variable KEYKIND_CACHE",
            ) from error


def _hash(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=key[:64], digest_size=16).digest()
