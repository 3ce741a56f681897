"""Numbers -> folders of made photos: for measuring time and memory where no real photos of that number are.

In:    how many photos of each kind and split, their size in pixels, a seed
Out:   FOLDER/<split>/<kind>/NNNNN.jpg (or FOLDER/<kind>/ without a split), each with its own content
Needs: keykind's base installation

A photo of the sample lies, turned, on a ground of random texture, coarse and fine: a JPEG of it has about the
bytes of a photo's and costs as much to decode. The pictures say nothing about how well real keys are told.
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
GRAINS = ((12, 55.0), (48, 25.0), (200, 12.0), (800, 6.0), (3200, 9.0))  # cells along the width, grey levels
INSET = (0.35, 0.8)  # smallest and largest side of the sample's photo, as a share of the shorter side


@dataclass(frozen=True, slots=True)
class Order:
    """One photo to be made."""

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
    orders = []
    for split, kinds in counts.items():
        for kind, count in kinds.items():
            place = folder / split / kind
            place.mkdir(parents=True, exist_ok=True)
            first = len(orders)
            orders += [
                Order(place / f"{number:05}.jpg", kind, sizes[split], (seed, first + number))
                for number in range(count)
            ]
    _make_all(orders)


def _make_all(orders: Iterable[Order]) -> None:
    # Processes, not threads: their memory ends with them and does not count as that of what is measured.
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(make, orders, chunksize=16):
            pass


def make(order: Order) -> None:
    """Write one photo."""
    picture(order.kind, order.size, np.random.default_rng(order.seed)).save(
        order.path, "JPEG", quality=QUALITY
    )


def picture(kind: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a photo of that kind on a textured ground, `size` (width, height) px."""
    ground = texture(size, rng)
    side = int(min(size) * rng.uniform(*INSET))
    inset = ImageOps.contain(sample(kind, rng), (side, side), Image.Resampling.BILINEAR)
    corner = [int(rng.integers(0, whole - part + 1)) for whole, part in zip(size, inset.size, strict=True)]
    ground.paste(inset, (corner[0], corner[1]))
    return ground


def sample(kind: str, rng: np.random.Generator) -> Image.Image:
    """Return one of the sample's training photos of that kind, turned by quarters and perhaps mirrored."""
    photos = sorted((bundled_photos() / "train" / kind).iterdir())
    with Image.open(photos[rng.integers(len(photos))]) as photo:
        turned = photo.rotate(90 * int(rng.integers(4)), expand=True)
    return ImageOps.mirror(turned) if rng.random() < 0.5 else turned


def texture(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a random ground, `size` px: colours that vary over the photo, and grain down to the pixel."""
    width, height = size
    total = np.broadcast_to(rng.uniform(60, 200, 3).astype(np.float32), (height, width, 3)).copy()
    for cells, contrast in [grain for grain in GRAINS if grain[0] <= width]:
        rows = max(2, cells * height // width)
        channels = 3 if cells < 100 else 1  # fine grain is grey: a third of the time, and like a sensor's
        noise = rng.normal(0, contrast, (rows, cells, channels)).astype(np.float32)
        grown = [
            Image.fromarray(noise[..., i]).resize(size, Image.Resampling.BILINEAR) for i in range(channels)
        ]
        total += np.stack([np.asarray(channel) for channel in grown], axis=2)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
