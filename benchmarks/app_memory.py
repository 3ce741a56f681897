"""Memory of the app in headless Chromium over 500 camera frames and 100 photos.

`python benchmarks/app_memory.py` measures the app in src/keykind/web, as built by `make app`, and writes the
table to docs/benchmarks.md; `--app FOLDER` measures another build, `--dry` only prints the table.

The page's own measurement (performance.measureUserAgentSpecificMemory, after a garbage collection) gives
JavaScript and DOM of the page and its worker. The operating system gives the resident memory of the browser's
renderer and GPU processes, which also hold WebAssembly's memory and decoded images. Chromium keeps decoded
images for as long as there is room, also of views that were left; after a memory warning, the rest is in use.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.append(str(Path(__file__).parent))

from app import write_video
from app_server import Host
from keykind.app import APP_FOLDER
from keykind.dataset.bundled import bundled_photos
from table import markdown, section, write_section

FRAMES, PHOTOS, STEPS = 500, 100, 5
WARM_UP_FRAMES, WARM_UP_PHOTOS = 150, 10  # before the first measurement: until garbage has been collected
TIMEOUT = 3_600_000  # ms
WARNED = 3  # s in which the browser gives memory back after a warning
SETTINGS = "localStorage.setItem('keykind-camera-freezes', 'false')"  # a frozen picture has no frames
MEASURE = """() => performance.measureUserAgentSpecificMemory().then(({ breakdown }) => {
    const bytes = { page: 0, worker: 0 };
    for (const { bytes: size, attribution } of breakdown) {
        const isWorker = attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope');
        bytes[isWorker ? 'worker' : 'page'] += size;
    }
    return bytes;
})"""
WAIT_FOR_FRAMES = """count => new Promise((resolve) => {
    let seen = 0;
    new PerformanceObserver((list, observer) => {
        seen += list.getEntriesByName('frame').length;
        if (seen < count) return;
        observer.disconnect();
        resolve();
    }).observe({ type: 'measure' });
})"""
COUNT_ANSWERS = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open('keykind');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const database = opening.result;
        const counting = database.transaction('entries').objectStore('entries').count();
        counting.onsuccess = () => { database.close(); resolve(counting.result); };
    };
})"""


@dataclass(frozen=True)
class Memory:
    """Memory at one time, in bytes."""

    page: int
    worker: int
    processes: int  # resident, renderer and GPU


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", type=Path, default=APP_FOLDER, help="folder of the built app")
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--dry", action="store_true", help="print the table, do not write it")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        flags = [
            "--no-sandbox",
            "--enable-blink-features=ForceEagerMeasureMemory",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={write_video(Path(folder) / 'keys.y4m')}",
        ]
        browser = driver.chromium.launch(executable_path=options.chromium, args=flags)
        rows = measure(browser, options.app, options.frames, options.photos)
        text = f"{NOTE}\n\n{markdown(HEADER, rows)}\n\nChromium {browser.version}."
        browser.close()
    print(text)
    if not options.dry:
        done = section(
            "Memory of the app", text, command="python benchmarks/app_memory.py", packages=["keykind"]
        )
        write_section("app-memory", done)


NOTE = """The app in headless Chromium: camera frames, then photos. Each photo is chosen in the camera's view,
and its answer is stored in the history, so the camera is opened and released each time. Page and worker are
JavaScript and DOM after a garbage collection; "processes" is the resident memory of the renderer and the GPU
process, with WebAssembly's memory and images. All in MB. Chromium keeps decoded images for as long as
there is room, also those of views that were left: a page without the app grew by 0.34 MB per photo while it
showed 400 photos of 320 px in turn. "Memory warning" is after a simulated memory-pressure notification."""
HEADER = ("after", "page", "worker", "processes")


def measure(browser: Browser, app: Path, frames: int, photos: int) -> list[tuple[str, ...]]:
    """Return the rows of the table; the first of each part is after the warm-up."""
    host = Host(app, isolates=True)
    context = browser.new_context(permissions=["camera"], locale="en")
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.add_init_script(SETTINGS)
    processes = browser.new_browser_cdp_session()
    page.goto(host.url)
    page.evaluate(WAIT_FOR_FRAMES, WARM_UP_FRAMES)
    rows = [row(f"{WARM_UP_FRAMES} frames", memory(page, processes))]
    for step in range(1, STEPS + 1):
        page.evaluate(WAIT_FOR_FRAMES, frames // STEPS)
        rows.append(row(f"{frames * step // STEPS} more", memory(page, processes)))
    files = sorted(bundled_photos().glob("test/*/*.jpg"))
    open_photos(page, files, WARM_UP_PHOTOS)
    rows.append(row(f"{WARM_UP_PHOTOS} photos", memory(page, processes)))
    rows.append(row("memory warning", memory_in_use(page, processes)))
    for step in range(1, STEPS + 1):
        open_photos(page, files, photos // STEPS)
        rows.append(row(f"{photos * step // STEPS} more", memory(page, processes)))
    rows.append(row("memory warning", memory_in_use(page, processes)))
    context.close()
    host.stop()
    return rows


def open_photos(page: Page, files: list[Path], count: int) -> None:
    """Choose photos one after another; each one's answer is stored before the next."""
    for _ in range(count):
        before = page.evaluate(COUNT_ANSWERS)
        page.evaluate("location.hash = '#/'")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a photo").click()
        chooser.value.set_files(str(files[before % len(files)]))
        while page.evaluate(COUNT_ANSWERS) == before:
            page.wait_for_timeout(100)


def memory(page: Page, processes: CDPSession) -> Memory:
    """Return the memory now."""
    sizes = page.evaluate(MEASURE)
    running = processes.send("SystemInfo.getProcessInfo")["processInfo"]
    resident = sum(resident_size(each["id"]) for each in running if each["type"] in ("renderer", "GPU"))
    return Memory(sizes["page"], sizes["worker"], resident)


def memory_in_use(page: Page, processes: CDPSession) -> Memory:
    """Return the memory without what the browser keeps only because there is room."""
    session = page.context.new_cdp_session(page)
    session.send("Memory.simulatePressureNotification", {"level": "critical"})
    session.detach()
    time.sleep(WARNED)
    return memory(page, processes)


def resident_size(process: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def row(name: str, sizes: Memory) -> tuple[str, ...]:
    values = (sizes.page, sizes.worker, sizes.processes)
    return (name, *(f"{value / 1e6:.1f}" for value in values))


if __name__ == "__main__":
    main()
