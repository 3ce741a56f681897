"""The chatter of libraries -> nothing, unless what they do fails.

In:    a block that imports or starts a native library, or uses one that warns
Out:   the same, without its notes on stderr
Needs: nothing beyond Python
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

STDERR = 2  # file descriptor: native code writes there, past sys.stderr
_lock = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Hide what native code writes to stderr inside the block; if the block raises, show it after all.

    TensorFlow and LiteRT greet the user with lines that no setting of theirs turns off.
    """
    if sys.stderr is None:  # closed by the user: there is nothing to hide from
        yield
        return
    with _lock, tempfile.TemporaryFile() as hidden:
        sys.stderr.flush()
        kept = os.dup(STDERR)
        os.dup2(hidden.fileno(), STDERR)
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(kept, hidden.read())
            raise
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)


@contextmanager
def unwarned(package: str) -> Iterator[None]:
    """Keep a package's warnings off stderr; warnings.catch_warnings would mix up the filters of threads."""
    filters: Any = warnings.filters
    ignore = ("ignore", None, Warning, re.compile(rf"{package}\."), 0)
    filters.insert(0, ignore)
    try:
        yield
    finally:
        with suppress(ValueError):  # someone called warnings.resetwarnings() meanwhile
            filters.remove(ignore)
