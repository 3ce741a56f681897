"""Capacity plan for a million and a billion photos: hours by cores, with slow and lost nodes; what saturates.

    python benchmarks/capacity.py PHOTOS [--rate 10] [--write]

In:    PHOTOS: a folder of photos, to measure output size and the driver's work; --rate: photos/s per core,
       from benchmarks/engines.py
Out:   a plan for each number of photos and cores, simulated chunk by chunk; with --write also in
       docs/benchmarks.md
Needs: keykind[scale]

Simulates what keykind.scale does with Ray: windows of photos, split into chunks; each actor with one chunk
running and one waiting; new actors in each window; nodes that are slow for the whole run, and nodes that are
lost, whose chunks restart once Ray has noticed. The same seed gives the same table.
"""

import argparse
import heapq
import math
import pickle
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from keykind import scale
from keykind.predict import writers
from keykind.predict.recogniser import Recogniser
from table import markdown, section, write_section

CORES_PER_NODE = 16
ACTOR_START = 10.0  # s until the actors of a window answer
FAILURE_DETECTION = 17.0  # s until a lost node's chunks restart elsewhere, as measured in engines.py
SHARED_CORE = 2  # factor on the time of a chunk if two actors share a core
MAX_FULL_WINDOWS = 3  # full windows to simulate; the others take as long
MAX_LOSSES = 64  # of one node in one window
PHOTO_BYTES = 3.2e6  # of a 12-megapixel JPEG
PREDICTIONS = 20_000  # written to measure the driver
SLOWDOWN = 3  # of a slow node
PLANS = (10**6, 16), (10**6, 160), (10**9, 1_600), (10**9, 16_000)
PACKAGES = "keykind", "ray", "pyarrow", "numpy"


@dataclass(frozen=True, slots=True)
class Conditions:
    """The expected state of the machines."""

    name: str
    slow: float  # share of slow nodes
    hours_to_loss: float  # mean time between losses of one node; inf for none


