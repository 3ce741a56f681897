"""Log records -> lines of JSON on standard error.

In:    records of Python's logging; their `fields` become fields of the JSON object
Out:   one line per record, without photos, file names, addresses or API keys
Needs: nothing beyond Python

Of an exception, its type and stack frames are logged but not its message, which may quote the request.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

LOGGER = "keykind.serve"
MAX_FRAMES = 12  # innermost stack frames of an exception that are logged


class JsonFormatter(logging.Formatter):
    """Formats each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower()}
        line["process"] = record.process
        line["message"] = record.getMessage().partition("\n")[0]  # asyncio appends the data it was handling
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])[-MAX_FRAMES:]
            line["error"] = record.exc_info[0].__name__
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line | getattr(record, "fields", {}))


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": f"{__name__}.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "uvicorn": {"level": "INFO"},
        LOGGER: {"level": "INFO"},
        "python_multipart": {"level": "ERROR"},  # it warns of every malformed form
    },
}
