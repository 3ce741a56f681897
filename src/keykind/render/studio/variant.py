"""Choose the fastest Mitsuba variant that works on this machine.

In:    nothing, or the name of a variant
Out:   Variant: name, LLVM library, description
Needs: mitsuba    [render]

An incompatible LLVM library kills the process (14 and 15 did so on some CPUs), so each variant is tried in a
process of its own.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from keykind.core.errors import KeykindError

VARIANTS = ("cuda_ad_rgb", "llvm_ad_rgb", "scalar_rgb")  # fastest first; the last needs no other software
LIBRARY_VARIABLE = "DRJIT_LIBLLVM_PATH"  # read by Dr.Jit
MIN_LLVM, MAX_LLVM = 16, 25  # versions
FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/opt/homebrew/lib")
TIMEOUT = 120  # seconds for one trial
TRIAL = """
import sys, mitsuba as mi
mi.set_variant(sys.argv[1])
scene = mi.load_dict({"type": "scene", "integrator": {"type": "path"}, "sky": {"type": "constant"},
    "ball": {"type": "sphere"}, "eye": {"type": "perspective",
    "film": {"type": "hdrfilm", "width": 8, "height": 8}}})
print("light", mi.Bitmap(mi.render(scene, spp=2)).width())
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """A Mitsuba variant, and the LLVM library that it needs."""

    name: str
    library: str | None  # path of libLLVM; None: Dr.Jit finds it
    description: str  # one line

    def set_environment(self) -> None:
        """Set the variable that Dr.Jit reads; call this before Mitsuba is imported."""
        if self.library:
            os.environ[LIBRARY_VARIABLE] = self.library


@cache
def choose_variant(name: str | None = None) -> Variant:
    """Return the named variant, or the fastest that renders on this machine.

    Raises KeykindError if Mitsuba is missing or the named variant does not render.
    """
    for candidate in (name,) if name else VARIANTS:
        libraries = _libraries() if candidate.startswith("llvm") else [None]
        for library in libraries:
            if _renders(candidate, library):
                suffix = f" with {Path(library).name}" if library else ""
                return Variant(candidate, library, f"rendering with Mitsuba {candidate}{suffix}")
    raise KeykindError(
        f"Mitsuba variant {name or VARIANTS[-1]}",
        fault="does not render here",
        remedy="omit the variant, or install LLVM 19 (Debian: libllvm19) for llvm_ad_rgb",
    )


def _libraries() -> list[str | None]:
    """Return the LLVM libraries to try: installed ones, newest first, then Dr.Jit's own choice (None)."""
    if os.environ.get(LIBRARY_VARIABLE):
        return [None]
    libraries: list[str | None] = []
    for version in range(MAX_LLVM, MIN_LLVM - 1, -1):
        for folder in FOLDERS:
            libraries += [str(path) for path in sorted(Path(folder).glob(f"libLLVM*{version}*"))[:1]]
    return [*libraries, None]


def _renders(name: str, library: str | None) -> bool:
    environment = os.environ | ({LIBRARY_VARIABLE: library} if library else {})
    try:
        trial = subprocess.run(  # noqa: S603  (our own script, this Python)
            [sys.executable, "-c", TRIAL, name],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return trial.returncode == 0 and "light" in trial.stdout
