"""Photos -> clusters of near duplicates.

In:    grey versions (256, 256) of photos
Out:   fingerprints (128, 128) uint8; clusters of photos that look the same; DisjointSets
Needs: numpy

Detected: copies that were resaved, rescaled, recompressed, made brighter, darker or grey, slightly sharpened
or blurred, and photos of a burst; of those cropped by 1 %, nine in ten, by 2 %, two in three, by 5 %, hardly
any (docs/benchmarks.md). Different objects on one ground are no copies, down to a tenth of the photo's width.
Not detected, by design: stronger crops, mirror images, other poses of the same key.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.dataset.same_scene import same_scene, strongest_difference

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

SIDE = 128  # of a fingerprint, px: a key of a tenth of the photo's width is still 13 px long
SMALL = 64  # side of the image in which candidates are found, px
MIN_STD = 1.0  # grey levels of standard deviation below which a photo is flat and never compared
FREQUENCIES = 24  # cosine frequencies that are correlated; JPEG and rescaling mostly change higher ones
MIN_CORRELATION = 0.80  # of copies; of those that were not cropped or moved, 0.90
MAX_COARSE = 1.0  # local difference that rules copies out at once, in standard deviations of the image
COARSE_MOVE = 2  # px of 64 by which edges of copies may be apart
TABLES = 32  # sort orders; each gives two copies another chance to become neighbours
SHIFT = 16  # bits by which the sort key is shifted from one order to the next
WINDOW = 8  # neighbours compared in each order
MAX_BITS = 128  # differing bits of 512; at a correlation of 0.80 the mean is 105, the standard deviation 9
MAX_PARTNERS = 10  # candidates of a photo that are compared, those with the fewest differing bits
BATCH = 1024  # photos processed at once
PAIRS = 64  # pairs compared at once; those joined by others before are skipped


def fingerprint(grey: NDArray[np.floating]) -> Bytes:
    """Return a small grey image, in which size does not matter.

    grey (128 k, 128 k), 0..255 -> (128, 128) uint8; zeros if the photo is flat.
    """
    if _reduced(grey[None], SMALL).std() < MIN_STD:
        return np.zeros((SIDE, SIDE), np.uint8)
    reduced: Bytes = np.round(_reduced(grey[None], SIDE)[0]).clip(1, 255).astype(np.uint8)
    return reduced


def near_duplicates(fingerprints: Bytes) -> tuple[tuple[int, ...], ...]:
    """Return clusters (rows, ascending) of photos that look the same, in near linear time.

    fingerprints (n, 128, 128) -> at least two rows per cluster, each row in at most one cluster.
    Photos are sorted by 32 different random projections to bits; copies agree in most bits, so they become
    neighbours in some order (Charikar 2002; Manku et al. 2007). The nearest neighbours are compared place by
    place (`same_scene`). Measured by benchmarks/near_duplicates.py; results: docs/benchmarks.md.
    """
    textured = np.flatnonzero(fingerprints.any(axis=(1, 2)))
    small = _stretched(fingerprints, textured)
    vectors = _vectors(small)
    sets = DisjointSets(len(fingerprints))
    for pairs in _candidates(_bits(vectors)):
        left, right = pairs.T
        alike = pairs[np.einsum("ij,ij->i", vectors[left], vectors[right]) >= MIN_CORRELATION]
        alike = alike[_similar_everywhere(small, alike)]
        separate = [sets.find(a) != sets.find(b) for a, b in textured[alike].tolist()]
        unjoined = textured[alike[separate]]
        images = fingerprints[unjoined.T].astype(np.float32)
        for a, b in unjoined[same_scene(*images)].tolist():
            sets.union(a, b)
    return sets.clusters()


def _reduced(images: NDArray[Any], side: int) -> Floats:
    """Return square images (n, side k, side k) as means of k x k px."""
    blocks = images.shape[1] // side
    means = images.reshape(-1, side, blocks, side, blocks).mean(axis=(2, 4), dtype=np.float64)
    reduced: Floats = means.astype(np.float32)
    return reduced


def _stretched(fingerprints: Bytes, rows: NDArray[np.intp]) -> Bytes:
    """Return the rows' images (n, 64, 64), normalised for brightness and contrast: 0..255."""
    stretched = np.empty((len(rows), SMALL, SMALL), np.uint8)
    for start in range(0, len(rows), BATCH):
        small = _reduced(fingerprints[rows[start : start + BATCH]], SMALL)
        low, high = small.min(axis=(1, 2), keepdims=True), small.max(axis=(1, 2), keepdims=True)
        stretched[start : start + BATCH] = np.round((small - low) * (255 / (high - low)))
    return stretched


