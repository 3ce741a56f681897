"""Pictures of the app for docs/app-tour.md: screenshots of the built app, with rendered photos.

`python web/scripts/tour.py` needs `make app`, Playwright and Debian's chromium. The camera shows a photo,
too, so that the same build gives the same pictures.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "support"))
from app_server import Host  # noqa: E402 - of the tests

OUT = ROOT / "docs" / "app-tour"
BUILD = ROOT / "src" / "keykind" / "web"
RENDERED = ROOT / "tests" / "data" / "rendered"
SEVERAL = RENDERED / "multi" / "multi" / "multi-000004.jpg"
ONE = RENDERED / "single" / "cylinder" / "cylinder-000000.jpg"
IN_CAMERA = RENDERED / "single" / "tubular" / "tubular-000006.jpg"
OTHERS = [*sorted((RENDERED / "single").glob("*/*.jpg"))]
PHONE = {"width": 390, "height": 844}
FRAME = (720, 1280)  # px of the camera's picture
QUALITY = 80  # of a picture, WebP
SCALE = 2  # pixels of the screen per CSS px; pictures are saved at half of that
TIMEOUT = 120_000  # ms
SETTLED = 900  # ms for what glides or fades in


def camera_video(path: Path) -> Path:
    """Write a video of a photo for Chromium's camera, as Y4M."""
    photo = Image.open(IN_CAMERA).convert("RGB")
    scale = max(FRAME[0] / photo.width, FRAME[1] / photo.height)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    left, top = (photo.width - FRAME[0]) // 2, (photo.height - FRAME[1]) // 2
    planes = np.asarray(photo.crop((left, top, left + FRAME[0], top + FRAME[1])).convert("YCbCr"))
    body = b"FRAME\n" + planes[..., 0].tobytes() + b"".join(planes[::2, ::2, i].tobytes() for i in (1, 2))
    path.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % FRAME + 5 * body)
    return path


def scenes(page: Page, url: str) -> Iterator[str]:
    """Show one view after the other, and yield the name of its picture."""
    page.goto(url)
    page.locator("[data-ready=true]").wait_for()
    page.get_by_role("button", name="Auto").click()  # the picture is not to freeze yet
    page.locator(".live-label").first.wait_for()
    page.locator(".notice").wait_for(state="detached")
    yield "camera"
    page.get_by_role("button", name="Auto").click()
    page.locator(".answer-card").wait_for()
    yield "frozen"
    open_photos(page, [SEVERAL])
    yield "answer"
    open_photos(page, [ONE])
    page.locator(".ask-why").first.click()
    page.locator(".evidence .scale").wait_for()
    page.locator(".evidence").scroll_into_view_if_needed()
    yield "why"
    page.locator(".ask-why").first.click()
    page.locator(".compare").first.scroll_into_view_if_needed()
    yield "similar"
    open_photos(page, OTHERS)
    yield "import"
    for view, name in (
        ("kinds", "kinds"),
        ("kinds/dimple", "kind"),
        ("history", "history"),
        ("my-keys", "my-keys"),
    ):
        page.goto(f"{url}#/{view}")
        yield name


def open_photos(page: Page, photos: list[Path]) -> None:
    """Import photos, and wait for the answers."""
    before = page.url
    page.locator("#photo-input").set_input_files([str(photo) for photo in photos])
    page.wait_for_function("before => location.href !== before", arg=before)
    if len(photos) == 1:
        page.locator(".answer .sheet[aria-busy=false] .photo-actions").wait_for()
    else:
        page.locator(".import .progress").wait_for(state="detached")


def save(page: Page, name: str) -> None:
    """Save a screenshot at the size of the screen in CSS px."""
    page.wait_for_timeout(SETTLED)
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        small = shot.convert("RGB").resize((PHONE["width"], PHONE["height"]), Image.Resampling.LANCZOS)
    small.save(OUT / f"{name}.webp", quality=QUALITY, method=6)


def main() -> None:
    """Write the pictures."""
    OUT.mkdir(exist_ok=True)
    host = Host(BUILD)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        video = camera_video(Path(folder) / "camera.y4m")
        camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", *camera]
        )
        context = browser.new_context(
            viewport=PHONE, device_scale_factor=SCALE, has_touch=True, permissions=["camera"]
        )
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        for name in scenes(page, host.url):
            save(page, name)
        browser.close()
    host.stop()


if __name__ == "__main__":
    main()
