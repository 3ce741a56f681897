"""An exclusive lock on a folder.

In:    a folder, which need not exist
Out:   the lock, held while a block runs; or BadRun
Needs: nothing beyond Python
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keykind.core.errors import BadRun
from keykind.core.files import writing_to

try:
    import fcntl
except ImportError:  # Windows: folders are not locked there
    fcntl = None  # type: ignore[assignment]


@contextmanager
def lock_folder(folder: str | Path) -> Iterator[None]:
    """Hold an exclusive lock on `folder`, created if missing, while the block runs.

    Raises BadRun if another process holds the lock, CannotWrite if the folder cannot be created.
    """
    folder = Path(folder)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY) if fcntl else None
    try:
        if fcntl and handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BadRun(
            folder, fault="is in use by another run", remedy="wait until it ends, or choose another folder"
        ) from error
    finally:
        if handle is not None:
            os.close(handle)
