"""Tests of serve/connections.py: clients that are slow, endless, many or hostile."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
if not hasattr(socket, "AF_UNIX"):
    pytest.skip("the workers are watched by POSIX means", allow_module_level=True)

from starlette.responses import Response
from uvicorn import Config
from uvicorn.server import ServerState

from keykind.serve.connections import Connection
from keykind.serve.middleware import HEADERS
from served import Served, picture, read_all
from tiny_model import tiny_file

PATIENCE = 2  # seconds of the service
ENOUGH = 10_000_000  # bytes, far more than the systems on both sides keep on the way
LATE = 30  # seconds after which a client that is still there was not left; a busy computer is slow
POST = b"POST /v1/recognise HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
HEALTH = b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    model = tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")
    with Served("--model", model, "--seconds", PATIENCE, "--most-mb", 1) as served:
        yield served


def trickle(connection, drop):
    """Send a little now and then, until the other side has had enough."""
    with connection:
        try:
            while True:
                connection.sendall(drop)
                time.sleep(0.2)
        except OSError:
            return


SLOW = {
    "silence": (b"", None),
    "half a line": (b"GET / HT", None),
    "headers without an end": (HEALTH[:-2], b"x: y\r\n"),
    "empty lines": (b"\r\n", b"\r\n"),
    "half a body": (POST + b"content-length: 100\r\n\r\n" + b"x" * 50, None),
    "a body in drops": (POST + b"content-length: 100000\r\n\r\n", b"x"),
    "chunks in drops": (CHUNKED, b"1\r\nx\r\n"),
    "a body that nobody wants": (POST + b"content-length: 90000000\r\n\r\n", b"x"),
    "nothing more after an answer": (HEALTH + b"\r\n", None),
}


@pytest.fixture(scope="module")
def left(service):
    """What each slow client was sent and after how many seconds it was left; all of them at the same time."""
    results = {}

    def come(name, first, drop):
        start, connection = time.monotonic(), service.raw(first)
        connection.settimeout(LATE)
        if drop:
            threading.Thread(target=trickle, args=(connection.dup(), drop), daemon=True).start()
        try:
            said = read_all(connection)
        except TimeoutError:
            said = b"was not left"
        results[name] = said, time.monotonic() - start
        connection.close()

    clients = [threading.Thread(target=come, args=(name, *sent)) for name, sent in SLOW.items()]
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        assert service.post(picture()).status_code == 200  # the others are served meanwhile
    return results


@pytest.mark.parametrize("name", SLOW)
def test_a_client_that_keeps_the_service_waiting_is_left(left, name):
    said, seconds = left[name]
    assert said != b"was not left"
    assert seconds > PATIENCE / 2
    status = said.split(b" ")[1] if said else None
    wanted = {"half a body": b"408", "a body in drops": b"408", "chunks in drops": b"408"}
    wanted |= {"a body that nobody wants": b"413", "nothing more after an answer": b"200"}
    assert status == wanted.get(name)


ENDLESS = {
    "one header": HEALTH[:-2] + b"x: ",
    "many headers": HEALTH[:-2],
    "an address": b"GET /",
    "headers behind the body": CHUNKED + b"0\r\n",
    "words beside the chunks": CHUNKED + b"1;",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_request_that_is_all_frame_and_no_body_is_cut_off(service, name):
    drop = b"x: y\r\n" * 10_000 if "headers" in name else b"x" * 60_000
    with service.raw(ENDLESS[name]) as connection:
        sent = 0
        with suppress(ConnectionError):
            while sent < ENOUGH:
                connection.sendall(drop)
                sent += len(drop)
    assert sent < ENOUGH


def test_a_client_that_does_not_read_is_left(service):
    asked = 6000
    with service.raw(b"") as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        threading.Thread(target=trickle, args=(connection.dup(), HEALTH * asked), daemon=True).start()
        time.sleep(2.5 * PATIENCE)
        assert read_all(connection).count(b"HTTP/1.1 200") < asked


@pytest.mark.parametrize("keeps", [b"close", b"keep-alive"])
def test_a_client_that_does_not_read_an_answers_end_is_left(monkeypatch, keeps):
    """What is left is less than makes the service wait with sending: the answer is complete."""
    monkeypatch.setattr("keykind.serve.connections._seconds", lambda: 0.2)
    config = Config(Response(bytes(60_000)), timeout_keep_alive=0.1)

    async def ask():
        ours, client = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.sendall(HEALTH[:-2] + b"connection: " + keeps + b"\r\n\r\n")
        state = ServerState()
        made = partial(Connection, config, state, {})
        await asyncio.get_running_loop().connect_accepted_socket(made, sock=ours)
        await asyncio.sleep(0.1)
        assert len(state.connections) == 1
        async with asyncio.timeout(LATE):
            while state.connections:
                await asyncio.sleep(0.05)
        with client:
            return len(read_all(client))

    assert 0 < asyncio.run(ask()) < 60_000


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"]
)
def test_what_is_no_http_is_refused_with_the_same_headers(service, sent):
    with service.raw(sent) as connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    for name, value in HEADERS.items():
        assert f"{name}: {value}\r\n".encode() in answer
    assert answer.endswith(b'{"detail": "Invalid HTTP request received."}')


SMUGGLED = {
    "two lengths": POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "a length and chunks": POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length below zero": POST + b"content-length: -1\r\n\r\n",
    "a length in words": POST + b"content-length: ten\r\n\r\n",
    "a length beyond all numbers": POST + b"content-length: 99999999999999999999\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_body_of_two_meanings_is_refused(service, name):
    with service.raw(SMUGGLED[name]) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "path", [b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"//etc/passwd", b"/\xff", b"/%ff%00"]
)
def test_no_path_leads_out(service, path):
    with service.raw(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n") as connection:
        answer = read_all(connection)
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in answer


def test_a_request_too_large_is_refused_at_once_and_the_connection_still_tells(service):
    start = time.monotonic()
    answer = service.post(bytes(5_000_000))
    assert answer.status_code == 413
    assert time.monotonic() - start < LATE


def test_a_thousand_connections_do_not_keep_others_out(service):
    idle = [service.raw(b"") for _ in range(1000)]
    assert service.post(picture()).status_code == 200
    for connection in idle:
        connection.close()


def test_none_of_this_was_an_error(service):
    assert service.post(picture()).status_code == 200
    assert not [line for line in service.lines if '"level": "error"' in line or "Traceback" in line]
    assert len(service.workers) == 1  # the first one still answers
