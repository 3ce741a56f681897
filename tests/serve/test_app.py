"""Tests of serve/app.py: every route, every refusal, what every answer carries."""

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
from keykind.predict.recogniser import Prediction, Recogniser
from keykind.serve import schemas
from keykind.serve.app import create_app
from keykind.serve.logs import JsonLines
from keykind.serve.middleware import HEADERS
from keykind.serve.settings import Settings, hash_of
from served import blank, picture
from tiny_model import KINDS, tiny_file

KEY = "a-key-of-enough-signs"
SITE = "https://shop.example"
JPEG = {"content-type": "image/jpeg"}
FORM = {"content-type": "multipart/form-data; boundary=b"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(model=str(tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")))


@pytest.fixture(scope="module")
def ask(settings, tmp_path_factory):
    """Give a function that asks a service with some settings changed."""
    clients = {}

    def client(changes):
        name = json.dumps(changes)
        if name not in clients:
            app = create_app(replace(settings, **changes), tmp_path_factory.mktemp("no app"))
            clients[name] = TestClient(app, raise_server_exceptions=False)
            clients[name].__enter__()
        return clients[name]

    def ask(method="POST", path="/v1/recognise", changes=None, **request):
        return client(changes or {}).request(method, path, **request)

    yield ask
    for one in clients.values():
        one.__exit__(None, None, None)


def form(*parts: tuple[str, bytes], name: str = "photo", end: bytes = b"--b--\r\n") -> bytes:
    """Return a form as some client might write it, well or badly."""
    lines = b""
    for file, data in parts:
        disposition = f'form-data; name="{name}"; filename="{file}"'.encode("utf-8", "surrogateescape")
        lines += b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + data + b"\r\n"
    return lines + end


def test_a_photo_is_answered_as_the_command_line_answers_it(ask, settings, tmp_path):
    (tmp_path / "key.jpg").write_bytes(picture())
    answer = ask(content=picture(), headers=JPEG)
    assert answer.status_code == 200
    (said,) = schemas.Answers.model_validate(answer.json()).photos
    own = Recogniser.load(Path(settings.model)).recognise(tmp_path / "key.jpg").as_json()
    assert answer.json()["photos"] == [own | {"photo": "photo"}]
    assert said.error is None


def test_photos_of_a_form_are_answered_in_their_order_and_a_bad_one_costs_only_itself(ask):
    files = [("photo", (f"{seed}.jpg", picture(seed=seed))) for seed in range(3)]
    files.insert(1, ("photo", ("torn.jpg", picture()[:300])))
    photos = ask(files=files).json()["photos"]
    assert [one["photo"] for one in photos] == ["0.jpg", "torn.jpg", "1.jpg", "2.jpg"]
    assert [bool(one["error"]) for one in photos] == [False, True, False, False]
    assert len({json.dumps(one["keys"]) for one in photos}) == 4


@pytest.mark.parametrize("query", ["", "?kind=all", f"?kind={KINDS[2]}&key=1"])
def test_an_explanation_is_a_picture(ask, query):
    answer = ask(path=f"/v1/explain{query}", content=picture(), headers=JPEG)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(BytesIO(answer.content)).width > 400


def test_health_card_and_numbers_are_told(ask):
    health = ask("GET", "/v1/health").json()
    assert (health["status"], health["version"], len(health["model"])) == ("ok", __version__, 64)
    assert ask("GET", "/v1/card").json()["kinds"] == list(KINDS)
    ask(content=picture(), headers=JPEG)
    numbers = ask("GET", "/metrics").text
    assert 'keykind_requests_total{method="POST",route="/v1/recognise",status="200"}' in numbers
    assert 'keykind_photos_total{verdict="answered"}' in numbers
    assert "keykind_accepted_requests 0.0" in numbers


def test_a_request_keeps_the_id_that_it_brings_and_gets_one_otherwise(ask):
    assert ask("GET", "/v1/health", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for bad in ("", "a b", "x" * 65, "ä"):
        own = ask("GET", "/v1/health", headers={"x-request-id": bad.encode()}).headers["x-request-id"]
        assert len(own) == 32


def bare(content=None, path="/v1/recognise", changes=None, **headers):
    """Return a request whose body is a photo."""
    content = picture() if content is None else content
    return {"content": content, "path": path, "changes": changes, "headers": JPEG | headers}


def explain(query, content=None):
    return bare(content, f"/v1/explain?{query}")


def as_form(content, **changed):
    return bare(content, **{"content-type": "multipart/form-data; boundary=b"} | changed)


NAMELESS = b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"
BAD_CHARSET = {"content-type": "multipart/form-data; boundary=b; charset=undefined"}
SLOW_CHARSET = {"content-type": "multipart/form-data; boundary=b; charset=punycode"}
LONG_FIELD = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + b"1" * 2000 + b"\r\n--b--"
SMALL, GUARDED = {"most_bytes": 1_000_000}, {"key_hashes": [hash_of(KEY)]}
REFUSED = {
    "no photo": (422, "holds no photo", bare(b"")),
    "no content type": (415, "content type", {"content": b"photo"}),
    "JSON": (415, "content type", {"json": {"photo": "x"}}),
    "a form without a boundary": (400, "boundary", as_form(b"", **{"content-type": "multipart/form-data"})),
    "a form of another shape": (400, "Invalid multipart data", as_form(b"photo=1&photo=2")),
    "a form cut off": (400, "cut off", as_form(form(("a.jpg", picture()))[:-9])),
    "a form without an end": (400, "cut off", as_form(form(("a.jpg", picture()), end=b""))),
    "an empty form": (422, "holds no photo", as_form(form())),
    "another field": (422, "holds no photo", as_form(form(("a.jpg", picture()), name="file"))),
    "a field without a name": (400, "cannot be read", as_form(NAMELESS)),
    "words in place of a file": (422, "holds no photo", {"data": {"photo": "words"}, "files": {"x": b"1"}}),
    "a charset that breaks": (400, "not UTF-8", as_form(form(("a.jpg", b"1")), **BAD_CHARSET)),
    "a charset that takes minutes": (400, "not UTF-8", as_form(form(("a.jpg", b"1")), **SLOW_CHARSET)),
    "a long field": (400, "exceeded maximum size", as_form(LONG_FIELD)),
    "33 photos": (400, "Too many files", {"files": [("photo", ("a", b"1"))] * 33}),
    "too large by its own word": (413, "larger than 40 MB", bare(b"", **{"content-length": "40000001"})),
    "too large": (413, "larger than 1 MB", bare(bytes(1_000_001), changes=SMALL)),
    "too large, in parts": (413, "larger than 1 MB", bare(iter([bytes(600_000)] * 2), changes=SMALL)),
    "a full queue": (503, "come again in 1 s", bare(changes={"most_waiting": 0})),
    "no memory left": (503, "come again", bare(changes={"most_held": 100})),
    "no time left": (503, "come again", bare(blank(2000, 2000), changes={"seconds": 0.01})),
    "no key": (401, "API key", bare(changes=GUARDED)),
    "a wrong key": (401, "API key", bare(changes=GUARDED, **{"x-api-key": KEY[:-1]})),
    "a wrong scheme": (401, "API key", bare(changes=GUARDED, authorization=f"Basic {KEY}")),
    "numbers without a key": (401, "API key", {"changes": GUARDED, "method": "GET", "path": "/metrics"}),
    "why, of no photo": (422, "starts with 'words'", explain("", b"words")),
    "why, of two": (422, "holds 2", {"path": "/v1/explain", "files": [("photo", ("a", picture()))] * 2}),
    "why, of a kind that is none": (422, f"one of {', '.join(KINDS)}, or all", explain("kind=padlock")),
    "why, of a key that is not there": (422, "has no key 2; keys found: 1", explain("key=2")),
    "why, of key 0": (422, "key: Input should be greater", explain("key=0")),
    "why, of key x": (422, "key: Input should be", explain("key=x")),
    "the wrong method": (405, "Method Not Allowed", {"method": "GET"}),
    "no route": (404, "Not Found", {"method": "GET", "path": "/v1/recognize"}),
    "no file": (404, "Not Found", {"method": "GET", "path": "/nothing.js"}),
    "a route with a slash": (404, "Not Found", {"method": "GET", "path": "/v1/health/"}),
    "a photo for the app": (405, "Method Not Allowed", bare(path="/")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_refusal_says_why_and_carries_the_headers(ask, case):
    status, words, request = REFUSED[case]
    answer = ask(**request)
    assert answer.status_code == status, answer.text
    assert words in schemas.Problem.model_validate(answer.json()).detail
    assert HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["x-request-id"]
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    if status == 405:
        assert answer.headers["allow"]
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


BAD_PHOTOS = {
    "a zip": (b"PK\x03\x04" + bytes(100), "starts with 'PK"),
    "a page": (b"<!doctype html><script>", "starts with '<!doctype"),
    "a gzip bomb": (b"\x1f\x8b\x08" + bytes(100), "is not a photo"),
    "a PNG of 900 megapixels": (png_header(30_000, 30_000), "900.0 megapixels, more than the limit of"),
    "53 megapixels": (blank(53_000, 1000), "has 53,000 x 1,000 = 53.0 megapixels, more than the limit of 52"),
    "one pixel": (blank(1, 1), "has 1 x 1 pixels"),
}


@pytest.mark.parametrize("case", BAD_PHOTOS)
def test_what_lies_about_being_a_photo_is_told_as_such(ask, case):
    data, words = BAD_PHOTOS[case]
    headers = JPEG | ({"content-encoding": "gzip"} if "gzip" in case else {})
    (said,) = ask(content=data, headers=headers).json()["photos"]
    assert words in said["error"]
    assert ask(path="/v1/explain", content=data, headers=headers).status_code == 422


def test_the_first_bytes_tell_the_format_and_not_the_content_type(ask):
    headers = {"content-type": "image/png; charset=utf-8"}
    (said,) = ask(content=picture(), headers=headers).json()["photos"]
    assert said["error"] is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("schlüssel 钥匙.jpg", "schlüssel 钥匙.jpg"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("a%0d%0aSet-Cookie: x=1", "a\r\nSet-Cookie: x=1"),
        ("\udcff\udcfe.jpg", "ÿþ.jpg"),
        ("n" * 1000, "n" * 200),
        ("", "photo"),
    ],
)
def test_a_name_is_repeated_in_the_json_and_nowhere_else(ask, name, told):
    answer = ask(content=form((name, picture())), headers=FORM)
    assert answer.status_code == 200, answer.text
    said = answer.json()["photos"][0]["photo"]
    assert said == told.replace("\r\n", "??") or said == name
    assert "set-cookie" not in answer.headers


def test_a_key_opens_what_is_guarded_and_health_needs_none(ask):
    guarded = {"key_hashes": [hash_of("another-key-of-enough-signs"), hash_of(KEY)]}
    assert ask("GET", "/v1/health", guarded).status_code == 200
    assert ask("GET", "/", guarded).status_code == 200
    for headers in (
        {"x-api-key": KEY},
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY}"},
    ):
        assert ask("GET", "/v1/card", guarded, headers=headers).status_code == 200
    described = ask("GET", "/openapi.json", guarded).json()
    assert described["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"
    free = [
        path
        for path, route in described["paths"].items()
        if not all("security" in one for one in route.values())
    ]
    assert free == ["/v1/health"]
    assert "securitySchemes" not in ask("GET", "/openapi.json").json()["components"]


def test_only_pages_of_the_named_sites_may_ask(ask):
    named = {"origins": [SITE], "key_hashes": [hash_of(KEY)]}
    asked = {
        "origin": SITE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key",
    }
    before = ask("OPTIONS", changes=named, headers=asked)
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == SITE
    assert HEADERS.items() <= dict(before.headers).items()
    refused = ask(changes=named, content=picture(), headers=JPEG | {"origin": SITE})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, SITE)
    foreign = ask("GET", "/v1/health", named, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers
    closed = ask("GET", "/v1/health", headers={"origin": SITE})
    assert "access-control-allow-origin" not in closed.headers


def test_a_model_without_maps_says_that_it_cannot_show_why(tmp_path):
    bare = Settings(model=str(tiny_file(tmp_path / "bare.tflite", maps=False)))
    answer = TestClient(create_app(bare)).post("/v1/explain", content=picture(), headers=JPEG)
    assert answer.status_code == 501
    assert "no class maps" in answer.json()["detail"]


def test_a_photo_whose_sender_left_while_it_waited_is_not_looked_at(settings, monkeypatch):
    seen, left, go = [], asyncio.Event(), threading.Event()

    def attempt(_, photo):
        seen.append(photo.photo)
        go.wait()
        return Prediction(photo.name, ())

    async def post(app, body):
        parts, status = [{"type": "http.request", "body": body, "more_body": False}], []

        async def receive():
            if not parts:
                await left.wait()
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message):
            status.append(message.get("status"))

        headers = [(b"content-type", b"image/jpeg")]
        scope = {"type": "http", "method": "POST", "path": "/v1/recognise", "query_string": b""}
        await app(scope | {"headers": headers}, receive, send)
        return status[0]

    async def both():
        app = create_app(settings)
        first, second = asyncio.create_task(post(app, picture())), asyncio.create_task(post(app, blank(9, 9)))
        await asyncio.sleep(0.2)
        left.set()
        go.set()
        return await first, await second

    monkeypatch.setattr(Recogniser, "attempt", attempt)
    assert asyncio.run(both()) == (200, 499)
    assert seen == [picture()]


def test_a_fault_of_the_service_is_500_and_its_words_stay_out_of_answer_and_log(ask, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("cannot read geheim.jpg")

    monkeypatch.setattr(Recogniser, "attempt", fail)
    with caplog.at_level(logging.INFO, "keykind.serve"):
        answer = ask(content=picture(), headers=JPEG | {"x-request-id": "the-one"})
    assert answer.status_code == 500
    assert HEADERS.items() <= dict(answer.headers).items()
    lines = [
        json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "keykind.serve"
    ]
    failed, answered = (line for line in lines if line["id"] == "the-one")
    assert failed["error"] == "RuntimeError"
    assert "test_serve_app.py" in failed["at"][-1]
    assert answered["status"] == 500
    assert "geheim" not in answer.text + json.dumps(lines)


class Watch:
    """Notes which files this process opens to write, once it is told to."""

    def __init__(self) -> None:
        self.on, self.written = False, []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple) -> None:
        if self.on and event == "open":
            path, mode, flags = arguments
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & 3:
                self.written.append(path)


def test_no_photo_is_written(ask, monkeypatch):
    monkeypatch.setattr(
        tempfile.SpooledTemporaryFile, "rollover", lambda _: pytest.fail("it went to the disk")
    )
    large = picture(400, 300, "PNG") + bytes(3_000_000)
    ask(files=[("photo", ("warm.png", picture()))])
    watch = Watch()
    watch.on = True
    answers = [
        ask(files=[("photo", (f"{n}.png", large)) for n in range(3)]),
        ask(content=large, headers=JPEG),
    ]
    answers.append(ask(path="/v1/explain", content=large, headers=JPEG))
    watch.on = False
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert watch.written == []
