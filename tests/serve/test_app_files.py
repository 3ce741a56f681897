"""Tests of serve/app_files.py."""

import json
import re

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
from starlette.applications import Starlette
from starlette.testclient import TestClient

from keykind.model.packed import unpack_file
from keykind.serve.app import create_app
from keykind.serve.app_files import IMMUTABLE, NO_APP_PAGE, AppFiles, app_contents
from keykind.serve.settings import Settings
from tiny_model import tiny_file

PAGE, SCRIPT = b"<!doctype html><title>app</title>", b"console.log(1);" * 100


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "web" / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "web"
    (folder / "index.html").write_bytes(PAGE)
    (folder / "sw.js").write_bytes(SCRIPT)
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / "assets" / "app-d1c2b3a4.js").write_bytes(SCRIPT)
    (folder / "assets" / "core-d1c2b3a4.wasm").write_bytes(b"\0asm")
    (folder / "assets" / "side-d1c2b3a4.avif").write_bytes(b"ftypavif")
    (folder / "keys.tflite").write_bytes(b"TFL3")
    return folder


@pytest.fixture
def client(folder):
    app = Starlette()
    app.router.default = AppFiles(app_contents(folder, None))
    return TestClient(app)


@pytest.fixture
def get(client):
    def get(path, method="GET", **headers):
        return client.request(method, path, headers=headers)

    return get


def test_the_page_is_at_the_root_and_is_revalidated_each_time(get):
    for path in ("/", "/index.html"):
        response = get(path)
        assert response.content == PAGE
        assert response.headers["content-type"].startswith("text/html")
        assert response.headers["cache-control"] == "no-cache"
    assert get("/sw.js").headers["cache-control"] == "no-cache"


def test_files_with_a_hash_in_their_name_are_immutable(get):
    assert get("/assets/app-d1c2b3a4.js").headers["cache-control"] == IMMUTABLE


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/assets/app-d1c2b3a4.js", "text/javascript"),
        ("/assets/core-d1c2b3a4.wasm", "application/wasm"),
        ("/assets/side-d1c2b3a4.avif", "image/avif"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/keys.tflite", "application/octet-stream"),
    ],
)
def test_each_file_has_its_media_type_as_browsers_may_not_sniff(get, path, media_type):
    assert get(path).headers["content-type"].partition(";")[0] == media_type


def test_a_file_that_the_client_has_is_not_sent_again(get):
    tag = get("/").headers["etag"]
    again = get("/", **{"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert get("/", **{"if-none-match": '"other"'}).status_code == 200


def test_etags_depend_on_the_content(get):
    assert get("/sw.js").headers["etag"] == get("/assets/app-d1c2b3a4.js").headers["etag"]
    assert get("/sw.js").headers["etag"] != get("/").headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..\\..\\secret.txt",
        "/.//secret.txt",
        "/assets",
        "/assets/",
        "/index.html/",
        "/index.html%00",
        "/" + "a" * 5000,
    ],
)
def test_other_paths_are_not_found(get, path):
    response = get(path)
    assert response.status_code == 404
    assert b"secret" not in response.content


def test_files_can_only_be_read(get):
    assert get("/", "HEAD").content == b""
    assert get("/", "POST").status_code == 405


def test_without_the_built_app_a_page_explains_that(tmp_path):
    app = Starlette()
    app.router.default = AppFiles(app_contents(tmp_path / "none", None))
    client = TestClient(app)
    assert client.get("/").text == NO_APP_PAGE
    assert client.get("/index.html").status_code == 404
    assert "style=" not in NO_APP_PAGE  # the content security policy would block it


MODEL = {"classifier": "assets/classifier-0.bin", "detector": "assets/detector-0.bin", "refiner": None}
MODEL |= {"decision": None, "title": None, "ofKeys": True, "selfTest": True}


@pytest.fixture
def built(folder):
    """An app as `make app` builds it, in what the service changes."""
    element = f'<script type="application/json" id="keykind-model">{json.dumps(MODEL)}</script>'
    (folder / "index.html").write_text(f"<title>keykind</title>{element}", "utf-8")
    (folder / "selftest.html").write_text(f"<title>keykind</title>{element}", "utf-8")
    (folder / "manifest.webmanifest").write_text('{"name": "keykind"}', "utf-8")
    (folder / "licences.txt").write_text("keykind and its models: Apache-2.0.", "utf-8")
    (folder / "sw.js").write_text("self.FILES=[];\ncache();", "utf-8")
    for name in ("classifier", "detector"):
        (folder / "assets" / f"{name}-0.bin").write_bytes(b"bundled")
    return folder


def test_the_app_is_served_around_the_model_of_the_service(built, tmp_path):
    model = tiny_file(tmp_path / "digits.tflite", kinds=("0", "1", "2"))
    client = TestClient(create_app(Settings(model=str(model)), built))
    page = client.get("/").text
    entry = json.loads(re.search(r'id="keykind-model">(.*?)</script>', page)[1])
    assert (entry["title"], entry["ofKeys"], entry["detector"]) == ("0, 1, 2", False, None)
    response = client.get(f"/{entry['classifier']}")
    assert unpack_file(response.content) == model.read_bytes()
    assert response.headers["cache-control"] == IMMUTABLE
    assert entry["classifier"] in client.get("/sw.js").text
    assert client.get("/assets/classifier-0.bin").status_code == 404
    assert client.get("/selftest.html").status_code == 404
    etag = response.headers["etag"]
    assert client.get(f"/{entry['classifier']}", headers={"if-none-match": etag}).status_code == 304
    assert client.head("/").headers["content-length"] == str(len(page.encode()))


def test_without_a_model_of_its_own_the_service_serves_the_app_as_it_was_built(built):
    client = TestClient(create_app(Settings(), built))
    assert client.get("/assets/classifier-0.bin").content == b"bundled"
    assert client.get("/").text == (built / "index.html").read_text("utf-8")
