"""A key found in a photo -> its crop: head left, tip right, the whole key in it.

In:    head, tip and box of the key; pixels of the photo, perhaps decoded at a reduced scale
Out:   OrientedCrop, the slim rectangle around the key; crop (SIZE, SIZE, 3) uint8
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from keykind.core.geometry import Points
from keykind.detect.detector import BEYOND
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop

MARGIN = 0.08  # of the cut's width, on either end of the key
SLIM = 2.0  # how many times wider than high a cut is; stretched to the square, so that a slim key fills it
FINEST = 4  # pixels of the photo along a side of one of the crop's; of more, some are passed over


@dataclass(frozen=True, slots=True)
class OrientedCrop:
    """A rectangle of a photo, in pixels of the upright original."""

    middle: tuple[float, float]
    along: tuple[float, float]  # unit vector from its left to its right side: from the head to the tip
    width: float  # its height is width / SLIM

    def wider(self, factor: float) -> "OrientedCrop":
        """Return the cut that shows so many times as much to either side."""
        return replace(self, width=self.width * factor)

    def taken_from(self, pixels: Crop, ratio: float = 1.0, size: int = SIZE, beyond: int = BEYOND) -> Crop:
        """Return the cut of pixels (h, w, 3) uint8 as a square of `size` px, resampled once.

        ratio: pixels of `pixels` for one of the original; below 1 if they were decoded at a reduced scale.
        beyond: the grey of what lies outside.
        """
        fine = min(max(math.ceil(self.width * ratio / size), 1), FINEST)
        side = size * fine
        x, y = self.along
        axes = np.array([[x, -y], [y, x]])  # columns: along, across
        turn = axes * (np.array([self.width, self.width / SLIM]) * ratio / side)  # of places in the crop
        shift = np.array(self.middle) * ratio - turn @ np.array([side / 2, side / 2])
        near, corner = _around(
            pixels, turn @ np.array([[0, side, 0, side], [0, 0, side, side]]) + shift[:, None]
        )
        matrix = (*turn[0], shift[0] - corner[0], *turn[1], shift[1] - corner[1])
        large = Image.fromarray(near).transform(
            (side, side),
            Image.Transform.AFFINE,
            matrix,
            Image.Resampling.BILINEAR,
            fillcolor=(beyond, beyond, beyond),
        )
        return np.asarray(large.reduce(fine) if fine > 1 else large)

    def shown_from(self, pixels: Crop, ratio: float, height: int) -> Crop:
        """Return the cut as it is, not stretched, (height, SLIM * height, 3): what a person is shown."""
        width = round(SLIM * height)
        square = Image.fromarray(self.taken_from(pixels, ratio, width))
        return np.asarray(square.resize((width, height), Image.Resampling.BOX))


def _around(pixels: Crop, corners: Points) -> tuple[Crop, tuple[int, int]]:
    """Return the part of pixels around corners (2, n), and where it begins: copying all takes long."""
    size = np.array(pixels.shape[1::-1])
    left, top = np.clip(np.floor(corners.min(axis=1)).astype(int) - 2, 0, size - 1).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 2, [left + 1, top + 1], size).tolist()
    return np.ascontiguousarray(pixels[top:bottom, left:right]), (left, top)


def crop_around(head: Points, tip: Points, box: Points) -> OrientedCrop:
    """Return the cut around a key: head (2,), tip (2,) and corners of the box (4, 2), px of the original.

    All of the box fits in, also that of a key that is wider than long.
    """
    length = float(np.linalg.norm(tip - head))
    along = np.asarray((tip - head) / length) if length else np.array([1.0, 0.0])
    axes = np.stack([along, [-along[1], along[0]]])  # rows
    low, high = (box @ axes.T).min(axis=0), (box @ axes.T).max(axis=0)
    width, height = np.maximum(high - low, 1)
    x, y = ((low + high) / 2 @ axes).tolist()
    return OrientedCrop(
        (x, y), (float(along[0]), float(along[1])), max(width, SLIM * height) / (1 - 2 * MARGIN)
    )
