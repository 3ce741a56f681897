"""Hide what libraries print, unless they fail.

In:    a block that imports or starts a native library, or calls one that warns
Out:   the same, without its messages on stderr
Needs: nothing beyond Python

TensorFlow itself is imported by `train.backend` alone, which uses `quiet` for that.
"""

import os
import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

STDERR = 2  # file descriptor: native code bypasses sys.stderr
_lock = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Discard what native code writes to stderr inside the block; if the block raises, print it after all.

    TensorFlow and LiteRT print messages at start-up that none of their settings disables.
    """
    if sys.stderr is None:  # closed by the user
        yield
        return
    with _lock, tempfile.TemporaryFile() as captured:
        sys.stderr.flush()
        original = os.dup(STDERR)
        os.dup2(captured.fileno(), STDERR)
        try:
            yield
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, STDERR)
            os.close(original)


@contextmanager
def suppress_warnings(package: str) -> Iterator[None]:
    """Ignore the Python warnings of a package. Unlike warnings.catch_warnings, it is safe in threads."""
    filters: Any = warnings.filters
    ignore = ("ignore", None, Warning, re.compile(rf"{package}\."), 0)
    filters.insert(0, ignore)
    try:
        yield
    finally:
        with suppress(ValueError):  # warnings.resetwarnings() was called meanwhile
            filters.remove(ignore)
