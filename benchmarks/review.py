"""The review desk with many photos: how fast it opens and shows the next photo, and its memory.

    python benchmarks/review.py PHOTOS [--count 20000] [--recognised 500] [--write]

In:    PHOTOS: a folder of photos, from which `--count` different ones of 640 px are made, and LARGE of 12
       megapixels, in a temporary folder
Out:   seconds from the start of the process to the first answers; milliseconds until a photo is shown, and
       until a decision is on the disk; peak memory; with --write also in docs/benchmarks.md
Needs: Linux; keykind[serve], httpx2

The process starts three times: with nothing known about the photos; with everything known; and in between
the scan runs until all photos are compared and `--recognised` of them recognised.
Targets for 20,000 photos: opens in under 2 s, next photo under 50 ms, memory under 400 MB.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import numpy as np
from PIL import Image

from keykind.core.parallel import parallel_map
from keykind.photo.formats import is_photo_file
from memory import peak
from table import markdown, section, write_section

LARGE, LARGE_SIZE = 60, (4000, 3000)  # photos of a phone, px
SMALL = 640  # px of the longer side of the others
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
DECIDED = 5000  # rows in labels.csv before decisions are measured: the file is written anew for each
DECISIONS = 100
TIMEOUT = 3600  # seconds until the scan is as far as it should be
PACKAGES = ("fastapi", "uvicorn", "httpx2", "numpy", "pillow", "ai-edge-litert")
CODE = """
import sys
from keykind.review import server
server.page_files = lambda: {"index.html": b"<!doctype html>"}
from keykind.cli.main import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running desk."""

    client: httpx2.Client
    pid: int
    started: float  # monotonic, s

    def state(self) -> dict:
        return self.client.get("/api/state").json()

    def seconds(self) -> float:
        return time.monotonic() - self.started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--recognised", type=int, default=500)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="keykind-review-") as folder:
        os.environ["KEYKIND_CACHE"] = str(Path(folder) / "cache")
        photos = Path(folder) / "photos"
        make_photos(options.photos, photos, options.count)
        rows = measure(photos, options.count, options.recognised)
    text = markdown(("what", "measured"), rows)
    print(text)
    if options.write:
        command = (
            f"python benchmarks/review.py PHOTOS --count {options.count} --recognised {options.recognised}"
        )
        write_section("review", section("The review desk", text, command=command, packages=PACKAGES))


def make_photos(source: Path, out: Path, count: int) -> None:
    """Write different photos: parts of those in `source`, brighter or darker; the first are large."""
    paths = sorted(path for path in source.rglob("*") if path.is_file() and is_photo_file(path))
    for kind in KINDS:
        (out / kind).mkdir(parents=True)

    def make(i: int) -> None:
        rng = np.random.default_rng(i)
        with Image.open(paths[i % len(paths)]) as photo:
            photo.draft("RGB", (SMALL, SMALL))
            image = photo.convert("RGB")
        width, height = image.size
        share = rng.uniform(0.6, 1)
        left, top = rng.uniform(0, 1 - share, 2) * (width, height)
        box = (left, top, left + share * width, top + share * height)
        size = LARGE_SIZE if i < LARGE else (SMALL, SMALL * 3 // 4)
        image = image.resize(size, Image.Resampling.BILINEAR, box)
        image = image.point(lambda value: value * rng.uniform(0.7, 1.3)) if rng.random() < 0.5 else image
        image.save(
            out / KINDS[i % len(KINDS)] / f"{'large' if i < LARGE else 'photo'}-{i:05}.jpg", quality=88
        )

    for _ in parallel_map(make, range(count)):
        pass


@contextmanager
def running(photos: Path) -> Iterator[Server]:
    """Run the desk while the block runs."""
    started = time.monotonic()
    command = [sys.executable, "-c", CODE, "review", str(photos), "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address, _, token = process.stdout.readline().split()[1].partition("?token=")
        with httpx2.Client(base_url=address, headers={"x-keykind-token": token}, timeout=60) as client:
            yield Server(client, process.pid, started)
    finally:
        process.terminate()
        process.wait()


def measure(photos: Path, count: int, recognised: int) -> list[tuple[str, str]]:
    """Return the rows of the table."""
    rows = [("photos", f"{count:,}, of them {LARGE} of 12 megapixels")]
    with running(photos) as server:
        large = [photo["id"] for photo in photos_named(server, "large")]
        rows += opening(server, large[0], "nothing known")
        scanning = timed_images(server, large[1 : LARGE // 2])
        wait_for(server, recognised, count)
        rows += [("next photo of 12 megapixels, never fetched, during the scan", milliseconds(scanning))]
        rows += [(f"peak memory, all measured and compared, {recognised:,} recognised", megabytes(server))]
    decide_directly(photos)
    with running(photos) as server:
        rows += opening(server, large[0], "measured before")
        while any(
            queue["state"] == "working" for queue in server.state()["queues"] if queue["id"] == "duplicates"
        ):
            time.sleep(0.1)
        rows += [("all photos compared, from the cache", f"{server.seconds():.1f} s")]
        rows += [("next photo, fetched ahead", milliseconds(timed_images(server, large[:1] * 50)))]
        rows += [(f"decision, {DECIDED:,} rows in labels.csv", milliseconds(timed_decisions(server, count)))]
    return rows


def opening(server: Server, photo: int, what: str) -> list[tuple[str, str]]:
    """Return how long it takes from the start to the first answers, and the memory by then."""
    server.state()
    opened, busy = server.seconds(), processor_seconds(server.pid)
    server.client.get(f"/api/photos/{photo}/image?side=1280").raise_for_status()
    return [
        (f"start to state, {what}", f"{opened:.2f} s, of the processor {busy:.2f} s"),
        (f"start to the first photo of 12 megapixels, {what}", f"{server.seconds():.2f} s"),
        (f"peak memory by then, {what}", megabytes(server)),
    ]


def photos_named(server: Server, prefix: str) -> list[dict]:
    """Return the photos whose names begin with a prefix, within their folders."""
    while not (items := server.client.get("/api/queues/all?limit=1").json()["size"]):
        time.sleep(0.05)
    found = []
    for start in range(0, items, items // len(KINDS)):
        ids = ",".join(map(str, range(start, min(start + LARGE, items))))
        found += server.client.get(f"/api/photos?ids={ids}").json()
    return [photo for photo in found if photo["name"].partition("/")[2].startswith(prefix)]


def timed_images(server: Server, photos: Sequence[int]) -> list[float]:
    """Return how long each picture took, s."""
    times = []
    for photo in photos:
        start = time.monotonic()
        server.client.get(f"/api/photos/{photo}/image?side=1280").raise_for_status()
        times.append(time.monotonic() - start)
        time.sleep(0.1)
    return times


def timed_decisions(server: Server, count: int) -> list[float]:
    """Return how long each decision took, s."""
    times = []
    for photo in range(count - DECISIONS, count):
        change = {"photo": photo, "version": "", "kind": "dimple"}
        body = {"queue": "all", "item": str(photo), "changes": [change]}
        start = time.monotonic()
        server.client.post("/api/decisions", json=body).raise_for_status()
        times.append(time.monotonic() - start)
    return times


def wait_for(server: Server, recognised: int, count: int) -> None:
    """Wait until all photos are compared, and so many recognised."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        queues = {queue["id"]: queue for queue in server.state()["queues"]}
        compared = queues["duplicates"]["state"] == "ready"
        if compared and queues["not-sure"]["done"] >= min(recognised, count):
            return
        time.sleep(1)
    raise TimeoutError(json.dumps(queues))


def decide_directly(photos: Path) -> None:
    """Write a labels.csv as long work leaves it."""
    paths = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.jpg"))
    paths = paths[: min(DECIDED, len(paths) // 2)]
    lines = [f"{path},dimple,,,,,eva,2026-01-01T00:00:00Z\n" for path in paths]
    (photos / "labels.csv").write_text("path,kind,key,split,ends,excluded,who,when\n" + "".join(lines))


def milliseconds(times: Sequence[float]) -> str:
    """Return median and 95th percentile."""
    p50, p95 = np.percentile(times, [50, 95]) * 1e3
    return f"median {p50:.0f} ms, p95 {p95:.0f} ms"


def processor_seconds(pid: int) -> float:
    """Return the time that all threads of a process were running; other load hardly changes it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(server: Server) -> str:
    """Return the peak memory of the process."""
    return f"{peak(server.pid) / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
