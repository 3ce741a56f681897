"""Tests of the app as it is delivered: by a static host, by the service, from the browser's cache."""

import hashlib
import os
import re
import shutil
import threading
import time

import pytest

from app_actions import answers
from app_pages import (
    DIFFERENCE,
    new_context,
    open_photo,
    photo_with_a_key,
    sample,
    wait_until_ready,
    watch,
)
from app_server import Host
from keykind.app import write_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FIRST_VISIT = 9_000_000  # bytes
HASHED = re.compile(r"assets/[\w-]+-[\w-]{8,10}\.(js|css|bin|avif)")  # with a hash of the content in the name
DIGEST = """async (path) => {
    const hash = await crypto.subtle.digest('SHA-256', await (await fetch(path)).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}"""
UPDATE = """async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const worker = registration.installing;
    return new Promise((resolve) => worker.addEventListener('statechange', () => resolve(worker.state)));
}"""


@pytest.fixture
def service(app):
    """The URL of the service, which sends the app."""
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


def assert_pythons_answer(page):
    path, key = photo_with_a_key()
    open_photo(page, path)
    ((kind, probability),) = answers(page)
    assert kind == key.kind
    assert abs(probability - key.probability) <= DIFFERENCE


def test_the_app_works_from_the_service(context, service):
    with watch(context.new_page(), service) as page:
        assert_pythons_answer(page)
        page.goto(f"{service}selftest.html")
        page.locator("body[data-result]").wait_for()
        assert page.locator("body").get_attribute("data-result") == "passed"


def test_the_app_works_in_a_folder_of_a_static_host(context, app, tmp_path):
    index = write_app(tmp_path / "shop" / "keys", app).relative_to(tmp_path)
    host = Host(tmp_path)
    with watch(context.new_page(), f"{host.url}{index.parent}/") as page:
        open_photo(page, sample("dimple-00"))
        assert page.locator(".key-card").count() == 1
    host.stop()


def test_the_service_lets_browsers_cache_only_files_with_a_hash_in_their_name(app):
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from starlette.testclient import TestClient

    from keykind.app import app_files
    from keykind.serve.app_files import IMMUTABLE, AppFiles

    files = app_files(folder=app)
    client = TestClient(AppFiles(files))
    headers = {name: client.head(f"/{name}").headers["cache-control"] for name in files}
    immutable = {name for name, header in headers.items() if header == IMMUTABLE}
    assert immutable == {name for name in headers if HASHED.fullmatch(name)}
    assert {name for name in headers if name.startswith("assets/")} == immutable
    assert {headers[name] for name in headers.keys() - immutable} == {"no-cache"}
    assert {"index.html", "sw.js", "selftest.html"} <= headers.keys() - immutable


def test_the_name_of_a_packed_file_has_the_hash_of_its_bytes(app):
    """Otherwise a browser could keep outdated bytes under a name that the next version uses, too."""
    for path in app.glob("assets/*.bin"):
        assert path.stem.endswith(f"-{hashlib.sha256(path.read_bytes()).hexdigest()[:10]}")


def test_the_first_visit_is_small_and_the_second_fetches_nothing(context, app):
    host = Host(app)
    page = context.new_page()
    page.goto(host.url)
    wait_until_ready(page)
    assert sum(size for _, size in host.sent) <= FIRST_VISIT
    paths = [path for path, _ in host.sent if "/assets/" in path and path.endswith(".bin")]
    assert len(paths) == len(set(paths)) == 4  # the runtime and three networks, once each
    page.goto("about:blank")
    host.sent.clear()
    page.goto(host.url)
    wait_until_ready(page)
    assert [path for path, _ in host.sent if path != "/sw.js"] == []  # the browser looks for an update
    host.stop()


