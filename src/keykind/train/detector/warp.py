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

MIN_SCALE = 0.05  # of a warp that is averaged down as far as it should be
MAX_STRETCH = 1.15  # ratio of the scales of the two sides of a view
TILT = 0.06  # standard deviation of a view's rotation beside that by quarter turns, radians
MAX_WIDENED = 5  # largest ratio of an image's pixels to its warp's for a fourth channel to save time
WARP_SCALE = 1.25  # px of the averaged image per px of a warp: more would alias, less would blur

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
    factor = max(math.floor(1 / (max(scale_of(matrix), MIN_SCALE) * WARP_SCALE) + 0.5), 1)
    if factor > 1:  # a whole number: averaging by any other factor takes ten times as long
        height, width = image.shape[:2]
        image = cv2.copyMakeBorder(image, 0, -height % factor, 0, -width % factor, border, value=fill)
        size_reduced = image.shape[1] // factor, image.shape[0] // factor
        image = cv2.resize(image, size_reduced, interpolation=cv2.INTER_AREA)
        matrix = matrix * np.array([factor, factor, 1])
    return _warp_linearly(image, _by_index(matrix), size, cv2.INTER_LINEAR, border, fill)


def fills(matrix: Affine, image: tuple[int, int], frame: tuple[int, int]) -> bool:
    """Return whether an image of a size (width, height), mapped by a matrix, covers all of a frame."""
    corners = np.array([[0, 0], [frame[0], 0], [0, frame[1]], frame], float) - matrix[:, 2]
    mapped = corners @ np.linalg.inv(matrix[:, :2]).T
    return bool((mapped >= 0).all() and (mapped <= image).all())


def _warp_linearly(
    image: Image, by_index: Affine, size: tuple[int, int], flags: int, border: int, fill: Any
) -> Image:
    """Return an image mapped by a matrix of indices."""
    height, width = image.shape[:2]
    # OpenCV warps four channels in two thirds of the time of three, with the same result.
    widen = image.ndim == 3 and image.shape[2] == 3 and MAX_WIDENED * size[0] * size[1] > height * width
    if widen:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
    warped = cv2.warpAffine(image, by_index, size, flags=flags, borderMode=border, borderValue=fill)
    return np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB) if widen else warped)


def bounds(
    matrix: Affine, image: tuple[int, int], frame: tuple[int, int], margin: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the upper left and lower right corner of the part of a frame that a mapped image covers.

    image, frame: their sizes (width, height). margin: around the image, px.
    """
    width, height = image
    corners = np.array([[0, 0], [width, 0], [0, height], image]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.clip(np.floor(corners.min(axis=0) - margin), 0, frame).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=0) + margin), 0, frame).astype(int).tolist()
    return (left, top), (right, bottom)


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
    (a, b, x), (c, d, y) = matrix.tolist()
    return np.array([[a, b, x + (a + b - 1) / 2], [c, d, y + (c + d - 1) / 2]])


def _resample(image: NDArray[np.uint8], region: OrientedCrop, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a region of an image at a size (width, height): averaged down, then warped bilinearly."""
    factor = region.reduction(1.0, size[1])
    if factor > 1:
        height, width = image.shape[:2]
        image = np.asarray(image[: height // factor * factor, : width // factor * factor])
        image = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        (x, y), axis = region.centre, region.axis
        region = OrientedCrop((x / factor, y / factor), axis, region.width / factor)
    return _warp_linearly(
        image,
        pixel_matrix(region, size),
        size,
        cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        cv2.BORDER_CONSTANT,
        (PAD_VALUE, PAD_VALUE, PAD_VALUE),
    )
