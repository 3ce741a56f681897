"""Fixtures for tests of the app in Chromium: the built app, a host, a camera, a page; and user actions.

A pytest plugin, loaded by conftest.py, so that all modules share one build.
"""

import json
import os
import re
import shutil
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app_build import WEB, build, generate, models
from app_server import Host
from keykind.dataset.bundled import bundled_photos
from keykind.predict.recogniser import Recogniser
from once import once

TIMEOUT = 120_000  # ms; the machine may be busy
DIFFERENCE = 0.05  # of probabilities from Python's: int8 networks round differently in browsers
LANGUAGES = sorted(path.stem for path in (WEB / "src" / "words").glob("*.json"))
KEY_WORDS = re.compile(
    r"\bkeys?\b|schlüssel|\bclés?\b|\bllaves?\b|\bchaves?\b|\bchiav[ei]\b", re.IGNORECASE
)  # in every language of the app
# Run before the page's scripts: the camera has not been permitted yet, so it starts on request only.
NOT_ASKED = """navigator.permissions.query = async () =>
    Object.assign(new EventTarget(), { state: 'prompt' })"""
RESET = """() => {
    localStorage.clear();
    return new Promise((resolve) => {
        const request = indexedDB.deleteDatabase('keykind');
        request.onsuccess = request.onerror = resolve;
    });
}"""
# Whether the page has a size, and the photo that is shown fills its frame again.
IS_FITTED = """([width, height]) => {
    if (innerWidth !== width || innerHeight !== height) return false;
    const frame = document.querySelector('.viewer:not([hidden])');
    const image = frame?.querySelector('img');
    if (!image) return true;
    const [box, room] = [image, frame].map((element) => element.getBoundingClientRect());
    const right = box.left + box.right - room.left - room.right;
    const down = box.top + box.bottom - room.top - room.bottom;
    const share = Math.max(box.width / room.width, box.height / room.height);
    return Math.max(Math.abs(right), Math.abs(down)) < 4 && Math.abs(share - 1) < 0.02;
}"""
# Hold back calls of the engine's method; `released_` lets them through.
HOLD = """method => {
    const post = Worker.prototype.postMessage;
    const held = [];
    Worker.prototype.postMessage = function (data, ...others) {
        const send = () => post.call(this, data, ...others);
        if (data.method === method) held.push(send);
        else send();
    };
    globalThis.released_ = () => {
        Worker.prototype.postMessage = post;
        held.forEach((send) => send());
    };
}"""


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """What Python generates for builds of the app and of the package is there."""
    once(tmp_path_factory, "generated", generate)


@pytest.fixture(scope="session")
def app(request, tmp_path_factory):
    """The app, built once for all tests; KEYKIND_APP may name a folder with a build."""
    if built := os.environ.get("KEYKIND_APP"):
        return Path(built)
    request.getfixturevalue("generated")
    return once(tmp_path_factory, "app", build)


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """A video of a key for Chromium's fake camera, as Y4M."""
    path = tmp_path_factory.mktemp("video") / "keys.y4m"
    photo = Image.open(bundled_photos() / "test" / "dimple" / "dimple-00.jpg").convert("RGB")
    frame = Image.new("RGB", (640, 480), (128, 124, 118))
    frame.paste(photo.resize((360, 480)), (140, 0))
    planes = np.asarray(frame.convert("YCbCr"))
    chroma = [planes[::2, ::2, channel].tobytes() for channel in (1, 2)]
    body = b"FRAME\n" + planes[..., 0].tobytes() + b"".join(chroma)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + 5 * body)
    return path


@contextmanager
def started(*flags: str):
    """Yield Chromium; skip the test if it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Debian's chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox", *flags])
        yield browser
        browser.close()


# Browsers live no longer than a module: Playwright runs an event loop in this thread, and only one at a time.
@pytest.fixture(scope="module")
def chromium(video):
    """A browser with a camera, which shows a key."""
    camera = "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"
    with started(*camera) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser():
    """A browser for pages that keykind writes."""
    with started("--disable-gpu", "--disable-background-networking") as browser:
        yield browser


@pytest.fixture(scope="module")
def host(app):
    served = Host(app)
    yield served
    served.stop()


@pytest.fixture
def context(chromium):
    """A browser profile of a first visit."""
    opened = new_context(chromium)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def visited(chromium, host):
    """A browser profile that has the app's files from an earlier visit."""
    opened = new_context(chromium)
    with watch(opened.new_page(), host.url) as page:
        page.close()
    yield opened
    opened.close()


@pytest.fixture
def page(visited, host):
    """The app, ready, with an empty collection; an error in the browser fails the test."""
    with visit(visited, host.url) as opened:
        yield opened


