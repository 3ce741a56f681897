"""What a user does in the app, in any browser: the one place with its selectors.

In:    Page; photos
Out:   actions, and what the app shows
Needs: the selectors below, which are all that the tests in test_browsers.py know of the views
"""

from collections.abc import Iterator
from pathlib import Path

from keykind.dataset.bundled import bundled_photos
from web_page import Page

READY = ".shell[data-ready=true]"  # the models are loaded
FILE = "#photo-input"
PHOTO = ".answer .sheet[aria-busy=false] .photo-actions"  # shown when a photo is answered
FAILED = ".answer [role=alert]"  # a photo that cannot be used
CARDS = ".answer .key-card:not(.nokey)"
WHY = ".answer .ask-why"
EVIDENCE = ".answer .evidence canvas[role=img]"  # the heat map of a key
WRONG = ".answer .ask-wrong"
CORRECTED = ".answer .key-card[data-correction]"
COLLECTED = ".corrections img"
HISTORY = ".history img"
DELETE_ALL = "//main//button[normalize-space()='Delete all']"
CONFIRM = "//dialog//button[normalize-space()='Delete']"
VIDEO = ".scan video"
WELCOME = ".welcome"
STARTED_BY_USER = ".welcome.start .main"  # the button that starts the camera
NO_CAMERA = ".welcome:not(.start)"  # what explains why there is none
ALERT = "[role=alert]"
NOTICE = ".notice"
CLOSE_NOTICE = ".notice .icon-button"
OFFLINE_READY = ".notice.ready"
VIEWS = {
    "history": ("#/history", ".history"),
    "corrections": ("#/corrections", ".corrections"),
    "kinds": ("#/kinds", ".kinds"),
    "kind": ("#/kinds/dimple", ".kind"),
    "my keys": ("#/my-keys", ".my-keys"),
    "new key": ("#/my-keys/new", ".my-key"),
    "about": ("#/about", ".about"),
}  # address, selector
KINDS_LINK = ".tabs a[href='#/kinds']"
KIND_CARD = ".kinds .kind-card"
SELF_TEST = "selftest.html"

EXAMPLE = bundled_photos() / "test" / "dimple" / "dimple-00.jpg"

DECODED = (
    "selector => [...document.querySelectorAll(selector)].filter(({ naturalWidth }) => naturalWidth).length"
)

CARD_DATA = """selector => [...document.querySelectorAll(selector)].map(
    ({ dataset: { kind, probability } }) => [kind, probability])"""

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
    """Wait until the models are loaded."""
    page.wait_for(READY)


def open_photo(page: Page, path: Path) -> None:
    """Choose a photo, and wait for its answers, or for the message that it cannot be used."""
    before = page.evaluate("() => location.href")
    page.set_files(FILE, path)
    done = f"before => location.href !== before && document.querySelector('{PHOTO}, {FAILED}') !== null"
    page.wait_until(done, before)


def answers(page: Page) -> list[tuple[str | None, float]]:
    """Return the kind of each key of the photo, None if it is not sure, and its probability."""
    cards = page.evaluate(CARD_DATA, CARDS)
    return [(kind or None, float(probability)) for kind, probability in cards]


def alerts(page: Page) -> list[str]:
    """Return the messages about errors that the app shows."""
    return page.texts(ALERT)


def notices(page: Page) -> list[str]:
    """Return the notice that the app shows, if there is one."""
    return page.texts(NOTICE)


def show_evidence(page: Page) -> None:
    """Unfold the heat map of the photo's first key, and wait for it."""
    page.click(WHY)
    page.wait_until(f"() => (document.querySelector('{EVIDENCE}')?.width ?? 0) > 300")


def correct(page: Page, kind: str) -> None:
    """Correct the first key of the photo to a kind, and wait until that is stored."""
    page.evaluate("selector => document.querySelector(selector)?.click()", CLOSE_NOTICE)
    page.click(WRONG)
    page.wait_for(".wrong")
    page.evaluate("selector => document.querySelector(selector).click()", f".wrong [data-kind={kind}]")
    page.wait_for(CORRECTED)
    page.wait_until("() => document.querySelector('.wrong') === null")  # the correction is stored


def collected(page: Page) -> int:
    """Return the number of pictures of the corrections that are shown, decoded."""
    view(page, "corrections")
    return page.wait_until(DECODED, COLLECTED)


def remembered(page: Page) -> int:
    """Return the number of pictures of the history that are shown, decoded."""
    view(page, "history")
    return page.wait_until(DECODED, HISTORY)


def open_camera(page: Page) -> None:
    """Start the camera, and wait for its picture, or for what explains that there is none."""
    page.evaluate("() => { location.hash = '#/'; }")
    page.wait_for(f"{VIDEO}, {WELCOME}")
    if page.shows(STARTED_BY_USER):
        page.click(STARTED_BY_USER)
    page.wait_for(f"{VIDEO}, {NO_CAMERA}")


def wait_for_frames(page: Page, count: int) -> None:
    """Wait until so many more frames of the camera have been recognised."""
    assert page.evaluate(FRAMES, count) >= count


def view(page: Page, name: str) -> None:
    """Go to one of the app's views by its address."""
    address, selector = VIEWS[name]
    page.evaluate("address => { location.hash = address; }", address)
    page.wait_for(selector)


def parts(page: Page) -> Iterator[str]:
    """Show each part of the app in turn, and yield its name."""
    yield "start"
    open_photo(page, EXAMPLE)
    yield "answer"
    show_evidence(page)
    yield "evidence"
    page.click(WRONG)
    page.wait_for(".wrong")
    yield "correction"
    open_camera(page)
    yield "camera"
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
