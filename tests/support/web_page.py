"""One page in one browser, whatever the engine -> what a user does with it, and JavaScript's answers.

In:    a URL of the app; CSS selectors, or XPath if they start with //
Out:   Page: navigation, clicks, keys, files, screenshots, values of JavaScript
Needs: nothing; the engines are in chromium_page.py, firefox_page.py and webkit_page.py

Only what all three engines can do is here. What an engine cannot is a class attribute of its page.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

TIMEOUT = 120.0  # s; the machine may be busy
INTERVAL = 0.1  # s between two looks at the page

# Element of a selector, or null.
FIND = """(selector => selector.startsWith('//')
    ? document.evaluate(selector, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue
    : document.querySelector(selector))"""
SHOWN = f"""selector => {{
    const element = {FIND}(selector);
    return element !== null && element.getClientRects().length > 0
        && getComputedStyle(element).visibility === 'visible';
}}"""
TEXTS = "selector => [...document.querySelectorAll(selector)].map(element => element.textContent.trim())"

# Collects what the console would show, for engines that do not report it to their drivers.
COLLECT_ERRORS = """(() => {
    if (window.collectedErrors) return;
    const errors = window.collectedErrors = [];
    addEventListener('error', event => errors.push(event.message || `cannot load ${event.target.src}`), true);
    addEventListener('unhandledrejection', event => errors.push(`unhandled: ${event.reason}`));
    addEventListener('securitypolicyviolation', event =>
        errors.push(`${event.violatedDirective} blocks ${event.blockedURI}`));
    const report = console.error;
    console.error = (...values) => { errors.push(values.join(' ')); report(...values); };
})()"""


class JavaScriptError(Exception):
    """JavaScript of a test threw an error."""


@dataclass(frozen=True, slots=True)
class Options:
    """A browser profile, and what it stands for."""

    private: bool = False  # a window that keeps nothing
    dark: bool = False  # the user prefers dark colours
    camera: bool = True  # an imitation that shows a picture; False: the device has none
    quota: int | None = None  # bytes that pages may store; None: the browser's default
    viewport: tuple[int, int] = (390, 844)  # CSS px


class Page(ABC):
    """A page in a profile of its own; paths are relative to `home`, the app's URL."""

    can_go_offline: ClassVar[bool] = True  # False: only stopping the host cuts the network
    has_quota: ClassVar[bool] = True  # False: the driver cannot limit the storage
    sees_errors: ClassVar[bool] = True  # False: only from when COLLECT_ERRORS runs in the document

    def __init__(self, home: str) -> None:
        self.home = home

    @abstractmethod
    def goto(self, path: str = "") -> None:
        """Open a page of the app, and wait for its load event."""

    @abstractmethod
    def reload(self) -> None:
        """Reload, and wait for the load event."""

    @abstractmethod
    def back(self) -> None:
        """Press the browser's Back button."""

    @abstractmethod
    def evaluate(self, function: str, *arguments: object):
        """Call a JavaScript function, which may be async; return its result, which must be JSON.

        Raises JavaScriptError if it throws.
        """

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or names in webdriver_keys.py."""

    @abstractmethod
    def screenshot(self, path: Path) -> None:
        """Save the viewport as PNG."""

    @abstractmethod
    def set_offline(self, offline: bool) -> None:
        """Cut the network off, or restore it; only if `can_go_offline`."""

    @abstractmethod
    def errors(self) -> list[str]:
        """Return the errors in the console since the profile was opened."""

    @abstractmethod
    def _click(self, selector: str, right: int = 0, down: int = 0) -> None:
        """Click an element; right, down: CSS px from its centre."""

    @abstractmethod
    def _set_viewport(self, width: int, height: int) -> tuple[int, int]:
        """Begin to resize the page; return the size that it gets: an engine may have a least width."""

    @abstractmethod
    def _set_files(self, selector: str, paths: Sequence[str]) -> None:
        """Give files to an <input type=file>, which may be hidden."""

    def click(self, selector: str, right: int = 0, down: int = 0) -> None:
        """Click an element as soon as it is shown; right, down: CSS px from its centre."""
        self.wait_for(selector)
        self._click(selector, right, down)

    def set_viewport(self, width: int, height: int) -> None:
        """Resize the page, in CSS px, and wait until it has its new size."""
        size = self._set_viewport(width, height)
        self.wait_until("(width, height) => innerWidth === width && innerHeight === height", *size)

    def set_files(self, selector: str, *paths: Path) -> None:
        """Choose files with an <input type=file>, as soon as it is there."""
        self.wait_until(f"selector => {FIND}(selector) !== null", selector)
        self._set_files(selector, [str(path.resolve()) for path in paths])

    def wait_until(self, condition: str, *arguments: object, timeout: float = TIMEOUT):
        """Call a JavaScript function until it returns a value that is true in Python; return the value."""
        end = time.monotonic() + timeout
        while not (value := self.evaluate(condition, *arguments)):
            if time.monotonic() > end:
                shown = self.evaluate("() => document.body.innerText")[:2000]
                raise TimeoutError(
                    f"not in {timeout:.0f} s: {condition} {arguments}; the page shows: {shown}"
                )
            time.sleep(INTERVAL)
        return value

    def wait_for(self, selector: str, timeout: float = TIMEOUT) -> None:
        """Wait until an element is shown."""
        self.wait_until(SHOWN, selector, timeout=timeout)

    def shows(self, selector: str) -> bool:
        """Return whether an element is shown."""
        return self.evaluate(SHOWN, selector)

    def texts(self, selector: str) -> list[str]:
        """Return the text of each element of a CSS selector."""
        return self.evaluate(TEXTS, selector)
