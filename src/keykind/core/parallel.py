"""Work on many items at once, answers in the order of the items.

In:    a function and items
Out:   its results, in order; never more than a few items ahead of the reader
Needs: nothing beyond Python

What does the work is called an engine: `ordered` here, of this process's threads; scale.py has another.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 4  # items in work or waiting, for each worker
_thread = threading.local()


class Engine(Protocol):
    """Whatever does work on many items at once."""

    def __call__(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield work(item) for each item, in order; the first exception where its result would stand."""


def workers() -> int:
    """Return how many threads keep the processors busy: decoding and LiteRT release Python's lock."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(count: int, name: str = "") -> ThreadPoolExecutor:
    """Return so many threads, in which `ordered` begins no others: they keep the processors busy."""

    return ThreadPoolExecutor(count, thread_name_prefix=name, initializer=begin_no_threads)


def begin_no_threads() -> None:
    """Let `ordered` work in the calling thread itself from now on, where others keep the processors busy."""
    _thread.at_work = True


def ordered(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield work(item) for each item, in order, computed in threads; memory stays bounded for any number.

    The first exception, of the work or of the items, is raised where its result would stand; what was not
    begun is dropped. Work that calls this itself does its part in its own thread: the others are busy.
    """
    if getattr(_thread, "at_work", False):
        yield from map(work, items)
        return
    count = workers()
    waiting: deque[Future[R]] = deque()
    pool = threads(count)
    try:
        for future in _futures(pool, work, items):
            waiting.append(future)
            while waiting and (len(waiting) >= AHEAD * count or waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _futures(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[Future[R]]:
    """Yield the work on each item; if the items end in an exception, that as the last one's result."""
    try:
        for item in items:
            yield pool.submit(work, item)
    except Exception as error:  # noqa: BLE001 - raised again where it stands
        last: Future[R] = Future()
        last.set_exception(error)
        yield last
