"""Where the labels of a photo go: near their keys, over as little as possible.

In:    the size of the photo; the corners of each box; the size of each label, px
Out:   a rectangle inside the photo for each label
Needs: numpy, pillow

Labels are placed one after another. Each takes the place around its box that costs least: other labels are
avoided first, then other keys, then its own key, then distance.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from keykind.core.geometry import Points

Polygon = Sequence[tuple[float, float]]  # corners x, y, px
Rect = tuple[int, int, int, int]  # left, top, right and bottom, px

GRID = 160  # cells along the longer side of the photo, in which covered keys are counted
OVER_LABEL, OVER_KEY, OVER_OWN_KEY = 30.0, 4.0, 2.0  # cost of a label that lies wholly over one
DISTANCE = 0.6  # cost of a distance of the label's own height
AWAY = (0.0, 1.2)  # heights of the label between it and its box
SAMPLES = 9  # points of each side of a box from which distances are measured


class Layout:
    """The labels placed so far in one photo."""

    def __init__(self, size: tuple[int, int], boxes: Sequence[Polygon]) -> None:
        """Take the size of the photo and the corners of each box, px."""
        self._size = np.array(size)
        self._boxes = boxes
        self._cell = max(max(size) / GRID, 1.0)
        self._shape = (math.ceil(size[1] / self._cell), math.ceil(size[0] / self._cell))
        self._masks = [self._mask(box) for box in boxes]
        self._covered_by_keys = _summed(sum(self._masks, np.zeros(self._shape, np.int32)))
        self._placed: list[Rect] = []

    def place(self, index: int, label: tuple[int, int], gap: int) -> Rect:
        """Return the rectangle of the label of a box: width and height of the label, px.

        gap: least distance from the box, px.
        """
        box = np.array(self._boxes[index])
        corners = np.clip(_places(box, label, gap), 0, np.maximum(self._size - label, 0)).round().astype(int)
        rects = np.concatenate([corners, np.minimum(corners + label, self._size)], axis=1)
        own = self._covered(_summed(self._masks[index]), rects)
        cost = OVER_KEY * (self._covered(self._covered_by_keys, rects) - own) + OVER_OWN_KEY * own
        cost += DISTANCE * np.maximum(_distance(rects, box) - gap, 0) / label[1]
        if self._placed:
            cost += OVER_LABEL * _overlap(rects, np.array(self._placed))
        left, top, right, bottom = rects[int(cost.argmin())].tolist()
        self._placed.append((left, top, right, bottom))
        return left, top, right, bottom

    def _mask(self, box: Polygon) -> NDArray[np.uint8]:
        """Return which cells a box covers, (rows, columns), 0 or 1."""
        image = Image.new("L", (self._shape[1], self._shape[0]))
        ImageDraw.Draw(image).polygon([(x / self._cell, y / self._cell) for x, y in box], 1)
        return np.asarray(image)

    def _covered(self, sums: NDArray[np.int64], rects: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean over each rectangle (n, 4) of what `_summed` was given."""
        limit = np.array(self._shape[::-1])
        starts = np.minimum((rects[:, :2] / self._cell).astype(int), limit - 1)
        ends = np.clip(np.ceil(rects[:, 2:] / self._cell).astype(int), starts + 1, limit)
        (left, top), (right, bottom) = starts.T, ends.T
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(total / ((right - left) * (bottom - top)))


def _places(box: Points, label: tuple[int, int], gap: int) -> Points:
    """Return places for the upper left corner of a label, (n, 2): around the box, and on it.

    Above, below and beside its corners and the middles of its sides.
    """
    width, height = label
    centre = box.mean(axis=0)
    anchors = np.concatenate([box, (box + np.roll(box, -1, axis=0)) / 2])
    outward = anchors - centre
    outward /= np.maximum(np.hypot(*outward.T), 1e-9)[:, None]
    reach = np.abs(outward) @ np.array([width, height]) / 2
    middles = [centre[None]]
    for away in AWAY:
        distance = gap + away * height
        middles.append(anchors + outward * (reach + distance)[:, None])
        for side in (-1, 1):
            middles.append(anchors + np.array([0, side * (distance + height / 2)]))
            middles.append(anchors + np.array([side * (distance + width / 2), 0]))
    return np.concatenate(middles) - np.array(label) / 2


def _distance(rects: NDArray[np.int64], box: Points) -> NDArray[np.float64]:
    """Return the distance of each rectangle (n, 4) from the outline of a box, px."""
    steps = np.linspace(0, 1, SAMPLES, endpoint=False)[:, None, None]
    outline = (box + (np.roll(box, -1, axis=0) - box) * steps).reshape(1, -1, 2)
    starts, ends = rects[:, None, :2], rects[:, None, 2:]
    beyond = np.maximum(np.maximum(starts - outline, outline - ends), 0)
    return np.asarray(np.hypot(beyond[..., 0], beyond[..., 1]).min(axis=1))


def _overlap(rects: NDArray[np.int64], placed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of each rectangle (n, 4) that those placed before cover, (n,)."""
    starts = np.maximum(rects[:, None, :2], placed[None, :, :2])
    ends = np.minimum(rects[:, None, 2:], placed[None, :, 2:])
    areas = np.maximum(ends - starts, 0).prod(axis=2).sum(axis=1)
    return np.asarray(areas / np.maximum((rects[:, 2:] - rects[:, :2]).prod(axis=1), 1))


def _summed(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the sums over all rectangles from the upper left corner (summed-area table), one larger."""
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.int64)
    np.cumsum(np.cumsum(values, axis=0, dtype=np.int64), axis=1, out=sums[1:, 1:])
    return sums
