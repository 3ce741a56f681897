"""HTTP connections with time and size limits.

In:    connections of clients; Settings, from the environment
Out:   uvicorn's requests; connections are closed if the client is too slow, or sends too much or invalid HTTP
Needs: uvicorn, httptools    [serve]

The limits of a request's body are in uploads.py, which can respond with an error.
"""

import asyncio
import json
from functools import cache
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keykind.serve.middleware import SECURITY_HEADERS
from keykind.serve.settings import settings_from_environment

MAX_CONNECTIONS = 2048  # per worker; further ones are closed at once
MAX_OVERHEAD = 65_536  # bytes of a request except its body: request line, headers, chunk framing, trailers


class LimitedHttpProtocol(HttpToolsProtocol):
    """A connection to a client that may be slow, endless or hostile."""

    _request_timer: asyncio.TimerHandle | None = None  # until the headers have arrived
    _read_timer: asyncio.TimerHandle | None = None  # until the client has read some of the response
    _body_bytes = _earlier_body_bytes = 0  # of all bodies so far; of those before this request
    _overhead = 0  # bytes of this request other than its body

    def connection_made(self, transport: Any) -> None:
        """Start to wait for a request."""
        super().connection_made(cast(asyncio.Transport, AbortingTransport(transport, self.loop)))
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process data, then wait for the rest of the headers, or for the next request after a response."""
        before = self._body_bytes
        super().data_received(data)
        self._overhead += len(data) - (self._body_bytes - before)
        if self._overhead > MAX_OVERHEAD + self._body_bytes - self._earlier_body_bytes:
            self.transport.abort()
        elif self._request_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._start_timer()

    def on_message_begin(self) -> None:
        """Start to wait for the rest of the headers."""
        super().on_message_begin()
        self._overhead, self._earlier_body_bytes = 0, self._body_bytes
        self._stop_timer()
        self._start_timer()

    def on_headers_complete(self) -> None:
        """Stop the timer: from here on the routes limit the time."""
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the bytes."""
        self._body_bytes += len(body)
        super().on_body(body)

    def pause_writing(self) -> None:
        """Start to wait for the client to read."""
        super().pause_writing()
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(_timeout(), self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting for the client to read."""
        super().resume_writing()
        if self._read_timer:
            self._read_timer.cancel()
            self._read_timer = None

    def send_400_response(self, msg: str) -> None:
        """Respond to invalid HTTP, with the same headers as every other response."""
        body = json.dumps({"detail": msg}).encode()
        headers = SECURITY_HEADERS | {"content-type": "application/json", "connection": "close"}
        lines = [f"{name}: {value}" for name, value in (headers | {"content-length": str(len(body))}).items()]
        self.transport.write("\r\n".join(["HTTP/1.1 400 Bad Request", *lines, "\r\n"]).encode() + body)
        self.transport.close()

    def _start_timer(self) -> None:
        self._request_timer = self.loop.call_later(_timeout(), self.transport.close)

    def _stop_timer(self) -> None:
        if self._request_timer:
            self._request_timer.cancel()
            self._request_timer = None


class AbortingTransport:
    """A transport whose close() does not wait for ever for the client to read what was sent."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Wrap a transport; everything but `close` is passed through."""
        self._transport, self._loop = transport, loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close once everything is read, or after the timeout."""
        if not self._transport.is_closing():
            self._transport.close()
            self._loop.call_later(_timeout(), self._transport.abort)


@cache
def _timeout() -> float:
    """Return the timeout of the settings, s."""
    return settings_from_environment().timeout
