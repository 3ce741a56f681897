"""How long each stage of a run took.

In:    a call at the end of each stage
Out:   seconds per stage, and in total
Needs: nothing beyond Python
"""

import time


class Timer:
    """Measures how long the stages of a run take in this process, in seconds."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._stages = {"features": 0.0, "training": 0.0}

    def record(self, stage: str | None) -> None:
        """Add the time since the last call to `stage`, or to none of them if it is None."""
        now = time.monotonic()
        if stage:
            self._stages[stage] += now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Return the seconds per stage and in total."""
        return {stage: round(value, 2) for stage, value in self._stages.items()} | {
            "total": round(time.monotonic() - self._start, 2)
        }
