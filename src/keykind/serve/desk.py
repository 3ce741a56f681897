"""Accepted work -> done in threads, no more of it at once than was agreed.

In:    functions that take long, bytes that wait for them
Out:   their results; Busy where there is too much already
Needs: nothing beyond Python

Requests take turns photo by photo, so one of many photos does not hold up those of one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from keykind.parallel import threads

Result = TypeVar("Result")

FIRST_GUESS = 0.1  # seconds that a turn takes, before one was measured
WEIGHT = 0.1  # of the newest turn in the average


class Busy(Exception):
    """There is no room for more work, or it took too long."""


class Desk:
    """What one worker has accepted and not yet answered. For one event loop.

    One thread: beside it the event loop receives and sends, and other processors are for other workers.
    """

    def __init__(self, most_waiting: int, most_held: int, seconds: float) -> None:
        """Take the limits: requests, bytes, and seconds that a request may wait and be worked at."""
        self.waiting = self.held = 0
        self._most_waiting, self._most_held, self._seconds = most_waiting, most_held, seconds
        self._turn = asyncio.Semaphore(1)
        self._thread = threads(1, "photos")
        self._took = FIRST_GUESS  # seconds of recent turns, on average

    @contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """Give a function that counts bytes which are held for as long as the context lasts.

        Raises Busy, and the function does, where there is no room for them, nor for the work they mean.
        """
        self._check()
        mine = 0

        def hold(count: int) -> None:
            nonlocal mine
            mine += count
            self.held += count
            if self.held > self._most_held:
                raise Busy

        try:
            yield hold
        finally:
            self.held -= mine

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Accept a request while the context lasts. Raises Busy where there is no room, or no time."""
        self._check()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise Busy from error
        finally:
            self.waiting -= 1

    async def work(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns, from the thread, when it is this one's turn."""
        async with self._turn:
            start = time.monotonic()
            result = await asyncio.get_running_loop().run_in_executor(self._thread, function)
            self._took += WEIGHT * (time.monotonic() - start - self._took)
            return result

    @property
    def wait(self) -> int:
        """Return in how many seconds there should be room again, at least 1."""
        return max(round(self.waiting * self._took), 1)

    def _check(self) -> None:
        if self.waiting >= self._most_waiting or self.held >= self._most_held:
            raise Busy
