"""A page in Debian's Chromium, driven by Playwright.

In:    Options; a video for the camera
Out:   ChromiumPage
Needs: playwright, chromium
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from web_page import TIMEOUT, JavaScriptError, Options, Page

CAMERA = "--use-fake-device-for-media-stream"


class Chromium:
    """Starts browsers. Playwright's event loop occupies the thread until the `with` block ends."""

    name = "chromium"

    def __init__(self, video: Path | None = None) -> None:
        """Take the video that the camera shows, as Y4M; None: Chromium's own test picture."""
        self._video = video
        self._playwright = None

    @staticmethod
    def missing() -> str | None:
        """Return what is not installed; None: nothing."""
        try:
            import playwright.sync_api  # noqa: F401
        except ImportError:
            return "playwright is not installed"
        return None if shutil.which("chromium") else "Debian's chromium is not installed"

    def __enter__(self) -> "Chromium":
        from playwright.sync_api import sync_playwright

        self._manager = sync_playwright()
        self._playwright = self._manager.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._manager.__exit__(*exception)

    @contextmanager
    def open(self, home: str, options: Options | None = None) -> Iterator["ChromiumPage"]:
        """Yield a page in a new profile. All of Playwright's profiles are private ones."""
        options = options or Options()
        flags = ["--no-sandbox"]
        if options.camera:
            flags.append(CAMERA)
        if options.camera and self._video:
            flags.append(f"--use-file-for-fake-video-capture={self._video}")
        browser = self._playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        width, height = options.viewport
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if options.dark else "light",
            permissions=["camera"],
            locale="en-GB",
        )
        context.set_default_timeout(1000 * TIMEOUT)
        try:
            page = ChromiumPage(context.new_page(), home)
            if options.quota is not None:
                page.limit_storage(options.quota)
            yield page
        finally:
            browser.close()


class ChromiumPage(Page):
    """A page of Playwright's."""

    def __init__(self, page, home: str) -> None:
        super().__init__(home)
        self._page = page
        self._errors: list[str] = []
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self._errors.append(line.text))

    def limit_storage(self, quota: int) -> None:
        """Let the app store at most `quota` bytes."""
        session = self._page.context.new_cdp_session(self._page)
        parameters = {"origin": self.home, "quotaSize": quota}
        session.send("Storage.overrideQuotaForOrigin", parameters)

    def goto(self, path: str = "") -> None:
        self._page.goto(self.home + path)

    def reload(self) -> None:
        self._page.reload()

    def back(self) -> None:
        self._page.go_back()

    def evaluate(self, function: str, *arguments: object):
        from playwright.sync_api import Error

        try:
            return self._page.evaluate(f"values => ({function})(...values)", list(arguments))
        except Error as error:
            raise JavaScriptError(error.message) from error

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.keyboard.press(key)

    def _set_viewport(self, width: int, height: int) -> tuple[int, int]:
        self._page.set_viewport_size({"width": width, "height": height})
        return width, height

    def screenshot(self, path: Path) -> None:
        self._page.screenshot(path=path)

    def set_offline(self, offline: bool) -> None:
        self._page.context.set_offline(offline)

    def errors(self) -> list[str]:
        self.evaluate("() => 0")  # events arrive before answers
        return list(self._errors)

    def _click(self, selector: str, right: int = 0, down: int = 0) -> None:
        element = self._page.locator(selector).first
        box = element.bounding_box()
        place = {"x": box["width"] / 2 + right, "y": box["height"] / 2 + down}
        element.click(position=place if right or down else None)

    def _set_files(self, selector: str, paths: Sequence[str]) -> None:
        self._page.locator(selector).first.set_input_files(list(paths))
