"""A labelled key in a photo -> random crops of it, as other photos of the same key might show it.

In:    a photo (h, w, 3) uint8 with the label of its first key, as rendered; a background; a random generator
Out:   crops (SIZE, SIZE, 3) uint8, head left and tip right; mirrored: the key from its other side
Needs: numpy, opencv                                                                       [train]
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Points, decode_rle
from keykind.detect.align import OrientedCrop, crop_around
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop
from keykind.photo.decode import read_photo
from keykind.train.detector.photometric import degrade, recolour
from keykind.train.detector.warp import extract, log_uniform

MIN_LENGTH = 70.0  # px of a key
MAX_CUT_OFF, MAX_OCCLUDED = 0.35, 0.5  # shares of a key that may be outside the photo, and hidden
END_NOISE, SIDE_NOISE = 0.02, 0.08  # standard deviation of an end, key lengths; largest change of the box
BACKGROUND_SHARE, MIRRORED_SHARE = 0.6, 0.5  # of the crops with another background, and mirrored
SHADOW, EDGE = 0.6, 1.2  # most of the light that a shadow takes; standard deviation of the mask's edge, px
PATCH_SHARE, PATCH = 0.25, (30, 100)  # of the crops with something in front of the key, and its sides, px
CORNER = 0.03  # standard deviation by which a corner of a crop is moved, sides of it
COLOUR_STRENGTH = 0.8  # of changes of colour, as a power of those of the detector's training


@dataclass(frozen=True, slots=True, eq=False)
class SeenKey:
    """A key in a photo."""

    pixels: Crop  # (h, w, 3) of the photo
    mask: NDArray[np.uint8]  # (h, w) 0 or 255
    head: Points
    tip: Points
    box: Points  # (4, 2)

    @property
    def length(self) -> float:
        """Return the distance of head and tip, px."""
        return float(np.linalg.norm(self.tip - self.head))

    def crop(self) -> Crop:
        """Return the crop, framed as the label says."""
        return extract(self.pixels, crop_around(self.head, self.tip, self.box), SIZE)


def read_key(photo: Path, label: Path) -> SeenKey | None:
    """Return the first key of a rendered photo; None if it is too small, hidden or outside the frame."""
    keys = json.loads(label.read_text("utf-8"))["keys"]
    if not keys or keys[0]["cut_off"] > MAX_CUT_OFF or keys[0]["occluded"] > MAX_OCCLUDED:
        return None
    head, tip, box = (np.array(keys[0][name], np.float64) for name in ("head", "tip", "box"))
    mask = decode_rle(keys[0]["mask"]).astype(np.uint8) * 255
    key = SeenKey(read_photo(photo).pixels, mask, head, tip, box)
    return key if key.length >= MIN_LENGTH else None


def random_view(key: SeenKey, background: Crop, rng: np.random.Generator) -> Crop:
    """Return a crop of a key as another photo of it might show it; background: any photo (h, w, 3)."""
    region = _random_region(key, rng)
    crop = extract(key.pixels, region, SIZE)
    if rng.random() < BACKGROUND_SHARE:
        crop = _put_on(background, crop, extract(key.mask[..., None].repeat(3, axis=2), region, SIZE), rng)
    if rng.random() < MIRRORED_SHARE:
        crop = crop[::-1]
    crop = recolour(_seen_aslant(np.ascontiguousarray(crop), rng), rng, COLOUR_STRENGTH)
    if rng.random() < PATCH_SHARE:
        crop = _hide_part(crop, rng)
    return degrade(crop, rng)


def _random_region(key: SeenKey, rng: np.random.Generator) -> OrientedCrop:
    """Return the region around the key, as far off as the detector's."""
    head, tip = (end + rng.normal(0, END_NOISE * key.length, 2) for end in (key.head, key.tip))
    middle = key.box.mean(axis=0)
    box = (key.box - middle) * (1 + rng.uniform(-SIDE_NOISE, SIDE_NOISE, 2)) + middle
    return crop_around(head, tip, box)


def _put_on(background: Crop, crop: Crop, mask: Crop, rng: np.random.Generator) -> Crop:
    """Return the key of a crop on a part of another photo, with a soft shadow; mask: the key, 0 or 255."""
    side = int(min(background.shape[:2]) * log_uniform(rng, 0.25, 1.0))
    top, left = (int(rng.integers(limit - side + 1)) for limit in background.shape[:2])
    ground = cv2.resize(background[top : top + side, left : left + side], (SIZE, SIZE)).astype(np.float32)
    share = cv2.GaussianBlur(mask[..., :1], (0, 0), EDGE).astype(np.float32)[..., None] / 255
    shift = tuple(int(value) for value in rng.integers(-8, 9, 2))
    ground *= 1 - rng.uniform(0, SHADOW) * np.roll(share, shift, axis=(0, 1))
    return np.asarray(crop * share + ground * (1 - share), np.uint8)


def _seen_aslant(crop: Crop, rng: np.random.Generator) -> Crop:
    """Return the crop with its corners moved, as by another perspective."""
    corners = np.array([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]], np.float32)
    moved = corners + rng.normal(0, CORNER * SIZE, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(moved, corners)
    return np.asarray(
        cv2.warpPerspective(crop, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _hide_part(crop: Crop, rng: np.random.Generator) -> Crop:
    """Return the crop with a plain rectangle in front of it, somewhere."""
    hidden = crop.copy()
    height, width = rng.integers(*PATCH, 2)
    top, left = rng.integers(0, SIZE, 2) - np.array([height, width]) // 2
    rows, columns = slice(max(top, 0), top + height), slice(max(left, 0), left + width)
    hidden[rows, columns] = rng.uniform(40, 220, 3)
    return hidden
