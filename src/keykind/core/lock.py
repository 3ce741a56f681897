"""An exclusive lock on a folder.

In:    a folder, which need not exist
Out:   the lock, held while a block runs; or BadRun
Needs: nothing beyond Python
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keykind.core.errors import BadRun
from keykind.core.files import writing_to

try:
    import fcntl
except ImportError:  # Windows: folders are not locked there
    fcntl = None  # type: ignore[assignment]


POLL = 0.02  # seconds between attempts to get a lock


@contextmanager
def lock_folder(folder: str | Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on `folder`, created if missing, while the block runs.

    Raises BadRun if another process holds the lock for `timeout` seconds, CannotWrite if the folder cannot be
    created.
    """
    folder = Path(folder)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY) if fcntl else None
    try:
        if fcntl and handle is not None:
            _lock(folder, handle, timeout)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: Path, handle: int, timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < end:
                time.sleep(POLL)
                continue
            fault, remedy = "is in use by another run", "wait until it ends, or choose another folder"
            raise BadRun(folder, fault=fault, remedy=remedy) from error
        else:
            return
