"""Tests of review/access.py: only the page that was opened with the token may use the desk."""

import pytest
from fastapi.testclient import TestClient

from desks import HOST, TOKEN
from keykind.review.access import HEADERS, new_access

PATHS = ["/", "/index.html", "/api/state", "/api/queues/all", "/api/photos/0/image"]
TOKEN_HEADER = {"x-keykind-token": TOKEN}


@pytest.fixture
def bare(desk):
    """A client without the token."""
    return TestClient(desk.app, base_url=f"http://{HOST}")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(bare, path):
    response = bare.get(path)
    assert response.status_code == 403
    assert "token" in response.json()["detail"]
    assert "drawn" not in response.text


def test_a_browser_without_the_token_gets_a_page_that_says_what_to_do(bare):
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/", "/?token=wrong", "/index.html"):
        response = bare.get(path, headers=accept)
        assert (response.status_code, response.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "The token is missing or wrong." in response.text
        assert "address that <code>keykind review</code> printed" in response.text
        assert TOKEN not in response.text
    response = bare.get("/", headers=accept | {"origin": "http://<script>"})
    assert (response.status_code, "&lt;script&gt;" in response.text) == (403, True)
    assert "<script>" not in response.text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "ä"])
def test_a_wrong_token_is_refused_wherever_it_is_given(bare, token):
    assert bare.get("/", params={"token": token}).status_code == 403
    assert bare.get("/api/state", headers={"x-keykind-token": token.encode()}).status_code == 403
    cookie = f"keykind-review-8501={token}".encode()
    assert bare.get("/api/state", headers={"cookie": cookie}).status_code == 403


def test_the_address_with_the_token_sets_a_cookie_that_scripts_cannot_read(bare):
    response = bare.get("/", params={"token": TOKEN})
    assert response.status_code == 200
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert bare.get("/api/state").status_code == 200
    assert bare.get("/").status_code == 200


def test_the_token_in_an_address_opens_the_page_only(bare):
    assert bare.get("/api/state", params={"token": TOKEN}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8501"},
        {"host": "127.0.0.1:9999"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused_even_with_the_token(bare, headers):
    for method, path in (("GET", "/api/state"), ("POST", "/api/undo"), ("GET", f"/?token={TOKEN}")):
        response = bare.request(method, path, headers=TOKEN_HEADER | headers)
        assert response.status_code == 403, (method, path)
        assert "set-cookie" not in response.headers


def test_the_page_itself_is_not_refused(bare):
    headers = TOKEN_HEADER | {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert bare.get("/api/state", headers=headers).status_code == 200


def test_every_response_has_the_headers_for_browsers(bare):
    for path, headers in (
        ("/", {}),
        (f"/?token={TOKEN}", {}),
        ("/api/state", TOKEN_HEADER),
        ("/x", TOKEN_HEADER),
    ):
        response = bare.get(path, headers=headers)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_a_large_request_is_refused_before_it_is_read(bare):
    response = bare.post("/api/decisions", content=b" " * 1_000_001, headers=TOKEN_HEADER)
    assert response.status_code == 413


def test_each_start_has_another_token_and_any_host_may_be_allowed():
    first, second = new_access(1, ["localhost"]), new_access(1, None)
    assert first.token != second.token
    assert len(first.token) >= 32
    assert (first.hosts, second.hosts) == ({"localhost:1"}, None)
