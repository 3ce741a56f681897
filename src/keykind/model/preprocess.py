"""Crop -> the views of it that a network is trained on.

In:    crop (h, w, 3) uint8
Out:   plain, edge and augmented pictures, (h, w, 3) float32 in 0..1
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Crop = NDArray[np.uint8]
Picture = NDArray[np.float32]

VIEWS = ("plain", "edge", "plain_augmented", "edge_augmented")
GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)  # ITU-R BT.601 as tf.image.rgb_to_grayscale rounds it


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far an augmented view may differ from the photo."""

    rotation: float  # largest turn to either side, in full turns
    zoom: float  # largest growth or shrinking, as a share
    flip: bool  # left-right, for half of the views


def make_view(name: str, crop: Crop, augmentation: Augmentation, rng: np.random.Generator) -> Picture:
    """Return the view `plain`, `edge`, `plain_augmented` or `edge_augmented` of a crop.

    crop (h, w, 3) uint8 -> (h, w, 3) float32 in 0..1. Only the augmented views draw from `rng`.
    Raises ValueError for another name.
    """
    if name not in VIEWS:
        raise ValueError(f"unknown view {name!r}; known are {', '.join(VIEWS)}")
    ground, _, rest = name.partition("_")
    picture = sobel_edges(to_unit(crop)) if ground == "edge" else to_unit(crop)
    return augment(picture, augmentation, rng) if rest else picture


def to_unit(crop: Crop) -> Picture:
    """Return x / 255 as float32."""
    return crop.astype(np.float32) / np.float32(255)


def to_crop(picture: Picture) -> Crop:
    """Return a picture in 0..1 as uint8, rounded."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def sobel_edges(picture: Picture) -> Picture:
    """Return the strength of edges: grey, Sobel, gradient magnitude, clipped to 0..1, three equal channels.

    picture (h, w, 3) float32 in 0..1, h and w >= 2. Borders are mirrored without repeating the outer pixel.
    The same as tf.image.rgb_to_grayscale, tf.image.sobel_edges, sqrt of the sum of squares, to 1e-5.
    Source: the report (design, section 1).
    """
    grey = np.pad(picture @ GREY, 1, mode="reflect")
    across = grey[:, 2:] - grey[:, :-2]
    down = grey[2:] - grey[:-2]
    gradient_x = across[:-2] + 2 * across[1:-1] + across[2:]
    gradient_y = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    magnitude = np.minimum(np.sqrt(gradient_x**2 + gradient_y**2), np.float32(1))
    return np.repeat(magnitude[..., None], 3, axis=2)


def augment(picture: Picture, augmentation: Augmentation, rng: np.random.Generator) -> Picture:
    """Return the picture turned, zoomed and perhaps mirrored about its centre; empty areas are black.

    picture (h, w, 3) float32 -> the same shape, bilinear. Takes three numbers from `rng`.
    """
    angle = rng.uniform(-augmentation.rotation, augmentation.rotation) * 2 * math.pi
    scale = 1 / (1 + rng.uniform(-augmentation.zoom, augmentation.zoom))
    mirrored = rng.random() < 0.5 and augmentation.flip
    height, width = picture.shape[:2]
    sign = -1.0 if mirrored else 1.0
    cosine, sine = math.cos(angle) * scale, math.sin(angle) * scale
    # Pillow asks, for each pixel of the result, where in the source it comes from.
    turn = np.array([[cosine * sign, sine], [-sine * sign, cosine]])
    centre = np.array([width / 2, height / 2])
    shift = centre - turn @ centre
    coefficients = (*turn[0], shift[0], *turn[1], shift[1])
    channels = [
        Image.fromarray(np.ascontiguousarray(picture[..., channel])).transform(
            (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor=0
        )
        for channel in range(picture.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
