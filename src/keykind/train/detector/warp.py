"""Affine warps of images, antialiased when they shrink.

In:    images (h, w, c) uint8 or float32; random generators
Out:   images of another size; random matrices
Needs: numpy, opencv                                                                       [train]
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.detect.align import ASPECT_RATIO, PAD_VALUE, OrientedCrop
from keykind.train.detector.keys import Affine, scale_of

MAX_STRETCH = 1.15  # ratio of the scales of the two sides of a view
TILT = 0.06  # standard deviation of a view's rotation beside that by quarter turns, radians
MIN_SCALE = 0.6  # a warp that shrinks further is preceded by an area-averaging reduction
REDUCED_SCALE = 1.3  # scale of the warp after that reduction is the inverse of this
SMALLEST = 0.05  # scale of such a reduction

Image = NDArray[Any]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a random number whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def random_framing(
    shape: tuple[int, ...], size: tuple[int, int], zoom: float, rng: np.random.Generator, *, upright: bool
) -> Affine:
    """Return a random matrix from a photo of shape (h, w) into a frame of a size (width, height).

    zoom: scale relative to the photo fitted to the frame. upright: turned by about a multiple of 90 degrees;
    otherwise by any angle. The photo is mirrored, stretched and shifted, too.
    """
    height, width = shape[:2]
    angle = math.pi / 2 * int(rng.integers(4)) if upright else rng.uniform(0, 2 * math.pi)
    angle += rng.normal(0, TILT)
    cosine, sine = math.cos(angle), math.sin(angle)
    extent = (
        abs(cosine) * width + abs(sine) * height,
        abs(sine) * width + abs(cosine) * height,
    )
    fit = min(size[0] / extent[0], size[1] / extent[1])
    stretch = log_uniform(rng, 1 / MAX_STRETCH, MAX_STRETCH)
    rotation = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([stretch, 1 / stretch]) * (fit * zoom)
    if rng.random() < 0.5:
        rotation = rotation @ np.diag([-1.0, 1.0])
    scaled = np.abs(rotation) @ np.array([width, height])
    centre = np.array(size) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(scaled - size)
    return matrix_about(rotation, np.array([width / 2, height / 2]), centre)


def matrix_about(
    rotation: NDArray[np.float64], source: NDArray[np.float64], target: NDArray[np.float64]
) -> Affine:
    """Return the affine matrix with a linear part (2, 2) that maps a point `source` (2,) to `target`."""
    return np.hstack([rotation, (target - rotation @ source)[:, None]])


def warp(image: Image, matrix: Affine, size: tuple[int, int], border: int, fill: Any = 0) -> Image:
    """Return an image mapped into a frame of a size (width, height).

    border: cv2.BORDER_CONSTANT, where `fill` is the value outside the image, or another mode of OpenCV.
    """
    scale = scale_of(matrix)
    if scale < MIN_SCALE:
        factor = max(scale * REDUCED_SCALE, SMALLEST)
        reduced = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        matrix = matrix.copy()
        matrix[:, 0] *= image.shape[1] / reduced.shape[1]
        matrix[:, 1] *= image.shape[0] / reduced.shape[0]
        image = reduced
    by_index = _by_index(matrix)
    return np.asarray(
        cv2.warpAffine(image, by_index, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill)
    )


def warp_labels(image: Image, matrix: Affine, size: tuple[int, int]) -> Image:
    """Return an image of labels mapped into a frame of a size (width, height); 0 outside it."""
    return np.asarray(cv2.warpAffine(image, _by_index(matrix), size, flags=cv2.INTER_NEAREST))


def extract(image: NDArray[np.uint8], region: OrientedCrop, size: int) -> NDArray[np.uint8]:
    """Return a region of an image as a square of `size` px, as `OrientedCrop.extract` does.

    OpenCV does it ten times faster than Pillow; the two differ by rounding.
    """
    columns = size if region.width <= size else round(ASPECT_RATIO * size)
    crop = _resample(image, region, (columns, size))
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))


def extract_unstretched(image: NDArray[np.uint8], region: OrientedCrop, height: int) -> NDArray[np.uint8]:
    """Return a region of an image in its own proportions, as `OrientedCrop.extract_unstretched` does."""
    return _resample(image, region, (round(ASPECT_RATIO * height), height))


def pixel_matrix(region: OrientedCrop, size: tuple[int, int]) -> Affine:
    """Return the matrix from a crop of a size (w, h) to the image as OpenCV has it: of indices of pixels."""
    return _by_index(region.to_photo(size))


def _by_index(matrix: Affine) -> Affine:
    """Return a matrix as OpenCV has it: the centre of the first pixel is at 0, not at 0.5."""
    shift = matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return np.hstack([matrix[:, :2], (matrix[:, 2] + shift)[:, None]])


def _resample(image: NDArray[np.uint8], region: OrientedCrop, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a region of an image at a size (width, height): averaged down, then warped bilinearly."""
    factor = region.reduction(1.0, size[1])
    if factor > 1:
        height, width = image.shape[:2]
        image = np.asarray(image[: height // factor * factor, : width // factor * factor])
        image = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        (x, y), axis = region.centre, region.axis
        region = OrientedCrop((x / factor, y / factor), axis, region.width / factor)
    return np.asarray(
        cv2.warpAffine(
            image,
            pixel_matrix(region, size),
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(PAD_VALUE, PAD_VALUE, PAD_VALUE),
        )
    )