class DisjointSets:
    """Disjoint sets of the items 0..n-1 (union-find)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, item: int) -> int:
        """Return the smallest item of the item's set."""
        while self._parents[item] != item:
            self._parents[item] = item = self._parents[self._parents[item]]
        return item

    def union(self, a: int, b: int) -> None:
        """Merge the sets of two items."""
        low, high = sorted((self.find(a), self.find(b)))
        self._parents[high] = low

    def union_all(self, items: Sequence[int]) -> None:
        """Merge the sets of all items."""
        for item in items[1:]:
            self.union(items[0], item)

    def clusters(self) -> tuple[tuple[int, ...], ...]:
        """Return the sets of two or more items, each ascending, ordered by their smallest items."""
        sets: dict[int, list[int]] = {}
        for item in range(len(self._parents)):
            sets.setdefault(self.find(item), []).append(item)
        return tuple(tuple(items) for items in sets.values() if len(items) > 1)


def _vectors(images: Bytes) -> Floats:
    """Return the images' cosine coefficients (n, 575) as unit vectors; their dot products are correlations.

    Each coefficient is weighted by its frequency: the spectrum of photographs falls off as one over the
    frequency, so this lets detail count as much as light and shade, and two keys on white paper do not match
    because of the paper.
    """
    basis, weights = _cosines()
    vectors = np.empty((len(images), FREQUENCIES**2 - 1), np.float32)
    for start in range(0, len(images), BATCH):
        small = images[start : start + BATCH].astype(np.float32)
        coefficients = (basis @ small @ basis.T * weights).reshape(len(small), -1)[:, 1:]  # without the mean
        lengths = np.linalg.norm(coefficients, axis=1, keepdims=True)
        vectors[start : start + BATCH] = coefficients / np.maximum(lengths, np.finfo(np.float32).tiny)
    return vectors


@cache
def _cosines() -> tuple[Floats, Floats]:
    """Return the cosine transform (24, 64) and the weight of each coefficient (24, 24)."""
    frequency, position = np.arange(FREQUENCIES), np.arange(SMALL)
    basis = np.cos(np.pi / SMALL * frequency[:, None] * (position[None] + 0.5)) * np.sqrt(2 / SMALL)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32), np.hypot(frequency[:, None], frequency[None]).astype(np.float32)


def _similar_everywhere(small: Bytes, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each pair of images whether they may be copies: a quick test that rules most others out."""
    left, right = _standardised(small[pairs.T])
    differences = strongest_difference(left, right, COARSE_MOVE)
    similar: NDArray[np.bool_] = differences < MAX_COARSE
    return similar


def _standardised(images: Bytes) -> Floats:
    """Return images (..., 64, 64) with mean 0 and standard deviation 1."""
    small = images.astype(np.float32)
    small -= small.mean(axis=(-2, -1), keepdims=True)
    standardised: Floats = small / small.std(axis=(-2, -1), keepdims=True)
    return standardised


def _bits(vectors: Floats) -> Bytes:
    """Return the signs of 512 fixed random projections of the vectors (n, 575), packed: (n, 64)."""
    planes = np.random.default_rng(0).standard_normal((vectors.shape[1], TABLES * SHIFT), dtype=np.float32)
    return np.packbits(vectors @ planes > 0, axis=1)


def _candidates(bits: Bytes) -> Iterator[NDArray[np.int64]]:
    """Yield pairs of rows (m, 2) that are neighbours in some order and agree in most bits; each pair once.

    The pairs that agree in the most bits come first, and each row's MAX_PARTNERS best are enough: among
    thousands of photos of one ground, copies are still nearer to each other than to other objects.
    """
    words = bits.view(np.uint64)
    codes, distances = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for table in range(TABLES):
        sort_keys = np.roll(bits, -table * SHIFT // 8, axis=1)[:, :8]
        order = np.argsort(np.ascontiguousarray(sort_keys).view(">u8").ravel(), kind="stable")
        for step in range(1, min(WINDOW, len(bits) - 1) + 1):
            left, right = order[:-step], order[step:]
            differing = np.bitwise_count(words[left] ^ words[right]).sum(axis=1, dtype=np.int64)
            close = differing <= MAX_BITS
            left, right = left[close], right[close]
            codes.append(np.minimum(left, right) * len(bits) + np.maximum(left, right))
            distances.append(differing[close])
    unique, first = np.unique(np.concatenate(codes), return_index=True)
    nearest = np.argsort(np.concatenate(distances)[first], kind="stable")
    pairs = np.column_stack(np.divmod(unique[nearest], len(bits)))
    pairs = pairs[_rank(pairs) < MAX_PARTNERS]
    for start in range(0, len(pairs), PAIRS):
        yield pairs[start : start + PAIRS]


def _rank(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each pair (m, 2) how many earlier ones have its left or its right row: the fewer."""
    rows = pairs.ravel()
    order = np.argsort(rows, kind="stable")
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    fewest: NDArray[np.int64] = ranks.reshape(-1, 2).min(axis=1)
    return fewest