CONDITIONS = (
    Conditions("identical nodes", 0.0, math.inf),
    Conditions("5% of nodes three times slower", 0.05, math.inf),
    Conditions("and each node lost once per 24 h", 0.05, 24.0),
    Conditions("and each node lost once per 2 h", 0.05, 2.0),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a simulated run."""

    seconds: float
    restarted: int  # photos that were in work on a node when it was lost


def simulate(
    photos: int, cores: int, rate: float, conditions: Conditions, rng: np.random.Generator
) -> Outcome:
    """Simulate a run on `cores` cores, each of which does `rate` photos/s."""
    nodes = max(cores // CORES_PER_NODE, 1)
    speed = np.where(rng.random(nodes) < conditions.slow, 1 / SLOWDOWN, 1.0)
    window = max(scale.MIN_WINDOW, scale.WINDOW_PER_ACTOR * cores)
    total, restarted = 0.0, 0.0
    full, rest = divmod(photos, window)
    simulated = min(full, MAX_FULL_WINDOWS)
    for count, weight in [(window, full / max(simulated, 1))] * simulated + [(rest, 1)] * (rest > 0):
        chunk = min(max(count // (cores * scale.MIN_CHUNKS_PER_ACTOR), 1), scale.CHUNK_SIZE)
        seconds, repeated = _window(
            math.ceil(count / chunk), chunk / rate, speed, cores, conditions.hours_to_loss, rng
        )
        total += weight * (ACTOR_START + seconds)
        restarted += weight * repeated * chunk
    return Outcome(total, round(restarted))


def _window(
    chunks: int,
    chunk_seconds: float,
    speed: np.ndarray,
    cores: int,
    hours_to_loss: float,
    rng: np.random.Generator,
) -> tuple[float, int]:
    """Return the seconds that a window takes, and how many chunks were started twice."""
    node_of = np.arange(cores) * len(speed) // cores
    gaps = rng.exponential(1, (len(speed), MAX_LOSSES)) * 3600 * hours_to_loss
    losses = np.cumsum(gaps, axis=1)  # s from the start of the window, of each node
    seen = [0] * cores  # losses of its node that an actor has seen
    # Each actor takes its next chunk while it works on another, so a chunk that waits at a slow actor stays.
    waiting = [scale.TASKS_PER_ACTOR - 1] * cores
    left, end, restarted = chunks - cores * scale.TASKS_PER_ACTOR, 0.0, 0
    starts = [(0.0, core) for core in range(cores)]  # a heap of when an actor starts a chunk
    while starts:
        moment, core = heapq.heappop(starts)
        node = node_of[core]
        while losses[node, seen[core]] < moment:  # between two chunks
            seen[core] += 1
        done = moment + chunk_seconds / speed[node] * rng.uniform(0.8, 1.2)
        lost = losses[node, seen[core]]
        if lost < done:
            seen[core] += 1
            restarted += 1
            done = lost + FAILURE_DETECTION + SHARED_CORE * chunk_seconds  # on the core of another actor
        end = max(end, done)
        if left > 0:
            left -= 1
        elif waiting[core] > 0:
            waiting[core] -= 1
        else:
            continue
        heapq.heappush(starts, (done, core))
    return end, restarted


def driver_rate(photos: Path) -> float:
    """Return how many predictions per second the driver's single thread deserialises and writes as JSON."""
    recogniser = Recogniser.load()
    paths = islice(cycle(sorted(photos.rglob("*.jpg"))[:50]), 50)
    predictions = list(recogniser.recognise_many(paths))
    chunks = [pickle.dumps(predictions) for _ in range(PREDICTIONS // len(predictions))]
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        loaded = (prediction for chunk in chunks for prediction in pickle.loads(chunk))
        writers.write(Path(name) / "a.jsonl", loaded, recogniser.kinds)
        return len(chunks) * len(predictions) / (time.monotonic() - start)


def output_bytes(photos: Path) -> dict[str, float]:
    """Return the bytes per photo of each file format."""
    recogniser = Recogniser.load()
    predictions = list(recogniser.recognise_many(sorted(photos.rglob("*.jpg"))))
    with tempfile.TemporaryDirectory() as name:
        sizes = {}
        for suffix in (".jsonl", ".parquet"):
            path = Path(name) / f"a{suffix}"
            writers.write(path, predictions, recogniser.kinds)
            sizes[suffix] = path.stat().st_size / len(predictions)
    return sizes


def text(photos: Path, rate: float, seed: int) -> str:
    """Return the section's text."""
    sizes, driver = output_bytes(photos), driver_rate(photos)
    rows = []
    for count, cores in PLANS:
        for conditions in CONDITIONS:
            outcome = simulate(count, cores, rate, conditions, np.random.default_rng(seed))
            ideal = count / cores / rate
            rows.append(
                [
                    conditions.name,
                    f"{count:,}",
                    f"{cores:,}",
                    f"{outcome.seconds / 3600:,.2f}",
                    f"{ideal / outcome.seconds:.0%}",
                    f"{outcome.restarted:,}",
                ]
            )
    header = ["machines", "photos", "cores", "hours", "of ideal", "photos started twice"]
    resources = [
        [
            f"{count:,}",
            f"{count / rate / 3600:,.0f}",
            f"{count * PHOTO_BYTES / 1e12:,.1f}",
            f"{count * sizes['.jsonl'] / 1e9:,.1f}",
            f"{count * sizes['.parquet'] / 1e9:,.1f}",
        ]
        for count in sorted({count for count, _ in PLANS})
    ]
    resource_header = ["photos", "core hours", "TB read", "GB written, .jsonl", "GB written, .parquet"]
    return f"""At {rate:g} photos/s per core (engines.py, above) and {PHOTO_BYTES / 1e6:g} MB per 12-megapixel
photo.

{markdown(resource_header, resources)}

The driver's single thread deserialises and writes {driver:,.0f} answers/s: it saturates at
{driver / rate:,.0f} cores.

Simulated chunk by chunk, nodes of {CORES_PER_NODE} cores, driver and storage never the bottleneck:

{markdown(header, rows)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder of photos")
    parser.add_argument("--rate", type=float, default=10, help="photos/s per core (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    command = f"python benchmarks/capacity.py PHOTOS --rate {options.rate:g}"
    plan = text(options.photos, options.rate, options.seed)
    page = section("A million photos, a billion", plan, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("capacity", page)


if __name__ == "__main__":
    main()
