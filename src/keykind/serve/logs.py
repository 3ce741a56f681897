"""What a service notes -> lines of JSON on standard error.

In:    records of Python's logging; their `facts` become entries of the line
Out:   a line a record, without photos, names of files, addresses and API keys
Needs: nothing beyond Python

Of an exception its kind and its places in the code are told, not its words: they may repeat a request.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

NAME = "keykind.serve"
DEEPEST = 12  # places in the code that are told of an exception, the last ones


class JsonLines(logging.Formatter):
    """A line of JSON a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower()}
        line["process"] = record.process
        line["message"] = record.getMessage().partition("\n")[0]  # asyncio goes on with what it had at hand
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])[-DEEPEST:]
            line["error"] = record.exc_info[0].__name__
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line | getattr(record, "facts", {}))


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": f"{__name__}.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "uvicorn": {"level": "INFO"},
        NAME: {"level": "INFO"},
        "python_multipart": {"level": "ERROR"},  # it warns of each form that is none
    },
}
