"""Tests of serve/reference.py: the page that describes the service works offline, also without its script."""

import re
import threading
from contextlib import contextmanager

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
from starlette.testclient import TestClient

from keykind.serve.app import create_app
from keykind.serve.settings import Settings, hash_api_key
from served import random_photo
from tiny_model import KINDS, tiny_file


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite", crop="key")


def client(model, **settings):
    return TestClient(create_app(Settings(model=str(model), **settings)))


def test_the_page_describes_every_route_and_object(model):
    service = client(model)
    description, page = service.get("/openapi.json").json(), service.get("/docs").text
    for path, route in description["paths"].items():
        for method, operation in route.items():
            assert f"<h2>{method.upper()} {path}</h2>" in page
            assert all(f"<code>{entry['name']}</code>" in page for entry in operation.get("parameters", []))
    for name, schema in description["components"]["schemas"].items():
        assert f"<h3>{name}</h3>" in page
        assert all(f"<code>{entry}</code>" in page for entry in schema["properties"])
    anchors = re.findall(r'href="#([^"]+)"', page)
    assert anchors
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_the_page_loads_files_of_the_service_only(model):
    service = client(model)
    page = service.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert "://" not in "".join(loaded)
    for path, media_type in (("docs/reference.css", "text/css"), ("docs/reference.js", "text/javascript")):
        assert path in loaded
        response = service.get(f"/{path}")
        assert response.headers["content-type"].startswith(media_type)
        assert "://" not in response.text.replace("http://127.0.0.1:8000", "")
    assert "style=" not in page  # the content security policy would block it
    assert "<script>" not in page


def test_the_page_asks_for_an_api_key_where_one_is_needed(model):
    assert "api-key" not in client(model).get("/docs").text
    assert 'id="api-key"' in client(model, api_key_hashes=(hash_api_key("k" * 20),)).get("/docs").text


def test_classes_that_are_no_keys_are_described_without_keys(tmp_path):
    model = tiny_file(tmp_path / "digits.tflite", kinds=("zero", "one", "two"))
    service = client(model)
    description = service.get("/openapi.json").json()
    assert "zero, one, two" in description["info"]["description"]
    assert description["components"]["schemas"]["Key"]["properties"]["kind"]["examples"] == ["zero"]
    shown = re.sub(r"<(h3|code|a|label)\b.*?</\1>", "", service.get("/docs").text)  # names of the API stay
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<head>.*</head>", "", shown, flags=re.DOTALL))
    assert re.findall(r"(?i)\bkeys?\b", text.replace("API key", "")) == []
    assert "a class, or <code>all</code>" in service.get("/docs").text
    assert "none of the classes" in service.get("/metrics").text


def test_a_model_of_keys_is_described_with_its_kinds(model):
    assert f"The kinds: {', '.join(KINDS)}." in client(model).get("/docs").text


@contextmanager
def served(app):
    """Serve an app in a thread; yield its address."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.mark.browser
def test_a_browser_without_network_shows_the_page_and_tries_a_route(model, context, tmp_path):
    (tmp_path / "photo.png").write_bytes(random_photo(kind="PNG"))
    with served(create_app(Settings(model=str(model), whole=True))) as address:
        outside, problems = [], []
        page = context.new_page()
        page.on("request", lambda request: request.url.startswith(address) or outside.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/docs")
        form = page.locator("form[data-path='/v1/recognise']")
        form.locator("input[type=file]").set_input_files(tmp_path / "photo.png")
        form.locator("button").click()
        form.locator(".result pre").wait_for()
        assert '"photo": "photo.png"' in form.locator(".result").inner_text()
        form = page.locator("form[data-path='/v1/explain']")
        form.locator("input[type=file]").set_input_files(tmp_path / "photo.png")
        form.locator("button").click()
        form.locator(".result img").wait_for()
        page.wait_for_function("() => document.querySelector('.result img').naturalWidth > 0")
        assert form.locator("img").bounding_box()["width"] > 100
        assert [url for url in outside if not url.startswith(("data:", "blob:"))] == []
        assert problems == []
