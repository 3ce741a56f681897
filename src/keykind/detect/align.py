"""Head, tip and box of a key -> its crop: head left, tip right, the whole key inside.

In:    head, tip and box of the key; pixels of the photo, possibly decoded at a reduced scale
Out:   OrientedCrop, the elongated rectangle around the key; crop (SIZE, SIZE, 3) uint8
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from keykind.core.geometry import Points
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop
from keykind.photo.reductions import Reductions

PAD_VALUE = 128  # grey level outside a photo, also in the detector's input
MARGIN = 0.08  # of the rectangle's width, at either end of the key
ASPECT_RATIO = 2.0  # width / height of the rectangle; stretched to a square, so that a slim key fills it
WARP_SCALE = 1.25  # px of the reduced photo per px of the warp: more would alias, less would blur

PhotoImage = Crop | Reductions  # (h, w, 3) uint8


@dataclass(frozen=True, slots=True)
class OrientedCrop:
    """A rotated rectangle of a photo, in pixels of the upright original."""

    centre: tuple[float, float]
    axis: tuple[float, float]  # unit vector from its left to its right side: from the head to the tip
    width: float  # its height is width / ASPECT_RATIO

    def expand(self, factor: float) -> "OrientedCrop":
        """Return the rectangle scaled by `factor` about its centre."""
        return replace(self, width=self.width * factor)

    def extract(self, image: PhotoImage, scale: float = 1.0, size: int = SIZE, fill: int = PAD_VALUE) -> Crop:
        """Return the rectangle of an image as a square of `size` px.

        image: (h, w, 3) uint8, or its Reductions, which several rectangles of an image can share.
        scale: pixels of the image per pixel of the original; below 1 if decoded at a reduced scale.
        fill: the grey level outside the image.
        """
        columns = size if self.width * scale <= size else round(ASPECT_RATIO * size)
        crop = self._resample(image, scale, (columns, size), fill)
        return np.asarray(crop.reduce((columns // size, 1)))  # as fine along the key as across it, till here

    def extract_unstretched(self, image: PhotoImage, scale: float, height: int) -> Crop:
        """Return the rectangle in its own proportions, (height, ASPECT_RATIO * height, 3)."""
        return np.asarray(self._resample(image, scale, (round(ASPECT_RATIO * height), height), PAD_VALUE))

    def reduction(self, scale: float, height: int) -> int:
        """Return the factor by which pixels are averaged before they are sampled at a height."""
        return max(math.floor(self.width * scale / (ASPECT_RATIO * height) / WARP_SCALE + 0.5), 1)

    def to_photo(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """Return the affine matrix (2, 3) to px of the photo from px of this rectangle, of a size (w, h)."""
        (x, y), (columns, rows) = self.axis, size
        along, across = self.width / columns, self.width / ASPECT_RATIO / rows  # px of the photo per px
        (a, b), (c, d) = (x * along, -y * across), (y * along, x * across)
        left = self.centre[0] - a * columns / 2 - b * rows / 2
        top = self.centre[1] - c * columns / 2 - d * rows / 2
        return np.array([[a, b, left], [c, d, top]])

    def inside(self, width: int, height: int, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Return which pixels (h, w) of this rectangle, of a size (w, h), are inside a photo's frame."""
        (a, b, left), (c, d, top) = self.to_photo(size)
        columns, rows = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
        x, y = a * columns + b * rows + left, c * columns + d * rows + top
        return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height))

    def _resample(self, image: PhotoImage, scale: float, size: tuple[int, int], fill: int) -> PIL.Image.Image:
        """Return the rectangle of an image at a size (w, h): averaged down, then warped bilinearly."""
        factor = self.reduction(scale, size[1])
        reductions = image if isinstance(image, Reductions) else Reductions(image)
        return reductions.by(factor).transform(
            size,
            PIL.Image.Transform.AFFINE,
            (self.to_photo(size) * (scale / factor)).ravel().tolist(),
            PIL.Image.Resampling.BILINEAR,
            fillcolor=(fill, fill, fill),
        )


def crop_around(head: Points, tip: Points, box: Points) -> OrientedCrop:
    """Return the rectangle around a key: head (2,), tip (2,) and box corners (4, 2), px of the original.

    It contains the whole box, even if the key is wider than long.
    """
    length = float(np.linalg.norm(tip - head))
    axis = np.asarray((tip - head) / length) if length else np.array([1.0, 0.0])
    axes = np.stack([axis, [-axis[1], axis[0]]])  # rows
    low, high = (box @ axes.T).min(axis=0), (box @ axes.T).max(axis=0)
    width, height = np.maximum(high - low, 1)
    x, y = ((low + high) / 2 @ axes).tolist()
    return OrientedCrop(
        (x, y), (float(axis[0]), float(axis[1])), max(width, ASPECT_RATIO * height) / (1 - 2 * MARGIN)
    )
