"""A function of a number -> its results in order, computed by worker processes.

In:    a function that prepares a worker and returns the function; numbers
Out:   the results, in the order of the numbers, however many processes there are
Needs: nothing beyond Python
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from keykind.core.errors import KeykindError
from keykind.core.parent import exit_with_parent

PREFETCH = 2  # results requested per process: one in the making, one waiting
NICENESS = 5  # of the workers: the process that waits for their results goes first

T = TypeVar("T")


def in_workers(
    prepare: Callable[[], Callable[[int], T]], numbers: Iterable[int], processes: int
) -> Generator[T, None, None]:
    """Yield the results for these numbers. prepare: called once in each process; can be pickled.

    Raises what the function raises, and KeykindError if a worker ended: it was killed, or `prepare` failed.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)  # workers live while this process holds `sender`
    pool = ProcessPoolExecutor(processes, context, initializer=_start, initargs=(receiver, prepare))
    pending: deque[Future[T]] = deque()
    try:
        for number in numbers:
            pending.append(pool.submit(_call, number))
            if len(pending) >= PREFETCH * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        fault = "ended: an error is printed above, or memory ran out"
        remedy = "correct it and run the same command again: it resumes"
        raise KeykindError("worker", fault=fault, remedy=remedy) from error
    finally:
        sender.close()
        pool.shutdown(wait=False, cancel_futures=True)
        receiver.close()


_function: Callable[[int], Any]  # of a worker process


def _start(receiver: Connection, prepare: Callable[[], Callable[[int], Any]]) -> None:
    """Prepare a worker process."""
    global _function  # noqa: PLW0603 - a process pool has no other place for what its workers keep
    exit_with_parent(receiver)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    _function = prepare()


def _call(number: int) -> Any:
    return _function(number)
