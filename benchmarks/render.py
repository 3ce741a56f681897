"""How fast keykind renders photos: variants of Mitsuba, one and two workers, and the drawing of solids alone.

Run:   python benchmarks/render.py [--photos 56] [--size 320] [--write]
Out:   a row for each variant and number of workers, a row for each kind; docs/benchmarks.md

Target: at 320 px on two cores 2 photos/s with LLVM, 0.6 without; below 1.5 GB a worker; a solid in 50 ms.
Needs: Linux, for the memory of each worker
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
SOLIDS = 60  # of each kind
WARM = 0.25  # share of the photos after which a worker counts as warm: its kernels are compiled
LOOK = 0.1  # seconds between two looks at the memory
PACKAGES = ("keykind", "mitsuba", "drjit", "manifold3d", "numpy")
HEAD = (
    "variant",
    "workers",
    "photos/s from start",
    "photos/s once warm",
    "processor s a photo",
    "MB a worker",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one command cost."""

    variant: str
    workers: int
    cold: float  # photos a second, from starting Python to the finished set
    warm: float  # photos a second, after the first quarter of them
    processor: float  # seconds of all cores together, for each photo
    memory: int  # bytes, the largest resident set of a worker

    def cells(self) -> list[str]:
        """Return the row as the table shows it."""
        speeds = [f"{self.cold:.2f}", f"{self.warm:.2f}", f"{self.processor:.2f}"]
        return [self.variant, str(self.workers), *speeds, f"{self.memory / 1e6:,.0f}"]


def measure(variant: str, workers: int, photos: int, size: int) -> Row:
    """Render a set in a fresh process, with an empty cache of kernels."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "keykind", "render", f"{folder}/set", "--count", str(photos)]
        command += ["--size", str(size), "--variant", variant, "--workers", str(workers)]
        start = time.monotonic()
        process = subprocess.Popen(command, env=os.environ | {"HOME": folder}, stdout=subprocess.DEVNULL)
        memory = 0
        while True:  # of wait4, because getrusage(RUSAGE_CHILDREN) tells the sum of all children so far
            memory = max([memory, *map(peak, _descendants(process.pid))])
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(LOOK)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        done = sorted(path.stat().st_mtime for path in Path(folder).glob("set/labels/*.json"))
    first = max(1, round(WARM * photos))
    warm = (photos - first) / (done[-1] - done[first - 1])
    processor = (usage.ru_utime + usage.ru_stime) / photos
    return Row(variant, workers, photos / seconds, warm, processor, memory)


def _descendants(process: int) -> list[int]:
    """Return the processes that a process started, and theirs."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *_descendants(child))]


def solids(count: int) -> list[list[str]]:
    """Return a row for each kind: how long one takes to draw, on the processor."""
    rows = []
    for kind in KINDS:
        times, ruined = [], 0
        for number in range(count):
            rng = np.random.default_rng((0, number))
            start = time.process_time()
            ruined += draw_key(kind.name, rng)[1]
            times.append(time.process_time() - start)
        slow = float(np.quantile(times, 0.9))
        rows.append([kind.label, f"{1000 * median(times):.0f}", f"{1000 * slow:.0f}", f"{ruined} of {count}"])
    return rows


def text(rows: Sequence[Row], photos: int, size: int) -> str:
    """Return the tables and what they say."""
    drawn = markdown(["kind", "ms, median", "ms, 90 %", "redrawn"], solids(SOLIDS))
    return f"""\
{photos} photos of {size} px, all kinds, product and phone in turn. Each row is one `keykind render` in a
fresh process, with an empty cache of compiled kernels. "From start" is from starting Python to the finished
set, kernels and contact sheet included; "once warm" leaves out the first quarter of the photos. Memory is the
largest resident set of a worker.

{markdown(HEAD, [row.cells() for row in rows])}

Drawing one key, without surface and scene, milliseconds on the processor:

{drawn}"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--photos", type=int, default=56, help="of each row (default: %(default)s)")
    options.add_argument("--size", type=int, default=320, help="px (default: %(default)s)")
    options.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    chosen = options.parse_args()
    rows = []
    print("\t".join(HEAD), flush=True)
    for variant in VARIANTS:
        for workers in WORKERS:
            rows.append(measure(variant, workers, chosen.photos, chosen.size))
            print("\t".join(rows[-1].cells()), flush=True)
    command = f"python benchmarks/render.py --photos {chosen.photos} --size {chosen.size}"
    page = section("Rendering", text(rows, chosen.photos, chosen.size), command=command, packages=PACKAGES)
    print(page)
    if chosen.write:
        write_section("render", page)


if __name__ == "__main__":
    main()
