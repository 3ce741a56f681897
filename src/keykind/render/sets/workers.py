"""Run tasks in worker processes, such that a failing task does not stop the others.

In:    function, tasks, number of processes
Out:   each finished task with its exception, or None
Needs: nothing beyond Python
"""

import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from keykind.core.errors import KeykindError
from keykind.core.parent import exit_with_parent

T = TypeVar("T")
PREFETCH = 2  # tasks submitted per process: one running, one queued


def run_in_processes(
    function: Callable[[T], None], tasks: Iterable[T], processes: int
) -> Generator[tuple[T, BaseException | None], None, None]:
    """Yield (task, exception or None) as function(task) finishes in one of the processes, in any order.

    Close the generator to stop early; running tasks are dropped. The workers exit with this process, even if
    it is killed. Raises KeykindError if a worker was killed.
    """
    remaining = iter(tasks)
    pending: dict[Future[None], T] = {}
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)  # workers live while this process holds `sender`
    pool = ProcessPoolExecutor(processes, context, initializer=exit_with_parent, initargs=(receiver,))
    try:
        while True:
            with _sigint_blocked():
                for task in islice(remaining, PREFETCH * processes - len(pending)):
                    pending[pool.submit(function, task)] = task
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                if isinstance(error := future.exception(), BrokenProcessPool):
                    raise error
                yield pending.pop(future), error
    except BrokenProcessPool as error:
        raise KeykindError(
            "worker",
            fault="was killed, perhaps because memory ran out; finished photos are kept",
            remedy="run the same command again, with fewer workers if memory is short",
        ) from error
    finally:
        sender.close()
        pool.shutdown(cancel_futures=True)
        receiver.close()


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT for workers started here: on Ctrl-C Mitsuba would return a half-rendered photo."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
