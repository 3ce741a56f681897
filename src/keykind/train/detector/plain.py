"""Plain grounds: a sheet of paper, a table top, the white of a product photo.

In:    a size, a random generator
Out:   an image (h, w, 3) uint8
Needs: numpy, opencv                                                                       [train]
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

PAPER_SHARE, PAPER_LEVELS, PAPER_TINT = 0.6, (215.0, 255.0), 3.0  # near white; standard deviation of its tint
GRADIENT, VIGNETTE = 0.15, 0.15  # largest relative change from the middle to an edge; darkening of the edges
REDUCTION = 8  # the gradient is computed at this fraction of the size: it is smooth


def plain_ground(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a plain image of a size (width, height): white or of any colour, unevenly lit."""
    colour = rng.uniform(0, 255, 3)
    if rng.random() < PAPER_SHARE:
        colour = rng.uniform(*PAPER_LEVELS) + rng.normal(0, PAPER_TINT, 3)
    x, y = np.meshgrid(
        np.linspace(-1, 1, max(size[0] // REDUCTION, 2)), np.linspace(-1, 1, max(size[1] // REDUCTION, 2))
    )
    angle = rng.uniform(0, 2 * math.pi)
    slope = rng.uniform(0, GRADIENT) * (x * math.cos(angle) + y * math.sin(angle))
    light = 1 + slope - rng.uniform(0, VIGNETTE) * (x**2 + y**2)
    small = np.clip(colour * light[..., None], 0, 255).astype(np.float32)
    return np.asarray(cv2.resize(small, size).astype(np.uint8))
