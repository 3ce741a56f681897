"""A million photos, a billion: how long, on how many processors, with slow and lost ones; what breaks first.

    python benchmarks/plan.py PHOTOS [--rate 10] [--write]

In:    PHOTOS: a folder of photos, to measure bytes and what the driver does for each; --rate: photos/s of one
       processor core, from benchmarks/engines.py
Out:   a plan for each number of photos and cores, simulated chunk by chunk; docs/benchmarks.md
Needs: keykind[scale]

Simulated is what keykind.scale does with Ray: windows of photos, chunks of them, each actor with one chunk in
work and one waiting, actors that begin anew with each window; machines that are slow for all of the run, and
machines that are lost, whose chunks are begun again once Ray has noticed. The same seed gives the same table.
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

CORES_A_NODE = 16
BEGIN = 10.0  # s until the actors of a window answer
NOTICED = 17.0  # s until a lost node's chunks are begun elsewhere, as measured in engines.py
CROWDED = 2  # times as long does a chunk take where two actors share a core
ENOUGH = 3  # full windows that are simulated; further ones are like them
MOST_LOSSES = 64  # of one node in one window
PHOTO = 3.2e6  # bytes of a 12-megapixel JPEG
WRITTEN = 20_000  # answers that are written to measure the driver
PLANS = (10**6, 16), (10**6, 160), (10**9, 1_600), (10**9, 16_000)
PACKAGES = "keykind", "ray", "pyarrow", "numpy"


@dataclass(frozen=True, slots=True)
class World:
    """What is expected of the machines."""

    name: str
    slow: float  # share of nodes that work at a third of the speed
    lost: float  # hours between two losses of one node, on average; inf for none


WORLDS = (
    World("all alike", 0.0, math.inf),
    World("5% of nodes three times as slow", 0.05, math.inf),
    World("and each node lost once in 24 h", 0.05, 24.0),
    World("and each node lost once in 2 h", 0.05, 2.0),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulated run came to."""

    seconds: float
    again: int  # photos that were in work where a node was lost


def simulate(photos: int, cores: int, rate: float, world: World, rng: np.random.Generator) -> Outcome:
    """Return what becomes of so many photos on so many cores, each of which does `rate` photos/s."""
    nodes = max(cores // CORES_A_NODE, 1)
    speed = np.where(rng.random(nodes) < world.slow, 1 / 3, 1.0)
    window = max(scale.WINDOW, scale.SHARE_OF_WINDOW * cores)
    now, again = 0.0, 0.0
    full, rest = divmod(photos, window)
    simulated = min(full, ENOUGH)
    for count, times in [(window, full / max(simulated, 1))] * simulated + [(rest, 1)] * (rest > 0):
        chunk = min(max(count // (cores * scale.ROUNDS), 1), scale.CHUNK)
        seconds, repeated = _window(math.ceil(count / chunk), chunk / rate, speed, cores, world, rng)
        now += times * (BEGIN + seconds)
        again += times * repeated * chunk
    return Outcome(now, round(again))


def _window(
    chunks: int, work: float, speed: np.ndarray, cores: int, world: World, rng: np.random.Generator
) -> tuple[float, int]:
    """Return the seconds that a window takes, and how many chunks were begun twice."""
    node_of = np.arange(cores) * len(speed) // cores
    gaps = rng.exponential(1, (len(speed), MOST_LOSSES)) * 3600 * world.lost
    losses = np.cumsum(gaps, axis=1)  # s from the window's beginning, of each node
    met = [0] * cores  # losses of its node that an actor has seen
    # Each actor takes the next chunk while it works at another: what waits at a slow one stays there.
    queued = [scale.IN_FLIGHT - 1] * cores
    left, end, again = chunks - cores * scale.IN_FLIGHT, 0.0, 0
    begun = [(0.0, core) for core in range(cores)]  # a heap of when an actor begins a chunk
    while begun:
        moment, core = heapq.heappop(begun)
        node = node_of[core]
        while losses[node, met[core]] < moment:  # it was between two chunks
            met[core] += 1
        done = moment + work / speed[node] * rng.uniform(0.8, 1.2)
        lost = losses[node, met[core]]
        if lost < done:
            met[core] += 1
            again += 1
            done = lost + NOTICED + CROWDED * work  # on another node, beside the actor that is there
        end = max(end, done)
        if left > 0:
            left -= 1
        elif queued[core] > 0:
            queued[core] -= 1
        else:
            continue
        heapq.heappush(begun, (done, core))
    return end, again


def driver_rate(photos: Path) -> float:
    """Return how many answers a second the driver's one thread writes, unpacked and as JSON."""
    recogniser = Recogniser.load()
    paths = islice(cycle(sorted(photos.rglob("*.jpg"))[:50]), 50)
    some = list(recogniser.recognise_many(paths))
    packed = [pickle.dumps(some) for _ in range(WRITTEN // len(some))]
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        every = (one for chunk in packed for one in pickle.loads(chunk))
        writers.write(Path(name) / "a.jsonl", every, recogniser.kinds)
        return len(packed) * len(some) / (time.monotonic() - start)


def bytes_an_answer(photos: Path) -> dict[str, float]:
    """Return the bytes of an answer in each kind of file."""
    recogniser = Recogniser.load()
    some = list(recogniser.recognise_many(sorted(photos.rglob("*.jpg"))))
    with tempfile.TemporaryDirectory() as name:
        sizes = {}
        for ending in (".jsonl", ".parquet"):
            writers.write(Path(name) / f"a{ending}", some, recogniser.kinds)
            sizes[ending] = (Path(name) / f"a{ending}").stat().st_size / len(some)
    return sizes


def told(photos: Path, rate: float, seed: int) -> str:
    """Return the section's text."""
    sizes, driver = bytes_an_answer(photos), driver_rate(photos)
    rows = []
    for count, cores in PLANS:
        for world in WORLDS:
            outcome = simulate(count, cores, rate, world, np.random.default_rng(seed))
            ideal = count / cores / rate
            rows.append(
                [
                    world.name,
                    f"{count:,}",
                    f"{cores:,}",
                    f"{outcome.seconds / 3600:,.2f}",
                    f"{ideal / outcome.seconds:.0%}",
                    f"{outcome.again:,}",
                ]
            )
    head = ["machines", "photos", "cores", "hours", "of the ideal", "photos begun twice"]
    needs = [
        [
            f"{count:,}",
            f"{count / rate / 3600:,.0f}",
            f"{count * PHOTO / 1e12:,.1f}",
            f"{count * sizes['.jsonl'] / 1e9:,.1f}",
            f"{count * sizes['.parquet'] / 1e9:,.1f}",
        ]
        for count in sorted({count for count, _ in PLANS})
    ]
    needed = ["photos", "core hours", "TB read", "GB written, .jsonl", "GB written, .parquet"]
    return f"""At {rate:g} photos/s of a core (engines.py, above) and {PHOTO / 1e6:g} MB a 12-megapixel photo.

{markdown(needed, needs)}

The driver's one thread unpacks and writes {driver:,.0f} answers/s: it is busy all the time at
{driver / rate:,.0f} cores.

Simulated chunk by chunk, nodes of {CORES_A_NODE} cores, driver and store as fast as need be:

{markdown(head, rows)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder of photos")
    parser.add_argument("--rate", type=float, default=10, help="photos/s of a core (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    command = f"python benchmarks/plan.py PHOTOS --rate {options.rate:g}"
    text = told(options.photos, options.rate, options.seed)
    page = section("A million photos, a billion", text, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("plan", page)


if __name__ == "__main__":
    main()
