"""Tests of the app as it is sent and kept: by a static host, by the service, by the browser."""

import hashlib
import re
import shutil
import threading
import time
from pathlib import Path

import pytest

from app_pages import give, photo_with_a_key, ready, sample, watched
from app_server import Host
from keykind.app import write_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FIRST_VISIT = 16_000_000  # bytes
HASHED = re.compile(r"assets/[\w-]+-[\w-]{8,10}\.(js|css|bin)")  # names that change with what is in them


@pytest.fixture
def service(app):
    """The address of the service, which sends the app."""
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    import uvicorn

    from keykind.serve.app import create_app
    from keykind.serve.settings import Settings

    server = uvicorn.Server(uvicorn.Config(create_app(Settings(), app), port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield "http://{}:{}/".format(*server.servers[0].sockets[0].getsockname())
    server.should_exit = True
    thread.join()


def test_the_app_works_as_the_service_sends_it(context, service):
    path, key = photo_with_a_key()
    with watched(context.new_page(), service) as page:
        give(page, path)
        assert f"{key.probability:.0%}" in page.locator(".entry strong").inner_text()
        page.goto(f"{service}selftest.html")
        page.locator("body[data-result]").wait_for()
        assert page.locator("body").get_attribute("data-result") == "passed"


def test_the_app_works_in_a_folder_of_a_static_host(context, app, tmp_path):
    page_there = write_app(tmp_path / "shop" / "keys", app).relative_to(tmp_path)
    served = Host(tmp_path)
    with watched(context.new_page(), f"{served.url}{page_there.parent}/") as page:
        give(page, sample("dimple-00"))
        assert page.locator(".entry").count() == 1
    served.stop()


def test_the_service_lets_browsers_keep_what_its_name_tells_and_no_more(app):
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from starlette.testclient import TestClient

    from keykind.serve.app_files import IMMUTABLE, AppFiles

    client = TestClient(AppFiles(app))
    kept = {}
    for path in filter(Path.is_file, app.rglob("*")):
        place = path.relative_to(app).as_posix()
        kept[place] = client.head(f"/{place}").headers["cache-control"]
    for_ever = {place for place, said in kept.items() if said == IMMUTABLE}
    assert for_ever == {place for place in kept if HASHED.fullmatch(place)}
    assert {place for place in kept if place.startswith("assets/")} == for_ever
    assert {kept[place] for place in kept.keys() - for_ever} == {"no-cache"}
    assert {"index.html", "sw.js", "selftest.html"} <= kept.keys() - for_ever


def test_the_name_of_a_pack_tells_the_bytes_that_are_sent(app):
    """Else a browser would keep other bytes for ever, which the list of the next version does not have."""
    for path in app.glob("assets/*.bin"):
        assert path.stem.endswith(f"-{hashlib.sha256(path.read_bytes()).hexdigest()[:10]}")


def test_the_first_visit_is_small_and_the_second_needs_nothing(context, host):
    page = context.new_page()
    page.goto(host.url)
    ready(page)
    first = sum(count for _, count in host.sent)
    assert first <= FIRST_VISIT
    paths = [path for path, _ in host.sent if "/assets/" in path and path.endswith(".bin")]
    assert len(paths) == len(set(paths)) == 3  # the runtime, the detector, the classifier: each once
    host.sent.clear()
    page.goto("about:blank")
    page.goto(host.url)
    ready(page)
    assert [path for path, _ in host.sent if path != "/sw.js"] == []  # the browser looks for a new version


def test_after_one_visit_it_works_without_a_network(page, host):
    host.stop()
    page.reload()
    ready(page)
    path, key = photo_with_a_key()
    give(page, path)
    assert f"{key.probability:.0%}" in page.locator(".entry strong").inner_text()
    for address in ("index.html", "?from=home", "#about"):
        page.goto(f"{host.url}{address}")
        page.locator("h1").wait_for()
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    assert page.locator("body").get_attribute("data-result") == "passed"


def test_a_new_version_replaces_the_old_one_whole(context, app, tmp_path):
    served = Host(shutil.copytree(app, tmp_path / "web"))
    page = context.new_page()
    page.goto(served.url)
    ready(page)
    (old,) = page.evaluate("caches.keys()")
    change(tmp_path / "web", "manifest.webmanifest", "half-way")
    page.reload()
    ready(page)
    page.wait_for_timeout(3000)  # a version of which a file is another is not taken
    assert page.evaluate("caches.keys()") == [old]
    assert page.locator(".notice.update").count() == 0
    (tmp_path / "web" / "manifest.webmanifest").write_text("half-way", "utf-8")
    change(tmp_path / "web", "selftest.html", "whole", also=True)
    page.reload()
    ready(page)
    page.locator(".notice.update").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Use it now").click()
    ready(page)
    (new,) = page.evaluate("caches.keys()")
    assert new != old
    assert page.evaluate("fetch('selftest.html').then(answer => answer.text())") == "whole"
    served.stop()


def change(folder, name, text, also=False):
    """Make a version whose list names another text for a file; `also`: and the file has it."""
    script = folder / "sw.js"
    digest = hashlib.sha256(text.encode()).hexdigest()
    listed = re.sub(
        rf"(url:[`\"']{re.escape(name)}[`\"'],sha256:[`\"'])[0-9a-f]+",
        rf"\g<1>{digest}",
        script.read_text("utf-8"),
    )
    assert digest in listed
    script.write_text(listed, "utf-8")
    if also:
        (folder / name).write_text(text, "utf-8")
