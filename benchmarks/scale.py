"""How time and memory grow with the number of photos: keykind inspect and train on synthetic photos.

    python benchmarks/scale.py [--weights WEIGHTS] [--most 10000] [--write]

In:    nothing
Out:   a row per number of photos, each in fresh processes with an empty cache; with --write also in
       docs/benchmarks.md
Needs: keykind[train]

Targets: time grows at most linearly; below 2 GB of memory at 10,000 photos.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import process_cost
from synthetic_photos import make_photos
from table import markdown, section, write_section

COUNTS = (250, 1_000, 4_000)  # photos
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
SIZE = (800, 600)  # px
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu")
HEADER = (
    "photos",
    "inspect, s",
    "features, s",
    "training, s",
    "train from start, s",
    "CPU time, s",
    "peak memory, MB",
)


@dataclass(frozen=True, slots=True)
class Row:
    """The cost of one number of photos."""

    photos: int
    inspect: float  # s, whole process
    features: float  # s, from metrics.json
    training: float  # s, from metrics.json
    total: float  # s, whole process of keykind train
    cpu_seconds: float  # the same, summed over all cores
    memory: int  # bytes, of keykind train

    def cells(self) -> list[str]:
        """Return the cells of the table's row."""
        return [
            f"{self.photos:,}",
            f"{self.inspect:.1f}",
            f"{self.features:.1f}",
            f"{self.training:.1f}",
            f"{self.total:.1f}",
            f"{self.cpu_seconds:.1f}",
            f"{self.memory / 1e6:,.0f}",
        ]


def measure(photos: Path, count: int, weights: str) -> Row:
    """Run inspect and train on a folder of synthetic photos, which must all be usable and different."""
    inspected = process_cost.run(["inspect", str(photos), "--json"])
    facts = json.loads(inspected.output)
    if facts["photos"] != count or facts["near_duplicates"] or facts["duplicates"]:
        raise RuntimeError(f"{facts['photos']} of {count} synthetic photos are usable and different")
    out = photos.parent / "run"
    trained = process_cost.run(["train", str(photos), "--weights", weights, "--out", str(out)])
    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    return Row(
        photos=count,
        inspect=inspected.seconds,
        features=seconds["features"],
        training=seconds["training"],
        total=trained.seconds,
        cpu_seconds=trained.cpu_seconds,
        memory=trained.memory,
    )


def measure_synthetic(count: int, weights: str, seed: int) -> Row:
    """Write `count` photos, measure, and remove them."""
    folder = Path(tempfile.mkdtemp(prefix="keykind-scale-"))
    try:
        counts = {kind: count // len(KINDS) + (i < count % len(KINDS)) for i, kind in enumerate(KINDS)}
        make_photos(folder / "photos", {"": counts}, {"": SIZE}, seed)
        return measure(folder / "photos", count, weights)
    finally:
        shutil.rmtree(folder)


def text(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table, with an explanation."""
    first, last = rows[0], rows[-1]
    return f"""\
Synthetic photos of {SIZE[0]} x {SIZE[1]} px, {len(KINDS)} kinds, a quarter held out for testing. Each row
is one `keykind inspect` and one `keykind train`, each in a fresh process with an empty cache. Features and
training are taken from metrics.json. "From start" is from starting Python to the finished report; "CPU time"
is the same summed over all cores, which other programs on the machine affect least. Memory is the
peak resident set of `keykind train`, including pages of mapped files.

{markdown(HEADER, [row.cells() for row in rows])}

{growth(rows)}
Peak memory at {last.photos:,} photos is {last.memory / 1e9:.2f} GB, {last.memory / first.memory:.1f} times
that at {first.photos:,}."""


def growth(rows: Sequence[Row]) -> str:
    """Return a sentence on the cost of each further 1,000 photos, from row to row."""
    steps = [
        f"{(new.cpu_seconds - old.cpu_seconds) / (new.photos - old.photos) * 1000:.1f} s "
        f"({old.photos:,} to {new.photos:,})"
        for old, new in pairwise(rows)
    ]
    return f"Each further 1,000 photos cost {', '.join(steps)} of CPU time."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="random", help="as for keykind train (default: %(default)s)")
    parser.add_argument("--most", type=int, help="also measure this many photos, for peak memory")
    parser.add_argument("--seed", type=int, default=0, help="of the synthetic photos (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    rows = []
    print("\t".join(HEADER), flush=True)
    for count in (*COUNTS, *([options.most] if options.most else [])):
        rows.append(measure_synthetic(count, options.weights, options.seed))
        print("\t".join(rows[-1].cells()), flush=True)
    command = "python benchmarks/scale.py" + (" --weights WEIGHTS" if options.weights != "random" else "")
    command += f" --most {options.most}" if options.most else ""
    page = section("Many photos", text(rows), command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("scale", page)


if __name__ == "__main__":
    main()
