"""Tests of serve/app.py: every route, every error, the headers of every response."""

import asyncio
import json
import logging
import sys
import tempfile
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the extra serve is not installed")
from fastapi.testclient import TestClient

from commands import png_header
from keykind import __version__
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.serve import schemas
from keykind.serve.app import create_app
from keykind.serve.logs import JsonFormatter
from keykind.serve.middleware import SECURITY_HEADERS
from keykind.serve.settings import Settings, hash_api_key
from served import blank, random_photo
from tiny_model import KINDS, tiny_file

KEY = "a-key-that-is-long-enough"
SITE = "https://shop.example"
JPEG = {"content-type": "image/jpeg"}
FORM = {"content-type": "multipart/form-data; boundary=b"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(model=str(tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")))


@pytest.fixture(scope="module")
def ask(settings, tmp_path_factory):
    """A function that sends a request to a service with some settings changed."""
    clients = {}

    def client_for(changes):
        name = json.dumps(changes)
        if name not in clients:
            app = create_app(replace(settings, **changes), tmp_path_factory.mktemp("app"))
            clients[name] = TestClient(app, raise_server_exceptions=False)
            clients[name].__enter__()
        return clients[name]

    def ask(method="POST", path="/v1/recognise", changes=None, **request):
        return client_for(changes or {}).request(method, path, **request)

    yield ask
    for client in clients.values():
        client.__exit__(None, None, None)


def form(*parts: tuple[str, bytes], name: str = "photo", end: bytes = b"--b--\r\n") -> bytes:
    """Return a form as some client might write it, valid or not."""
    body = b""
    for file, data in parts:
        disposition = f'form-data; name="{name}"; filename="{file}"'.encode("utf-8", "surrogateescape")
        body += b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + data + b"\r\n"
    return body + end


def test_the_response_for_a_photo_is_that_of_the_command_line(ask, settings, tmp_path):
    (tmp_path / "key.jpg").write_bytes(random_photo())
    response = ask(content=random_photo(), headers=JPEG)
    assert response.status_code == 200
    (result,) = schemas.Answers.model_validate(response.json()).photos
    local = Recogniser.load(Path(settings.model)).recognise(tmp_path / "key.jpg").as_json()
    assert response.json()["photos"] == [local | {"photo": "photo"}]
    assert result.error is None


def test_photos_of_a_form_keep_their_order_and_a_bad_one_does_not_affect_others(ask):
    files = [("photo", (f"{seed}.jpg", random_photo(seed=seed))) for seed in range(3)]
    files.insert(1, ("photo", ("truncated.jpg", random_photo()[:300])))
    photos = ask(files=files).json()["photos"]
    assert [photo["photo"] for photo in photos] == ["0.jpg", "truncated.jpg", "1.jpg", "2.jpg"]
    assert [bool(photo["error"]) for photo in photos] == [False, True, False, False]
    assert len({json.dumps(photo["keys"]) for photo in photos}) == 4


@pytest.mark.parametrize("query", ["", "?kind=all", f"?kind={KINDS[2]}&key=1"])
def test_an_explanation_is_a_png(ask, query):
    response = ask(path=f"/v1/explain{query}", content=random_photo(), headers=JPEG)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert Image.open(BytesIO(response.content)).width > 400


def test_health_card_and_metrics_are_served(ask):
    health = ask("GET", "/v1/health").json()
    assert (health["status"], health["version"], len(health["model"])) == ("ok", __version__, 64)
    assert ask("GET", "/v1/card").json()["kinds"] == list(KINDS)
    ask(content=random_photo(), headers=JPEG)
    metrics = ask("GET", "/metrics").text
    assert 'keykind_requests_total{method="POST",route="/v1/recognise",status="200"}' in metrics
    assert 'keykind_photos_total{verdict="answered"}' in metrics
    assert "keykind_accepted_requests 0.0" in metrics
    assert "keykind_backlog_seconds 0.0" in metrics


def test_a_request_keeps_its_own_valid_id_and_gets_one_otherwise(ask):
    assert ask("GET", "/v1/health", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for invalid in ("", "a b", "x" * 65, "ä"):
        response = ask("GET", "/v1/health", headers={"x-request-id": invalid.encode()})
        assert len(response.headers["x-request-id"]) == 32


def bare(content=None, path="/v1/recognise", changes=None, **headers):
    """Return a request whose body is a photo."""
    content = random_photo() if content is None else content
    return {"content": content, "path": path, "changes": changes, "headers": JPEG | headers}


def explain(query, content=None):
    return bare(content, f"/v1/explain?{query}")


def as_form(content, **changed):
    return bare(content, **{"content-type": "multipart/form-data; boundary=b"} | changed)


NAMELESS = b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"
BAD_CHARSET = {"content-type": "multipart/form-data; boundary=b; charset=undefined"}
SLOW_CHARSET = {"content-type": "multipart/form-data; boundary=b; charset=punycode"}
TEXT = b"--b\r\nContent-Disposition: form-data; name=photo\r\n\r\ntext\r\n--b--"
LONG_FIELD = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + b"1" * 2000 + b"\r\n--b--"
SMALL, PROTECTED = {"max_request_bytes": 1_000_000}, {"api_key_hashes": [hash_api_key(KEY)]}
REJECTED = {
    "no content type": (415, "content type", {"content": b"photo"}),
    "JSON": (415, "content type", {"json": {"photo": "x"}}),
    "a form without a boundary": (400, "boundary", as_form(b"", **{"content-type": "multipart/form-data"})),
    "a form of another format": (400, "Invalid multipart data", as_form(b"photo=1&photo=2")),
    "a form cut off": (400, "cut off", as_form(form(("a.jpg", random_photo()))[:-9])),
    "a form without an end": (400, "cut off", as_form(form(("a.jpg", random_photo()), end=b""))),
    "an empty form": (422, "has no photo", as_form(form())),
    "a form in which no file was chosen": (422, "has no photo", as_form(form(("", b"")))),
    "explain: an empty photo": (422, "is empty (0 bytes)", explain("", b"")),
    "a field without a name": (400, "cannot be read", as_form(NAMELESS)),
    "text instead of a file": (422, "has no photo", as_form(TEXT)),
    "an invalid charset": (400, "not UTF-8", as_form(form(("a.jpg", b"1")), **BAD_CHARSET)),
    "a charset that takes minutes": (400, "not UTF-8", as_form(form(("a.jpg", b"1")), **SLOW_CHARSET)),
    "a long field": (400, "exceeded maximum size", as_form(LONG_FIELD)),
    "33 photos": (400, "Too many files", {"files": [("photo", ("a", b"1"))] * 33}),
    "too large by its content-length": (
        413,
        "larger than 40 MB",
        bare(b"", **{"content-length": "40000001"}),
    ),
    "too large": (413, "larger than 1 MB", bare(bytes(1_000_001), changes=SMALL)),
    "too large, in chunks": (413, "larger than 1 MB", bare(iter([bytes(600_000)] * 2), changes=SMALL)),
    "a full queue": (503, "try again in 1 s", bare(changes={"max_wait": -1})),
    "no memory left": (503, "try again", bare(changes={"max_buffered_bytes": 100})),
    "no time left": (503, "try again", bare(blank(2000, 2000), changes={"timeout": 0.01})),
    "no key": (401, "API key", bare(changes=PROTECTED)),
    "a wrong key": (401, "API key", bare(changes=PROTECTED, **{"x-api-key": KEY[:-1]})),
    "a wrong scheme": (401, "API key", bare(changes=PROTECTED, authorization=f"Basic {KEY}")),
    "metrics without a key": (401, "API key", {"changes": PROTECTED, "method": "GET", "path": "/metrics"}),
    "explain: no photo": (422, "starts with 'text'", explain("", b"text")),
    "explain: two photos": (
        422,
        "has 2",
        {"path": "/v1/explain", "files": [("photo", ("a", random_photo()))] * 2},
    ),
    "explain: an unknown kind": (422, f"one of {', '.join(KINDS)}, or all", explain("kind=padlock")),
    "explain: a missing key": (
        422,
        "has 1 answer, for the whole photo; leave",
        explain("key=2"),
    ),
    "explain: key 0": (422, "key: Input should be greater", explain("key=0")),
    "explain: key x": (422, "key: Input should be", explain("key=x")),
    "the wrong method": (405, "Method Not Allowed", {"method": "GET"}),
    "an unknown route": (404, "Not Found", {"method": "GET", "path": "/v1/recognize"}),
    "an unknown file": (404, "Not Found", {"method": "GET", "path": "/nothing.js"}),
    "a route with a slash": (404, "Not Found", {"method": "GET", "path": "/v1/health/"}),
    "a photo sent to the app": (405, "Method Not Allowed", bare(path="/")),
}


@pytest.mark.parametrize("case", REJECTED)
def test_every_error_has_a_reason_and_the_headers(ask, case):
    status, reason, request = REJECTED[case]
    response = ask(**request)
    assert response.status_code == status, response.text
    assert reason in schemas.Problem.model_validate(response.json()).detail
    assert SECURITY_HEADERS.items() <= dict(response.headers).items()
    assert response.headers["x-request-id"]
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    if status == 405:
        assert response.headers["allow"]
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"


BAD_PHOTOS = {
    "nothing": (b"", "is empty (0 bytes)"),
    "a zip": (b"PK\x03\x04" + bytes(100), "starts with 'PK"),
    "a page": (b"<!doctype html><script>", "starts with '<!doctype"),
    "a gzip bomb": (b"\x1f\x8b\x08" + bytes(100), "is not a photo"),
    "a PNG of 900 megapixels": (png_header(30_000, 30_000), "900.0 megapixels, more than the limit of"),
    "53 megapixels": (blank(53_000, 1000), "has 53,000 x 1,000 = 53.0 megapixels, more than the limit of 52"),
    "one pixel": (blank(1, 1), "has 1 x 1 pixels"),
}


@pytest.mark.parametrize("case", BAD_PHOTOS)
def test_data_that_is_not_a_valid_photo_is_an_error(ask, case):
    data, reason = BAD_PHOTOS[case]
    headers = JPEG | ({"content-encoding": "gzip"} if "gzip" in case else {})
    (result,) = ask(content=data, headers=headers).json()["photos"]
    assert reason in result["error"]
    assert ask(path="/v1/explain", content=data, headers=headers).status_code == 422


def test_the_format_is_detected_from_the_first_bytes_not_the_content_type(ask):
    headers = {"content-type": "image/png; charset=utf-8"}
    (result,) = ask(content=random_photo(), headers=headers).json()["photos"]
    assert result["error"] is None


@pytest.mark.parametrize("case", BAD_PHOTOS)
def test_a_bad_photo_alone_is_answered_like_one_among_others(ask, case):
    bad = ("photo", ("bad.jpg", BAD_PHOTOS[case][0]))
    alone = ask(files=[bad])
    among = ask(files=[("photo", ("good.jpg", random_photo())), bad])
    body = ask(content=bad[1][1], headers=JPEG)
    assert {alone.status_code, among.status_code, body.status_code} == {200}
    (answer,) = alone.json()["photos"]
    assert answer == among.json()["photos"][1] == body.json()["photos"][0] | {"photo": "bad.jpg"}


@pytest.mark.parametrize("field", ["file", "image", "photo[]", "größe", "x" * 200])
def test_a_form_may_name_its_fields_as_it_likes(ask, field):
    files = [(field, (f"{seed}.jpg", random_photo(seed=seed))) for seed in range(2)]
    response = ask(files=files, data={"note": "two keys"})
    assert [photo["photo"] for photo in response.json()["photos"]] == ["0.jpg", "1.jpg"]
    assert ask(content=form(("", random_photo()), name=field), headers=FORM).status_code == 200


def test_a_part_with_the_type_of_a_photo_is_one_without_a_file_name(ask):
    part = b"--b\r\nContent-Disposition: form-data; name=photo\r\nContent-Type: image/jpeg\r\n\r\n"
    (photo,) = ask(content=part + random_photo() + b"\r\n--b--\r\n", headers=FORM).json()["photos"]
    assert (photo["photo"], photo["error"]) == ("photo", None)


@pytest.mark.parametrize("path", ["/v1/health", "/v1/card", "/metrics", "/openapi.json", "/docs", "/"])
def test_head_is_answered_like_get_without_the_body(ask, path):
    head, get = ask("HEAD", path), ask("GET", path)
    assert (head.status_code, head.content) == (200, b"")
    different = {"x-request-id"} | ({"content-length"} if path == "/metrics" else set())
    assert {k: v for k, v in head.headers.items() if k not in different} == {
        k: v for k, v in get.headers.items() if k not in different
    }
    assert "HEAD" in ask("DELETE", path).headers["allow"]
    assert "head" not in ask("GET", "/openapi.json").json()["paths"].get(path, {})


NAMED = [
    ("filename*=UTF-8''schl%C3%BCssel%20%E9%92%A5%E5%8C%99.jpg", "schlüssel 钥匙.jpg"),
    ("filename=\"schl?ssel.jpg\"; filename*=utf-8'de'schl%C3%BCssel.jpg", "schlüssel.jpg"),
    ("filename*=iso-8859-1''schl%FCssel.jpg; filename=x", "schlüssel.jpg"),
    ("filename=\"a.jpg\"; filename*=klingon''b.jpg", "a.jpg"),
    ("filename=\"a; filename*=UTF-8''b.jpg\"", "a; filename*=UTF-8''b.jpg"),
]


@pytest.mark.parametrize(("parameter", "name"), NAMED)
def test_an_extended_file_name_is_read_in_forms_and_headers(ask, parameter, name):
    disposition = f"Content-Disposition: form-data; name=photo; {parameter}\r\n\r\n".encode()
    body = b"--b\r\n" + disposition + random_photo() + b"\r\n--b--\r\n"
    assert ask(content=body, headers=FORM).json()["photos"][0]["photo"] == name
    headers = JPEG | {"content-disposition": f"attachment; {parameter}"}
    response = ask(content=random_photo(), headers=headers)
    assert response.json()["photos"][0]["photo"] == name
    assert name.encode() in response.content  # UTF-8, not escaped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("schlüssel 钥匙.jpg", "schlüssel 钥匙.jpg"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("a%0d%0aSet-Cookie: x=1", "a\r\nSet-Cookie: x=1"),
        ("\udcff\udcfe.jpg", "ÿþ.jpg"),
        ("n" * 1000, "n" * 200),
        ("", "photo"),
    ],
)
def test_a_file_name_is_repeated_in_the_json_only(ask, name, expected):
    response = ask(content=form((name, random_photo())), headers=FORM)
    assert response.status_code == 200, response.text
    actual = response.json()["photos"][0]["photo"]
    assert actual == expected.replace("\r\n", "??") or actual == name
    assert "set-cookie" not in response.headers


def test_protected_routes_accept_a_valid_key_and_health_needs_none(ask):
    protected = {"api_key_hashes": [hash_api_key("another-key-that-is-long-enough"), hash_api_key(KEY)]}
    assert ask("GET", "/v1/health", protected).status_code == 200
    assert ask("GET", "/", protected).status_code == 200
    for headers in (
        {"x-api-key": KEY},
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY}"},
    ):
        assert ask("GET", "/v1/card", protected, headers=headers).status_code == 200
    description = ask("GET", "/openapi.json", protected).json()
    assert description["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"
    unprotected = [
        path
        for path, route in description["paths"].items()
        if not all("security" in operation for operation in route.values())
    ]
    assert unprotected == ["/v1/health"]
    assert "securitySchemes" not in ask("GET", "/openapi.json").json()["components"]


def test_only_pages_of_the_given_sites_may_use_the_service(ask):
    changes = {"cors_origins": [SITE], "api_key_hashes": [hash_api_key(KEY)]}
    preflight_headers = {
        "origin": SITE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key",
    }
    preflight = ask("OPTIONS", changes=changes, headers=preflight_headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == SITE
    assert SECURITY_HEADERS.items() <= dict(preflight.headers).items()
    rejected = ask(changes=changes, content=random_photo(), headers=JPEG | {"origin": SITE})
    assert (rejected.status_code, rejected.headers["access-control-allow-origin"]) == (401, SITE)
    foreign = ask("GET", "/v1/health", changes, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers
    closed = ask("GET", "/v1/health", headers={"origin": SITE})
    assert "access-control-allow-origin" not in closed.headers


def test_explain_is_not_implemented_for_a_model_without_maps(tmp_path):
    settings = Settings(model=str(tiny_file(tmp_path / "bare.tflite", maps=False)))
    response = TestClient(create_app(settings)).post("/v1/explain", content=random_photo(), headers=JPEG)
    assert response.status_code == 501
    assert "no class maps" in response.json()["detail"]


def test_a_photo_whose_client_disconnects_while_waiting_is_not_processed(settings, monkeypatch):
    processed, disconnected, proceed = [], asyncio.Event(), threading.Event()

    def attempt(_, photo):
        processed.append(photo.content)
        proceed.wait()
        return Prediction(photo.name, ())

    async def post(app, body):
        messages, status = [{"type": "http.request", "body": body, "more_body": False}], []

        async def receive():
            if not messages:
                await disconnected.wait()
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message):
            status.append(message.get("status"))

        headers = [(b"content-type", b"image/jpeg")]
        scope = {"type": "http", "method": "POST", "path": "/v1/recognise", "query_string": b""}
        await app(scope | {"headers": headers}, receive, send)
        return status[0]

    async def both():
        app = create_app(settings)
        first, second = (
            asyncio.create_task(post(app, random_photo())),
            asyncio.create_task(post(app, blank(9, 9))),
        )
        await asyncio.sleep(0.2)
        disconnected.set()
        proceed.set()
        return await first, await second

    monkeypatch.setattr(Recogniser, "attempt", attempt)
    assert asyncio.run(both()) == (200, 499)
    assert processed == [random_photo()]


def test_an_unexpected_error_is_500_and_its_message_is_in_neither_response_nor_log(ask, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("cannot read secret.jpg")

    monkeypatch.setattr(Recogniser, "attempt", fail)
    with caplog.at_level(logging.INFO, "keykind.serve"):
        response = ask(content=random_photo(), headers=JPEG | {"x-request-id": "failing"})
    assert response.status_code == 500
    assert SECURITY_HEADERS.items() <= dict(response.headers).items()
    lines = [
        json.loads(JsonFormatter().format(record))
        for record in caplog.records
        if record.name == "keykind.serve"
    ]
    failed, answered = (line for line in lines if line["id"] == "failing")
    assert failed["error"] == "RuntimeError"
    assert "test_app.py" in failed["at"][-1]
    assert answered["status"] == 500
    assert "secret" not in response.text + json.dumps(lines)


class WriteMonitor:
    """Records which files this process opens for writing while `on` is set."""

    def __init__(self) -> None:
        self.on, self.written = False, []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if self.on and event == "open":
            path, mode, flags = arguments
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & 3:
                self.written.append(path)


def test_no_photo_is_written_to_disk(ask, monkeypatch):
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda _: pytest.fail("written to disk"))
    large = random_photo(400, 300, "PNG") + bytes(3_000_000)
    ask(files=[("photo", ("warm-up.png", random_photo()))])
    monitor = WriteMonitor()
    monitor.on = True
    responses = [
        ask(files=[("photo", (f"{i}.png", large)) for i in range(3)]),
        ask(content=large, headers=JPEG),
    ]
    responses.append(ask(path="/v1/explain", content=large, headers=JPEG))
    monitor.on = False
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert monitor.written == []
