"""A photo -> every key in it: where it lies, which end is its head, how much of it is seen.

In:    Photo; the network's file, which comes with keykind
Out:   Detection(s), the surest first, in pixels of the upright original
Needs: numpy, pillow, ai-edge-litert

Where several keys are seen, the picture is looked at mirrored along its diagonal, too, and both answers are
averaged. A photo whose keys are small, or in which none is seen, is looked at again from nearer, tile by
tile, and if need be once more.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadModel
from keykind.core.geometry import Mask, Points
from keykind.detect.postprocess import SIDE, Detection, Fields, apart, length, separate, transposed
from keykind.model import shipped
from keykind.model.interpreter import InterpreterPool
from keykind.photo.decode import Photo

BEYOND = 128  # grey of what lies beyond a photo
SCORE_THRESHOLD = 0.45  # of a key that is told
SMALL = 0.2  # of the longer side of what is looked at: half of the keys shorter, and it is seen from nearer
TILES = (0.6, 0.3)  # of the photo's longer side: that of a tile, at the second look and at the third
OVERLAP = 0.2  # of a tile's side: that of the next, at least
LEAST_TILE = 0.7  # of SIDE: smaller tiles have nothing more to show
EDGE = 2  # px: a key that is nearer to a tile's edge may go on beyond it
LARGE = 0.5  # of a tile: longer keys are left to the look at the whole photo
SAME = 0.3  # of a key's length: mean distance of two looks' ends at which they are one key's
ABOUT = 0.5  # the same, where their middles are nearer than half of SAME


Tile = tuple[slice, slice]  # rows and columns


class KeyDetector:
    """A network that finds keys. Threads may share it."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Take the network's file. Raises ValueError or RuntimeError for what LiteRT cannot read."""
        self.digest = hashlib.sha256(flatbuffer).hexdigest()
        self._runner = InterpreterPool(flatbuffer)
        self._runner.prepare()

    def find(self, photo: Photo, least: float = SCORE_THRESHOLD) -> tuple[Detection, ...]:
        """Return the keys in a photo with at least that score, the surest first. Safe in threads."""
        ratio = photo.width / photo.pixels.shape[1]  # the photo may have been decoded at a reduced scale
        longer = max(photo.width, photo.height)
        found, seen = self._look(photo.pixels, ratio, least), float(longer)
        for share in TILES:
            if max(photo.pixels.shape) * share <= SIDE * LEAST_TILE or not _are_small(found, seen):
                break
            seen = share * longer
            tiles = _tiles(photo.pixels, share)
            near = [key for tile in tiles for key in self._near(photo, tile, ratio, least)]
            found = _joined([*sorted(near, key=lambda key: -key.score), *found])
        return found

    def _look(self, pixels: NDArray[np.uint8], ratio: float, least: float) -> tuple[Detection, ...]:
        """Return the keys in pixels (h, w, 3) of which one stands for `ratio` of the photo's.

        Of several, some may be parts of others: then the network is asked again, of the mirrored picture, and
        if it sees keys there the mean of both answers counts.
        """
        picture, scale = fit(pixels)
        height, width = (max(min(SIDE, round(side / scale)), 1) for side in pixels.shape[:2])

        def told(fields: Fields) -> tuple[Detection, ...]:
            return separate(fields, (height, width), scale * ratio, least)

        fields = self.fields(picture)
        found = told(fields)
        if len(found) > 1:
            mirrored = transposed(self.fields(np.ascontiguousarray(picture.transpose(1, 0, 2))))
            if told(mirrored):
                found = told(np.float32(0.5) * (fields + mirrored))
        return found

    def _near(self, photo: Photo, tile: Tile, ratio: float, least: float) -> Iterator[Detection]:
        """Yield the keys that lie inside a tile and are not large in it, in their places in the photo."""
        rows, columns = tile
        pixels = photo.pixels[rows, columns]
        shift = np.array([columns.start, rows.start]) * ratio
        for key in self._look(pixels, ratio, least):
            corners = np.concatenate([[key.head, key.tip], key.box]) / ratio
            small = length(key) <= LARGE * max(pixels.shape) * ratio
            if small and _is_inside(corners, tile, photo.pixels.shape):
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


def load_detector(path: Path | None = None) -> KeyDetector:
    """Return the detector of a file; None: the one that comes with keykind. Raises BadModel."""
    try:
        return KeyDetector(shipped.read_model(shipped.DETECTOR) if path is None else path.read_bytes())
    except (OSError, ValueError, RuntimeError) as error:
        fault = f"holds no network that finds keys ({error})"
        raise BadModel(path or shipped.DETECTOR, fault=fault, remedy="give the file of a detector") from error


def fit(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Return pixels (h, w, 3) in the upper left of (SIDE, SIDE, 3), and how many one pixel stands for."""
    height, width = pixels.shape[:2]
    scale = max(height, width) / SIDE
    sides = max(round(width / scale), 1), max(round(height / scale), 1)
    picture = np.full((SIDE, SIDE, 3), BEYOND, np.uint8)
    small = Image.fromarray(pixels).resize(sides, Image.Resampling.BILINEAR)
    picture[: sides[1], : sides[0]] = np.asarray(small)
    return picture, scale


def _are_small(found: Sequence[Detection], seen: float) -> bool:
    """Tell whether there may be more, or more to see, from nearer than where `seen` px were looked at."""
    return not found or float(np.median([*map(length, found)])) <= SMALL * seen


def _tiles(pixels: NDArray[np.uint8], share: float) -> list[Tile]:
    """Return the tiles of pixels (h, w, 3), which overlap."""
    side = round(share * max(pixels.shape))

    def spans(whole: int) -> list[slice]:
        if whole <= side:
            return [slice(0, whole)]
        count = math.ceil((whole - side) / ((1 - OVERLAP) * side)) + 1
        firsts = np.linspace(0, whole - side, count).astype(int).tolist()
        return [slice(first, first + side) for first in firsts]

    return [(rows, columns) for rows in spans(pixels.shape[0]) for columns in spans(pixels.shape[1])]


def _is_inside(corners: Points, tile: Tile, size: tuple[int, ...]) -> bool:
    """Tell whether a key (n, 2), px of a tile, is all in it: none that another tile may show whole."""
    low = [EDGE if side.start > 0 else -math.inf for side in tile[::-1]]
    high = [
        side.stop - side.start - EDGE if side.stop < whole else math.inf
        for side, whole in zip(tile[::-1], size[1::-1], strict=True)
    ]
    return bool((corners >= low).all() and (corners <= high).all())


def _placed(mask: Mask, shift: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """Return a tile's mask in one of the whole photo, (h, w)."""
    whole = np.zeros(size, bool)
    left, top = np.rint(shift).astype(int)
    inside = whole[top : top + mask.shape[0], left : left + mask.shape[1]]
    inside[:] = mask[: inside.shape[0], : inside.shape[1]]
    return whole


def _joined(keys: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return the keys, the surest first, each once: as the first look that saw it tells it."""
    kept: list[Detection] = []
    for key in keys:
        if not any(_is_one(key, other) for other in kept):
            kept.append(key)
    return tuple(sorted(kept, key=lambda one: -one.score))


def _is_one(key: Detection, other: Detection) -> bool:
    """Tell whether two looks told of the same key; from afar the ends of a small one are not told well."""
    middles = np.linalg.norm(key.box.mean(axis=0) - other.box.mean(axis=0)) / max(length(other), 1e-6)
    off = apart(key, other)
    return bool(off <= SAME or (off <= ABOUT and middles <= SAME / 2))
