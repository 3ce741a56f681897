"""A queue of accepted work with fixed limits, done in a thread.

In:    slow functions; the number of bytes in memory that wait for them
Out:   their results; Busy if a limit is reached
Needs: nothing beyond Python

Requests take turns photo by photo, so that a request with many photos does not block those with one. A thread
cannot be stopped: the response to a request that times out is not delayed, but the request counts against the
limits until its running photo is done.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

from keykind.core.parallel import thread_pool

Result = TypeVar("Result")
CheckClient = Callable[[], Awaitable[None]]  # raises if the client is gone

INITIAL_SECONDS = 0.1  # assumed duration of a turn before the first is measured
WEIGHT = 0.1  # of the latest turn in the moving average


class Busy(Exception):
    """The queue is full, or a request took too long."""


class WorkQueue:
    """The requests that one worker has accepted and not finished; for use in one event loop.

    Work is done in one thread: the event loop needs the rest of the CPU, other CPUs have their own workers.
    """

    def __init__(self, max_pending: int, max_buffered_bytes: int, timeout: float) -> None:
        """Set the limits: requests, bytes, and seconds for a request to wait and be processed."""
        self.pending = self.buffered_bytes = 0
        self.max_buffered_bytes, self.timeout = max_buffered_bytes, timeout
        self.turn, self.thread = asyncio.Lock(), thread_pool(1, "photos")
        self._max_pending = max_pending
        self._turn_seconds = INITIAL_SECONDS  # moving average

    @contextmanager
    def reserve(self, check_client: CheckClient) -> Iterator["Reservation"]:
        """Yield the reservation of one request, released when the block ends. Raises Busy."""
        self.check()
        reservation = Reservation(self, check_client)
        try:
            yield reservation
        finally:
            reservation.release()

    def check(self) -> None:
        """Raise Busy if there is no room for another request."""
        if self.pending >= self._max_pending or self.buffered_bytes >= self.max_buffered_bytes:
            raise Busy

    def end_turn(self, start: float, _: "asyncio.Future[Any]") -> None:
        """Free the thread for the next turn."""
        self.turn.release()
        self._turn_seconds += WEIGHT * (time.monotonic() - start - self._turn_seconds)

    @property
    def retry_after(self) -> int:
        """Return the estimated time until there is room again, s, at least 1."""
        return max(round(self.pending * self._turn_seconds), 1)


class Reservation:
    """One request's share of a queue: bytes in memory, a pending request, turns of the thread."""

    def __init__(self, queue: WorkQueue, check_client: CheckClient) -> None:
        """Start without bytes or requests."""
        self._queue, self._check_client = queue, check_client
        self._bytes = self._requests = 0
        self._last: asyncio.Future[Any] | None = None

    def add_bytes(self, count: int) -> None:
        """Count bytes that are kept in memory. Raises Busy if there is no room for them."""
        self._bytes += count
        self._queue.buffered_bytes += count
        if self._queue.buffered_bytes > self._queue.max_buffered_bytes:
            raise Busy

    @asynccontextmanager
    async def accept(self) -> AsyncIterator[None]:
        """Accept the request for processing. Raises Busy if there is no room, or the block times out."""
        self._queue.check()
        self._requests += 1
        self._queue.pending += 1
        try:
            async with asyncio.timeout(self._queue.timeout):
                yield
        except TimeoutError as error:
            raise Busy from error

    async def run(self, function: Callable[[], Result]) -> Result:
        """Run the function in the thread when it is its turn, and return its result.

        Raises what `check_client` and the function raise.
        """
        await self._queue.turn.acquire()
        try:
            await self._check_client()
            future = asyncio.get_running_loop().run_in_executor(self._queue.thread, function)
        except BaseException:
            self._queue.turn.release()
            raise
        future.add_done_callback(partial(self._queue.end_turn, time.monotonic()))
        self._last = future
        return await asyncio.shield(future)

    def release(self) -> None:
        """Give everything back once the thread no longer works on the request."""
        if self._last and not self._last.done():
            self._last.add_done_callback(lambda _: self._give_back())
        else:
            self._give_back()

    def _give_back(self) -> None:
        self._queue.buffered_bytes -= self._bytes
        self._queue.pending -= self._requests
