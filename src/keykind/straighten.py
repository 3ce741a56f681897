"""A key found in a photo -> its crop: head left, tip right, the whole key in it.

In:    pixels of the photo; head, tip and box of the key in them
Out:   crop (SIZE, SIZE, 3) uint8
Needs: numpy, pillow
"""

import math

import numpy as np
from PIL import Image

from keykind.card import SIZE
from keykind.masks import Points
from keykind.views import Crop

MARGIN = 0.08  # of the crop's side, on either end of the key
SLIM = 2.0  # how many times wider than high the cut is that becomes the square crop; a key is a slim thing
FINEST = 4  # pixels of the photo along a side of one of the crop's; of more, some are passed over
GREY = 128  # beyond the photo


def straighten(pixels: Crop, head: Points, tip: Points, box: Points) -> Crop:
    """Return the key's crop, resampled once.

    pixels (h, w, 3) uint8; head (2,), tip (2,) and corners of the box (4, 2) in them, px. All of the box fits
    in; the cut is SLIM times wider than high and stretched to the square, so that slim keys fill it.
    """
    along = _direction(head, tip)
    axes = np.stack([along, [-along[1], along[0]]])  # rows: along the key, and across
    low, high = (box @ axes.T).min(axis=0), (box @ axes.T).max(axis=0)
    width, height = np.maximum(high - low, 1)
    width = max(width, SLIM * height) / (1 - 2 * MARGIN)
    sides = np.array([width, width / SLIM])
    corner = (low + high) / 2 - sides / 2
    fine = min(math.ceil(width / SIZE), FINEST)
    step = sides / (SIZE * fine)
    turn = axes.T * step  # from places in the crop to places in the photo
    shift = axes.T @ corner
    matrix = (*turn[0], shift[0], *turn[1], shift[1])
    large = Image.fromarray(pixels).transform(
        (SIZE * fine, SIZE * fine),
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=(GREY, GREY, GREY),
    )
    return np.asarray(large.reduce(fine) if fine > 1 else large)


def _direction(head: Points, tip: Points) -> Points:
    """Return the unit vector (2,) from head to tip; to the right where both are one."""
    length = float(np.linalg.norm(tip - head))
    return np.asarray((tip - head) / length) if length else np.array([1.0, 0.0])