@pytest.fixture
def calm(visited, host):
    """The same; the camera starts on request only."""
    with visit(visited, host.url, NOT_ASKED) as opened:
        yield opened


@contextmanager
def visit(context, url, *scripts):
    """Open the app after running scripts in the page; errors fail the test, and nothing is left of it."""
    page = context.new_page()
    for script in scripts:
        page.add_init_script(script)
    try:
        with watch(page, url):
            yield page
    finally:
        reset(page, url)
        page.close()


def new_context(chromium, **options):
    defaults = {"permissions": ["camera"], "accept_downloads": True, "locale": "en-GB"}
    opened = chromium.new_context(**defaults | options)
    opened.set_default_timeout(TIMEOUT)
    return opened


class watch:  # noqa: N801 - used like a function: with watch(page, url)
    """Open the app in a page; errors and requests to other origins fail the test."""

    def __init__(self, page, url):
        self.page, self.url, self.errors = page, url, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))
        page.on("request", self.check)

    def check(self, request):
        origin = "/".join(self.url.split("/")[:3])
        if not request.url.startswith((self.url, f"blob:{origin}/", "data:")):
            self.errors.append(f"requested {request.url}")

    def __enter__(self):
        self.page.goto(self.url)
        wait_until_ready(self.page)
        return self.page

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.errors == []


def reset(page, url):
    """Delete what the app has stored. It is left first: it could still store what it is reading."""
    page.goto(f"{url}licences.txt")
    page.evaluate(RESET)


def wait_until_ready(page):
    page.locator(".shell[data-ready=true]").wait_for()


def wait_for_model(page, name=""):
    """Wait until a model that was opened runs and is stored, and the app has gone to the view for it."""
    page.locator(".own-model", has_text=name).wait_for()
    wait_for_switch(page)


def wait_for_switch(page):
    """Wait until no model is being loaded or stored."""
    page.locator("main[aria-busy=false]").wait_for(state="attached")


def resize(page, width, height):
    """Give the page another size, and wait until it has it, and the photo that is shown as well."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(IS_FITTED, arg=[width, height])


def wait_for_title(page):
    """Wait until the view's title has the focus: that is after it is drawn."""
    page.wait_for_function("() => document.activeElement.id === 'page-title'")


@cache
def messages(language="en"):
    """Return the app's messages in a language, by their keys."""
    return json.loads((WEB / "src" / "words" / f"{language}.json").read_text("utf-8"))


def message(key, language="en", **values):
    """Return a message as the app shows it: in English, if it is not translated."""
    text = messages(language).get(key, messages()[key])
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), text)


def sample(name):
    return next(bundled_photos().glob(f"test/*/{name}.jpg"))


def open_photo(page, path):
    """Choose a photo, and wait for its result."""
    before = page.evaluate("location.href")
    page.locator("#photo-input").set_input_files(str(path))
    page.wait_for_function("before => location.href !== before", arg=before)
    page.locator(".answer .sheet[aria-busy=false] .photo-actions").wait_for()
    wait_for_title(page)


@cache
def recogniser():
    """Return a recogniser with the app's models."""
    return Recogniser.from_folder(models())


@cache
def keys_in(path):
    """Return Python's result for a photo."""
    return recogniser().recognise(path).keys


def photo_with_a_key():
    """Return a bundled photo in which Python finds one key and is sure of its kind, and that key."""
    for path in sorted(bundled_photos().glob("test/*/*.jpg")):
        keys = keys_in(path)
        if len(keys) == 1 and keys[0].kind:
            return path, keys[0]
    pytest.skip("Python is sure of no bundled photo with one key")
    return None


def answers(page) -> list[str]:
    """Return the heading and the certainty of each card: "Dimple key, almost certain · 94%"."""
    cards = page.locator(".key-card").all()
    parts = [card.locator(".card-name, .sureness").all_inner_texts() for card in cards]
    return [re.sub(r"^Key \d+:\s*", "", ", ".join(text.strip() for text in texts)) for texts in parts]


def correct_first_key(page, kind):
    """Say that the first key is of `kind`; "": not a key."""
    page.locator(".ask-wrong").first.click()
    page.locator(f".wrong [data-kind='{kind}']" if kind else ".wrong .no-key").click()
    page.locator(".wrong").wait_for(state="detached")


def is_pythons(answer: str, probability: float) -> bool:
    """Return whether the percentage in an answer of the app is Python's probability."""
    percentage = re.search(r"(\d+)%", answer)
    return percentage is not None and abs(int(percentage[1]) / 100 - probability) <= DIFFERENCE + 0.005


def fill_device(context, page, url):
    """Leave no room for more data of the page's host in the browser's storage."""
    used = page.evaluate("navigator.storage.estimate().then(({ usage }) => usage)")
    session = context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": url, "quotaSize": used + 1})
