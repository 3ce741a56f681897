"""A photo -> every key in it: where it lies, which end is its head, how much of it is seen.

In:    Photo; the network's file, which comes with keykind
Out:   Found(s), the surest first, in pixels of the upright original
Needs: numpy, pillow, ai-edge-litert

A photo whose keys are small, or in which none is seen, is looked at again from nearer, tile by tile.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind import shipped
from keykind.errors import BadModel
from keykind.masks import Mask
from keykind.photo import Photo
from keykind.runner import Runner
from keykind.separation import SIDE, Fields, Found, apart, length, separate

BEYOND = 128  # grey of what lies beyond a photo
LEAST_SCORE = 0.45  # of a key that is told
SMALL = 0.2  # of the photo's longer side: where half of the keys are shorter, the photo is looked at in tiles
TILE = 0.6  # of the photo's longer side: that of a tile
LARGE = 0.5  # of a tile: longer keys are left to the look at the whole photo
SAME = 0.3  # of a key's length: mean distance of two looks' ends at which they are one key's
ABOUT = 0.5  # the same, where their middles are nearer than half of SAME


Tile = tuple[slice, slice]  # rows and columns


class Finder:
    """A network that finds keys. Threads may share it."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Take the network's file. Raises ValueError or RuntimeError for what LiteRT cannot read."""
        self.digest = hashlib.sha256(flatbuffer).hexdigest()
        self._runner = Runner(flatbuffer)
        self._runner.prepare()

    def find(self, photo: Photo, least: float = LEAST_SCORE) -> tuple[Found, ...]:
        """Return the keys in a photo with at least that score, the surest first. Safe in threads."""
        ratio = photo.width / photo.pixels.shape[1]  # the photo may have been decoded at a reduced scale
        whole = self._look(photo.pixels, ratio, least)
        longer = max(photo.width, photo.height)
        if max(photo.pixels.shape) <= SIDE or (whole and np.median([*map(length, whole)]) > SMALL * longer):
            return whole
        near = [key for tile in _tiles(photo.pixels) for key in self._near(photo, tile, ratio, least)]
        return _joined([*sorted(near, key=lambda key: -key.score), *whole])

    def _look(self, pixels: NDArray[np.uint8], ratio: float, least: float) -> tuple[Found, ...]:
        """Return the keys in pixels (h, w, 3) of which one stands for `ratio` of the photo's."""
        picture, scale = fit(pixels)
        height, width = (max(min(SIDE, round(side / scale)), 1) for side in pixels.shape[:2])
        return separate(self.fields(picture), (height, width), scale * ratio, least)

    def _near(self, photo: Photo, tile: Tile, ratio: float, least: float) -> Iterator[Found]:
        """Yield the keys that lie inside a tile and are not large in it, in their places in the photo."""
        rows, columns = tile
        pixels = photo.pixels[rows, columns]
        shift = np.array([columns.start, rows.start]) * ratio
        for key in self._look(pixels, ratio, least):
            ends = np.stack([key.head, key.tip]) / ratio
            inside = (ends >= 0).all() and (ends < pixels.shape[1::-1]).all()
            if inside and length(key) <= LARGE * max(pixels.shape) * ratio:
                size = round(photo.height / key.scale), round(photo.width / key.scale)
                yield replace(
                    key,
                    box=key.box + shift,
                    head=key.head + shift,
                    tip=key.tip + shift,
                    mask=_placed(key.mask, shift / key.scale, size),
                    blade=_placed(key.blade, shift / key.scale, size),
                )

    def fields(self, picture: NDArray[np.uint8]) -> Fields:
        """Return what the network says of a picture (SIDE, SIDE, 3)."""
        (fields,) = self._runner.run(picture)
        return np.asarray(fields[0])


def load_finder(path: Path | None = None) -> Finder:
    """Return the finder of a file; None: the one that comes with keykind. Raises BadModel."""
    try:
        return Finder(shipped.read_model(shipped.FINDER) if path is None else path.read_bytes())
    except (OSError, ValueError, RuntimeError) as error:
        fault = f"holds no network that finds keys ({error})"
        raise BadModel(path or shipped.FINDER, fault=fault, remedy="give the file of a finder") from error


def fit(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Return pixels (h, w, 3) in the upper left of (SIDE, SIDE, 3), and how many one pixel stands for."""
    height, width = pixels.shape[:2]
    scale = max(height, width) / SIDE
    sides = max(round(width / scale), 1), max(round(height / scale), 1)
    picture = np.full((SIDE, SIDE, 3), BEYOND, np.uint8)
    small = Image.fromarray(pixels).resize(sides, Image.Resampling.BILINEAR)
    picture[: sides[1], : sides[0]] = np.asarray(small)
    return picture, scale


def _tiles(pixels: NDArray[np.uint8]) -> list[Tile]:
    """Return the tiles of pixels (h, w, 3), which overlap."""
    side = round(TILE * max(pixels.shape))

    def spans(whole: int) -> list[slice]:
        return [slice(0, whole)] if whole <= side else [slice(0, side), slice(whole - side, whole)]

    return [(rows, columns) for rows in spans(pixels.shape[0]) for columns in spans(pixels.shape[1])]


def _placed(mask: Mask, shift: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """Return a tile's mask in one of the whole photo, (h, w)."""
    whole = np.zeros(size, bool)
    left, top = np.rint(shift).astype(int)
    inside = whole[top : top + mask.shape[0], left : left + mask.shape[1]]
    inside[:] = mask[: inside.shape[0], : inside.shape[1]]
    return whole


def _joined(keys: Sequence[Found]) -> tuple[Found, ...]:
    """Return the keys, the surest first, each once: as the first look that saw it tells it."""
    kept: list[Found] = []
    for key in keys:
        if not any(_is_one(key, other) for other in kept):
            kept.append(key)
    return tuple(sorted(kept, key=lambda one: -one.score))


def _is_one(key: Found, other: Found) -> bool:
    """Tell whether two looks told of the same key; from afar the ends of a small one are not told well."""
    middles = np.linalg.norm(key.box.mean(axis=0) - other.box.mean(axis=0)) / max(length(other), 1e-6)
    off = apart(key, other)
    return bool(off <= SAME or (off <= ABOUT and middles <= SAME / 2))
