"""What a service did, as numbers for Prometheus.

In:    what each request came to
Out:   the text format of Prometheus, over all workers
Needs: prometheus-client    [serve]

Workers share nothing but small files of numbers in a folder of the service's own, as prometheus-client
prescribes. Its name must be in the environment before prometheus-client is imported. A worker in a dead one's
place goes on with its files, so there are never more of them than places.
"""

import os
from itertools import count
from pathlib import Path
from typing import IO, Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from keykind.serve.settings import NUMBERS

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """The counts of one worker, told with those of the others."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        """Begin at zero, or with the counts of a worker that has died."""
        self._own = CollectorRegistry()
        if NUMBERS in os.environ:
            self._place = _take_place(Path(os.environ[NUMBERS]))
        named: dict[str, Any] = {"registry": self._own, "namespace": "keykind"}
        labels = "method", "route", "status"
        self._requests = Counter("requests", "Answers by route and status.", labels, **named)
        self._seconds = Histogram("request_seconds", "Time to answer.", ("route",), buckets=SECONDS, **named)
        self._photos = Counter("photos", "Photos by what was said of them.", ("verdict",), **named)
        self.accepted = Gauge(
            "accepted_requests", "Accepted and not yet answered.", multiprocess_mode="livesum", **named
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def recognised(self, verdict: str) -> None:
        """Count a photo."""
        self._photos.labels(verdict).inc()

    def text(self) -> bytes:
        """Return all numbers, of all workers."""
        if NUMBERS not in os.environ:
            return generate_latest(self._own)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _take_place(folder: Path) -> IO[bytes] | None:
    """Let this worker count in the files of the first place that no living one has.

    Returns what must stay open for that. What a dead worker was doing is forgotten; what it had done counts.
    """
    if os.name != "posix":  # there each worker has files of its own
        return None
    place, lock = next((place, lock) for place in count() if (lock := _locked(folder / f"{place}.lock")))
    mark_process_dead(place, str(folder))  # type: ignore[no-untyped-call]
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
    return lock


def _locked(path: Path) -> IO[bytes] | None:
    """Return a file that is this process's until it ends, however it does; None: another has it."""
    import fcntl  # noqa: PLC0415 - only POSIX has it

    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
