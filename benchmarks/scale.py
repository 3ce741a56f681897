"""How time and memory grow with the number of photos: keykind inspect and train on made photos.

Run:   python benchmarks/scale.py [--weights WEIGHTS] [--most 10000] [--write]
Out:   a row for each number of photos, each in fresh processes with an empty cache; docs/benchmarks.md

Target: seconds grow no faster than the number of photos; below 2 GB of memory at 10,000 photos.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import fresh
from made_photos import make_photos
from table import markdown, section, write_section

COUNTS = (250, 1_000, 4_000)  # photos
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
SIZE = (800, 600)  # px
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu")
HEAD = (
    "photos",
    "inspect, s",
    "features, s",
    "training, s",
    "train from start, s",
    "on the processor, s",
    "peak memory, MB",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one number of photos cost."""

    photos: int
    inspect: float  # s, the whole process
    features: float  # s, as metrics.json has it
    training: float  # s, as metrics.json has it
    total: float  # s, the whole process of keykind train
    processor: float  # s, the same, all cores together
    memory: int  # bytes, of keykind train

    def cells(self) -> list[str]:
        """Return the row as the table shows it."""
        return [
            f"{self.photos:,}",
            f"{self.inspect:.1f}",
            f"{self.features:.1f}",
            f"{self.training:.1f}",
            f"{self.total:.1f}",
            f"{self.processor:.1f}",
            f"{self.memory / 1e6:,.0f}",
        ]


def measure(photos: Path, count: int, weights: str) -> Row:
    """Inspect and train on the made photos in a folder, which must all count as different."""
    looked = fresh.run(["inspect", str(photos), "--json"])
    facts = json.loads(looked.output)
    if facts["photos"] != count or facts["near_duplicates"] or facts["duplicates"]:
        raise RuntimeError(f"{facts['photos']} of {count} made photos are usable and different")
    out = photos.parent / "run"
    trained = fresh.run(["train", str(photos), "--weights", weights, "--out", str(out)])
    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    return Row(
        photos=count,
        inspect=looked.seconds,
        features=seconds["features"],
        training=seconds["training"],
        total=trained.seconds,
        processor=trained.processor,
        memory=trained.memory,
    )


def measure_made(count: int, weights: str, seed: int) -> Row:
    """Make that many photos, measure, and remove them."""
    folder = Path(tempfile.mkdtemp(prefix="keykind-scale-"))
    try:
        counts = {kind: count // len(KINDS) + (i < count % len(KINDS)) for i, kind in enumerate(KINDS)}
        make_photos(folder / "photos", {"": counts}, {"": SIZE}, seed)
        return measure(folder / "photos", count, weights)
    finally:
        shutil.rmtree(folder)


def text(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table, and what they say."""
    first, last = rows[0], rows[-1]
    return f"""\
Made photos of {SIZE[0]} x {SIZE[1]} px, {len(KINDS)} kinds, a quarter held out for testing. Each row is one
`keykind inspect` and one `keykind train`, each in a fresh process with an empty cache. Features and
training are as metrics.json has them; "from start" is from starting Python to the finished report, and the
same "on the processor" adds up all cores, which other programs on the computer lengthen least. Memory is the
largest resident set of `keykind train`, pages of mapped files included.

{markdown(HEAD, [row.cells() for row in rows])}

{growth(rows)}
Peak memory at {last.photos:,} photos is {last.memory / 1e9:.2f} GB, {last.memory / first.memory:.1f} times
that at {first.photos:,}."""


def growth(rows: Sequence[Row]) -> str:
    """Say what each further 1,000 photos cost between one row and the next."""
    steps = [
        f"{(new.processor - old.processor) / (new.photos - old.photos) * 1000:.1f} s "
        f"({old.photos:,} to {new.photos:,})"
        for old, new in pairwise(rows)
    ]
    return f"Each further 1,000 photos cost {', '.join(steps)} on the processor."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--weights", default="random", help="as for keykind train (default: %(default)s)")
    options.add_argument("--most", type=int, help="also measure this many photos, for peak memory")
    options.add_argument("--seed", type=int, default=0, help="of the made photos (default: %(default)s)")
    options.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    chosen = options.parse_args()
    rows = []
    print("\t".join(HEAD), flush=True)
    for count in (*COUNTS, *([chosen.most] if chosen.most else [])):
        rows.append(measure_made(count, chosen.weights, chosen.seed))
        print("\t".join(rows[-1].cells()), flush=True)
    command = "python benchmarks/scale.py" + (" --weights WEIGHTS" if chosen.weights != "random" else "")
    command += f" --most {chosen.most}" if chosen.most else ""
    page = section("Many photos", text(rows), command=command, packages=PACKAGES)
    print(page)
    if chosen.write:
        write_section("scale", page)


if __name__ == "__main__":
    main()
