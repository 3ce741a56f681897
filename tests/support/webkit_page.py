"""A page in WebKitGTK's MiniBrowser, driven by WebKitWebDriver: the engine of Safari.

In:    Options
Out:   WebKitPage
Needs: webkit2gtk-driver, xvfb

The protocol is classic WebDriver, JSON over HTTP, of which the tests need a dozen commands; selenium would
add 12 MB and several packages. Sessions of a driver are ephemeral, which is private browsing in WebKit;
they report no console, so pages collect their errors themselves.

Source: W3C, WebDriver, https://www.w3.org/TR/webdriver2/
"""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from web_page import COLLECT_ERRORS, JavaScriptError, Options, Page
from webdriver_keys import click_actions, key_actions

BROWSERS = "/usr/lib/*/webkit2gtk-4.1/MiniBrowser"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the standard's name for a reference to an element
SCRIPT_TIMEOUT = 180.0  # s
START_TIMEOUT = 60.0  # s
SCREEN = "1600x1200x24"  # px and bits of the virtual display
CALL = """const done = arguments[arguments.length - 1];
(async () => (%s)(...arguments[0]))().then(value => done({value}), error => done({error: String(error)}));"""


class WebKit:
    """Starts browsers on a virtual display."""

    name = "webkit"

    @staticmethod
    def missing() -> str | None:
        """Return what is not installed; None: nothing."""
        if not shutil.which("WebKitWebDriver"):
            return "Debian's webkit2gtk-driver is not installed"
        return None if shutil.which("Xvfb") else "Debian's xvfb is not installed"

    def __enter__(self) -> "WebKit":
        self._display = virtual_display()
        self._name = self._display.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._display.__exit__(*exception)

    @contextmanager
    def open(self, home: str, options: Options | None = None) -> Iterator["WebKitPage"]:
        """Yield a page in a new profile, which is always a private one."""
        options = options or Options()
        with running(self._name) as port:
            page = WebKitPage(port, home, options)
            try:
                yield page
            finally:
                page.close()


@contextmanager
def virtual_display() -> Iterator[str]:
    """Start an X server without a screen; yield its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as stream:
            yield f":{stream.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(display: str) -> Iterator[int]:
    """Start a driver, which has one session at a time; yield its port."""
    port = free_port()
    environment = os.environ | {"DISPLAY": display, "LC_ALL": "en_GB.UTF-8", "LIBGL_ALWAYS_SOFTWARE": "1"}
    process = subprocess.Popen(
        ["WebKitWebDriver", f"--port={port}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int) -> None:
    end = time.monotonic() + START_TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def arguments(options: Options) -> list[str]:
    """Return MiniBrowser's options. Full screen: no toolbar, which would limit how narrow a page can be."""
    chosen = ["--automation", "--full-screen", "--enable-media-stream=true"]
    if options.camera:
        chosen.append("--enable-mock-capture-devices=true")
    if options.dark:
        chosen.append("--dark-mode")
    return chosen


class WebKitPage(Page):
    """A tab of MiniBrowser."""

    can_go_offline: ClassVar[bool] = False
    has_quota: ClassVar[bool] = False
    sees_errors: ClassVar[bool] = False

    def __init__(self, port: int, home: str, options: Options) -> None:
        super().__init__(home)
        self._port = port
        self._session = ""
        self._earlier: list[str] = []  # errors of documents that were left
        browser = {"binary": str(next(Path("/").glob(BROWSERS[1:]))), "args": arguments(options)}
        capabilities = {
            "webkitgtk:browserOptions": browser,
            "timeouts": {"script": int(1000 * SCRIPT_TIMEOUT)},
        }
        opened = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{opened['sessionId']}"
        self.set_viewport(*options.viewport)

    def close(self) -> None:
        """End the session, and with it the browser."""
        self._send("DELETE", "")

    def _send(self, method: str, path: str, body: dict | None = None):
        """Send a command and return its value. Raises RuntimeError if the driver refuses it."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SCRIPT_TIMEOUT + 20)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, self._session + path, data, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value and "stacktrace" in value:
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def goto(self, path: str = "") -> None:
        self._earlier = self.errors()
        self._send("POST", "/url", {"url": self.home + path})
        self._collect_errors()

    def reload(self) -> None:
        self._earlier = self.errors()
        self._send("POST", "/refresh", {})
        self._collect_errors()

    def back(self) -> None:
        self._send("POST", "/back", {})

    def evaluate(self, function: str, *arguments: object):
        body = {"script": CALL % function, "args": [list(arguments)]}
        result = self._send("POST", "/execute/async", body)
        if "error" in result:
            raise JavaScriptError(result["error"])
        return result.get("value")

    def press(self, *keys: str) -> None:
        self._send("POST", "/actions", {"actions": key_actions(*keys)})

    def _set_viewport(self, width: int, height: int) -> tuple[int, int]:
        got = self._send("POST", "/window/rect", {"width": width, "height": height})
        return got["width"], got["height"]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def set_offline(self, offline: bool) -> None:
        raise NotImplementedError("WebKitWebDriver cannot cut the network: stop the host")

    def errors(self) -> list[str]:
        return self._earlier + self.evaluate("() => window.collectedErrors ?? []")

    def _element(self, selector: str) -> str:
        using = "xpath" if selector.startswith("//") else "css selector"
        return self._send("POST", "/element", {"using": using, "value": selector})[ELEMENT]

    def _click(self, selector: str, right: int = 0, down: int = 0) -> None:
        element = self._element(selector)
        if right or down:
            self._send("POST", "/actions", {"actions": click_actions({ELEMENT: element}, right, down)})
        else:
            self._send("POST", f"/element/{element}/click", {})

    def _set_files(self, selector: str, paths: Sequence[str]) -> None:
        self._send("POST", f"/element/{self._element(selector)}/value", {"text": "\n".join(paths)})

    def _collect_errors(self) -> None:
        """Collect errors from now on; a host may have put the script into the document before all others."""
        self.evaluate(f"() => {{ {COLLECT_ERRORS} }}")
