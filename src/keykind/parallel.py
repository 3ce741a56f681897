"""Work on many items at once, answers in the order of the items.

In:    a function and items
Out:   its results, in order; never more than a few items ahead of the reader
Needs: nothing beyond Python
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 4  # items in work or waiting, for each worker


def workers() -> int:
    """Return how many threads keep the processors busy: decoding and LiteRT release Python's lock."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield work(item) for each item, in order, computed in threads; memory stays bounded for any number.

    The first exception is raised where its result would stand; what was not begun is dropped.
    """
    count = workers()
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(count)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= AHEAD * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
