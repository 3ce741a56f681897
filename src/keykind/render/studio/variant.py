"""This machine -> the fastest way Mitsuba renders here.

In:    nothing, or the name of a variant
Out:   Variant: its name, the LLVM library it uses, and words that say why
Needs: mitsuba    [render]

A wrong LLVM ends the whole process (14 and 15 did on some processors), so each variant is tried in a process
of its own.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from keykind.core.errors import KeykindError

ORDER = ("cuda_ad_rgb", "llvm_ad_rgb", "scalar_rgb")  # fastest first; scalar needs nothing
LIBRARY = "DRJIT_LIBLLVM_PATH"  # Dr.Jit's own variable
LEAST_LLVM, MOST_LLVM = 16, 25
FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/opt/homebrew/lib")
PATIENCE = 120  # seconds that a trial may take
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
    """How to render here."""

    name: str
    library: str | None  # path of libLLVM; None: Dr.Jit finds it
    words: str  # one line for people

    def prepare(self) -> None:
        """Set what Dr.Jit reads from the environment; before Mitsuba is imported."""
        if self.library:
            os.environ[LIBRARY] = self.library


@cache
def choose_variant(wanted: str | None = None) -> Variant:
    """Return the wanted variant, or the fastest that renders here.

    Raises KeykindError if Mitsuba is missing, or the wanted variant does not render.
    """
    for name in (wanted,) if wanted else ORDER:
        libraries = _libraries() if name.startswith("llvm") else [None]
        for library in libraries:
            if _renders(name, library):
                shown = f" with {Path(library).name}" if library else ""
                return Variant(name, library, f"rendering by Mitsuba {name}{shown}")
    raise KeykindError(
        f"Mitsuba variant {wanted or ORDER[-1]}",
        fault="does not render here",
        remedy="leave the variant away, or install LLVM 19 (Debian: libllvm19) for llvm_ad_rgb",
    )


def _libraries() -> list[str | None]:
    """Return the LLVM libraries to try: the newest where systems put them, then Dr.Jit's own choice."""
    if os.environ.get(LIBRARY):
        return [None]
    found: list[str | None] = []
    for version in range(MOST_LLVM, LEAST_LLVM - 1, -1):
        for folder in FOLDERS:
            found += [str(path) for path in sorted(Path(folder).glob(f"libLLVM*{version}*"))[:1]]
    return [*found, None]


def _renders(name: str, library: str | None) -> bool:
    environment = os.environ | ({LIBRARY: library} if library else {})
    try:
        trial = subprocess.run(  # noqa: S603  (our own text, this Python)
            [sys.executable, "-c", TRIAL, name],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return trial.returncode == 0 and "light" in trial.stdout
