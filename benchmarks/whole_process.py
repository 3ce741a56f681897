"""Commands that print a line per photo -> their cost from start to end, alternating.

In:    Peer(s): a command up to the photos; the photos
Out:   Cost(s): seconds, peak memory
Needs: Linux, for the memory
"""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from tempfile import TemporaryFile

from memory import peak

POLL = 0.005  # seconds between two measurements of a command's memory


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to do the same work."""

    name: str
    script: tuple[str, ...]  # command up to the photos
    packages: tuple[str, ...] = ()  # that it needs

    @property
    def available(self) -> bool:
        """Whether its packages are installed."""
        return all(find_spec(package) for package in self.packages)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one command."""

    seconds: float
    memory: int  # peak bytes


def measure(command: Sequence[str], photos: int) -> Cost:
    """Run a command to its end. Raises RuntimeError unless it prints at least one line per photo."""
    memory = 0
    with TemporaryFile() as output, TemporaryFile("w+") as messages:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=messages)
        while process.poll() is None:  # not getrusage, which includes this process's own memory
            memory = max(memory, peak(process.pid))
            time.sleep(POLL)
        seconds = time.perf_counter() - start
        output.seek(0)
        messages.seek(0)
        lines, error = sum(1 for _ in output), messages.read()
    if process.returncode or lines < photos:
        raise RuntimeError(f"{' '.join(command[:5])} ... printed {lines} of {photos} predictions:\n{error}")
    return Cost(seconds, memory)


def measure_alternating(peers: Sequence[Peer], photos: Sequence[str], rounds: int) -> list[list[Cost]]:
    """Return the costs on the same photos: a row per peer, a column per round."""
    costs: list[list[Cost]] = [[] for _ in peers]
    for _ in range(rounds):
        for row, peer in zip(costs, peers, strict=True):
            row.append(measure([*peer.script, *photos], len(photos)))
    return costs
