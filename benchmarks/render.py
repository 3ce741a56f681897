"""How fast keykind renders photos: Mitsuba variants, one and two workers, and drawing solids alone.

    python benchmarks/render.py [--photos 56] [--size 320] [--write]

In:    nothing
Out:   a row per variant and number of workers, a row per kind; with --write also in docs/benchmarks.md
Needs: Linux, for the memory of each worker; keykind[render]

Targets: at 320 px on two cores 2 photos/s with LLVM, 0.6 without; below 1.5 GB per worker; a solid in 50 ms.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from keykind.core.kinds import KINDS
from keykind.render.keys.catalogue import draw_key
from memory import peak
from table import markdown, section, write_section

VARIANTS = ("llvm_ad_rgb", "scalar_rgb")
WORKERS = (1, 2)
SOLIDS = 60  # per kind
WARM_UP = 0.25  # share of the photos after which a worker is warm: its kernels are compiled
POLL = 0.1  # seconds between two measurements of the memory
PACKAGES = ("keykind", "mitsuba", "drjit", "manifold3d", "numpy")
HEADER = (
    "variant",
    "workers",
    "photos/s from start",
    "photos/s warm",
    "CPU s per photo",
    "MB per worker",
)


@dataclass(frozen=True, slots=True)
class Row:
    """The cost of one command."""

    variant: str
    workers: int
    cold: float  # photos/s, from starting Python to the finished set
    warm: float  # photos/s, after the first quarter of them
    cpu_seconds: float  # per photo, summed over all cores
    memory: int  # bytes, the peak resident set of a worker

    def cells(self) -> list[str]:
        """Return the cells of the table's row."""
        speeds = [f"{self.cold:.2f}", f"{self.warm:.2f}", f"{self.cpu_seconds:.2f}"]
        return [self.variant, str(self.workers), *speeds, f"{self.memory / 1e6:,.0f}"]


def measure(variant: str, workers: int, photos: int, size: int) -> Row:
    """Render a set in a fresh process, with an empty kernel cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "keykind", "render", f"{folder}/set", "--count", str(photos)]
        command += ["--size", str(size), "--variant", variant, "--workers", str(workers)]
        start = time.monotonic()
        process = subprocess.Popen(command, env=os.environ | {"HOME": folder}, stdout=subprocess.DEVNULL)
        memory = 0
        while True:  # wait4, because getrusage(RUSAGE_CHILDREN) reports the sum over all children so far
            memory = max([memory, *map(peak, _descendants(process.pid))])
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(POLL)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        done = sorted(path.stat().st_mtime for path in Path(folder).glob("set/labels/*.json"))
    first = max(1, round(WARM_UP * photos))
    warm = (photos - first) / (done[-1] - done[first - 1])
    cpu_seconds = (usage.ru_utime + usage.ru_stime) / photos
    return Row(variant, workers, photos / seconds, warm, cpu_seconds, memory)


def _descendants(pid: int) -> list[int]:
    """Return the child processes of a process, and theirs."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, children) for each in (child, *_descendants(child))]


def measure_solids(count: int) -> list[list[str]]:
    """Return a row per kind: the CPU time to draw one solid."""
    rows = []
    for kind in KINDS:
        times, redrawn = [], 0
        for i in range(count):
            rng = np.random.default_rng((0, i))
            start = time.process_time()
            redrawn += draw_key(kind.name, rng)[1]
            times.append(time.process_time() - start)
        slow = float(np.quantile(times, 0.9))
        rows.append(
            [kind.label, f"{1000 * median(times):.0f}", f"{1000 * slow:.0f}", f"{redrawn} of {count}"]
        )
    return rows


def text(rows: Sequence[Row], photos: int, size: int) -> str:
    """Return the tables and their explanation."""
    drawn = markdown(["kind", "ms, median", "ms, 90 %", "redrawn"], measure_solids(SOLIDS))
    return f"""\
{photos} photos of {size} px, all kinds, product and phone scenes alternating. Each row is one `keykind
render` in a fresh process, with an empty cache of compiled kernels. "From start" is from starting Python to
the finished set, including kernels and contact sheet; "warm" excludes the first quarter of the photos. Memory
is the peak resident set of a worker.

{markdown(HEADER, [row.cells() for row in rows])}

Drawing one key, without surface and scene, CPU time in milliseconds:

{drawn}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=56, help="per row (default: %(default)s)")
    parser.add_argument("--size", type=int, default=320, help="px (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    rows = []
    print("\t".join(HEADER), flush=True)
    for variant in VARIANTS:
        for workers in WORKERS:
            rows.append(measure(variant, workers, options.photos, options.size))
            print("\t".join(rows[-1].cells()), flush=True)
    command = f"python benchmarks/render.py --photos {options.photos} --size {options.size}"
    page = section("Rendering", text(rows, options.photos, options.size), command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("render", page)


if __name__ == "__main__":
    main()
