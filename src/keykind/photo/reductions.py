"""An image -> the same, averaged down by whole factors.

In:    an image (h, w, 3) uint8, as an array or as Pillow has it; a factor
Out:   the mean of each block of factor x factor pixels, computed once per factor; the image as an array
Needs: numpy, pillow
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Reductions:
    """The versions of an image that were asked for. Thread-safe."""

    def __init__(self, image: NDArray[np.uint8] | Image.Image) -> None:
        """Take the image, which must not change afterwards."""
        self._array: NDArray[np.uint8] | None = None
        self._versions: dict[int, Image.Image] = {}
        if isinstance(image, Image.Image):
            self._versions[1], self.size = image, image.size
        else:
            self._array, self.size = image, (image.shape[1], image.shape[0])  # width and height, px

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The image as an array (h, w, 3)."""
        if self._array is None:
            self._array = np.asarray(self._versions[1])
        return self._array

    def by(self, factor: int) -> Image.Image:
        """Return the image reduced by a factor >= 1; the last row and column may be of partial blocks."""
        version = self._versions.get(factor)
        if version is None:  # two threads may make the same; either will do
            version = self.by(1).reduce(factor) if factor > 1 else Image.fromarray(self.pixels)
            self._versions[factor] = version
        return version
