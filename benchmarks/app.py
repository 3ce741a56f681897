"""The app in headless Chromium: bytes per visit, time until the first answer, time per camera frame.

`python benchmarks/app.py` measures the app in src/keykind/web, as built by `make app`, served from this
machine, with a video of rendered keys as the camera. It prints a table, and the load of the machine.
`--than FOLDER` measures another build in turn with it and prints the ratio: on a busy machine only that, and
the fastest decile, can be compared.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from app_server import Host
from keykind.app import APP_FOLDER
from keykind.dataset.bundled import bundled_photos

FRAMES, WARM_UP = 60, 10  # measured, and left out before
SIZE = (1280, 720)  # of the camera, px
WATCH = """() => {
    globalThis.frames_ = [];
    new PerformanceObserver(list => frames_.push(...list.getEntriesByName('frame').map(e => e.duration)))
        .observe({ type: 'measure' });
}"""

# Resolves when a camera frame has been recognised; the camera starts by itself, because it is permitted.
FIRST_FRAME = """() => new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
        if (list.getEntriesByName('frame').length) resolve();
    });
    observer.observe({ type: 'measure', buffered: true });
})"""
# The picture is not frozen on a sure answer: a frozen one has no frames.
SETTINGS = "localStorage.setItem('keykind-camera-freezes', 'false')"


@dataclass
class Measurements:
    """What was measured of a build."""

    first: Counter[str]  # bytes of each type of file
    second: Counter[str]
    ready: tuple[float, float]  # s, of the first visit and the second
    frames: list[float]  # ms

    @property
    def fast(self) -> float:
        """The fastest decile of the frames, ms."""
        return statistics.quantiles(self.frames, n=10)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", type=Path, default=APP_FOLDER, help="folder of the built app")
    parser.add_argument("--than", type=Path, help="folder of another build")
    parser.add_argument("--rounds", type=int, default=1, help="visits of each build")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    folders = [options.app, *([options.than] if options.than else [])]
    results: list[Measurements] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        flags = [
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={write_video(Path(folder) / 'keys.y4m')}",
        ]
        browser = driver.chromium.launch(executable_path=options.chromium, args=flags)
        for _ in range(options.rounds):
            for i, app in enumerate(folders):
                measured = measure(browser, app)
                if i == len(results):
                    results.append(measured)
                else:
                    results[i].frames += measured.frames
        for app, result in zip(folders, results, strict=True):
            print(f"{app}\n{table(result)}")
        if options.than:
            print(f"| frame relative to {options.than} | {ratio(*results)} |")
        load = os.getloadavg()[0]
        machine = f"{os.cpu_count()} cores, load {load:.1f}, Chromium {browser.version}, {platform.machine()}"
        print(f"| machine | {machine} |")
        browser.close()


def measure(browser: Browser, app: Path) -> Measurements:
    """Measure a build in a browser without its cache."""
    host = Host(app)
    context = browser.new_context(permissions=["camera"], locale="en")
    page = context.new_page()
    page.add_init_script(SETTINGS)
    (first, ready_first), (second, ready_second) = visit(page, host), visit(page, host)
    measured = Measurements(first, second, (ready_first, ready_second), frame_times(page))
    context.close()
    host.stop()
    return measured


def visit(page: Page, host: Host) -> tuple[Counter[str], float]:
    """Return the bytes of each type of file, without headers, and the seconds until a frame is recognised."""
    host.sent.clear()
    page.goto("about:blank")
    start = time.perf_counter()
    page.goto(host.url)
    page.evaluate(FIRST_FRAME)
    ready = time.perf_counter() - start
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")  # it has fetched what it caches
    sent: Counter[str] = Counter()
    for path, count in host.sent:
        if path != "/sw.js":  # the browser asks for it at each visit
            sent[file_type(path)] += count
    return sent, ready


def file_type(path: str) -> str:
    """Return what a file is: the name of a packed file, or its ending."""
    if path.endswith(".bin"):
        return path.rpartition("/")[2].split("-")[0]
    return path.rpartition(".")[2] if "." in path else "html"


def frame_times(page: Page) -> list[float]:
    """Return the ms of each frame: detect, crop, classify, measure."""
    page.evaluate(WATCH)
    page.wait_for_function(f"() => frames_.length >= {FRAMES + WARM_UP}", timeout=300_000)
    times: list[float] = page.evaluate("frames_")
    return times[WARM_UP : WARM_UP + FRAMES]


def write_video(path: Path) -> Path:
    """Write a video of keys that fill the frame, in the format that Chromium reads: Y4M."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F10:1 Ip A1:1 C420jpeg\n".encode())
        for photo in sorted((bundled_photos() / "test" / "dimple").glob("*.jpg"))[:6]:
            image = Image.open(photo).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
            planes = np.asarray(image.convert("YCbCr"))
            chroma = b"".join(planes[::2, ::2, channel].tobytes() for channel in (1, 2))
            file.write(10 * (b"FRAME\n" + planes[..., 0].tobytes() + chroma))
    return path


def table(measured: Measurements) -> str:
    """Return the measurements as a Markdown table."""
    frames = measured.frames
    kinds = ", ".join(f"{name} {count / 1e3:.0f} kB" for name, count in measured.first.most_common())
    deciles = statistics.quantiles(frames, n=10)
    rows = [
        ("first visit", f"{measured.first.total() / 1e6:.2f} MB, ready after {measured.ready[0]:.1f} s"),
        ("of which", kinds),
        ("second visit", f"{measured.second.total()} bytes, ready after {measured.ready[1]:.1f} s"),
        (
            "a frame: detect, crop, classify, measure",
            f"median {statistics.median(frames):.0f} ms, deciles {deciles[0]:.0f} to {deciles[-1]:.0f} ms",
        ),
        ("fastest frame", f"{min(frames):.0f} ms"),
    ]
    return "\n".join(f"| {name} | {value} |" for name, value in rows)


def ratio(ours: Measurements, theirs: Measurements) -> str:
    """Return the frames' times relative to another build's."""
    medians = statistics.median(ours.frames) / statistics.median(theirs.frames)
    return f"median {medians:.2f}, fastest decile {ours.fast / theirs.fast:.2f}"


if __name__ == "__main__":
    main()
