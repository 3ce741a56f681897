"""Which pixels of a photo are those of a key: probabilities on a coarse grid of its aligned crop.

In:    probabilities (h, w), the region that they cover
Out:   KeyMask: the same on another region or on the photo; the key's width
Needs: numpy, pillow
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Mask, Points, width_across
from keykind.detect.align import OrientedCrop

THRESHOLD = 0.5  # probability from which a pixel is the key's
OVERSAMPLING = 4  # samples along a side of a cell when the width is measured

Probabilities = NDArray[np.float32]  # (h, w) 0..1


@dataclass(frozen=True, slots=True, eq=False)
class KeyMask:
    """The pixels of a key, without holes in its bow and without what hides it."""

    key: Probabilities
    blade: Probabilities  # of the same shape; the part of the key that is blade
    region: OrientedCrop  # what they cover

    @property
    def to_photo(self) -> NDArray[np.float64]:
        """Return the affine matrix (2, 3) to px of the photo from cells of the mask."""
        height, width = self.key.shape
        return self.region.to_photo((width, height))

    def on_photo(self, size: tuple[int, int]) -> tuple[Mask, Mask]:
        """Return key and blade as masks (h, w) of the photo, whose size is (width, height)."""
        return self._both(np.eye(2, 3), size)

    def on_region(self, region: OrientedCrop, size: tuple[int, int]) -> tuple[Mask, Mask]:
        """Return key and blade as masks (h, w) of a region resampled to a size (width, height)."""
        return self._both(region.to_photo(size), size)

    def width(self, head: Points, tip: Points) -> float:
        """Return the key's extent across the line from head to tip, px of the photo; 0 if it has no pixel."""
        height, width = self.key.shape
        size = OVERSAMPLING * width, OVERSAMPLING * height
        grid = self.region.to_photo(size)
        mask = self._sampled(self.key, grid, size)
        if not mask.any():
            return 0.0
        cell = float(self.region.width / size[0])  # px of the photo
        from_photo = _inverse(grid)
        start, end = (from_photo[:, :2] @ point + from_photo[:, 2] for point in (head, tip))
        return cell * float(width_across(mask, start, end))

    def _both(self, to_photo: NDArray[np.float64], size: tuple[int, int]) -> tuple[Mask, Mask]:
        """Return key and blade at the pixels of an image of a size (w, h); to_photo: its matrix (2, 3)."""
        key, blade = (self._sampled(values, to_photo, size) for values in (self.key, self.blade))
        return key, key & blade

    def probabilities(self, region: OrientedCrop, size: tuple[int, int]) -> Probabilities:
        """Return the probabilities of the key (h, w) on a region resampled to a size (width, height).

        Between cells they are interpolated by cubic functions; beyond the mask they are 0.
        """
        return self._interpolated(self.key, region.to_photo(size), size, Image.Resampling.BICUBIC)

    def _sampled(self, values: Probabilities, to_photo: NDArray[np.float64], size: tuple[int, int]) -> Mask:
        """Return which pixels of such an image have a probability of at least THRESHOLD."""
        return self._interpolated(values, to_photo, size, Image.Resampling.BILINEAR) >= THRESHOLD

    def _interpolated(
        self,
        values: Probabilities,
        to_photo: NDArray[np.float64],
        size: tuple[int, int],
        resampling: Image.Resampling,
    ) -> Probabilities:
        """Return probabilities at the pixels of such an image; beyond the mask they are 0."""
        from_photo = _inverse(self.to_photo)
        linear = from_photo[:, :2] @ to_photo[:, :2]
        shift = from_photo[:, :2] @ to_photo[:, 2] + from_photo[:, 2]
        coefficients = (*linear[0], shift[0], *linear[1], shift[1])
        image = Image.fromarray(values)
        return np.asarray(image.transform(size, Image.Transform.AFFINE, coefficients, resampling))


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of an affine matrix (2, 3)."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])
