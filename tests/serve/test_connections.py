"""Tests of serve/connections.py: slow, endless, many and hostile clients."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
if not hasattr(socket, "AF_UNIX"):
    pytest.skip("needs POSIX", allow_module_level=True)

from starlette.responses import Response
from uvicorn import Config
from uvicorn.server import ServerState

from keykind.serve.connections import LimitedHttpProtocol
from keykind.serve.middleware import SECURITY_HEADERS
from served import Service, random_photo, read_all
from tiny_model import tiny_file

TIMEOUT = 2  # seconds of the service
TOO_MUCH = 10_000_000  # bytes, far more than the socket buffers of both sides hold
DEADLINE = 30  # seconds for the service to close a connection; a busy computer is slow
POST = b"POST /v1/recognise HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
HEALTH = b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    model = tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")
    options = "--model", model, "--seconds", TIMEOUT, "--most-mb", 1
    with Service(*options, keep_alive=TIMEOUT) as service:
        yield service


def trickle(connection, data):
    """Send the same data every 0.2 s until the other side closes the connection."""
    with connection:
        try:
            while True:
                connection.sendall(data)
                time.sleep(0.2)
        except OSError:
            return


SLOW = {
    "silence": (b"", None),
    "half a request line": (b"GET / HT", None),
    "endless headers": (HEALTH[:-2], b"x: y\r\n"),
    "empty lines": (b"\r\n", b"\r\n"),
    "half a body": (POST + b"content-length: 100\r\n\r\n" + b"x" * 50, None),
    "a trickling body": (POST + b"content-length: 100000\r\n\r\n", b"x"),
    "trickling chunks": (CHUNKED, b"1\r\nx\r\n"),
    "an unwanted body": (POST + b"content-length: 90000000\r\n\r\n", b"x"),
    "idle after a response": (HEALTH + b"\r\n", None),
}


@pytest.fixture(scope="module")
def closed(service):
    """What each slow client received, and after how many seconds it was closed; all run concurrently."""
    results = {}

    def run(name, first, repeated):
        start, connection = time.monotonic(), service.raw(first)
        connection.settimeout(DEADLINE)
        if repeated:
            threading.Thread(target=trickle, args=(connection.dup(), repeated), daemon=True).start()
        try:
            received = read_all(connection)
        except TimeoutError:
            received = b"was not closed"
        results[name] = received, time.monotonic() - start
        connection.close()

    clients = [threading.Thread(target=run, args=(name, *data)) for name, data in SLOW.items()]
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        assert service.post(random_photo()).status_code == 200  # others are served meanwhile
    return results


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_client_is_disconnected(closed, name):
    received, seconds = closed[name]
    assert received != b"was not closed"
    assert seconds > TIMEOUT / 2
    status = received.split(b" ")[1] if received else None
    expected = {"half a body": b"408", "a trickling body": b"408", "trickling chunks": b"408"}
    expected |= {"an unwanted body": b"413", "idle after a response": b"200"}
    assert status == expected.get(name)


ENDLESS = {
    "one header": HEALTH[:-2] + b"x: ",
    "many headers": HEALTH[:-2],
    "a path": b"GET /",
    "trailers": CHUNKED + b"0\r\n",
    "chunk extensions": CHUNKED + b"1;",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_request_with_endless_overhead_is_aborted(service, name):
    data = b"x: y\r\n" * 10_000 if name in ("many headers", "trailers") else b"x" * 60_000
    with service.raw(ENDLESS[name]) as connection:
        sent = 0
        with suppress(ConnectionError):
            while sent < TOO_MUCH:
                connection.sendall(data)
                sent += len(data)
    assert sent < TOO_MUCH


def test_a_client_that_does_not_read_is_disconnected(service):
    requests = 6000
    with service.raw(b"") as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = threading.Thread(target=trickle, args=(connection.dup(), HEALTH * requests), daemon=True)
        sender.start()
        sender.join(DEADLINE)
        assert not sender.is_alive()
        assert read_all(connection).count(b"HTTP/1.1 200") < requests


@pytest.mark.parametrize("keep_alive", [b"close", b"keep-alive"])
def test_a_client_that_does_not_read_the_end_of_a_response_is_disconnected(monkeypatch, keep_alive):
    """The rest fits into the send buffer, so for the service the response is complete."""
    monkeypatch.setattr("keykind.serve.connections._timeout", lambda: 0.2)
    config = Config(Response(bytes(60_000)), timeout_keep_alive=0.1)

    async def request():
        ours, client = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.sendall(HEALTH[:-2] + b"connection: " + keep_alive + b"\r\n\r\n")
        state = ServerState()
        protocol = partial(LimitedHttpProtocol, config, state, {})
        await asyncio.get_running_loop().connect_accepted_socket(protocol, sock=ours)
        await asyncio.sleep(0.1)
        assert len(state.connections) == 1
        async with asyncio.timeout(DEADLINE):
            while state.connections:
                await asyncio.sleep(0.05)
        with client:
            return len(read_all(client))

    assert 0 < asyncio.run(request()) < 60_000


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"]
)
def test_invalid_http_is_rejected_with_the_same_headers(service, sent):
    with service.raw(sent) as connection:
        response = read_all(connection)
    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    for name, value in SECURITY_HEADERS.items():
        assert f"{name}: {value}\r\n".encode() in response
    assert response.endswith(b'{"detail": "Invalid HTTP request received."}')


SMUGGLED = {
    "two lengths": POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "a length and chunks": POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": POST + b"content-length: -1\r\n\r\n",
    "a length in letters": POST + b"content-length: ten\r\n\r\n",
    "a huge length": POST + b"content-length: 99999999999999999999\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_an_ambiguous_body_is_rejected(service, name):
    with service.raw(SMUGGLED[name]) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "path", [b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"//etc/passwd", b"/\xff", b"/%ff%00"]
)
def test_no_path_escapes_the_folder(service, path):
    with service.raw(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n") as connection:
        response = read_all(connection)
    assert response.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in response


def test_a_request_that_is_too_large_gets_a_response_at_once(service):
    start = time.monotonic()
    response = service.post(bytes(5_000_000))
    assert response.status_code == 413
    assert time.monotonic() - start < DEADLINE


def test_a_thousand_idle_connections_do_not_block_others(service):
    idle = [service.raw(b"") for _ in range(1000)]
    assert service.post(random_photo()).status_code == 200
    for connection in idle:
        connection.close()


def test_none_of_this_logged_an_error(service):
    assert service.post(random_photo()).status_code == 200
    assert not [line for line in service.lines if '"level": "error"' in line or "Traceback" in line]
    assert len(service.workers) == 1  # the first one is still running
