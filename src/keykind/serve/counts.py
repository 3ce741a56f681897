"""What a service did, as numbers for Prometheus.

In:    what each request came to
Out:   the text format of Prometheus, over all workers
Needs: prometheus-client    [serve]

Workers share nothing but small files of numbers in a folder of the service's own, as prometheus-client
prescribes. Its name must be in the environment before prometheus-client is imported.
"""

import contextlib
import os
from pathlib import Path
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from keykind.serve.settings import NUMBERS

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Numbers:
    """The counts of one worker, told with those of the others."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        """Begin at zero."""
        self._own = CollectorRegistry()
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
        _forget_the_dead(Path(os.environ[NUMBERS]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Drop what workers that have ended said they were doing; what they had done stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not _lives(process):
            with contextlib.suppress(FileNotFoundError):  # another worker was first
                mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    if os.name != "posix":  # there the question would be an order
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError):  # none, or by now somebody else's
        return False
    return True
