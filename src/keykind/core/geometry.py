"""Run-length encoding of masks, and oriented rectangles.

In:    masks (h, w) bool; points (n, 2)
Out:   COCO's uncompressed run lengths, and back; oriented rectangles around points and segments
Needs: numpy
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]  # (n, 2) x, y


def encode_rle(mask: Mask) -> dict[str, Any]:
    """Return a mask as COCO's uncompressed run lengths: column by column, zeros first."""
    flat = np.asarray(mask, dtype=bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": [int(side) for side in mask.shape], "counts": ([0] if flat[:1].any() else []) + runs}


def decode_rle(rle: dict[str, Any]) -> Mask:
    """Return the (h, w) bool mask of COCO's uncompressed run lengths."""
    counts = rle["counts"]
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(rle["size"], order="F")


def mask_corners(mask: Mask) -> Points:
    """Return the corners (n, 2) of each row's first and last pixel; their convex hull is the mask's."""
    rows, columns = np.nonzero(mask)
    ends = np.concatenate([_row_ends(rows, columns), _row_ends(rows, columns, last=True)]).astype(np.float64)
    return np.concatenate([ends + corner for corner in ([0, 0], [1, 0], [0, 1], [1, 1])])


def oriented_rectangle(points: Points, direction: Points) -> Points:
    """Return the 4 corners (4, 2) of the bounding rectangle of points (n, 2), n >= 1, along a direction.

    direction (2,): the long axis, from corners 0 and 3 towards corners 1 and 2; (0, 0) means to the right.
    """
    length = float(np.linalg.norm(direction))
    x, y = (direction / length).tolist() if length else (1.0, 0.0)
    rotation = np.array([[x, -y], [y, x]])
    low, high = (points @ rotation).min(axis=0), (points @ rotation).max(axis=0)
    return np.asarray(np.array([low, [high[0], low[1]], high, [low[0], high[1]]]) @ rotation.T)


def width_across(mask: Mask, head: Points, tip: Points) -> float:
    """Return the extent of a mask (h, w) across the line from head (2,) to tip (2,), px; at least 1 px."""
    x, y = ((tip - head) / max(float(np.linalg.norm(tip - head)), 1e-9)).tolist()
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return 1.0
    across = columns * -y + rows * x  # of the pixels' upper left corners
    return float(max(np.ptp(across) + abs(x) + abs(y), 1.0))


def segment_box(start: Points, end: Points, width: float) -> Points:
    """Return the 4 corners (4, 2) of the rectangle of a width around the segment from start (2,) to end (2,).

    Corners 0 and 3 are at the start, in the order of `oriented_rectangle`.
    """
    length = float(np.linalg.norm(end - start))
    x, y = ((end - start) / length).tolist() if length else (1.0, 0.0)
    across = np.array([-y, x]) * (width / 2)
    return np.asarray(np.array([start - across, end - across, end + across, start + across], np.float64))


def _row_ends(rows: NDArray[np.intp], columns: NDArray[np.intp], last: bool = False) -> NDArray[np.intp]:
    """Return (n, 2) x, y of the first or last true pixel of each row."""
    order = np.s_[::-1] if last else np.s_[:]
    _, first = np.unique(rows[order], return_index=True)
    return np.stack([columns[order][first], rows[order][first]], axis=1)
