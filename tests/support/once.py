"""Work that all test processes share -> done by the first of them.

In:    pytest's tmp_path_factory, a name, a function that fills a folder
Out:   the folder, filled once in each test run, whichever worker asks first
"""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def once(tmp_path_factory, name: str, fill: Callable[[Path], object]) -> Path:
    """Return a folder that `fill` filled; other workers of pytest-xdist wait for it and take the same."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            fill(folder)
            done.touch()
    return folder
