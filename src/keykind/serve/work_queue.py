"""A queue of accepted work with limits on its expected time and on memory, done in a thread.

In:    slow functions with the weight of each; the number of bytes in memory that wait for them
Out:   their results; Busy if a limit is reached
Needs: numpy, pillow (for the type of a photo)

Requests take turns photo by photo, so that a request with many photos does not block those with one. A thread
cannot be stopped: the response to a request that times out is not delayed, but its running photo counts
against the limits until it is done.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from keykind.core.parallel import thread_pool
from keykind.serve.cost import CostEstimate

Result = TypeVar("Result")
CheckClient = Callable[[], Awaitable[None]]  # raises if the client is gone
OnChange = Callable[[float], None]  # called with the expected seconds of all accepted work


class Busy(Exception):
    """The queue is full, or a request took too long."""


class WorkQueue:
    """The requests that one worker has accepted and not finished; for use in one event loop.

    Work is done in one thread: the event loop needs the rest of the CPU, other CPUs have their own workers.
    """

    def __init__(
        self, max_wait: float, max_buffered_bytes: int, timeout: float, on_change: OnChange = lambda _: None
    ) -> None:
        """Set the limits: expected seconds of waiting, bytes, and seconds to wait and be processed."""
        self.buffered_bytes, self.cost = 0, CostEstimate()
        self.max_buffered_bytes, self.timeout = max_buffered_bytes, timeout
        self.turn, self.thread = asyncio.Lock(), thread_pool(1, "photos")
        self.accepted: dict[Reservation, deque[float]] = {}  # the weights of the photos that are left of each
        self._max_wait, self._on_change = max_wait, on_change

    @contextmanager
    def reserve(self, check_client: CheckClient) -> Iterator["Reservation"]:
        """Yield the reservation of one request, released when the block ends. Raises Busy."""
        self.check()
        reservation = Reservation(self, check_client)
        try:
            yield reservation
        finally:
            reservation.release()

    def check(self, photos: int = 1) -> None:
        """Raise Busy if a new request with so many photos would wait too long, or memory is full."""
        if self.expected_wait(photos) > self._max_wait or self.buffered_bytes >= self.max_buffered_bytes:
            raise Busy

    def expected_wait(self, photos: int) -> float:
        """Return how long a new request with so many photos is expected to wait for others, s.

        They take turns, so each of the others is processed for at most that many photos first.
        """
        return self.cost.seconds * sum(sum(islice(left, photos)) for left in self.accepted.values())

    @property
    def backlog(self) -> float:
        """Return the expected time of all accepted work, s."""
        return self.cost.seconds * sum(map(sum, self.accepted.values()))

    @property
    def retry_after(self) -> int:
        """Return the expected time until everything accepted so far is done, whole s, at least 1."""
        return max(math.ceil(self.backlog), 1)

    def report(self) -> None:
        """Report the expected time of all accepted work."""
        self._on_change(self.backlog)


class Reservation:
    """One request's share of a queue: bytes in memory, photos that are left, turns of the thread."""

    def __init__(self, queue: WorkQueue, check_client: CheckClient) -> None:
        """Start without bytes or photos."""
        self._queue, self._check_client = queue, check_client
        self._bytes = 0
        self._running: asyncio.Future[Any] | None = None

    def add_bytes(self, count: int) -> None:
        """Count bytes that are kept in memory. Raises Busy if there is no room for them."""
        self._bytes += count
        self._queue.buffered_bytes += count
        if self._queue.buffered_bytes > self._queue.max_buffered_bytes:
            raise Busy

    @asynccontextmanager
    async def accept(self, weights: Sequence[float]) -> AsyncIterator[None]:
        """Accept photos with these weights. Raises Busy if they would wait too long or it times out."""
        self._queue.check(len(weights))
        self._queue.accepted[self] = deque(weights)
        self._queue.report()
        try:
            async with asyncio.timeout(self._queue.timeout):
                yield
        except TimeoutError as error:
            raise Busy from error

    async def run(
        self, function: Callable[[], Result], is_typical: Callable[[Result], bool] = lambda _: True
    ) -> Result:
        """Run the function for the next accepted photo when it is its turn, in the thread; return its result.

        is_typical: whether the time for this result says what other photos will take.
        Raises what `check_client` and the function raise.
        """
        await self._queue.turn.acquire()
        try:
            await self._check_client()
            future = asyncio.get_running_loop().run_in_executor(self._queue.thread, function)
        except BaseException:
            self._queue.turn.release()
            raise
        self._running = future
        future.add_done_callback(partial(self._end_turn, time.monotonic(), is_typical))
        return await asyncio.shield(future)

    def _end_turn(self, start: float, is_typical: Callable[[Any], bool], done: "asyncio.Future[Any]") -> None:
        """Free the thread for the next turn, and learn what this one took."""
        self._running = None
        self._queue.turn.release()
        weight = self._queue.accepted[self].popleft()
        if not done.cancelled() and not done.exception() and is_typical(done.result()):
            self._queue.cost.add(time.monotonic() - start, weight)
        self._queue.report()

    def release(self) -> None:
        """Give everything back, except for a running photo: that once the thread no longer works on it."""
        if self._running:
            left = self._queue.accepted[self]
            while len(left) > 1:
                left.pop()
            self._running.add_done_callback(lambda _: self._give_back())
        else:
            self._give_back()

    def _give_back(self) -> None:
        self._queue.buffered_bytes -= self._bytes
        self._queue.accepted.pop(self, None)
        self._queue.report()
