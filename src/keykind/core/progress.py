"""How far long work has come, for a person at a terminal.

In:    an iterable and how many items it has, where that is known
Out:   the same items; a bar or a count on stderr when that is a terminal, nothing otherwise
Needs: nothing beyond Python
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
REDRAW = 0.1  # seconds between two drawings of the bar
WIDTH = 30  # signs


def progress(items: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """Yield the items while a bar with the time left, or a count of unknown many, grows on stderr.

    total: how many items there are, 0 if unknown; doing: what is done, e.g. "features".
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield from items
        return
    start = drawn = time.monotonic()
    shown = False
    try:
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - drawn > REDRAW or done == total:
                drawn, shown = now, True
                sys.stderr.write(f"\r{doing:<14} {_come(done, total, now - start)} \x1b[K")
    finally:  # also before the words of a fault
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _come(done: int, total: int, seconds: float) -> str:
    """Return how far the work has come in so many seconds."""
    if not total:
        return f"{done:,}  {done / max(seconds, REDRAW):.0f} a second"
    bar = "━" * round(WIDTH * done / total)
    return f"{bar:<{WIDTH}} {done}/{total}  {seconds / done * (total - done):.0f} s left"
