"""Ray compared with this process's threads: photos/s, memory of the driver, and the loss of a node.

    python benchmarks/engines.py PHOTOS [--photos 3000] [--rounds 2] [--write]

In:    PHOTOS: a folder of real photos, repeated under other names until there are enough
Out:   the same command with both engines alternating; the driver's memory for 1,000 and 50,000 small photos;
       5,000 photos on three nodes, one of which is killed; with --write also in docs/benchmarks.md
Needs: Linux; keykind[scale]

Both engines have the same cores. "From start" is from starting Python to the last file written, including
Ray's start and shutdown; "warm" is the rate between the first file and the last.

Targets: Ray at least 85% of the local engine's rate in a run of two minutes or more; constant memory of the
driver; every photo answered once.
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
SHARD = 250  # photos per file
COUNTS = 1_000, 50_000  # small photos, for the driver's memory
NODE_LOSS_PHOTOS = 5_000
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
PACKAGES = "keykind", "ray", "pyarrow", "ai-edge-litert", "numpy", "pillow"


@dataclass(frozen=True, slots=True)
class Run:
    """The cost and output of one command."""

    photos: int
    seconds: float  # from start
    warm: float  # photos/s between the first file and the last
    memory: int  # peak bytes of the driver
    files: dict[str, bytes]


def run(folder: Path, out: Path, engine: str, *options: str) -> Run:
    """Predict a folder in a fresh process."""
    arguments = ["predict", folder, "--out", out, "--part", SHARD, "--engine", engine, "--json", *options]
    start = time.monotonic()
    command = [sys.executable, "-m", "keykind", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    memory = 0
    while process.poll() is None:
        memory = max(memory, peak(process.pid))
        time.sleep(0.1)
    seconds = time.monotonic() - start
    assert process.stdout
    count = json.loads(process.stdout.read())["photos"]
    shards = sorted(out.glob("part-*"))
    times = sorted(path.stat().st_mtime for path in shards)
    warm = (count - SHARD) / max(times[-1] - times[0], 1e-3)
    return Run(count, seconds, warm, memory, {path.name: path.read_bytes() for path in shards})


def repeat(photos: Path, count: int, folder: Path) -> Path:
    """Return a folder of `count` links to the photos."""
    folder.mkdir()
    found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for i, path in enumerate(islice(cycle(found), count)):
        (folder / f"{i:06}{path.suffix}").symlink_to(path.absolute())
    return folder


def small_photos(count: int, folder: Path) -> Path:
    """Return a folder of `count` small photos."""
    folder.mkdir()
    Image.effect_noise((64, 64), 60).convert("RGB").save(folder / "0.jpg")
    for i in range(1, count):
        os.link(folder / "0.jpg", folder / f"{i}.jpg")
    return folder


def grey_photos(count: int) -> Iterator[NamedPhoto]:
    for i in range(count):
        yield NamedPhoto(f"{i}.png", np.full((64, 64, 3), i % 251, np.uint8))


def run_with_node_loss(count: int) -> tuple[float, float, bool]:
    """Predict photos on three nodes, one of which is killed halfway.

    Returns the seconds, the longest pause after the loss, and whether all were answered once and in order.
    """
    os.environ |= scale.RAY_ENVIRONMENT
    nodes = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
    nodes.add_node(**NODE)
    doomed = nodes.add_node(**NODE)
    nodes.wait_for_nodes()
    os.environ["RAY_ADDRESS"] = nodes.address
    scale.connect()
    recogniser, names = Recogniser.load(whole=True), []
    start = previous = time.monotonic()
    pause = 0.0
    for prediction in recogniser.recognise_many(grey_photos(count), scale.engine()):
        names.append(prediction.photo)
        pause = max(pause, time.monotonic() - previous) if len(names) > count // 2 else pause
        previous = time.monotonic()
        if len(names) == count // 2:
            nodes.remove_node(doomed, allow_graceful=False)
    seconds = time.monotonic() - start
    ray.shutdown()
    nodes.shutdown()
    return seconds, pause, names == [f"{i}.png" for i in range(count)]


def text(rounds: Sequence[dict[str, Run]], many: Sequence[Run], loss: tuple[float, float, bool]) -> str:
    """Return the section's text."""
    rows = [
        [
            engine,
            f"{run.photos:,}",
            *(f"{value:.1f}" for value in (run.seconds, run.photos / run.seconds, run.warm)),
        ]
        for runs in rounds
        for engine, run in runs.items()
    ]
    start = np.median([runs["local"].seconds / runs["ray"].seconds for runs in rounds])
    warm = np.median([runs["ray"].warm / runs["local"].warm for runs in rounds])
    same = all(runs["local"].files == runs["ray"].files for runs in rounds)
    sizes = [[f"{run.photos:,}", f"{run.memory / 1e6:.0f}"] for run in many]
    seconds, pause, once = loss
    return f"""The same real photos, with the included models (detector and classifier), by
`keykind predict --out FOLDER`, alternating.

{markdown(["engine", "photos", "s from start", "photos/s from start", "photos/s warm"], rows)}

Ray's rate is **{start:.0%}** of the local engine's from start, {warm:.0%} warm (medians). The files
of both {"are byte-identical" if same else "DIFFER"}.

Peak memory of the driver (the process that was started), small photos classified as a whole:

{markdown(["photos", "peak MB"], sizes)}

{NODE_LOSS_PHOTOS:,} photos on three one-core nodes on this machine, one killed in the middle:
every photo {"answered once, in order" if once else "NOT answered once"}, in {seconds:.0f} s; the longest
pause after the loss was {pause:.0f} s, the time Ray takes to declare a node dead."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos_folder", type=Path, metavar="PHOTOS", help="a folder of photos")
    parser.add_argument("--photos", type=int, default=3000, help="per run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="of both engines (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        folder = repeat(options.photos_folder, options.photos, work / "photos")
        rounds = [
            {engine: run(folder, work / f"{engine}-{i}", engine) for engine in ENGINES}
            for i in range(options.rounds)
        ]
        print(
            [{engine: (each.seconds, each.warm) for engine, each in runs.items()} for runs in rounds],
            flush=True,
        )
        many = [
            run(small_photos(count, work / f"small-{count}"), work / f"many-{count}", "ray", "--whole")
            for count in COUNTS
        ]
        loss = run_with_node_loss(NODE_LOSS_PHOTOS)
    command = f"python benchmarks/engines.py PHOTOS --photos {options.photos} --rounds {options.rounds}"
    page = section("Ray compared with threads", text(rounds, many, loss), command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("engines", page)


if __name__ == "__main__":
    main()
