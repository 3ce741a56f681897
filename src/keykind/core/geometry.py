"""Masks as run lengths and as boxes.

In:    masks (h, w) bool; points (n, 2)
Out:   COCO's uncompressed run lengths, and back; the turned rectangle around points
Needs: numpy
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]  # (n, 2) x, y


def encode(mask: Mask) -> dict[str, Any]:
    """Return a mask as COCO's uncompressed run lengths: down the columns, zeros first."""
    flat = np.asarray(mask, dtype=bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": [int(side) for side in mask.shape], "counts": ([0] if flat[:1].any() else []) + runs}


def decode(mask: dict[str, Any]) -> Mask:
    """Return the (h, w) bool mask of COCO's uncompressed run lengths."""
    counts = mask["counts"]
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(mask["size"], order="F")


def corners_of(mask: Mask) -> Points:
    """Return the corners (n, 2) of a mask's outermost pixels, in pixels: all that can touch a rectangle."""
    rows, columns = np.nonzero(mask)
    edges = np.concatenate([_ends(rows, columns), _ends(rows, columns, last=True)]).astype(np.float64)
    return np.concatenate([edges + corner for corner in ([0, 0], [1, 0], [0, 1], [1, 1])])


def rectangle_along(points: Points, direction: Points) -> Points:
    """Return the 4 corners (4, 2) of the rectangle around points (n, 2), n >= 1, that lies along a direction.

    They go round from the beginning: first the two where `direction` (2,) comes from, or that are to the left
    where it has no length, are corners 0 and 3.
    """
    length = float(np.linalg.norm(direction))
    x, y = (direction / length).tolist() if length else (1.0, 0.0)
    turn = np.array([[x, -y], [y, x]])
    low, high = (points @ turn).min(axis=0), (points @ turn).max(axis=0)
    return np.asarray(np.array([low, [high[0], low[1]], high, [low[0], high[1]]]) @ turn.T)


def _ends(rows: NDArray[np.intp], columns: NDArray[np.intp], last: bool = False) -> NDArray[np.intp]:
    """Return (n, 2) x, y of the first or last true pixel of each row; the others are between them."""
    order = np.s_[::-1] if last else np.s_[:]
    _, first = np.unique(rows[order], return_index=True)
    return np.stack([columns[order][first], rows[order][first]], axis=1)
