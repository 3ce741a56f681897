"""How far long work has come, for a person at a terminal.

In:    an iterable and how many items it has
Out:   the same items; a bar on stderr when that is a terminal, nothing otherwise
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
    """Yield the items while a bar with the time left grows on stderr.

    total: how many items there are; doing: what is done, e.g. "features".
    """
    if sys.stderr is None or not sys.stderr.isatty() or not total:
        yield from items
        return
    start = drawn = time.monotonic()
    try:
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - drawn > REDRAW or done == total:
                drawn = now
                left = (now - start) / done * (total - done)
                bar = "━" * round(WIDTH * done / total)
                sys.stderr.write(f"\r{doing:<14} {bar:<{WIDTH}} {done}/{total}  {left:.0f} s left \x1b[K")
    finally:  # also before the words of a fault
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
