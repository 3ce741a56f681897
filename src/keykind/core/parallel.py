"""Map a function over many items in threads, in the order of the items.

In:    a function and items
Out:   its results, in order; never more than a few items ahead of the consumer
Needs: nothing beyond Python

An implementation of this map is called an engine: `parallel_map` here uses threads, scale.py uses Ray.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
PREFETCH = 4  # items submitted ahead of the consumer, per thread
MIN_SHARED = 4  # items of `short_map` from which several threads work on them
_thread = threading.local()


class Engine(Protocol):
    """A parallel map that keeps the order of the items."""

    def __call__(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield work(item) for each item, in order; an exception is raised in place of its result."""


def cpu_count() -> int:
    """Return the number of CPUs this process may use: decoding and LiteRT release the GIL."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_pool(count: int, name: str = "") -> ThreadPoolExecutor:
    """Return a pool of `count` threads in which `parallel_map` and `short_map` start no further ones."""

    return ThreadPoolExecutor(count, thread_name_prefix=name, initializer=disable_nested_threads)


def disable_nested_threads() -> None:
    """Make the maps below work in the calling thread itself from now on: the other CPUs are busy already."""
    _thread.is_worker = True


def parallel_map(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield work(item) for each item, in order, computed in threads with bounded memory.

    The first exception, from the work or from the items, is raised in place of its result, and what has not
    been started is dropped. A call from within the work runs in its own thread, because all CPUs are busy.
    """
    if getattr(_thread, "is_worker", False):
        yield from map(work, items)
        return
    count = cpu_count()
    pending: deque[Future[R]] = deque()
    pool = thread_pool(count)
    try:
        for future in _submit(pool, work, items):
            pending.append(future)
            while pending and (len(pending) >= PREFETCH * count or pending[0].done()):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def short_map(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return work(item) for each item, in order: like `parallel_map`, for work of a few milliseconds.

    This thread takes part, and the others are kept for the next call. Fewer than MIN_SHARED items are done in
    this thread: others, each with LiteRT interpreters of its own, would take longer to start. If items fail,
    the exception of one of them is raised once no thread works on any.
    """
    helpers = min(cpu_count(), len(items)) - 1
    if len(items) < MIN_SHARED or helpers < 1 or getattr(_thread, "is_worker", False):
        return list(map(work, items))
    results: dict[int, R] = {}
    pending = deque(enumerate(items))

    def take_turns() -> None:
        while True:
            try:
                index, item = pending.popleft()
            except IndexError:  # nothing is left; unlike a test before, this is atomic
                return
            results[index] = work(item)

    futures = [_short_pool().submit(take_turns) for _ in range(helpers)]
    try:
        take_turns()
    finally:
        pending.clear()
        started = [future for future in futures if not future.cancel()]
        wait(started)
    for future in started:
        future.result()
    return [results[index] for index in range(len(items))]


@cache
def _short_pool() -> ThreadPoolExecutor:
    return thread_pool(max(cpu_count() - 1, 1), "short")


def _submit(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[Future[R]]:
    """Yield a future per item; an exception of the iterable itself becomes the last future's result."""
    try:
        for item in items:
            yield pool.submit(work, item)
    except Exception as error:  # noqa: BLE001 - raised again when the consumer reaches it
        last: Future[R] = Future()
        last.set_exception(error)
        yield last
