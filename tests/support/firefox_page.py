"""A page in Debian's Firefox, driven by WebDriver BiDi.

In:    Options
Out:   FirefoxPage
Needs: websockets, firefox-esr

Firefox serves BiDi itself, without geckodriver. Playwright 1.65 can drive an installed Firefox by BiDi, too
(channel "moz-firefox"), but opens profiles with a command that Firefox 153 lacks: setMediaFeaturesOverride.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bidi import Session, session
from web_page import FIND, JavaScriptError, Options, Page
from webdriver_keys import click_actions, key_actions

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES: dict[str, object] = {
    "app.normandy.enabled": False,  # no requests of the browser's own
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "en-GB, en",
    "media.navigator.permission.disabled": True,  # the camera needs no permission
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """Starts browsers."""

    name = "firefox"

    @staticmethod
    def missing() -> str | None:
        """Return what is not installed; None: nothing."""
        try:
            import websockets.sync.client  # noqa: F401
        except ImportError:
            return "websockets is not installed"
        return None if shutil.which("firefox-esr") else "Debian's firefox-esr is not installed"

    def __enter__(self) -> "Firefox":
        return self

    def __exit__(self, *exception: object) -> None:
        pass  # each page has its own browser

    @contextmanager
    def open(self, home: str, options: Options | None = None) -> Iterator["FirefoxPage"]:
        """Yield a page in a new profile."""
        options = options or Options()
        with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
            write_preferences(Path(profile), preferences(options))
            with running(Path(profile)) as address:
                errors: list[str] = []
                with session(address, lambda name, event: note_error(errors, name, event)) as opened:
                    opened.send("session.subscribe", events=["log.entryAdded"])
                    page = FirefoxPage(opened, home, errors)
                    page.set_viewport(*options.viewport)
                    yield page


def preferences(options: Options) -> dict[str, object]:
    """Return Firefox's preferences for a profile."""
    chosen = PREFERENCES | {
        "media.navigator.streams.fake": options.camera,
        "browser.privatebrowsing.autostart": options.private,
        "layout.css.prefers-color-scheme.content-override": 0 if options.dark else 1,
    }
    if options.quota is not None:
        chosen["dom.quotaManager.temporaryStorage.fixedLimit"] = options.quota // 1024
    return chosen


def write_preferences(profile: Path, values: dict[str, object]) -> None:
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in values.items()]
    (profile / "user.js").write_text("".join(lines), "utf-8")


@contextmanager
def running(profile: Path) -> Iterator[str]:
    """Start Firefox and yield the address of its websocket; it ends with the block."""
    log = profile / "firefox.log"
    flags = ["--headless", "--no-remote", "--remote-debugging-port=0"]
    command = ["firefox-esr", *flags, "--profile", str(profile)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        yield wait_for_line(process, log, LISTENING)
    finally:
        try:
            process.wait(20)  # the session has closed it
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_line(process: subprocess.Popen, log: Path, pattern: re.Pattern[str], timeout: float = 60) -> str:
    """Return the first group of a pattern, as soon as a process has written it to its log."""
    end = time.monotonic() + timeout
    while not (match := pattern.search(log.read_text("utf-8", "replace"))):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            last = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{process.args[0]} did not start: {last}")
        time.sleep(0.05)
    return match[1]


def note_error(errors: list[str], name: str, event: dict) -> None:
    if name == "log.entryAdded" and event["level"] == "error":
        errors.append(str(event["text"]))


class FirefoxPage(Page):
    """A tab of Firefox."""

    def __init__(self, opened: Session, home: str, errors: list[str]) -> None:
        """Take the list to which errors are added as the session learns of them."""
        super().__init__(home)
        self._session, self._errors = opened, errors
        tree = opened.send("browsingContext.getTree", maxDepth=0)
        self._context = tree["contexts"][0]["context"]

    def _send(self, method: str, **parameters: object) -> dict:
        return self._session.send(method, context=self._context, **parameters)

    def goto(self, path: str = "") -> None:
        self._send("browsingContext.navigate", url=self.home + path, wait="complete")

    def reload(self) -> None:
        self._send("browsingContext.reload", wait="complete")

    def back(self) -> None:
        self._send("browsingContext.traverseHistory", delta=-1)

    def evaluate(self, function: str, *arguments: object):
        # Values cross as JSON: BiDi's own serialisation has a form for each type.
        values = json.dumps(json.dumps(arguments))
        code = f"(async () => JSON.stringify(await ({function})(...JSON.parse({values}))) ?? 'null')()"
        return json.loads(self._script(code)["value"])

    def _script(self, expression: str) -> dict:
        result = self._session.send(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=False,
        )
        if result["type"] == "exception":
            raise JavaScriptError(result["exceptionDetails"]["text"])
        return result["result"]

    def _element(self, selector: str) -> dict:
        return {"sharedId": self._script(f"{FIND}({json.dumps(selector)})")["sharedId"]}

    def press(self, *keys: str) -> None:
        self._send("input.performActions", actions=key_actions(*keys))

    def _set_viewport(self, width: int, height: int) -> tuple[int, int]:
        self._send("browsingContext.setViewport", viewport={"width": width, "height": height})
        return width, height

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._send("browsingContext.captureScreenshot")["data"]))

    def set_offline(self, offline: bool) -> None:
        conditions = {"type": "offline"} if offline else None
        self._session.send(
            "emulation.setNetworkConditions", networkConditions=conditions, contexts=[self._context]
        )

    def errors(self) -> list[str]:
        self.evaluate("() => 0")  # events arrive with answers
        return list(self._errors)

    def _click(self, selector: str, right: int = 0, down: int = 0) -> None:
        self.evaluate(f"selector => {FIND}(selector).scrollIntoView({{block: 'nearest'}})", selector)
        element = {"type": "element", "element": self._element(selector)}
        self._send("input.performActions", actions=click_actions(element, right, down))

    def _set_files(self, selector: str, paths: Sequence[str]) -> None:
        self._send("input.setFiles", element=self._element(selector), files=list(paths))
