"""Tests in Chromium that the app keeps nothing of views that were left: counts of what lives, not bytes."""

import pytest

from app_pages import RESET, open_photo, photo_with_a_key, wait_until_ready, watch
from keykind.dataset.bundled import bundled_photos

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
VIEWS = 6
IN_MEMORY = 8  # answers with their photos, as in answers.ts
SPARE = 2  # views that the browser or Preact may still keep: that on the screen, and the last one
NODES = 400  # of a document that may differ between one answer and another; a camera view has 130 and more
CALM = "localStorage.setItem('keykind-camera-freezes', 'false')"
# Counts the addresses of blobs that have not been revoked.
URLS = """{
    const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
    globalThis.urls_ = new Set();
    URL.createObjectURL = (blob) => {
        const url = create.call(URL, blob);
        urls_.add(url);
        return url;
    };
    URL.revokeObjectURL = (url) => {
        urls_.delete(url);
        revoke.call(URL, url);
    };
}"""
PLAYS = "() => document.querySelector('video')?.videoWidth > 0"
PICTURED = "() => [...document.querySelectorAll('.view img')].some(({ complete }) => complete)"
# The pictures of kinds that the service worker was asked for.
FETCHED = """performance.getEntriesByType('resource')
    .filter(({ name, workerStart }) => name.endsWith('.avif') && workerStart > 0).map(({ name }) => name)"""


class Heap:
    """What lives in a page after a garbage collection."""

    def __init__(self, page):
        self._session = page.context.new_cdp_session(page)

    def videos(self):
        """Return how many video elements there are, in the document or not."""
        evaluated = self._ask("Runtime.evaluate", expression="HTMLVideoElement.prototype")
        prototype = evaluated["result"]["objectId"]
        found = self._ask("Runtime.queryObjects", prototypeObjectId=prototype)["objects"]["objectId"]
        properties = self._ask("Runtime.getProperties", objectId=found, ownProperties=True)["result"]
        self._ask("Runtime.releaseObject", objectId=found)
        return sum(each["name"].isdigit() for each in properties)

    def nodes(self):
        """Return how many nodes there are, in the document or not."""
        self._ask("HeapProfiler.collectGarbage")
        return self._ask("Memory.getDOMCounters")["nodes"]

    def _ask(self, method, **parameters):
        return self._session.send(method, parameters)


@pytest.fixture
def app_page(visited, host):
    """The app in a page that counts addresses of blobs."""
    page = visited.new_page()
    for script in (CALM, URLS):
        page.add_init_script(script)
    with watch(page, host.url):
        wait_until_ready(page)
        yield page
        page.evaluate(RESET)
    page.close()


def test_a_view_of_the_camera_is_released_when_it_is_left(app_page):
    for _ in range(VIEWS):
        app_page.evaluate("location.hash = '#/'")
        app_page.wait_for_function(PLAYS)
        app_page.evaluate("location.hash = '#/about'")
        app_page.locator("video").wait_for(state="detached")
    assert Heap(app_page).videos() <= SPARE


def test_photos_leave_neither_nodes_nor_addresses_of_blobs_behind(app_page):
    heap = Heap(app_page)
    counts = []
    for photo in sorted(bundled_photos().glob("test/*/*.jpg"))[: 2 * IN_MEMORY]:
        app_page.evaluate("location.hash = '#/'")
        app_page.wait_for_function(PLAYS)
        open_photo(app_page, photo)
        counts.append((heap.nodes(), app_page.evaluate("urls_.size")))
    (nodes, urls), (later_nodes, later_urls) = counts[IN_MEMORY], counts[-1]
    assert later_urls == urls
    assert later_nodes < nodes + NODES


def test_a_picture_of_a_kind_is_fetched_once(app_page):
    path, _ = photo_with_a_key()
    for _ in range(3):
        open_photo(app_page, path)
        app_page.wait_for_function(PICTURED)
        app_page.evaluate("location.hash = '#/about'")
        app_page.locator(".view").first.wait_for(state="detached")
        Heap(app_page).nodes()
    fetched = app_page.evaluate(FETCHED)
    assert fetched
    assert len(fetched) == len(set(fetched))
