"""Damaged and hostile files: keykind answers or refuses them, and never crashes or hangs.

    python benchmarks/fuzz.py [--minutes 10] [--seed N] [--write]

In:    drawn photos of every format and a tiny model file, each with a few mutations
Out:   a Markdown table on stdout; with --write also in docs/benchmarks.md; files that crash or hang in --keep
Needs: keykind's base installation; hypothesis and pytest for the HEIC photo; Linux or macOS

Files are read in separate processes, so that crashes are noticed. The same seed tries the same files.
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
from keykind.core.parallel import cpu_count
from keykind.model.model import Model, unpack
from keykind.photo import decode
from table import markdown, section, write_section

sys.path += [str(Path(__file__).parents[1] / "tests" / name) for name in ("support", "photo")]
from drawings import BLADES, draw_key
from mutations import mutate, mutate_and_seal
from tiny_model import crops, tiny_bytes

CPU_LIMIT = 20  # seconds of CPU time for one file; more is a hang
TIMEOUT = 200  # seconds without an answer; more is a hang too, or a very busy machine
MEMORY = 6_000_000_000  # bytes of address space; a photo of 120 megapixels takes 1.6 GB
MIN_SIDES = (None, 64, 224)  # passed to decode_photo in turn
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
    """The outcomes for one type of file."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def row(self) -> list[str]:
        total = self.counts.total()
        counts = [total, *(self.counts[key] for key in (REFUSED, ANSWERED, CRASHED, HUNG))]
        return [self.name, *(f"{count:,}" for count in counts), f"{total / max(self.seconds, 1e-9):.0f}"]


def targets() -> list[str]:
    try:
        import pi_heif  # noqa: F401, PLC0415
    except ImportError:
        return [*PHOTOS, DAMAGED, FORGED]
    return [*PHOTOS, HEIC, DAMAGED, FORGED]


def encode(file_format: str) -> list[bytes]:
    """Return drawings in every variant of a format."""
    if file_format == HEIC:
        from test_decode import HEIC as PHOTO  # noqa: PLC0415

        return [PHOTO]
    rng, files = np.random.default_rng(0), []
    for i, (mode, options) in enumerate(PHOTOS[file_format]):
        drawing = draw_key(list(BLADES)[i % len(BLADES)], rng)
        out, exif = io.BytesIO(), Image.Exif()
        exif[ORIENTATION] = 6
        grey = mode in ("I;16", "F", "1")
        image = (drawing.convert("L") if grey else drawing).convert(mode)
        metadata = {"exif": exif} if file_format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
        image.save(out, file_format, **options | metadata)
        files.append(out.getvalue())
    return files


class Target:
    """Files of one type: the i-th is the same in every process."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed
        self.models = name in (DAMAGED, FORGED)
        self.files = [tiny_bytes(), tiny_bytes(kinds=("a", "b"), maps=False)] if self.models else encode(name)
        self.crop = crops(1)[0]

    def file(self, i: int) -> bytes:
        """Return the i-th file."""
        rng = np.random.default_rng((self.seed, targets().index(self.name), i))
        data = self.files[int(rng.integers(len(self.files)))]
        if self.name == FORGED:
            flatbuffer, card = unpack(data, self.name)
            return mutate_and_seal(flatbuffer, card, rng)
        return mutate(data, rng)

    def read(self, data: bytes, i: int) -> str:
        """Read a file and return the outcome; exceptions other than KeykindError are raised."""
        try:
            if self.models:
                answer = Model(*unpack(data, self.name), self.name).run(self.crop)
                assert np.isfinite(answer.probabilities).all()
            else:
                pixels = decode.decode_photo(data, self.name, min_side=MIN_SIDES[i % len(MIN_SIDES)]).pixels
                assert pixels.ndim == 3
                assert pixels.dtype == np.uint8
        except KeykindError:
            return REFUSED
        return ANSWERED


def work(name: str, seed: int, start: int) -> None:
    """Read files from the `start`-th on, without end; print a line for each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    target, i = Target(name, seed), start
    print(READY, flush=True)
    while True:
        data = target.file(i)
        signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)  # ends the process with SIGPROF
        outcome = target.read(data, i)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(outcome, flush=True)
        i += 1


def fuzz(name: str, seed: int, seconds: float, keep: Path) -> Tally:
    """Read files of one type for `seconds`; after a crash or hang a new process reads the next file."""
    tally = Tally(name)
    while tally.seconds < seconds:
        command = [sys.executable, __file__, "--work", name, str(tally.counts.total()), "--seed", str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            outcome, reason = watch(process, tally, seconds)
            process.kill()
        if outcome:
            keep.mkdir(parents=True, exist_ok=True)
            i = tally.counts.total()
            path = keep / f"{re.sub(r'[^a-zA-Z]+', '-', name)}-{seed}-{i}.bin"
            path.write_bytes(Target(name, seed).file(i))
            tally.counts[outcome] += 1
            print(f"{path}: {outcome} {reason}", file=sys.stderr)
    return tally


def watch(process: "subprocess.Popen[str]", tally: Tally, seconds: float) -> tuple[str, str]:
    """Count a process's outcomes until the time is over; return CRASHED or HUNG and the reason, if any."""
    lines: queue.Queue[str] = queue.Queue()
    errors: deque[str] = deque(maxlen=2)
    for stream, put in ((process.stdout, lines.put), (process.stderr, errors.append)):
        threading.Thread(target=forward, args=(stream, put), daemon=True).start()
    if lines.get() != READY:
        raise RuntimeError(" ".join(errors))
    start, before = time.perf_counter(), tally.seconds
    try:
        while tally.seconds < seconds:
            if not (line := lines.get(timeout=TIMEOUT)):
                hung = process.wait() == -signal.SIGPROF
                return (HUNG if hung else CRASHED), f"{process.returncode} {' '.join(errors)}"
            tally.counts[line] += 1
            tally.seconds = before + time.perf_counter() - start
    except queue.Empty:
        return HUNG, f"no answer in {TIMEOUT} s"
    return "", ""


def forward(stream: Iterable[str], put: Callable[[str], object]) -> None:
    """Pass on each line, and "" at the end."""
    for line in stream:
        put(line.strip())
    put("")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-findings"), help="folder of the files that crash or hang"
    )
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], options.seed, int(options.work[1]))
    share = 60 * options.minutes * cpu_count() / len(targets())
    with ThreadPoolExecutor(cpu_count()) as pool:
        tallies = list(pool.map(lambda name: fuzz(name, options.seed, share, options.keep), targets()))
    header = ["file", "tried", "refused", "answered", "crashes", "hangs", "files/s"]
    summary = (
        "Drawn photos and a tiny model file, each with 1 to 4 mutations: bits, bytes, numbers, parts copied, "
        "inserted or removed. Refused: with the documented error. A crash is any other ending, an unexpected "
        f"exception included; a hang is more than {CPU_LIMIT} s of CPU time."
    )
    text = f"{summary}\n\n{markdown(header, [tally.row() for tally in tallies])}"
    command = f"python benchmarks/fuzz.py --minutes {options.minutes:g} --seed {options.seed}"
    text = section("Damaged and hostile files", text, command=command, packages=["pillow", "ai-edge-litert"])
    print(text)
    if options.write:
        write_section("fuzz", text)
    sys.exit(any(tally.counts[CRASHED] + tally.counts[HUNG] for tally in tallies))


if __name__ == "__main__":
    main()
