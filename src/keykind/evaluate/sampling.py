"""Unlabelled photos -> the order in which to label them.

In:    probabilities (n, c) and features (n, k) of each photo
Out:   order (n,): photos that would teach the model most first
Needs: numpy

A photo teaches much if the model wavers between two kinds (a small margin: Scheffer, Decomain and Wrobel
2001, doi:10.1007/3-540-44816-0_31), and if it is unlike the photos that are labelled before it (k-centre:
Sener and Savarese 2018, arXiv:1708.00489). The photos are sorted by margin and cut into blocks. Within a
block, the next photo is the one with the largest product of 1 - margin and distance to the nearest photo
already taken: similar photos do not follow each other, and the time grows with n times the size of a block.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK = 1000  # photos compared with each other; more than anyone labels before training again
EPSILON = 1e-6  # below this length, features have no direction

Order = NDArray[np.intp]
Floats = NDArray[np.float32]


def most_informative(probabilities: NDArray[np.floating], features: NDArray[np.floating]) -> Order:
    """Return the order (n,) in which to label photos with probabilities (n, c) and features (n, k).

    Distances are between directions of features, as in model/ood.py. The same input gives the same order; of
    equal photos, the first comes first.
    Raises ValueError if shapes differ, or a value is not finite.
    """
    values, vectors = np.asarray(probabilities, np.float32), np.asarray(features, np.float32)
    if values.ndim != 2 or vectors.ndim != 2 or len(values) != len(vectors):
        raise ValueError(f"probabilities are {values.shape} and features {vectors.shape}, not (n, c), (n, k)")
    unusable = ~(np.isfinite(values).all(axis=1) & np.isfinite(vectors).all(axis=1))
    if unusable.any():
        count, first = int(unusable.sum()), int(unusable.argmax())
        raise ValueError(f"{count} of {len(values)} photos have a value that is not finite; first: {first}")
    doubt = 1 - _margins(values)
    by_doubt = np.argsort(-doubt, kind="stable")
    order = by_doubt.copy()
    for start in range(0, len(values), BLOCK):
        block = by_doubt[start : start + BLOCK]
        order[start : start + BLOCK] = block[_spread(doubt[block], vectors[block])]
    return order


def _margins(probabilities: Floats) -> Floats:
    """Return the largest probability minus the second largest: (n, c) -> (n,), 0..1; 1 with one kind."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities), np.float32)
    largest = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(largest[:, 1] - largest[:, 0], np.float32)


def _spread(doubt: Floats, features: Floats) -> Order:
    """Return all m photos of a block: doubt (m,), descending, features (m, k)."""
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), EPSILON)
    distances = np.sqrt(np.maximum(2 - 2 * directions @ directions.T, 0))
    nearest = np.full(len(doubt), 2, np.float32)  # the largest distance of two directions
    order, taken = np.empty(len(doubt), np.intp), np.zeros(len(doubt), bool)
    for i in range(len(doubt)):
        order[i] = np.where(taken, -1, doubt * nearest).argmax()
        taken[order[i]] = True
        nearest = np.minimum(nearest, distances[order[i]])
    return order
