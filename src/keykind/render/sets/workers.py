"""Tasks -> done by several processes, whatever becomes of one of them.

In:    what to do with a task, tasks, how many processes
Out:   each task as it is done, with its fault if it has one
Needs: nothing beyond Python
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

from keykind.core.errors import KeykindError

T = TypeVar("T")
AHEAD = 2  # tasks in work or waiting, for each process


def spread(
    do: Callable[[T], None], tasks: Iterable[T], processes: int
) -> Generator[tuple[T, BaseException | None], None, None]:
    """Yield each task once do(task) ended in one of the processes, and what it raised, in no fixed order.

    Close the generator to stop early: what is in work is dropped. The processes end with this one, even if it
    is killed. Raises KeykindError if one of them was killed.
    """
    left = iter(tasks)
    waiting: dict[Future[None], T] = {}
    context = get_context("spawn")
    lives, life = context.Pipe(duplex=False)  # while this process holds `life` the others go on
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(lives,))
    try:
        while True:
            with _deaf():
                for task in islice(left, AHEAD * processes - len(waiting)):
                    waiting[pool.submit(do, task)] = task
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                if isinstance(fault := future.exception(), BrokenProcessPool):
                    raise fault
                yield waiting.pop(future), fault
    except BrokenProcessPool as error:
        raise KeykindError(
            "worker",
            fault="a process that rendered was killed, perhaps for lack of memory; finished photos are kept",
            remedy="run the same command again, with fewer workers if memory is short",
        ) from error
    finally:
        life.close()
        pool.shutdown(cancel_futures=True)
        lives.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: Mitsuba would answer it with a half-rendered photo."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(lives: Connection) -> None:
    """Let this process end as soon as the one that started it lets go."""
    threading.Thread(target=_end_with, args=(lives,), daemon=True).start()


def _end_with(lives: Connection) -> None:
    lives.poll(None)
    os._exit(1)
