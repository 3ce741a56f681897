"""How long each part of a run took.

In:    a booking at the end of each part
Out:   seconds of each part, and in total
Needs: nothing beyond Python
"""

import time


class Timer:
    """How long each part took in this process, in seconds."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._parts = {"features": 0.0, "training": 0.0}

    def book(self, part: str | None) -> None:
        """Book the time since the last booking on `part`, or on nothing."""
        now = time.monotonic()
        if part:
            self._parts[part] += now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part and in total."""
        return {part: round(value, 2) for part, value in self._parts.items()} | {
            "total": round(time.monotonic() - self._start, 2)
        }
