"""Damaged and hostile files -> what keykind does with them: it answers, refuses, and never crashes or hangs.

    python benchmarks/fuzz.py [--minutes 10] [--seed N] [--write]

In:    drawn photos of every format and a tiny model file, each with a few bytes changed
Out:   a Markdown table on stdout; with --write also in docs/benchmarks.md; what crashed or hung in --keep
Needs: keykind's base installation; hypothesis and pytest for the HEIC photo; Linux or macOS

Files are read in processes of their own, so that the end of one is seen. The same seed tries the same files.
"""

import argparse
import io
import queue
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.errors import KeykindError
from keykind.core.parallel import workers
from keykind.model.model import Model, unpack
from keykind.photo import decode
from table import markdown, section, write_section

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
from drawings import BLADES, draw_key
from mutations import mutated, resealed
from tiny_model import crops, tiny_bytes

BUSY = 20  # seconds on the processor for one file; more is a hang
IDLE = 200  # seconds without an answer; more is a hang too, or a very busy computer
MEMORY = 6_000_000_000  # bytes of address space; a photo of 120 megapixels takes 1.6 GB
AT_LEAST = (None, 64, 224)  # how decode.decode is asked
ORIENTATION = 0x0112  # EXIF tag
PHOTOS: dict[str, list[tuple[str, dict[str, object]]]] = {
    "JPEG": [("RGB", {"quality": 90}), ("RGB", {"progressive": True}), ("CMYK", {}), ("L", {})],
    "PNG": [("RGB", {}), ("RGBA", {}), ("P", {}), ("I;16", {}), ("1", {})],
    "WEBP": [("RGB", {}), ("RGBA", {"lossless": True})],
    "BMP": [("RGB", {}), ("P", {})],
    "GIF": [("P", {}), ("L", {"interlace": 1})],
    "TIFF": [
        ("RGB", {"compression": kind}) for kind in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits")
    ]
    + [("I;16", {}), ("F", {})],
    "MPO": [("RGB", {"save_all": True, "append_images": [Image.new("RGB", (64, 48))]})],
}
HEIC, DAMAGED, FORGED = "HEIC", "model file", "model file, hashes forged"
READY, ANSWERED, REFUSED, CRASHED, HUNG = "ready", "answered", "refused", "crashed", "hung"


@dataclass(slots=True)
class Tally:
    """What became of the files of one kind."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def row(self) -> list[str]:
        tried = self.counts.total()
        numbers = [tried, *(self.counts[key] for key in (REFUSED, ANSWERED, CRASHED, HUNG))]
        return [self.name, *(f"{number:,}" for number in numbers), f"{tried / max(self.seconds, 1e-9):.0f}"]


def targets() -> list[str]:
    try:
        import pi_heif  # noqa: F401, PLC0415
    except ImportError:
        return [*PHOTOS, DAMAGED, FORGED]
    return [*PHOTOS, HEIC, DAMAGED, FORGED]


def encoded(form: str) -> list[bytes]:
    """Return drawings in every variety of a format."""
    if form == HEIC:
        from test_photo import HEIC as PICTURE  # noqa: PLC0415

        return [PICTURE]
    rng, files = np.random.default_rng(0), []
    for number, (mode, options) in enumerate(PHOTOS[form]):
        drawing = draw_key(list(BLADES)[number % len(BLADES)], rng)
        out, exif = io.BytesIO(), Image.Exif()
        exif[ORIENTATION] = 6
        picture = drawing.convert("L").convert(mode) if mode in ("I;16", "F", "1") else drawing.convert(mode)
        picture.save(
            out, form, **options | ({"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") else {})
        )
        files.append(out.getvalue())
    return files


class Target:
    """Files of one kind: the n-th is the same in every process."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed
        self.models = name in (DAMAGED, FORGED)
        self.files = (
            [tiny_bytes(), tiny_bytes(kinds=("a", "b"), maps=False)] if self.models else encoded(name)
        )
        self.crop = crops(1)[0]

    def file(self, number: int) -> bytes:
        rng = np.random.default_rng((self.seed, targets().index(self.name), number))
        data = self.files[int(rng.integers(len(self.files)))]
        if self.name == FORGED:
            flatbuffer, card = unpack(data, self.name)
            return resealed(flatbuffer, card, rng)
        return mutated(data, rng)

    def read(self, data: bytes, number: int) -> str:
        """Return what became of a file; anything but an answer or a KeykindError is raised."""
        try:
            if self.models:
                answer = Model(*unpack(data, self.name), self.name).run(self.crop)
                assert np.isfinite(answer.probabilities).all()
            else:
                pixels = decode.decode(data, self.name, at_least=AT_LEAST[number % len(AT_LEAST)]).pixels
                assert pixels.ndim == 3
                assert pixels.dtype == np.uint8
        except KeykindError:
            return REFUSED
        return ANSWERED


