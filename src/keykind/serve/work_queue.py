"""Accepted work -> done in threads, no more of it at once than was agreed.

In:    functions that take long, bytes that wait for them
Out:   their results; Busy where there is too much already
Needs: nothing beyond Python

Requests take turns photo by photo, so one of many photos does not hold up those of one. A thread cannot be
stopped: a request that is given up is answered in time, but has its bytes, place and turn until it is done.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

from keykind.core.parallel import threads

Result = TypeVar("Result")
Wanted = Callable[[], Awaitable[None]]  # raises where nobody waits for the result any more

FIRST_GUESS = 0.1  # seconds that a turn takes, before one was measured
WEIGHT = 0.1  # of the newest turn in the average


class Busy(Exception):
    """There is no room for more work, or it took too long."""


class WorkQueue:
    """What one worker has accepted and not yet done. For one event loop.

    One thread: beside it the event loop receives and sends, and other processors are for other workers.
    """

    def __init__(self, most_waiting: int, most_held: int, seconds: float) -> None:
        """Take the limits: requests, bytes, and seconds that a request may wait and be worked at."""
        self.waiting = self.held = 0
        self.most_held, self.seconds = most_held, seconds
        self.turn, self.thread = asyncio.Lock(), threads(1, "photos")
        self._most_waiting = most_waiting
        self._took = FIRST_GUESS  # seconds of recent turns, on average

    @contextmanager
    def claim(self, wanted: Wanted) -> Iterator["Claim"]:
        """Give what one request has of the desk, for as long as the context lasts. Raises Busy."""
        self.check()
        claim = Claim(self, wanted)
        try:
            yield claim
        finally:
            claim.end()

    def check(self) -> None:
        """Raise Busy where there is no room for another request."""
        if self.waiting >= self._most_waiting or self.held >= self.most_held:
            raise Busy

    def end_turn(self, start: float, _: "asyncio.Future[Any]") -> None:
        """Let the next one have the thread."""
        self.turn.release()
        self._took += WEIGHT * (time.monotonic() - start - self._took)

    @property
    def wait(self) -> int:
        """Return in how many seconds there should be room again, at least 1."""
        return max(round(self.waiting * self._took), 1)


class Claim:
    """What one request has of a desk: room for its bytes, a place, the thread when it is its turn."""

    def __init__(self, desk: WorkQueue, wanted: Wanted) -> None:
        """Begin with nothing."""
        self._desk, self._wanted = desk, wanted
        self._held = self._places = 0
        self._job: asyncio.Future[Any] | None = None  # the last one

    def hold(self, count: int) -> None:
        """Count bytes that are held. Raises Busy where there is no room for them."""
        self._held += count
        self._desk.held += count
        if self._desk.held > self._desk.most_held:
            raise Busy

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Accept the request. Raises Busy where there is no room, or no time for what the context does."""
        self._desk.check()
        self._places += 1
        self._desk.waiting += 1
        try:
            async with asyncio.timeout(self._desk.seconds):
                yield
        except TimeoutError as error:
            raise Busy from error

    async def work(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns, from the thread, when it is this one's turn and still wanted."""
        await self._desk.turn.acquire()
        try:
            await self._wanted()
            job = asyncio.get_running_loop().run_in_executor(self._desk.thread, function)
        except BaseException:
            self._desk.turn.release()
            raise
        job.add_done_callback(partial(self._desk.end_turn, time.monotonic()))
        self._job = job
        return await asyncio.shield(job)

    def end(self) -> None:
        """Give everything back once no thread works for the request."""
        if self._job and not self._job.done():
            self._job.add_done_callback(lambda _: self._give_back())
        else:
            self._give_back()

    def _give_back(self) -> None:
        self._desk.held -= self._held
        self._desk.waiting -= self._places
