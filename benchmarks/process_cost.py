"""A keykind command -> its cost in a fresh process with an empty cache.

In:    the command's arguments
Out:   Cost: its output, wall-clock and CPU seconds, peak memory
Needs: a system with wait4 (Linux, macOS)
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; of ru_maxrss


@dataclass(frozen=True, slots=True)
class Cost:
    """The output and cost of one command."""

    output: str
    seconds: float  # from starting Python to its end, imports included
    cpu_seconds: float  # summed over all cores; other programs on the machine affect it least
    memory: int  # bytes; the peak resident set, pages of mapped files included


def run(arguments: Sequence[str]) -> Cost:
    """Run `keykind ARGUMENTS` with a temporary, empty cache folder.

    Raises RuntimeError with the command's messages if it fails.
    """
    with (
        tempfile.TemporaryDirectory() as cache,
        tempfile.TemporaryFile("w+") as output,
        tempfile.TemporaryFile("w+") as messages,
    ):
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "keykind", *arguments],
            stdout=output,
            stderr=messages,
            env=os.environ | {"KEYKIND_CACHE": cache},
        )
        # wait4, because getrusage(RUSAGE_CHILDREN) reports the maximum over all children so far
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        messages.seek(0)
        out, err = output.read(), messages.read()
    if process.returncode:
        raise RuntimeError(f"keykind {' '.join(arguments)} ended with {process.returncode}:\n{err}")
    return Cost(out, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * UNIT)
