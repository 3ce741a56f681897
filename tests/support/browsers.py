"""Fixtures for tests in all browsers: each runs in Chromium, in Firefox and in WebKit; repeats failed ones.

In:    fixtures `app` and `video` of app_pages.py
Out:   fixtures `engine`, `page`, `first_host`; `offline`
Needs: chromium_page.py, firefox_page.py, webkit_page.py

A pytest plugin, loaded by conftest.py. Engines that are not installed are skipped, with the reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import pytest_timeout

from app_actions import wait_until_ready
from app_server import Host
from chromium_page import Chromium
from firefox_page import Firefox
from web_page import COLLECT_ERRORS, Page
from webkit_page import WebKit

ENGINES = {engine.name: engine for engine in (Chromium, Firefox, WebKit)}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Repeat a browser test that fails, once: on a busy machine a browser is late in ways no test foresees.

    The summary names each repeated test, with the failure.
    """
    for item in items:
        if item.get_closest_marker("browser") and not config.option.usepdb:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start the timeout of a repeated test: that of the first attempt has ended with its failure."""
    if getattr(item, "execution_count", 1) > 1:
        settings = pytest_timeout._get_item_settings(item)  # it has no public name
        item.config.pluginmanager.hook.pytest_timeout_set_timer(item=item, settings=settings)


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request, video):
    """An engine that opens pages, each in a new profile: `with engine.open(url, Options()) as page`."""
    chosen = ENGINES[request.param]
    if reason := chosen.missing():
        pytest.skip(reason)
    with chosen(video) if chosen is Chromium else chosen() as started:
        yield started


@pytest.fixture(scope="module")
def collecting_host(app):
    """A host whose documents collect the errors that the console would show."""
    served = Host(app, first_script=COLLECT_ERRORS)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def installed(engine, host) -> Iterator[Page]:
    """A page of a profile that has the app's files from an earlier visit."""
    with engine.open(host.url) as page:
        page.goto()
        wait_until_ready(page)
        yield page


@pytest.fixture
def any_page(installed) -> Page:
    """The app at its start, ready, in one of the engines; nothing is stored."""
    installed.goto()
    wait_until_ready(installed)
    return installed


@contextmanager
def offline(page: Page, host: Host) -> Iterator[None]:
    """Stop the host, and cut the network off where the driver can; the network returns, the host does not."""
    host.stop()
    if page.can_go_offline:
        page.set_offline(True)
    yield
    if page.can_go_offline:
        page.set_offline(False)
