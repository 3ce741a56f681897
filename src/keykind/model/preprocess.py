"""Crop -> the views on which a network is trained.

In:    crop (h, w, 3) uint8
Out:   plain, edge and augmented views, (h, w, 3) float32 in 0..1
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:  # NumPy imports it on first use, which `predict` does not need
    from numpy.random import Generator

Crop = NDArray[np.uint8]
Picture = NDArray[np.float32]

VIEWS = ("plain", "edge", "plain_augmented", "edge_augmented")
GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)  # ITU-R BT.601, rounded as in tf.image.rgb_to_grayscale


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The ranges of random augmentation."""

    rotation: float  # maximum in either direction, as a fraction of a full turn
    zoom: float  # maximum change of size, as a fraction
    flip: bool  # left-right, with a probability of 0.5


def make_view(name: str, crop: Crop, augmentation: Augmentation, rng: "Generator") -> Picture:
    """Return the view `plain`, `edge`, `plain_augmented` or `edge_augmented` of a crop.

    crop (h, w, 3) uint8 -> (h, w, 3) float32 in 0..1. Only augmented views use `rng`.
    Raises ValueError for any other name.
    """
    if name not in VIEWS:
        raise ValueError(f"unknown view {name!r}; the views are {', '.join(VIEWS)}")
    base, _, suffix = name.partition("_")
    picture = sobel_edges(to_unit(crop)) if base == "edge" else to_unit(crop)
    return augment(picture, augmentation, rng) if suffix else picture


def to_unit(crop: Crop) -> Picture:
    """Return crop / 255 as float32."""
    return crop.astype(np.float32) / np.float32(255)


def to_crop(picture: Picture) -> Crop:
    """Return a picture, clipped to 0..1, as uint8."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def sobel_edges(picture: Picture) -> Picture:
    """Return the Sobel gradient magnitude of the greyscale picture, clipped to 0..1, in three equal channels.

    picture (h, w, 3) float32 in 0..1, h and w >= 2. Borders are reflected without repeating the edge pixel.
    Equal to tf.image.rgb_to_grayscale and the magnitude of tf.image.sobel_edges to 1e-5.
    """
    grey = np.pad(picture @ GREY, 1, mode="reflect")
    dx = grey[:, 2:] - grey[:, :-2]
    dy = grey[2:] - grey[:-2]
    gradient_x = dx[:-2] + 2 * dx[1:-1] + dx[2:]
    gradient_y = dy[:, :-2] + 2 * dy[:, 1:-1] + dy[:, 2:]
    magnitude = np.minimum(np.sqrt(gradient_x**2 + gradient_y**2), np.float32(1))
    return np.repeat(magnitude[..., None], 3, axis=2)


def augment(picture: Picture, augmentation: Augmentation, rng: "Generator") -> Picture:
    """Return the picture randomly rotated, zoomed and flipped about its centre; empty areas are black.

    picture (h, w, 3) float32 -> the same shape, bilinear. Draws three numbers from `rng`.
    """
    angle = rng.uniform(-augmentation.rotation, augmentation.rotation) * 2 * math.pi
    scale = 1 / (1 + rng.uniform(-augmentation.zoom, augmentation.zoom))
    flipped = rng.random() < 0.5 and augmentation.flip
    height, width = picture.shape[:2]
    sign = -1.0 if flipped else 1.0
    cosine, sine = math.cos(angle) * scale, math.sin(angle) * scale
    # Pillow's affine transform maps positions of the result to positions of the source.
    matrix = np.array([[cosine * sign, sine], [-sine * sign, cosine]])
    centre = np.array([width / 2, height / 2])
    shift = centre - matrix @ centre
    coefficients = (*matrix[0], shift[0], *matrix[1], shift[1])
    channels = [
        Image.fromarray(np.ascontiguousarray(picture[..., channel])).transform(
            (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor=0
        )
        for channel in range(picture.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