def test_after_one_visit_the_app_works_offline(context, app):
    host = Host(app)
    with watch(context.new_page(), host.url) as page:
        host.stop()
        page.reload()
        wait_until_ready(page)
        assert_pythons_answer(page)
        for address in ("index.html", "?from=home", "#/about", "#/kinds/dimple"):
            page.goto(f"{host.url}{address}")
            page.locator("h1").wait_for(state="attached")
        page.wait_for_function(
            "() => { const views = [...document.querySelectorAll('.kind-views img')];"
            " return views.length > 1 && views.every(({ naturalWidth }) => naturalWidth > 0); }"
        )


def test_what_few_visitors_open_is_fetched_then_and_works_offline_from_then_on(context, app):
    host = Host(app)
    with watch(context.new_page(), host.url) as page:
        wait_until_ready(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        assert not [path for path, _ in host.sent if re.search(r"golden/|licences|512", path)]
        assert page.evaluate(DIGEST, "licences.txt") == digest(app / "licences.txt")
        assert run_self_test(page, host) == "passed"
        host.stop()
        assert run_self_test(page, host) == "passed"
        assert page.evaluate(DIGEST, "licences.txt") == digest(app / "licences.txt")


def run_self_test(page, host):
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    return page.locator("body").get_attribute("data-result")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_new_version_replaces_the_old_one_as_a_whole(context, app, tmp_path):
    host = Host(shutil.copytree(app, tmp_path / "web"))
    page = context.new_page()
    page.goto(host.url)
    wait_until_ready(page)
    other = context.new_page()
    other.goto(host.url)
    wait_until_ready(other)
    (old,) = page.evaluate("caches.keys()")
    list_change(tmp_path / "web", "manifest.webmanifest", "incomplete")
    assert page.evaluate(UPDATE) == "redundant"  # a file differs from the list: the version is not installed
    assert page.evaluate("caches.keys()") == [old]
    assert page.locator(".notice.update").count() == 0
    (tmp_path / "web" / "manifest.webmanifest").write_text("incomplete", "utf-8")
    list_change(tmp_path / "web", "selftest.html", "complete")
    (tmp_path / "web" / "selftest.html").write_text("complete", "utf-8")
    page.reload()
    wait_until_ready(page)
    page.locator(".notice.update").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Update now").click()
    wait_until_ready(page)
    other.get_by_text("Another tab has updated the app").wait_for()  # its files are gone
    assert page.locator(".notice", has_text="Another tab").count() == 0
    (new,) = page.evaluate("caches.keys()")
    assert new != old
    assert page.evaluate("fetch('selftest.html').then(response => response.text())") == "complete"
    host.stop()


def test_without_its_models_the_app_says_so_about_a_photo_that_waits(chromium, app, tmp_path):
    """An unfinished download is no photo that is read for ever, and a reload completes it."""
    site = shutil.copytree(app, tmp_path / "web")
    (detector,) = site.glob("assets/detector-*.bin")
    models = detector.read_bytes()
    detector.unlink()
    host, context = Host(site), new_context(chromium)
    page = context.new_page()
    page.goto(host.url)
    page.locator("#photo-input").set_input_files(str(sample("dimple-00")))
    page.locator(".answer .failure").wait_for()
    page.locator(".notice.error").wait_for()
    detector.write_bytes(models)
    page.get_by_role("button", name="Reload").click()
    wait_until_ready(page)
    context.close()
    host.stop()


def test_a_choice_of_a_model_that_cannot_be_read_is_no_choice(page, host):
    page.evaluate("localStorage.setItem(`keykind-model:${new URL('.', document.baseURI).pathname}`, '{}')")
    page.reload()
    wait_until_ready(page)


def list_change(folder, name, text):
    """Change the service worker's list as if a file of a new version had this text."""
    script = folder / "sw.js"
    modified = script.stat().st_mtime
    digest = hashlib.sha256(text.encode()).hexdigest()
    changed = re.sub(
        rf'("url":"{re.escape(name)}","sha256":")[0-9a-f]+',
        rf"\g<1>{digest}",
        script.read_text("utf-8"),
    )
    assert digest in changed
    script.write_text(changed, "utf-8")
    os.utime(script, (modified + 10, modified + 10))  # Last-Modified has a resolution of a second
