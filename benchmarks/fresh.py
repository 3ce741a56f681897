"""A keykind command -> what it cost in a process of its own, with an empty cache.

In:    the command's arguments
Out:   Cost: its output, seconds from start to end, largest memory
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
    """What one command gave and cost."""

    output: str
    seconds: float  # from starting Python to its end, imports included
    processor: float  # seconds of all cores together, which other programs lengthen least
    memory: int  # bytes; the largest resident set, pages of mapped files included


def run(arguments: Sequence[str]) -> Cost:
    """Run `keykind ARGUMENTS` with a cache folder that is empty before and gone after.

    Raises RuntimeError with what it said if it fails.
    """
    with (
        tempfile.TemporaryDirectory() as cache,
        tempfile.TemporaryFile("w+") as output,
        tempfile.TemporaryFile("w+") as words,
    ):
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "keykind", *arguments],
            stdout=output,
            stderr=words,
            env=os.environ | {"KEYKIND_CACHE": cache},
        )
        # Of wait4, because getrusage(RUSAGE_CHILDREN) tells the largest of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        words.seek(0)
        result, said = output.read(), words.read()
    if process.returncode:
        raise RuntimeError(f"keykind {' '.join(arguments)} ended with {process.returncode}:\n{said}")
    return Cost(result, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * UNIT)
