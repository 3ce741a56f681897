"""What a service did, as numbers for Prometheus.

In:    what each request came to
Out:   the text format of Prometheus, over all workers
Needs: prometheus-client    [serve]

Workers share nothing but small files of numbers in a folder of the service's own, as prometheus-client
prescribes (PROMETHEUS_MULTIPROC_DIR).
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Numbers:
    """The counts of one worker, told with those of the others."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        """Begin at zero."""
        self._own = CollectorRegistry()
        named = {"registry": self._own, "namespace": "keykind"}
        self._requests = Counter(
            "requests", "Answers by route and status.", ("method", "route", "status"), **named
        )
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
        registry = self._own
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry)
