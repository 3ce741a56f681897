"""Masks as run lengths and as boxes.

In:    masks (h, w) bool; points (n, 2)
Out:   COCO's uncompressed run lengths, and back; the smallest turned rectangle around points
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
    """Return the corners (n, 2) of a mask's outermost pixels, in pixels: all that its hull can touch."""
    rows, columns = np.nonzero(mask)
    edges = np.concatenate([_ends(rows, columns), _ends(rows, columns, last=True)]).astype(np.float64)
    return np.concatenate([edges + corner for corner in ([0, 0], [1, 0], [0, 1], [1, 1])])


def smallest_rectangle(points: Points) -> Points:
    """Return the 4 corners (4, 2) of the smallest turned rectangle around points (n, 2), n >= 1.

    Source: one side of it lies on the convex hull (Freeman and Shapira 1975).
    """
    hull = convex_hull(points)
    sides = np.roll(hull, -1, axis=0) - hull
    angles = np.unique(np.round(np.arctan2(sides[:, 1], sides[:, 0]) % (np.pi / 2), 6))
    best = min(angles, key=lambda angle: float(np.prod(np.ptp(hull @ _turn(angle), axis=0))))
    turn = _turn(best)
    low, high = (hull @ turn).min(axis=0), (hull @ turn).max(axis=0)
    return np.asarray(np.array([low, [high[0], low[1]], high, [low[0], high[1]]]) @ turn.T)


def convex_hull(points: Points) -> Points:
    """Return the corners of the convex hull of points (n, 2), in order.

    Source: the monotone chain (Andrew 1979).
    """
    ordered = np.unique(points, axis=0)
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1] or lower)


def _chain(ordered: Points) -> list[tuple[float, float]]:
    """Return one half of the hull: each turn to the same side."""
    chain: list[tuple[float, float]] = []
    for x, y in ordered.tolist():
        while len(chain) > 1:
            (x1, y1), (x2, y2) = chain[-2:]
            if (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain


def _ends(rows: NDArray[np.intp], columns: NDArray[np.intp], last: bool = False) -> NDArray[np.intp]:
    """Return (n, 2) x, y of the first or last true pixel of each row; the others cannot be on the hull."""
    order = np.s_[::-1] if last else np.s_[:]
    _, first = np.unique(rows[order], return_index=True)
    return np.stack([columns[order][first], rows[order][first]], axis=1)


def _turn(angle: float) -> Points:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
