"""A service -> processes that run until they are told to stop.

In:    Settings; where to listen; how many workers
Out:   answers on that port; a line of JSON a request on standard error
Needs: uvicorn    [serve]

Workers share the port and nothing else. One that dies is replaced, and takes along only what it had accepted.
"""

import asyncio
import contextlib
import json
import logging
import os
import resource
import tempfile
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keykind.serve import counts
from keykind.serve.settings import VARIABLE, Settings, from_environment

FACTORY = "keykind.serve.app:create_app"
GRACE = 30  # seconds in which accepted requests are answered after the signal to stop
BACKLOG = 2048


class Impatient(HttpToolsProtocol):
    """A connection that is closed where a request's first lines do not come in time."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the first lines."""
        super().on_message_begin()
        self._stop()
        self._wait()

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        seconds = from_environment().seconds
        self._due = asyncio.get_running_loop().call_later(seconds, self.transport.close)

    def _stop(self) -> None:
        if self._due:
            self._due.cancel()


class JsonLines(logging.Formatter):
    """A line of JSON a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = record.getMessage()
        facts = json.loads(said) if record.name == "keykind.serve" else {"message": said}
        if record.exc_info:
            facts["error"] = self.formatException(record.exc_info)
        return json.dumps({"time": self.formatTime(record), "level": record.levelname.lower()} | facts)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "keykind.serve.running.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        for name in ("uvicorn", "keykind.serve")
    },
}


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Answer requests until SIGTERM or Ctrl-C; what was accepted is answered first."""
    _allow_connections()
    with tempfile.TemporaryDirectory(prefix="keykind-serve-") as folder:
        os.environ[counts.FOLDER] = folder
        os.environ[VARIABLE] = settings.as_text()
        uvicorn.run(
            FACTORY,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=Impatient,
            ws="none",
            access_log=False,
            server_header=False,
            log_config=LOGGING,
            backlog=BACKLOG,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE,
        )


def _allow_connections() -> None:
    """Let the process hold as many connections as the system lets it."""
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
