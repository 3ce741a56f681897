"""A mask -> its connected regions; the same without specks and pinholes.

In:    masks (h, w) bool
Out:   labels (h, w) int32 from 1 up; masks
Needs: numpy
"""

import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Mask

MIN_SPECK = 0.02  # of the largest region: smaller ones are specks
MAX_PINHOLE = 0.0015  # of the object: holes up to this size are mistakes, larger ones are a bow's hole

Labels = NDArray[np.int32]


def cleaned(mask: Mask) -> Mask:
    """Return a mask without specks and without pinholes."""
    labels = connected_regions(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = sizes >= max(MIN_SPECK * sizes.max(), 1)
    mask = kept[labels]
    holes = connected_regions(~mask)
    sizes = np.bincount(holes.ravel())
    outside = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    filled = sizes <= MAX_PINHOLE * mask.sum()
    filled[outside] = False
    filled[0] = False
    return np.asarray(mask | filled[holes])


def connected_regions(mask: Mask) -> Labels:
    """Return the number of each pixel's region, from 1 up; 0 outside the mask. Pixels connect by their sides.

    Runs of pixels in a row are joined to those of the row above (union-find).
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    parents = np.arange(len(rows))
    first = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        _join(parents, starts, ends, first[row - 1 : row + 2])
    roots = parents
    while not np.array_equal(roots, roots[roots]):
        roots = roots[roots]
    _, numbers = np.unique(roots, return_inverse=True)
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(numbers + 1, ends - starts)
    return labels


def _join(
    parents: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp], first: NDArray[np.intp]
) -> None:
    """Join the runs of two rows that touch; first: index of the first run of either, and of the next row."""
    i, j = int(first[0]), int(first[1])
    while i < first[1] and j < first[2]:
        if starts[i] < ends[j] and starts[j] < ends[i]:
            a, b = _root(parents, i), _root(parents, j)
            parents[max(a, b)] = min(a, b)
        if ends[i] < ends[j]:
            i += 1
        else:
            j += 1


def _root(parents: NDArray[np.intp], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = int(parents[i])
    return i
