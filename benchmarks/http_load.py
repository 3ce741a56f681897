"""Load generator: send photos over HTTP, count the responses and measure their latency.

In:    the URL of a route that takes a form with a photo; photos; how often to send them
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

CLIENTS = 6  # concurrent clients when the capacity is measured
WARM_UP = 12  # requests before anything is measured
TIMEOUT = 60  # seconds
LOST = 0  # in place of a status: no response
REFUSED, PAUSE = 503, 0.1  # status; seconds until such a client sends its next photo in a closed loop


@dataclass(slots=True)
class Load:
    """The responses to a series of requests."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)  # seconds, of responses with status 200
    memory: list[int] = field(default_factory=list)  # bytes, once per second

    @property
    def rate(self) -> float:
        """Return the photos answered per second."""
        return self.statuses[200] / self.seconds

    def percentile(self, share: float) -> float:
        """Return the quantile of the latency, in seconds."""
        return float(np.quantile(self.latencies, share)) if self.latencies else float("nan")


class LoadGenerator:
    """Clients of one service."""

    def __init__(self, url: str, photos: Sequence[bytes], memory: Callable[[], int]) -> None:
        """Send `photos` in turn to `url`; `memory` returns the memory of the service in bytes."""
        self._url, self._photos, self._memory = url, photos, memory
        self._count, self.load = 0, Load()
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(limits=limits, timeout=TIMEOUT)

    async def send(self) -> int:
        """Send one photo and return the status."""
        photo = self._photos[self._count % len(self._photos)]
        self._count += 1
        start = time.monotonic()
        try:
            response = await self._client.post(self._url, files={"photo": ("photo.jpg", photo)})
            status = response.status_code
        except httpx2.TransportError:
            status = LOST
        self.load.statuses[status] += 1
        if status == 200:
            self.load.latencies.append(time.monotonic() - start)
        return status

    async def closed_loop(self, seconds: float, clients: int = CLIENTS) -> Load:
        """Let each client send its next photo as soon as the previous one is answered."""
        await asyncio.gather(*(self.send() for _ in range(WARM_UP)))
        self.load, start = Load(), time.monotonic()

        async def client() -> None:
            while time.monotonic() < start + seconds:
                if await self.send() == REFUSED:
                    await asyncio.sleep(PAUSE)

        await asyncio.gather(*(client() for _ in range(clients)), self._watch(start + seconds))
        return self._finished(start)

    async def open_loop(self, rate: float, seconds: float, seed: int = 0) -> Load:
        """Send `rate` photos per second on average, at random moments, answered or not."""
        self.load, start, rng = Load(), time.monotonic(), np.random.default_rng(seed)
        watch, tasks = asyncio.create_task(self._watch(start + seconds)), set()
        moment = start
        while (moment := moment + rng.exponential(1 / rate)) < start + seconds:
            await asyncio.sleep(max(moment - time.monotonic(), 0))
            task = asyncio.create_task(self.send())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(watch, *tasks)
        return self._finished(start)

    def _finished(self, start: float) -> Load:
        self.load.seconds = time.monotonic() - start
        return self.load

    async def _watch(self, end: float) -> None:
        while time.monotonic() < end:
            self.load.memory.append(self._memory())
            await asyncio.sleep(1)
