"""Ray beside this process's threads: photos/s, memory of the driver, and a node that is lost.

    python benchmarks/engines.py PHOTOS [--photos 3000] [--rounds 2] [--write]

In:    PHOTOS: a folder of real photos, repeated under other names until there are enough
Out:   the same command with both engines in turns; the driver's memory for 1,000 and 50,000 small photos;
       5,000 photos on three nodes of which one is killed; docs/benchmarks.md
Needs: Linux; keykind[scale]

Both engines have the same processors. "From start" is from starting Python to the last file written, Ray's
beginning and end included; "once warm" is the rate between the first part's file and the last one's.

Targets: Ray at least 85% of the local engine's rate in a run of two minutes or more; driver memory flat;
every photo answered once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import ray
from PIL import Image
from ray.cluster_utils import Cluster

from keykind import scale
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from memory import peak
from table import markdown, section, write_section

ENGINES = "local", "ray"
PART = 250  # photos in a file
MANY = 1_000, 50_000
LOST = 5_000  # photos in the run that loses a node
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
PACKAGES = "keykind", "ray", "pyarrow", "ai-edge-litert", "numpy", "pillow"


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took."""

    photos: int
    seconds: float  # from start
    warm: float  # photos/s between the first part and the last
    memory: int  # bytes of the driver at most
    files: dict[str, bytes]


def run(folder: Path, out: Path, engine: str, *more: str) -> Run:
    """Answer a folder in a process of its own."""
    given = [
        "predict",
        str(folder),
        "--out",
        str(out),
        "--part",
        str(PART),
        "--engine",
        engine,
        "--json",
        *more,
    ]
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "keykind", *given], stdout=subprocess.PIPE)
    memory = 0
    while process.poll() is None:
        memory = max(memory, peak(process.pid))
        time.sleep(0.1)
    seconds = time.monotonic() - start
    assert process.stdout
    count = json.loads(process.stdout.read())["photos"]
    parts = sorted(out.glob("part-*"))
    times = sorted(path.stat().st_mtime for path in parts)
    warm = (count - PART) / max(times[-1] - times[0], 1e-3)
    return Run(count, seconds, warm, memory, {path.name: path.read_bytes() for path in parts})


def repeated(photos: Path, count: int, folder: Path) -> Path:
    """Return a folder of so many links to the photos."""
    folder.mkdir()
    found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for number, path in enumerate(islice(cycle(found), count)):
        (folder / f"{number:06}{path.suffix}").symlink_to(path.absolute())
    return folder


def small(count: int, folder: Path) -> Path:
    """Return a folder of so many small photos."""
    folder.mkdir()
    Image.effect_noise((64, 64), 60).convert("RGB").save(folder / "0.jpg")
    for number in range(1, count):
        os.link(folder / "0.jpg", folder / f"{number}.jpg")
    return folder


def shades(count: int) -> Iterator[NamedPhoto]:
    for number in range(count):
        yield NamedPhoto(f"{number}.png", np.full((64, 64, 3), number % 251, np.uint8))


def with_a_lost_node(count: int) -> tuple[float, float, bool]:
    """Answer photos on three nodes; return the seconds, those without an answer, whether all came once."""
    os.environ |= scale.QUIET
    nodes = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
    nodes.add_node(**NODE)
    lost = nodes.add_node(**NODE)
    nodes.wait_for_nodes()
    os.environ["RAY_ADDRESS"] = nodes.address
    scale.connect()
    recogniser, names = Recogniser.load(whole=True), []
    start = before = time.monotonic()
    gap = 0.0
    for one in recogniser.recognise_many(shades(count), scale.engine()):
        names.append(one.photo)
        gap = max(gap, time.monotonic() - before) if len(names) > count // 2 else gap
        before = time.monotonic()
        if len(names) == count // 2:
            nodes.remove_node(lost, allow_graceful=False)
    seconds = time.monotonic() - start
    ray.shutdown()
    nodes.shutdown()
    return seconds, gap, names == [f"{number}.png" for number in range(count)]


def told(rounds: Sequence[dict[str, Run]], many: Sequence[Run], lost: tuple[float, float, bool]) -> str:
    """Return the section's text."""
    rows = [
        [
            engine,
            f"{one.photos:,}",
            *(f"{value:.1f}" for value in (one.seconds, one.photos / one.seconds, one.warm)),
        ]
        for both in rounds
        for engine, one in both.items()
    ]
    start = np.median([both["local"].seconds / both["ray"].seconds for both in rounds])
    warm = np.median([both["ray"].warm / both["local"].warm for both in rounds])
    same = all(both["local"].files == both["ray"].files for both in rounds)
    sizes = [[f"{one.photos:,}", f"{one.memory / 1e6:.0f}"] for one in many]
    seconds, gap, once = lost
    return f"""The same real photos, with the models that come with keykind (detector and classifier), by
`keykind predict --out FOLDER`, in turns.

{markdown(["engine", "photos", "s from start", "photos/s from start", "photos/s once warm"], rows)}

Ray's rate is **{start:.0%}** of the local engine's from start, {warm:.0%} once warm (medians). The files
of both {"differ in no byte" if same else "DIFFER"}.

Memory of the driver (the process that was started), small photos looked at as a whole:

{markdown(["photos", "MB at most"], sizes)}

{LOST:,} photos on three nodes of one processor each on this machine, one killed in the middle:
every photo {"answered once, in order" if once else "NOT answered once"}, in {seconds:.0f} s, the longest
pause after the loss {gap:.0f} s: Ray waits so long for a node's sign of life."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos_folder", type=Path, metavar="PHOTOS", help="a folder of photos")
    parser.add_argument("--photos", type=int, default=3000, help="in each run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="of both engines (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = repeated(options.photos_folder, options.photos, place / "photos")
        rounds = [
            {engine: run(folder, place / f"{engine}-{number}", engine) for engine in ENGINES}
            for number in range(options.rounds)
        ]
        print(
            [{engine: (one.seconds, one.warm) for engine, one in both.items()} for both in rounds], flush=True
        )
        many = [
            run(small(count, place / f"small-{count}"), place / f"many-{count}", "ray", "--whole")
            for count in MANY
        ]
        lost = with_a_lost_node(LOST)
    command = f"python benchmarks/engines.py PHOTOS --photos {options.photos} --rounds {options.rounds}"
    page = section("Ray beside threads", told(rounds, many, lost), command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("engines", page)


if __name__ == "__main__":
    main()
