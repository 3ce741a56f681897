"""What a user does in the app, in any browser: the one place with its selectors.

In:    Page; photos
Out:   actions, and what the app shows
Needs: the selectors below, which are all that the tests in test_browsers.py know of the views
"""

import re
from collections.abc import Iterator
from pathlib import Path

from keykind.dataset.bundled import bundled_photos
from web_page import Page

READY = "//button[normalize-space()='Choose a photo']"  # shown when the models are loaded
FILE = "input[type=file]"
PHOTO = ".photo"  # the view of a photo's answers
ANSWERS = ".photo .entry strong"
FIRST_KEY = ".photo .entry"
DETAIL = "dialog .evidence canvas[role=img]"  # the heat map of an opened key
KIND_CHOICE = "#correct-kind"
ADD = "//dialog//button[normalize-space()='Add to collection']"
ADDED = ".result:not(:empty)"
COLLECTED = ".photos img"
DELETE_ALL = "//main//button[normalize-space()='Delete all']"
CONFIRM = "//dialog//button[normalize-space()='Delete']"
CAMERA = "//button[normalize-space()='Use the camera']"
VIDEO = ".camera video"
STOP_CAMERA = "//button[normalize-space()='Stop the camera']"
ALERT = "[role=alert]"
CLOSE_ALERT = "[role=alert] .close"
OFFLINE_READY = ".notice.ready"
VIEWS = {"about": ("#about", ".about"), "collection": ("#collection", ".collection")}  # address, selector
ABOUT_LINK = "//nav//a[normalize-space()='About']"
SELF_TEST = "selftest.html"

EXAMPLE = bundled_photos() / "test" / "dimple" / "dimple-00.jpg"
PERCENTAGE = re.compile(r"(\d+)\s*%")

DECODED = (
    "selector => [...document.querySelectorAll(selector)].filter(({ naturalWidth }) => naturalWidth).length"
)

# Resolves after so many frames of the camera have been recognised: the app measures each.
FRAMES = """count => new Promise(resolve => {
    let seen = 0;
    const observer = new PerformanceObserver(list => {
        seen += list.getEntriesByName('frame').length;
        if (seen < count) return;
        observer.disconnect();
        resolve(seen);
    });
    observer.observe({ type: 'measure' });
})"""


def wait_until_ready(page: Page) -> None:
    """Wait until the models are loaded and the start view is shown."""
    page.wait_for(READY)


def open_photo(page: Page, path: Path) -> None:
    """Choose a photo, and wait for its answers, or for the message that it cannot be used."""
    if page.shows(CLOSE_ALERT):
        page.click(CLOSE_ALERT)
    page.evaluate("selector => document.querySelector(selector)?.classList.add('previous')", PHOTO)
    page.set_files(FILE, path)
    done = f"() => document.querySelector('{PHOTO}:not(.previous), {ALERT}') !== null"
    page.wait_until(done)


def answers(page: Page) -> list[str]:
    """Return the answer for each key of the photo, such as "dimple, 98%"."""
    return page.texts(ANSWERS)


def probability_of(answer: str) -> float:
    """Return the probability in an answer, which is rounded to whole percent."""
    match = PERCENTAGE.search(answer)
    assert match, f"no probability in {answer!r}"
    return int(match[1]) / 100


def alerts(page: Page) -> list[str]:
    """Return the messages about errors that the app shows."""
    return page.texts(ALERT)


def open_key(page: Page) -> None:
    """Open the first key of the photo, and wait for its heat map."""
    page.click(FIRST_KEY)
    page.wait_for(DETAIL)


def add_to_collection(page: Page, kind: str) -> str:
    """Correct the first key of the photo to a kind; return the app's message about that."""
    open_key(page)
    page.evaluate(
        """(selector, kind) => {
            const choice = document.querySelector(selector);
            choice.value = kind;
            choice.dispatchEvent(new Event('change', { bubbles: true }));
        }""",
        KIND_CHOICE,
        kind,
    )
    page.click(ADD)
    page.wait_until(
        f"() => document.querySelector('{ADDED}, {ALERT}') !== null",
    )
    return " ".join(page.texts(ADDED) + page.texts(ALERT))


def close_dialog(page: Page) -> None:
    """Close the opened key with the keyboard."""
    page.press("Escape")
    page.wait_until("() => document.querySelector('dialog') === null")


def collected(page: Page) -> int:
    """Return the number of pictures of the collection that are shown, decoded."""
    view(page, "collection")
    return page.wait_until(DECODED, COLLECTED)


def empty_collection(page: Page) -> None:
    """Delete all photos of the collection, which is shown."""
    page.click(DELETE_ALL)
    page.click(CONFIRM)
    page.wait_until("selector => document.querySelector(selector) === null", COLLECTED)


def open_camera(page: Page) -> None:
    """Start the camera, and wait for its picture, or for the message that there is none."""
    page.click(CAMERA)
    page.wait_until(f"() => document.querySelector('{VIDEO}, {ALERT}') !== null")


def wait_for_frames(page: Page, count: int) -> None:
    """Wait until so many more frames of the camera have been recognised."""
    assert page.evaluate(FRAMES, count) >= count


def stop_camera(page: Page) -> None:
    page.click(STOP_CAMERA)
    page.wait_until(f"() => document.querySelector('{VIDEO}') === null")


def view(page: Page, name: str) -> None:
    """Go to one of the app's views by its address."""
    address, selector = VIEWS[name]
    page.evaluate("address => { location.hash = address; }", address)
    page.wait_for(selector)


def follow_link_to_about(page: Page) -> None:
    """Go to "About" as users do. WebKit's Back button skips what a script did without a click."""
    page.click(ABOUT_LINK)
    page.wait_for(VIEWS["about"][1])


def parts(page: Page) -> Iterator[str]:
    """Show each part of the app in turn, and yield its name."""
    yield "start"
    open_photo(page, EXAMPLE)
    yield "photo"
    open_key(page)
    yield "key"
    close_dialog(page)
    open_camera(page)
    yield "camera"
    stop_camera(page)
    for name in VIEWS:
        view(page, name)
        yield name


def run_self_test(page: Page) -> tuple[str, float]:
    """Run the self-test; return its result, and the largest difference of a probability from Python's."""
    page.goto(SELF_TEST)
    page.wait_for("body[data-result]")
    result, difference = page.evaluate(
        "() => [document.body.dataset.result, document.body.dataset.difference]"
    )
    return result, float(difference)
