"""A view of a scene with its keys, and what framing and covering does to them.

In:    affine matrices (2, 3), sizes of frames, opaque layers
Out:   View: an image, which pixels are which key, and the keys as rows of an array
Needs: numpy, opencv                                                                       [train]

One array for all keys of a view keeps the transforms short and fast: a view has up to dozens of keys.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

HEAD, TIP = slice(0, 2), slice(2, 4)  # px
WIDTH = 4  # px
OCCLUSION, TRUNCATION = 5, 6  # shares of its area: hidden by other objects, outside the frame
REMOTE = 7  # 1: a remote or a folded flip key, which shows no blade
BLADE = 8  # share of its visible area that is blade
AREA = 9  # px that would be visible if the frame truncated nothing
KIND = 10  # index in keykind.core.kinds.NAMES, or UNKNOWN
COLUMNS = 11
UNKNOWN = -1.0  # kind of a remote, and of a key that was only marked

KeyRows = NDArray[np.float64]  # (n, COLUMNS)
Affine = NDArray[np.float64]  # (2, 3): x' = A x + b
MAX_KEYS = 127  # of a view with `parts` of 8 bits

# Points of a key that tell how much of it is in a frame.
SAMPLES_ALONG, SAMPLES_ACROSS = 25, (-0.35, 0.0, 0.35)


def no_keys() -> KeyRows:
    """Return the rows of an image without keys."""
    return np.zeros((0, COLUMNS))


def map_points(points: NDArray[np.float64], matrix: Affine) -> NDArray[np.float64]:
    """Return points (..., 2) mapped by an affine matrix."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def scale_of(matrix: Affine) -> float:
    """Return the factor by which an affine matrix scales lengths, on average of all directions."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    return math.sqrt(abs(a * d - b * c))


def move_keys(keys: KeyRows, matrix: Affine) -> KeyRows:
    """Return the keys mapped by an affine matrix."""
    moved, scale = keys.copy(), scale_of(matrix)
    moved[:, HEAD], moved[:, TIP] = map_points(keys[:, HEAD], matrix), map_points(keys[:, TIP], matrix)
    moved[:, WIDTH] *= scale
    moved[:, AREA] *= scale**2
    return moved


def hide(share: Any, by: Any) -> Any:
    """Return the hidden share of an area of which `share` was hidden before and `by` of the rest is now."""
    return 1 - (1 - share) * (1 - by)


def truncate_keys(keys: KeyRows, size: tuple[int, int]) -> None:
    """Add to each key's truncation what a frame of a size (width, height) cuts off, by samples along it."""
    if not len(keys):
        return
    along = keys[:, TIP] - keys[:, HEAD]
    length = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1) / length * keys[:, WIDTH, None]
    steps = np.linspace(0.02, 0.98, SAMPLES_ALONG)[:, None]
    axis = keys[:, None, HEAD] + steps * along[:, None]
    points = axis[:, None] + np.array(SAMPLES_ACROSS)[:, None, None] * across[:, None, None]
    inside = (points >= 0).all(axis=-1) & (points < np.array(size)).all(axis=-1)
    keys[:, TRUNCATION] = hide(keys[:, TRUNCATION], 1 - inside.mean(axis=(1, 2)))


@dataclass(slots=True, eq=False)
class View:
    """An image and its labels; what is put into it changes it in place."""

    image: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w): 0 no key; 2k + 1 the bow and 2k + 2 the blade of the key in row k
    keys: KeyRows
    # Number of keys, the first ones, whose `parts` are their boxes: their pixels are not known.
    boxed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height, px."""
        return self.parts.shape[1], self.parts.shape[0]

    def cover(self, layer: NDArray[np.bool_], parts: Any = 0, corner: tuple[int, int] = (0, 0)) -> None:
        """Let the keys be hidden by an opaque layer (h, w) at a corner x, y; it lies inside the view.

        parts: the values of `parts` where the layer is opaque.
        """
        x, y = corner
        region = self.parts[y : y + layer.shape[0], x : x + layer.shape[1]]
        count = len(self.keys)
        before = key_areas(region, count)
        np.copyto(region, parts, where=layer)
        if before.any():
            covered = before - key_areas(region, count)
            touched = np.flatnonzero(covered)
            areas = covered[touched] + key_areas(self.parts, count)[touched]
            self.keys[touched, OCCLUSION] = hide(self.keys[touched, OCCLUSION], covered[touched] / areas)


def key_areas(parts: NDArray[np.uint8], count: int) -> NDArray[np.float64]:
    """Return the number of pixels of each of `count` keys in `parts`, as in View: (count,)."""
    return np.asarray(part_areas(parts)[1 : 2 * count + 1].reshape(count, 2).sum(axis=1))


def part_areas(parts: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the number of pixels of each value of `parts`: (256,)."""
    # Five times as fast as numpy.bincount, which first makes 64-bit integers of all pixels.
    return np.asarray(cv2.calcHist([parts], [0], None, [256], [0, 256]).ravel(), np.float64)
