"""Connections that wait for nobody for long.

In:    bytes that clients send, or do not; Settings, from the environment
Out:   uvicorn's requests; connections closed where the client keeps the service waiting, or sends no HTTP
Needs: uvicorn, httptools    [serve]

How long a body may take and how large it may be is seen to in uploads.py, where both can be said.
"""

import asyncio
import json
from functools import cache
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keykind.serve.middleware import HEADERS
from keykind.serve.settings import from_environment

MOST_CONNECTIONS = 2048  # that a worker holds; a further one is closed
MOST_LINES = 65_536  # bytes of a request that are not its body: first lines, frames of chunks, trailers


class Connection(HttpToolsProtocol):
    """A connection to a client that may be slow, endless or hostile."""

    _due: asyncio.TimerHandle | None = None  # when the first lines of a request must have come
    _read: asyncio.TimerHandle | None = None  # when the client must have read some of an answer
    _body = _begun = 0  # bytes of all bodies so far, and of those before this request
    _lines = 0  # bytes of this request that are not its body

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(cast(asyncio.Transport, Ending(transport, self.loop)))
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest if it is no request yet, or one that is answered already."""
        before = self._body
        super().data_received(data)
        self._lines += len(data) - (self._body - before)
        if self._lines > MOST_LINES + self._body - self._begun:
            self.transport.abort()
        elif self._due is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the first lines."""
        super().on_message_begin()
        self._lines, self._begun = 0, self._body
        self._stop()
        self._wait()

    def on_headers_complete(self) -> None:
        """Leave it to the routes how long they wait."""
        self._stop()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count it."""
        self._body += len(body)
        super().on_body(body)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        if self._read is None:
            self._read = self.loop.call_later(_seconds(), self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer for it."""
        super().resume_writing()
        if self._read:
            self._read.cancel()
            self._read = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with the headers of every other answer."""
        said = json.dumps({"detail": msg}).encode()
        headers = HEADERS | {"content-type": "application/json", "connection": "close"}
        lines = [f"{name}: {value}" for name, value in (headers | {"content-length": str(len(said))}).items()]
        self.transport.write("\r\n".join(["HTTP/1.1 400 Bad Request", *lines, "\r\n"]).encode() + said)
        self.transport.close()

    def _wait(self) -> None:
        self._due = self.loop.call_later(_seconds(), self.transport.close)

    def _stop(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None


class Ending:
    """A transport whose end does not wait for ever until its client has read what it was sent."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Take the transport; all but its end stays as it is."""
        self._transport, self._loop = transport, loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """End when all is read, at the latest after some seconds."""
        if not self._transport.is_closing():
            self._transport.close()
            self._loop.call_later(_seconds(), self._transport.abort)


@cache
def _seconds() -> float:
    return from_environment().seconds
