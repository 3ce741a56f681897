"""What tests of the app in Chromium share: the app, built and sent, a camera, a page, what a person does.

A pytest plugin, named in conftest.py: all of them take the same build.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app_build import build, models
from app_server import Host
from keykind.dataset.bundled import bundled_photos
from keykind.detect.detector import load_detector
from keykind.model import shipped
from keykind.model.model import load_model
from keykind.predict.recogniser import Recogniser

PATIENCE = 120_000  # ms; the machine may be busy


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """The app, built for these tests; KEYKIND_APP names one that is built already."""
    if built := os.environ.get("KEYKIND_APP"):
        return Path(built)
    return build(tmp_path_factory.mktemp("app") / "web")


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """A video of a key for the camera, as Chromium reads it: Y4M."""
    path = tmp_path_factory.mktemp("video") / "keys.y4m"
    photo = Image.open(bundled_photos() / "test" / "dimple" / "dimple-00.jpg").convert("RGB")
    frame = Image.new("RGB", (640, 480), (128, 124, 118))
    frame.paste(photo.resize((360, 480)), (140, 0))
    planes = np.asarray(frame.convert("YCbCr"))
    chroma = [planes[::2, ::2, channel].tobytes() for channel in (1, 2)]
    body = b"FRAME\n" + planes[..., 0].tobytes() + b"".join(chroma)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + 5 * body)
    return path


@pytest.fixture(scope="module")  # not longer: while it lasts, this thread has an event loop that runs
def chromium(video):
    playwright = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Debian's chromium is not installed")
    flags = [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=executable, args=flags)
        yield started
        started.close()


@pytest.fixture
def host(app):
    served = Host(app)
    yield served
    served.stop()


@pytest.fixture
def context(chromium):
    opened = chromium.new_context(permissions=["camera"], accept_downloads=True, locale="en-GB")
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def page(context, host):
    """The app, ready; a complaint of the browser fails the test."""
    with watched(context.new_page(), host.url) as opened:
        yield opened


class watched:  # noqa: N801 - reads as a word: with watched(page)
    """A page of which errors, and requests to anyone else, fail the test."""

    def __init__(self, page, url):
        self.page, self.url, self.faults = page, url, []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.faults.append(line.text))
        page.on("request", self.check)

    def check(self, request):
        if not request.url.startswith((self.url, f"blob:{self.url}", "data:")):
            self.faults.append(f"asked {request.url}")

    def __enter__(self):
        self.page.goto(self.url)
        ready(self.page)
        return self.page

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.faults == []


def ready(page):
    page.locator(".home .bar button").first.wait_for()


def sample(name):
    return next(bundled_photos().glob(f"test/*/{name}.jpg"))


def give(page, *paths):
    page.evaluate("document.querySelector('.still')?.classList.add('before')")
    page.locator("input[type=file]").set_input_files([str(path) for path in paths])
    page.locator(".still:not(.before) h1").wait_for()


def recogniser():
    model = load_model(models() / shipped.CLASSIFIER)
    return Recogniser(
        model, None if model.card.crop == "whole" else load_detector(models() / shipped.DETECTOR)
    )


def photo_with_a_key():
    """Return a photo of the sample with one key, and what Python, which is sure of it, says."""
    judge = recogniser()
    for path in sorted(bundled_photos().glob("test/*/*.jpg")):
        keys = judge.recognise(path).keys
        if len(keys) == 1 and keys[0].kind:
            return path, keys[0]
    pytest.skip("no photo of the sample is such")
    return None


def correct(page, kind):
    """Say what the first key is; keep its photo."""
    page.locator(".entry").first.click()
    page.locator("#correct-kind").select_option(kind)
    page.get_by_role("button", name="Keep it").click()
    page.locator(".result:not(:empty)").wait_for()
    assert "Kept" in page.locator(".result").inner_text()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
