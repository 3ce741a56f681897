"""A rendered photo and its label -> what the finder learns from: a view and the right answer to it.

In:    Scene: pixels and the keys of its label; a random generator
Out:   picture (SIDE, SIDE, 3) uint8, target (GRID, GRID, 9 + 1) float32: FIELDS and the weight of the ends
Needs: numpy, pillow

A view is moved, turned, mirrored, stretched and coloured anew, and lies in a frame of any shape, as photos
do; what the label says moves with it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.augmentation import recolour, wear
from keykind.finder import BEYOND, FIELDS, GRID, SIDE, STRIDE
from keykind.masks import Points, decode

ZOOM = (0.45, 1.5)  # of the photo that fits the frame
STRETCH = 1.15  # largest ratio of both sides' zooms
UPRIGHT = 0.5  # share turned by whole quarters
SHAPES = (1.0, 4 / 3, 3 / 2, 16 / 9)  # of the frame, either way up
LEAST_SEEN = 30  # px of a key in a view; of fewer nothing is asked
LEAST_SHARE = 0.3  # of a place that a key covers for its ends to be asked there
PEAK = 0.35  # standard deviation of a peak, as a share of the square root of the key's area


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A rendered photo, as far as the finder learns from it."""

    pixels: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w) 0 ground; 2k + 1 bow and 2k + 2 blade of key k
    ends: Points  # (keys, 2, 2) head and tip, px
    hidden: NDArray[np.float64]  # (keys, 2) occluded, cut off: shares


def read_scene(photo: Path, label: Path) -> Scene:
    """Return a photo of a rendered set with its label."""
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB"))
    keys = json.loads(label.read_text("utf-8"))["keys"]
    return Scene(pixels, _parts(keys, pixels.shape[:2]), _ends(keys), _hidden(keys))


def _parts(keys: Sequence[dict[str, Any]], size: tuple[int, ...]) -> NDArray[np.uint8]:
    parts = np.zeros(size, np.uint8)
    for number, key in enumerate(keys):
        for place, part in enumerate(("bow", "blade"), 1):
            parts[decode(key[part])] = 2 * number + place
    return parts


def _ends(keys: Sequence[dict[str, Any]]) -> Points:
    return np.array([[key["head"], key["tip"]] for key in keys], np.float64).reshape(-1, 2, 2)


def _hidden(keys: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    return np.array([[key["occluded"], key["cut_off"]] for key in keys], np.float64).reshape(-1, 2)


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


def finder_view(scene: Scene, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a view of a scene and the fields that are right for it."""
    size = scene.parts.shape
    motion = _motion(size, _frame(rng), rng)
    width, height = motion.frame
    ground = tuple(int(level) for level in _ground(scene.pixels, rng))
    view = motion.moved(Image.fromarray(scene.pixels), Image.Resampling.BILINEAR, ground)
    picture = np.full((SIDE, SIDE, 3), BEYOND, np.uint8)
    picture[:height, :width] = np.asarray(wear(recolour(Image.fromarray(view), rng), rng))
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[:height, :width] = motion.moved(Image.fromarray(scene.parts), Image.Resampling.NEAREST)
    whole = np.bincount((scene.parts.ravel() + 1) // 2, minlength=len(scene.ends) + 1)[1:].astype(float)
    whole *= np.prod(motion.sides) / scene.parts.size
    return picture, fields_of(parts, motion.places(scene.ends, size), scene.hidden, whole)


def _frame(rng: np.random.Generator) -> tuple[int, int]:
    """Return width and height of the photo in the picture."""
    short = round(SIDE / SHAPES[int(rng.integers(len(SHAPES)))])
    return (SIDE, short) if rng.random() < 0.5 else (short, SIDE)


def _motion(size: tuple[int, ...], frame: tuple[int, int], rng: np.random.Generator) -> Motion:
    """Return a motion of a photo (h, w): zoomed, stretched, turned, perhaps mirrored, shifted."""
    low, high = map(math.log, ZOOM)
    zoom = math.exp(rng.uniform(low, high)) * max(frame) / max(size)
    stretch = math.exp(rng.uniform(-0.5, 0.5) * math.log(STRETCH))
    sides = max(round(size[1] * zoom * stretch), 8), max(round(size[0] * zoom / stretch), 8)
    quarters = rng.random() < UPRIGHT
    angle = math.pi / 2 * int(rng.integers(4)) if quarters else float(rng.uniform(0, 2 * math.pi))
    mirror = 1 if rng.random() < 0.5 else -1
    turn = np.array(
        [[math.cos(angle) * mirror, math.sin(angle)], [-math.sin(angle) * mirror, math.cos(angle)]]
    )
    reach = np.abs(turn.T) @ np.array(sides)  # what it takes of the frame
    centre = np.array(frame) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(reach - np.array(frame))
    return Motion(sides, turn, np.array(sides) / 2 - turn @ centre, frame)


def _ground(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the colour of what lies beyond the photo: that of its border, or any."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(border.mean(axis=0) if rng.random() < 0.7 else rng.uniform(0, 256, 3))


def fields_of(
    parts: NDArray[np.uint8], ends: Points, hidden: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return FIELDS and the weight of the ends for a view.

    parts (SIDE, SIDE) as in Scene, ends (keys, 2, 2) px, hidden (keys, 2), whole (keys,) px of each key
    before the view cut any off.
    """
    target = np.zeros((GRID, GRID, len(FIELDS) + 1), np.float32)
    centres = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1) + 0.5) * STRIDE
    best = np.full((GRID, GRID), LEAST_SHARE)
    for number in range(len(ends)):
        mine = (parts + 1) // 2 == number + 1
        seen = int(mine.sum())
        if seen < LEAST_SEEN:
            continue
        share = pooled(mine)
        target[..., 1] += share
        target[..., 2] += pooled(parts == 2 * number + 2)
        owned = share > best
        best = np.maximum(best, share)
        rows, columns = np.nonzero(mine)
        centre = np.array([columns.mean(), rows.mean()]) + 0.5
        apart = ((centres - centre) ** 2).sum(axis=-1)
        width = max(PEAK * math.sqrt(seen), STRIDE)
        peak = np.exp(-apart / (2 * width**2))
        peak[np.unravel_index(apart.argmin(), apart.shape)] = 1
        target[..., 0] = np.maximum(target[..., 0], peak)
        asked = owned | (apart < STRIDE**2)
        to = (ends[number] - centres[asked][:, None]) / SIDE
        target[asked, 3:7] = to.reshape(-1, 4)
        kept = (1 - hidden[number, 1]) * min(seen / max(whole[number], 1), 1)
        target[asked, 7:9] = hidden[number, 0], 1 - kept
        target[asked, 9] = 1 / math.sqrt(asked.sum())
    return target


def pooled(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of each place that a mask (SIDE, SIDE) covers."""
    return np.asarray(mask.reshape(GRID, STRIDE, GRID, STRIDE).mean(axis=(1, 3), dtype=np.float32))
