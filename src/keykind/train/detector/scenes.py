"""A rendered photo and its label -> Scene; the affine transform of a scene into a training view.

In:    a photo of a rendered dataset and its label
Out:   Scene; ViewTransform, which maps images and points into a view
Needs: numpy, pillow
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Points, decode_rle


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A rendered photo with the parts of its label that the detector is trained on."""

    pixels: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w) 0 background; 2k + 1 bow and 2k + 2 blade of key k
    keypoints: Points  # (keys, 2, 2) head and tip, px
    hidden: NDArray[np.float64]  # (keys, 2) occluded and truncated shares

    @property
    def areas(self) -> NDArray[np.float64]:
        """Visible area of each key, (keys,), px."""
        return key_areas(self.parts, len(self.keypoints))


def key_areas(parts: NDArray[np.uint8], keys: int) -> NDArray[np.float64]:
    """Return the number of pixels of each key in `parts`, as in Scene: (keys,)."""
    return np.bincount((parts.ravel() + 1) // 2, minlength=keys + 1)[1:].astype(float)


def read_scene(photo: Path, label: Path) -> Scene:
    """Return a photo of a rendered dataset with its label."""
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB"))
    keys = json.loads(label.read_text("utf-8"))["keys"]
    keypoints = np.array([[key["head"], key["tip"]] for key in keys], np.float64).reshape(-1, 2, 2)
    hidden = np.array([[key["occluded"], key["cut_off"]] for key in keys], np.float64).reshape(-1, 2)
    return Scene(pixels, _decode_parts(keys, pixels.shape[:2]), keypoints, hidden)


def _decode_parts(keys: Sequence[dict[str, Any]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    parts = np.zeros(shape, np.uint8)
    for k, key in enumerate(keys):
        for i, part in enumerate(("bow", "blade"), 1):
            parts[decode_rle(key[part])] = 2 * k + i
    return parts


@dataclass(frozen=True, slots=True, eq=False)
class ViewTransform:
    """How a photo is mapped into a view: resized to `size`, then rotated and shifted into a frame."""

    size: tuple[int, int]  # width, height of the resized photo, px
    rotation: Points  # (2, 2) from the frame to the resized photo, as Pillow expects it
    shift: Points  # (2,)
    frame: tuple[int, int]  # width, height, px

    def warp(self, image: Image.Image, resampling: Image.Resampling, fill: Any = None) -> NDArray[np.uint8]:
        """Return an image in the frame, (h, w) or (h, w, 3)."""
        matrix = (*self.rotation[0], self.shift[0], *self.rotation[1], self.shift[1])
        resized = image.resize(self.size, resampling)
        return np.asarray(
            resized.transform(self.frame, Image.Transform.AFFINE, matrix, resampling, fillcolor=fill),
            np.uint8,
        )

    def map_points(self, points: Points, shape: tuple[int, ...]) -> Points:
        """Return points (..., 2) of a photo of shape (h, w) in the frame."""
        resized = points * np.array(self.size) / np.array(shape[::-1])
        return np.asarray((resized - self.shift) @ np.linalg.inv(self.rotation).T)


def rotation_matrix(angle: float, *, mirrored: bool) -> Points:
    """Return the matrix (2, 2) of a ViewTransform that mirrors first if `mirrored`, then rotates; radians."""
    mirror = -1 if mirrored else 1
    return np.array([[np.cos(angle) * mirror, np.sin(angle)], [-np.sin(angle) * mirror, np.cos(angle)]])
