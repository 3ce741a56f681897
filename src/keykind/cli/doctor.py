"""`keykind doctor`: check the installation.

In:    this machine
Out:   one line per package: its version, or the command that installs it; the feature cache
Needs: nothing beyond Python
"""

import argparse
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from keykind import __version__
from keykind.cli.output import FAILED, OK
from keykind.core.cache import default_folder
from keykind.core.extras import BASE, EXTRAS, is_installed
from keykind.core.files import free_space

HELP = "check the installation: what is installed, what is missing, and how to install it"
PASSED, MISSING, OPTIONAL, LOW = "ok", "MISSING", "optional", "LOW"  # only a missing base package is an error
CACHE_SPACE = 500  # MB that a run on a few thousand photos may need for its cache


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    subject: str
    status: str  # one of the constants above
    state: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = "" if self.status == PASSED else f"  -> {self.remedy}"
        return f"{self.status:9} {self.subject:22} {self.state}{remedy}"


def add_options(_: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(_: argparse.Namespace) -> int:
    """Print every check; fail if anything that is required is missing."""
    checks = list(run_checks())
    print(*checks, sep="\n")
    return FAILED if any(check.status == MISSING for check in checks) else OK


def run_checks() -> Iterator[Check]:
    """Yield the checks of this machine: base packages first, then extras, then space for the cache."""
    yield Check("keykind", PASSED, __version__)
    current = PASSED if sys.version_info >= (3, 11) else MISSING
    yield Check("python", current, platform.python_version(), "install Python 3.11 or newer")
    for package, module in BASE.items():
        yield _package(package, module, "keykind", MISSING)
    first = {  # extra of a package: `evaluate` is a part of `train`
        package: (module, extra)
        for extra, packages in reversed(EXTRAS.items())
        for package, module in packages.items()
    }
    for extra, packages in EXTRAS.items():
        for package, module in packages.items():
            if first[package] == (module, extra):
                yield _package(package, module, f"keykind[{extra}]", OPTIONAL)
    yield _cache_space()


def _package(package: str, module: str, requirement: str, absent: str) -> Check:
    """Return the check of a package; `absent` is its status if it is not installed."""
    if not is_installed(module):
        return Check(package, absent, "not installed", f"pip install '{requirement}'")
    return Check(package, PASSED, _version(package))


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "installed, version unknown"


def _cache_space() -> Check:
    folder = default_folder()
    free = free_space(folder) / 1e6
    used = sum(file.stat().st_size for file in folder.glob("*") if file.is_file()) / 1e6
    state = f"{folder} uses {used:,.0f} MB, {free:,.0f} MB free"
    remedy = "free some space, or set KEYKIND_CACHE to another folder"
    return Check("feature cache", PASSED if free > CACHE_SPACE else LOW, state, remedy)
