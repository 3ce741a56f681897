"""What is installed, what is missing, and the command that mends it.

In:    this machine
Out:   Finding(s), one a line
Needs: nothing beyond Python
"""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from keykind import __version__
from keykind.core.cache import default_folder
from keykind.core.extras import BASE, EXTRAS, is_installed
from keykind.core.files import free_space

ROOM = 500  # MB that a run on a few thousand photos may need for its cache


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    needed: bool  # a missing extra is no fault; a missing base package is
    state: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Yield what this machine has, base packages first, then extras, then room for the cache."""
    yield Finding("keykind", True, True, __version__)
    yield Finding(
        "python", sys.version_info >= (3, 11), True, platform.python_version(), "install Python 3.11 or newer"
    )
    for package, module in BASE.items():
        yield _package(package, module, "keykind", needed=True)
    for extra, packages in EXTRAS.items():
        for package, module in packages.items():
            yield _package(package, module, f"keykind[{extra}]", needed=False)
    yield _room()


def _package(package: str, module: str, install: str, *, needed: bool) -> Finding:
    remedy = f"pip install '{install}'"
    if not is_installed(module):
        return Finding(package, False, needed, "not installed", remedy)
    return Finding(package, True, needed, _version(package))


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "installed, version unknown"


def _room() -> Finding:
    folder = default_folder()
    free = free_space(folder) / 1e6
    used = sum(file.stat().st_size for file in folder.glob("*") if file.is_file()) / 1e6
    state = f"{folder} holds {used:,.0f} MB, {free:,.0f} MB free"
    return Finding(
        "feature cache", free > ROOM, False, state, "free some space, or set KEYKIND_CACHE to another folder"
    )
