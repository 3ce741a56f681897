"""Photos sent over HTTP -> how many were answered, and how soon.

In:    the address of a route that takes a form with a photo; photos; how often to ask
Out:   Load: statuses, seconds, memory of the service over time
Needs: httpx2
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx2
import numpy as np

CLIENTS = 6  # that measure the capacity
WARM = 12  # requests before anything is measured
PATIENCE = 60  # seconds
LOST = 0  # in place of a status: no answer


@dataclass(slots=True)
class Load:
    """What came of requests."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)  # of those answered with 200, in seconds
    memory: list[int] = field(default_factory=list)  # bytes, each second

    @property
    def rate(self) -> float:
        """Return the photos that were answered each second."""
        return self.statuses[200] / self.seconds

    def percentile(self, share: float) -> float:
        """Return in how many seconds that share of the photos was answered."""
        return float(np.quantile(self.times, share)) if self.times else float("nan")


class Asker:
    """Clients of one service."""

    def __init__(self, url: str, photos: Sequence[bytes], memory: Callable[[], int]) -> None:
        """Take whom to ask, what, and how to tell the memory of the service in bytes."""
        self._url, self._photos, self._memory = url, photos, memory
        self._count, self.load = 0, Load()
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(limits=limits, timeout=PATIENCE)

    async def ask(self) -> None:
        """Ask once."""
        photo = self._photos[self._count % len(self._photos)]
        self._count += 1
        start = time.monotonic()
        try:
            answer = await self._client.post(self._url, files={"photo": ("photo.jpg", photo)})
            status = answer.status_code
        except httpx2.TransportError:
            status = LOST
        self.load.statuses[status] += 1
        if status == 200:
            self.load.times.append(time.monotonic() - start)

    async def again_and_again(self, seconds: float, clients: int = CLIENTS) -> Load:
        """Ask anew after each answer, for so long."""
        await asyncio.gather(*(self.ask() for _ in range(WARM)))
        self.load, start = Load(), time.monotonic()

        async def one() -> None:
            while time.monotonic() < start + seconds:
                await self.ask()

        await asyncio.gather(*(one() for _ in range(clients)), self._watch(start + seconds))
        return self._ended(start)

    async def at_random(self, rate: float, seconds: float, seed: int = 0) -> Load:
        """Ask so many times a second on average, for so long, whatever comes of it."""
        self.load, start, rng = Load(), time.monotonic(), np.random.default_rng(seed)
        watch, tasks = asyncio.create_task(self._watch(start + seconds)), set()
        moment = start
        while (moment := moment + rng.exponential(1 / rate)) < start + seconds:
            await asyncio.sleep(max(moment - time.monotonic(), 0))
            task = asyncio.create_task(self.ask())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(watch, *tasks)
        return self._ended(start)

    def _ended(self, start: float) -> Load:
        self.load.seconds = time.monotonic() - start
        return self.load

    async def _watch(self, end: float) -> None:
        while time.monotonic() < end:
            self.load.memory.append(self._memory())
            await asyncio.sleep(1)