def work(name: str, seed: int, start: int) -> None:
    """Read files from the `start`-th on, for ever: a line for each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    target, number = Target(name, seed), start
    print(READY, flush=True)
    while True:
        data = target.file(number)
        signal.setitimer(signal.ITIMER_PROF, BUSY)  # ends the process with SIGPROF
        verdict = target.read(data, number)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(verdict, flush=True)
        number += 1


def fuzz(name: str, seed: int, seconds: float, keep: Path) -> Tally:
    """Have processes read files of one kind for so long; each starts behind the file that ended the last."""
    tally = Tally(name)
    while tally.seconds < seconds:
        command = [sys.executable, __file__, "--work", name, str(tally.counts.total()), "--seed", str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            verdict, why = watch(process, tally, seconds)
            process.kill()
        if verdict:
            keep.mkdir(parents=True, exist_ok=True)
            number = tally.counts.total()
            path = keep / f"{re.sub(r'[^a-zA-Z]+', '-', name)}-{seed}-{number}.bin"
            path.write_bytes(Target(name, seed).file(number))
            tally.counts[verdict] += 1
            print(f"{path}: {verdict} {why}", file=sys.stderr)
    return tally


def watch(process: "subprocess.Popen[str]", tally: Tally, seconds: float) -> tuple[str, str]:
    """Count what a process says until the time is over, it ends or is silent; say which and why."""
    lines: queue.Queue[str] = queue.Queue()
    errors: deque[str] = deque(maxlen=2)
    for stream, take in ((process.stdout, lines.put), (process.stderr, errors.append)):
        threading.Thread(target=follow, args=(stream, take), daemon=True).start()
    if lines.get() != READY:
        raise RuntimeError(" ".join(errors))
    start, before = time.perf_counter(), tally.seconds
    try:
        while tally.seconds < seconds:
            if not (line := lines.get(timeout=IDLE)):
                hung = process.wait() == -signal.SIGPROF
                return (HUNG if hung else CRASHED), f"{process.returncode} {' '.join(errors)}"
            tally.counts[line] += 1
            tally.seconds = before + time.perf_counter() - start
    except queue.Empty:
        return HUNG, f"no answer in {IDLE} s"
    return "", ""


def follow(stream: Iterable[str], take: Callable[[str], object]) -> None:
    """Take each line, and "" at the end."""
    for line in stream:
        take(line.strip())
    take("")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where such files go")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], options.seed, int(options.work[1]))
    share = 60 * options.minutes * workers() / len(targets())
    with ThreadPoolExecutor(workers()) as pool:
        tallies = list(pool.map(lambda name: fuzz(name, options.seed, share, options.keep), targets()))
    head = ["file", "tried", "refused", "answered", "crashes", "hangs", "files/s"]
    about = (
        "Drawn photos and a tiny model file, each with 1 to 4 places changed: bits, bytes, numbers, parts "
        "copied, put in or lost. Refused: with the error that says so. A crash is any other end, an error "
        f"that keykind did not foresee among them; a hang is more than {BUSY} s on the processor."
    )
    text = f"{about}\n\n{markdown(head, [tally.row() for tally in tallies])}"
    command = f"python benchmarks/fuzz.py --minutes {options.minutes:g} --seed {options.seed}"
    text = section("Damaged and hostile files", text, command=command, packages=["pillow", "ai-edge-litert"])
    print(text)
    if options.write:
        write_section("fuzz", text)
    sys.exit(any(tally.counts[CRASHED] + tally.counts[HUNG] for tally in tallies))


if __name__ == "__main__":
    main()
