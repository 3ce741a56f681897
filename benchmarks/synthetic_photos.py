"""Folders of synthetic photos: for measuring time and memory where there are not enough real ones.

In:    how many photos of each kind and split, their size in pixels, a seed
Out:   FOLDER/<split>/<kind>/NNNNN.jpg (or FOLDER/<kind>/ without a split), all of different content
Needs: keykind's base installation

A bundled photo, rotated, is pasted on random texture, coarse and fine: such a JPEG has about the size of a
photo's and takes as long to decode. These images say nothing about accuracy.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keykind.dataset.bundled import bundled_photos

QUALITY = 90  # of the JPEGs; phones write 90 to 97
NOISE = (
    (12, 55.0),
    (48, 25.0),
    (200, 12.0),
    (800, 6.0),
    (3200, 9.0),
)  # cells across, contrast in grey levels
INSET = (0.35, 0.8)  # range of the side of the pasted photo, as a share of the shorter side


@dataclass(frozen=True, slots=True)
class Job:
    """One photo to write."""

    path: Path
    kind: str
    size: tuple[int, int]  # width, height in px
    seed: tuple[int, int]  # of the set, and the photo's number in it


def make_photos(
    folder: Path, counts: dict[str, dict[str, int]], sizes: dict[str, tuple[int, int]], seed: int
) -> None:
    """Write the photos; the same arguments write the same pixels.

    counts: split -> kind -> photos; sizes: split -> (width, height). The split "" stands for no split.
    """
    jobs: list[Job] = []
    for split, kinds in counts.items():
        for kind, count in kinds.items():
            target = folder / split / kind
            target.mkdir(parents=True, exist_ok=True)
            first = len(jobs)
            jobs += [Job(target / f"{i:05}.jpg", kind, sizes[split], (seed, first + i)) for i in range(count)]
    _write_all(jobs)


def _write_all(jobs: Iterable[Job]) -> None:
    # Processes, not threads: their memory ends with them and is not part of the measurement.
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(write, jobs, chunksize=16):
            pass


def write(job: Job) -> None:
    """Write one photo."""
    image = compose(job.kind, job.size, np.random.default_rng(job.seed))
    image.save(job.path, "JPEG", quality=QUALITY)


def compose(kind: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a photo of that kind on texture, `size` (width, height) px."""
    background = texture(size, rng)
    side = int(min(size) * rng.uniform(*INSET))
    inset = ImageOps.contain(bundled_photo(kind, rng), (side, side), Image.Resampling.BILINEAR)
    corner = [int(rng.integers(0, whole - part + 1)) for whole, part in zip(size, inset.size, strict=True)]
    background.paste(inset, (corner[0], corner[1]))
    return background


def bundled_photo(kind: str, rng: np.random.Generator) -> Image.Image:
    """Return a bundled training photo of that kind, rotated by quarter turns and perhaps mirrored."""
    photos = sorted((bundled_photos() / "train" / kind).iterdir())
    with Image.open(photos[rng.integers(len(photos))]) as photo:
        rotated = photo.rotate(90 * int(rng.integers(4)), expand=True)
    return ImageOps.mirror(rotated) if rng.random() < 0.5 else rotated


def texture(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a random texture, `size` px: colours that vary over the image, and noise down to the pixel."""
    width, height = size
    total = np.broadcast_to(rng.uniform(60, 200, 3).astype(np.float32), (height, width, 3)).copy()
    for cells, contrast in [octave for octave in NOISE if octave[0] <= width]:
        rows = max(2, cells * height // width)
        channels = 3 if cells < 100 else 1  # fine noise is grey: a third of the time, and like a sensor's
        noise = rng.normal(0, contrast, (rows, cells, channels)).astype(np.float32)
        layers = [
            Image.fromarray(noise[..., i]).resize(size, Image.Resampling.BILINEAR) for i in range(channels)
        ]
        total += np.stack([np.asarray(layer) for layer in layers], axis=2)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
