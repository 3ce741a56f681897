"""Accepted work -> done in threads, no more of it at once than was agreed.

In:    functions that take long, bytes that wait for them
Out:   their results; Busy where there is too much already
Needs: nothing beyond Python
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")


class BusyError(Exception):
    """There is no room for more work, or it waited too long."""


class Desk:
    """What one worker has accepted and not yet answered. For one event loop."""

    def __init__(self, most_at_once: int, most_held: int, seconds: float, threads: int = 1) -> None:
        """Take the limits: requests, bytes, and seconds that work may wait for a thread."""
        self.accepted = self.held = 0
        self._most_at_once, self._most_held, self._seconds = most_at_once, most_held, seconds
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="photos")
        self._took = 0.1  # seconds that recent work took, on average

    @contextmanager
    def admitted(self) -> Iterator["Ticket"]:
        """Accept a request for as long as the context lasts. Raises BusyError where there is no room."""
        if self.accepted >= self._most_at_once or self.held >= self._most_held:
            raise BusyError
        self.accepted += 1
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            self.accepted -= 1
            self.held -= ticket.held

    @property
    def wait(self) -> int:
        """Return in how many seconds there should be room again, at least 1."""
        return max(round(self.accepted * self._took), 1)

    async def work(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns, from a thread. Raises BusyError if none was free in time."""
        latest = time.monotonic() + self._seconds

        def begun() -> Result:
            start = time.monotonic()
            if start > latest:
                raise BusyError
            result = function()
            self._took += 0.1 * (time.monotonic() - start - self._took)
            return result

        return await asyncio.get_running_loop().run_in_executor(self._threads, begun)

    def close(self) -> None:
        """Let work that has begun end, and begin none."""
        self._threads.shutdown(cancel_futures=True)


class Ticket:
    """An accepted request."""

    def __init__(self, desk: Desk) -> None:
        """Take where it was accepted."""
        self.held, self._desk = 0, desk

    def hold(self, count: int) -> None:
        """Count so many more bytes that wait. Raises BusyError where there is no room for them."""
        self.held += count
        self._desk.held += count
        if self._desk.held > self._desk._most_held:
            raise BusyError
