"""Render the photos bundled with keykind, as many of each kind as the student report had.

In:    nothing; every photo depends on its index and the seeds below
Out:   sample/{train,test}/<kind>/<kind>-NN.jpg: product photos to train, phone photos to test;
       sample-nothing/nothing-NN.jpg: photos without a key
Needs: numpy, pillow, manifold3d, mitsuba                                                  [render]
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keykind.core.errors import BadDataset, KeykindError
from keykind.core.files import clear_unfinished, write_bytes
from keykind.core.progress import progress
from keykind.dataset.bundled import COUNTS, NEGATIVES, NEGATIVES_FOLDER, PHOTOS_FOLDER
from keykind.dataset.dataset import read_dataset
from keykind.render.sets.job import Task
from keykind.render.sets.rendering import Studio
from keykind.render.sets.workers import run_in_processes

SCENES = {"train": "product", "test": "phone"}
SEEDS = {"train": 202401, "test": 202402}  # large, unlike those of the sets that weights are trained on
NEGATIVES_SEED = 202403
SIZE = 320  # px, longer side; the input of the network has 224
MAX_BYTES = 6_000_000  # of all photos with a key: they are part of the wheel


@dataclass(frozen=True, slots=True)
class BundledPhoto:
    """One photo to render, and its path."""

    path: Path
    task: Task


def render_sample(
    studio: Studio, folder: str | Path = PHOTOS_FOLDER, limit: int | None = None
) -> Iterator[str]:
    """Render the bundled photos, those without a key next to the folder; yield a line about each part.

    limit: photos of each kind and split at most. Photos that exist stay, so an interrupted call is resumed.
    Raises BadDataset if the folder holds anything else, or its photos are too large or too similar.
    """
    folder = Path(folder)
    photos = list(_photos(folder, limit))
    _render(photos, studio)
    _check(folder, photos)
    yield _summary(folder, photos)
    negatives = list(_negatives(folder.with_name(NEGATIVES_FOLDER.name), limit))
    _render(negatives, studio)
    yield _summary(negatives[0].path.parent, negatives)


def _photos(folder: Path, limit: int | None) -> Iterator[BundledPhoto]:
    """Yield the photos with a key, at most the first `limit` of each kind and split."""
    for split, kinds in COUNTS.items():
        first = 0
        for kind, count in kinds.items():
            for i in range(count)[:limit]:
                path = folder / split / kind / f"{kind}-{i:02}.jpg"
                yield BundledPhoto(path, Task(first + i, SCENES[split], (kind,), SIZE, SEEDS[split]))
            first += count


def _negatives(folder: Path, limit: int | None) -> Iterator[BundledPhoto]:
    """Yield the photos without a key, at most the first `limit` of them."""
    for i in range(NEGATIVES)[:limit]:
        yield BundledPhoto(folder / f"nothing-{i:02}.jpg", Task(i, "nothing", (), SIZE, NEGATIVES_SEED))


def _render(photos: Sequence[BundledPhoto], studio: Studio) -> None:
    """Render the photos that do not exist yet."""
    for folder in {photo.path.parent for photo in photos}:
        clear_unfinished(folder)
    missing = [photo for photo in photos if not photo.path.is_file()]
    if not missing:
        return
    with closing(
        run_in_processes(partial(_render_and_write, studio), missing, min(studio.workers, len(missing)))
    ) as done:
        for photo, error in progress(done, len(missing), "rendering"):
            if error is not None:
                remedy = "repeat the command"
                raise KeykindError(photo.path, fault=f"was not rendered ({error})", remedy=remedy) from error


def _render_and_write(studio: Studio, photo: BundledPhoto) -> None:
    """Render one photo and write it, in a worker."""
    write_bytes(photo.path, studio.render(photo.task).jpeg)


def _check(folder: Path, photos: Sequence[BundledPhoto]) -> None:
    """Raise BadDataset unless the folder holds these photos only, and they are small and distinct."""
    files = {path for path in folder.rglob("*") if path.is_file()}
    if files != {photo.path for photo in photos}:
        fault = f"holds {len(files)} files, not {len(photos)} photos"
        raise BadDataset(folder, fault=fault, remedy="remove it first")
    dataset = read_dataset(folder)
    problems = (*dataset.read_errors, *dataset.warnings, *dataset.duplicates, *dataset.near_duplicates)
    if problems:
        raise BadDataset(
            folder, fault=f"has {len(problems)} problems: {problems}", remedy="choose other seeds"
        )
    size = sum(path.stat().st_size for path in files)
    if size > MAX_BYTES:
        fault = f"has {size:,} bytes, more than {MAX_BYTES:,}"
        raise BadDataset(folder, fault=fault, remedy="choose a smaller size")


def _summary(folder: Path, photos: Sequence[BundledPhoto]) -> str:
    size = sum(photo.path.stat().st_size for photo in photos)
    return f"{folder}: {len(photos)} photos, {size / 1e6:.2f} MB"
