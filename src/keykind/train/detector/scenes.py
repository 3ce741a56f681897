"""A rendered photo and its label -> a scene, as far as the detector learns from it; how a scene moves.

In:    a photo of a rendered set and its label
Out:   Scene; Motion, which puts pictures and points where they lie in a view
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

from keykind.core.geometry import Points, decode


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A rendered photo, as far as the detector learns from it."""

    pixels: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w) 0 ground; 2k + 1 bow and 2k + 2 blade of key k
    ends: Points  # (keys, 2, 2) head and tip, px
    hidden: NDArray[np.float64]  # (keys, 2) occluded, cut off: shares

    @property
    def areas(self) -> NDArray[np.float64]:
        """Return how much of each key is seen, (keys,), px."""
        return areas_of(self.parts, len(self.ends))


def areas_of(parts: NDArray[np.uint8], keys: int) -> NDArray[np.float64]:
    """Return how many pixels of `parts`, as in Scene, belong to each of so many keys, (keys,)."""
    return np.bincount((parts.ravel() + 1) // 2, minlength=keys + 1)[1:].astype(float)


def read_scene(photo: Path, label: Path) -> Scene:
    """Return a photo of a rendered set with its label."""
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB"))
    keys = json.loads(label.read_text("utf-8"))["keys"]
    ends = np.array([[key["head"], key["tip"]] for key in keys], np.float64).reshape(-1, 2, 2)
    hidden = np.array([[key["occluded"], key["cut_off"]] for key in keys], np.float64).reshape(-1, 2)
    return Scene(pixels, _parts(keys, pixels.shape[:2]), ends, hidden)


def _parts(keys: Sequence[dict[str, Any]], size: tuple[int, ...]) -> NDArray[np.uint8]:
    parts = np.zeros(size, np.uint8)
    for number, key in enumerate(keys):
        for place, part in enumerate(("bow", "blade"), 1):
            parts[decode(key[part])] = 2 * number + place
    return parts


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How a photo gets into a view: resized to `sides`, then moved and turned into a frame."""

    sides: tuple[int, int]  # px
    turn: Points  # (2, 2) from places in the frame to places in the resized photo, as Pillow asks for it
    shift: Points  # (2,)
    frame: tuple[int, int]  # width, height

    def moved(self, picture: Image.Image, how: Image.Resampling, fill: Any = None) -> NDArray[np.uint8]:
        """Return a picture in the frame, (h, w) or (h, w, 3)."""
        matrix = (*self.turn[0], self.shift[0], *self.turn[1], self.shift[1])
        resized = picture.resize(self.sides, how)
        return np.asarray(
            resized.transform(self.frame, Image.Transform.AFFINE, matrix, how, fillcolor=fill), np.uint8
        )

    def places(self, points: Points, size: tuple[int, ...]) -> Points:
        """Return points (..., 2) of a photo (h, w) in the frame."""
        resized = points * np.array(self.sides) / np.array(size[::-1])
        return np.asarray((resized - self.shift) @ np.linalg.inv(self.turn).T)


def turned(angle: float, *, mirrored: bool) -> Points:
    """Return the turn (2, 2) of a motion by an angle, radians, mirrored before."""
    mirror = -1 if mirrored else 1
    return np.array([[np.cos(angle) * mirror, np.sin(angle)], [-np.sin(angle) * mirror, np.cos(angle)]])
