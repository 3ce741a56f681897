"""The sample that comes with keykind: rendered photos, as many of each kind as the student report had.

    python benchmarks/render_sample.py [--out FOLDER] [--most N] [--variant NAME] [--workers N]

In:    nothing; every photo follows from its number and the seeds below
Out:   src/keykind/sample/{train,test}/<kind>/<kind>-NN.jpg: product photos to train, phone photos to test;
       src/keykind/sample-nothing/nothing-NN.jpg: photos without a key
Needs: keykind[render]; a few minutes on two cores

Photos that are there stay, so the same command goes on where one was stopped. To make all anew, remove the
folder first.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keykind.core.files import clear_unfinished, write_bytes
from keykind.core.parallel import workers as cores
from keykind.core.progress import progress
from keykind.dataset.bundled import COUNTS, FOLDER, NEGATIVES_FOLDER, NOTHING
from keykind.dataset.dataset import read_dataset
from keykind.render.sets.job import Task
from keykind.render.sets.rendering import Studio
from keykind.render.sets.workers import spread
from keykind.render.studio.variant import choose_variant

SCENES = {"train": "product", "test": "phone"}
SEEDS = {"train": 202401, "test": 202402}  # large, unlike those of the sets that weights are trained on
NOTHING_SEED = 202403
SIZE = 320  # px, longer side; a network sees 224
MOST_BYTES = 6_000_000  # of all photos together: a wheel is downloaded whole


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo to take, and where it belongs."""

    path: Path
    task: Task


def photos(folder: Path, most: int) -> Iterator[Photo]:
    """Yield every photo of the sample; at most so many of each kind and split, the first of them."""
    for split, kinds in COUNTS.items():
        first = 0
        for kind, count in kinds.items():
            for number in range(min(count, most)):
                path = folder / split / kind / f"{kind}-{number:02}.jpg"
                yield Photo(path, Task(first + number, SCENES[split], (kind,), SIZE, SEEDS[split]))
            first += count


def without_key(folder: Path, most: int) -> Iterator[Photo]:
    """Yield every photo without a key; at most so many, the first of them."""
    for number in range(min(NOTHING, most)):
        path = folder / f"nothing-{number:02}.jpg"
        yield Photo(path, Task(number, "nothing", (), SIZE, NOTHING_SEED))


def make(studio: Studio, photo: Photo) -> None:
    """Take one photo and write it, in a worker."""
    write_bytes(photo.path, studio.take(photo.task).file)


def render(wanted: Sequence[Photo], studio: Studio) -> None:
    """Render the photos that are not there yet."""
    for folder in {photo.path.parent for photo in wanted}:
        clear_unfinished(folder)
    missing = [photo for photo in wanted if not photo.path.is_file()]
    if not missing:
        return
    with closing(spread(partial(make, studio), missing, min(studio.workers, len(missing)))) as done:
        for photo, fault in progress(done, len(missing), "rendering"):
            if fault is not None:
                raise RuntimeError(f"{photo.path.name} could not be rendered") from fault


def check(folder: Path, wanted: Sequence[Photo]) -> str:
    """Return what the sample holds. Raises RuntimeError unless it is whole, small and without repetition."""
    there = {path for path in folder.rglob("*") if path.is_file()}
    if there != {photo.path for photo in wanted}:
        raise RuntimeError(f"{folder} holds {len(there)} files, not {len(wanted)} photos: remove it first")
    dataset = read_dataset(folder)
    found = (*dataset.faults, *dataset.warnings, *dataset.duplicates, *dataset.near_duplicates)
    if found:
        raise RuntimeError(f"some photos cannot serve, choose other seeds: {found}")
    size = sum(path.stat().st_size for path in there)
    if size > MOST_BYTES:
        raise RuntimeError(f"{size:,} bytes, more than {MOST_BYTES:,}: choose a smaller size")
    return f"{folder}: {len(there)} photos, {size / 1e6:.2f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="(default: %(default)s)")
    parser.add_argument("--most", type=int, default=100, metavar="N", help="of each kind and split")
    parser.add_argument("--variant", metavar="NAME", help="of Mitsuba (default: the fastest that works here)")
    parser.add_argument("--workers", type=int, default=cores(), metavar="N", help="(default: %(default)s)")
    options = parser.parse_args()
    wanted = list(photos(options.out, options.most))
    studio = Studio(choose_variant(options.variant), options.workers)
    render(wanted, studio)
    print(check(options.out, wanted))
    beside = options.out.with_name(NEGATIVES_FOLDER.name)
    render(list(without_key(beside, options.most)), studio)
    print(f"{beside}: {sum(path.stat().st_size for path in beside.glob('*.jpg')) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
