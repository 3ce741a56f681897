"""WebDriver BiDi: commands and events of a browser, over its websocket.

In:    the websocket's address
Out:   Session: results of commands; events, as they arrive
Needs: websockets

Source: W3C, WebDriver BiDi, https://www.w3.org/TR/webdriver-bidi/
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

TIMEOUT = 180.0  # s for one command; a script that the command runs may take long


class BidiError(Exception):
    """The browser refused a command."""


class Session:
    """A session of a browser; `on_event` gets the name and the parameters of each event."""

    def __init__(self, websocket, on_event: Callable[[str, dict], None]) -> None:
        self._websocket, self._on_event = websocket, on_event
        self._last_id = 0

    def send(self, method: str, **parameters: object) -> dict:
        """Send a command and return its result. Raises BidiError; TimeoutError without an answer."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        self._websocket.send(json.dumps(message))
        end = time.monotonic() + TIMEOUT
        while True:
            reply = json.loads(self._websocket.recv(timeout=max(end - time.monotonic(), 0)))
            if reply["type"] == "event":
                self._on_event(reply["method"], reply["params"])
            elif reply.get("id") == self._last_id:
                if reply["type"] == "error":
                    raise BidiError(f"{method}: {reply['error']}: {reply['message']}")
                return reply["result"]


@contextmanager
def session(address: str, on_event: Callable[[str, dict], None]) -> Iterator[Session]:
    """Yield a new session of the browser at ws://HOST:PORT; the browser closes with it."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with connect(f"{address}/session", max_size=None) as websocket:
        opened = Session(websocket, on_event)
        opened.send("session.new", capabilities={"alwaysMatch": {}})
        try:
            yield opened
        finally:
            with suppress(
                BidiError, ConnectionClosed
            ):  # it is gone already: whoever started it sees to its end
                opened.send("browser.close")
