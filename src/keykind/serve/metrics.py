"""Prometheus metrics of a service.

In:    each response and each prediction
Out:   the Prometheus text format, over all workers
Needs: prometheus-client    [serve]

This is prometheus-client's multiprocess mode: each worker writes to files of its own, and a scrape adds up
all files. The folder must be in the environment before prometheus-client is imported. One thing differs: by
default files are named by process ID and those of dead workers stay, so a service whose workers keep dying,
e.g. because memory runs out, would fill the container's small temporary file system. Here files are named by
slot, and a new worker takes over the slot of a dead one, with its counts.
"""

import os
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

from keykind.predict.prediction import VERDICTS
from keykind.predict.wording import KEYS, Wording
from keykind.serve.settings import METRICS_VARIABLE

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds


class ServiceMetrics:
    """The metrics of one worker; `render` includes those of the others."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, wording: Wording = KEYS) -> None:
        """Start at zero, or with the counts of a worker that has died. wording: of the model, in the help."""
        self._registry = CollectorRegistry()
        if METRICS_VARIABLE in os.environ and os.name == "posix":
            self._slot_lock = _claim_slot(Path(os.environ[METRICS_VARIABLE]))
        options: dict[str, Any] = {"registry": self._registry, "namespace": "keykind"}
        labels = "method", "route", "status"
        self._requests = Counter("requests", "Responses by route and status.", labels, **options)
        self._seconds = Histogram(
            "request_seconds", "Time to respond.", ("route",), buckets=BUCKETS, **options
        )
        verdicts = ", ".join(map(wording.verdict, VERDICTS))
        self._photos = Counter("photos", f"Photos by verdict: {verdicts}.", ("verdict",), **options)
        self.pending = Gauge(
            "accepted_requests", "Accepted and not yet answered.", multiprocess_mode="livesum", **options
        )

        self.backlog = Gauge(
            "backlog_seconds",
            "Expected time of the photos accepted and not finished, summed over all workers.",
            multiprocess_mode="livesum",
            **options,
        )

    def count_response(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a response."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_photo(self, verdict: str) -> None:
        """Count a photo."""
        self._photos.labels(verdict).inc()

    def render(self) -> bytes:
        """Return the metrics of all workers in the Prometheus text format."""
        if METRICS_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _claim_slot(folder: Path) -> IO[bytes]:
    """Name this process's files by the lowest free slot; return the open lock file that reserves it.

    The lock is released when the process ends, however it does. The slot's counts are kept, but its gauge
    files are removed, because what a dead worker had pending is lost.
    """
    import fcntl  # noqa: PLC0415 - exists on POSIX only

    slot = 0
    while True:
        lock = (folder / f"{slot}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            lock.close()
            slot += 1
    mark_process_dead(slot, str(folder))  # type: ignore[no-untyped-call]
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    return lock
