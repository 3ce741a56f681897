"""The app in headless Chromium: bytes per visit, time until it is ready, time per camera frame.

`python benchmarks/app.py` measures the app in src/keykind/web, as built by `make app`, served from this
machine, with a video of rendered keys as the camera. It prints a table, and the load of the machine.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", type=Path, default=APP_FOLDER, help="folder of the built app")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = write_video(Path(folder) / "keys.y4m")
        flags = [
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ]
        host = Host(options.app)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=options.chromium, args=flags)
            page = browser.new_context(permissions=["camera"], locale="en").new_page()
            first, second = visit(page, host), visit(page, host)
            times = frame_times(page)
            print(table(first, second, times, browser.version))
            browser.close()
        host.stop()


def visit(page: Page, host: Host) -> tuple[int, float]:
    """Return the bytes sent, without headers, and the seconds until the app is ready."""
    host.sent.clear()
    page.goto("about:blank")
    start = time.perf_counter()
    page.goto(host.url)
    page.get_by_role("button", name="Use the camera").wait_for(timeout=120_000)
    return sum(count for path, count in host.sent if path != "/sw.js"), time.perf_counter() - start


def frame_times(page: Page) -> list[float]:
    """Return the ms of each frame: detect, crop, classify, measure."""
    page.evaluate(WATCH)
    page.get_by_role("button", name="Use the camera").click()
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


def table(first: tuple[int, float], second: tuple[int, float], times: list[float], version: str) -> str:
    """Return the measurements as a Markdown table."""
    load = os.getloadavg()[0]
    deciles = statistics.quantiles(times, n=10)
    rows = [
        ("first visit", f"{first[0] / 1e6:.1f} MB, ready after {first[1]:.1f} s"),
        ("second visit", f"{second[0]} bytes, ready after {second[1]:.1f} s"),
        (
            "a frame, detect + classify",
            f"{statistics.median(times):.0f} ms, 9 of 10 below {deciles[-1]:.0f} ms",
        ),
        ("fastest frame", f"{min(times):.0f} ms"),
        ("machine", f"{os.cpu_count()} cores, load {load:.1f}, Chromium {version}, {platform.machine()}"),
    ]
    return "\n".join(f"| {name} | {value} |" for name, value in rows)


if __name__ == "__main__":
    main()
