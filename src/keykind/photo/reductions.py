"""Pixels -> the same, averaged down by whole factors.

In:    pixels (h, w, 3) uint8; a factor
Out:   the mean of each block of factor x factor pixels, computed once per factor
Needs: numpy, pillow
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


class Reductions:
    """The reduced versions of an image, each made when it is first asked for. Thread-safe."""

    def __init__(self, pixels: Pixels) -> None:
        """Take the image (h, w, 3) uint8, which must not change afterwards."""
        self._versions = {1: pixels}  # two threads may make the same version; either will do

    def by(self, factor: int) -> Pixels:
        """Return the image reduced by a factor >= 1; the last row and column may be of partial blocks."""
        if factor not in self._versions:
            self._versions[factor] = np.asarray(Image.fromarray(self._versions[1]).reduce(factor))
        return self._versions[factor]
