"""Photos -> clusters of near duplicates.

In:    grey versions (256, 256) of photos
Out:   fingerprints (64, 64) uint8; clusters of photos that look the same; DisjointSets
Needs: numpy

Detected: copies that were resaved, rescaled, recompressed, made brighter, darker or grey, or slightly
sharpened or blurred. Not detected, by design: crops, mirror images, other poses of the same key.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

SMALL = 64  # side of a fingerprint, px: bow, blade and cuts of a key are still visible
MIN_STD = 1.0  # grey levels of standard deviation below which a photo is flat and never compared
FREQUENCIES = 24  # cosine frequencies that are correlated; JPEG and rescaling mostly change higher ones
MIN_CORRELATION = 0.90  # of copies
MAX_DIFFERENCE = 0.95  # local difference of copies, in standard deviations of the image
TABLES = 32  # sort orders; each gives two copies another chance to become neighbours
SHIFT = 16  # bits by which the sort key is shifted from one order to the next
WINDOW = 8  # neighbours compared in each order
MAX_BITS = 112  # differing bits of 512; at a correlation of 0.90 the mean is 73, the standard deviation 8
BATCH = 1024  # photos or pairs processed at once


def fingerprint(grey: NDArray[np.floating]) -> Bytes:
    """Return a small grey image, normalised for size, brightness and contrast.

    grey (64 k, 64 k), 0..255 -> (64, 64) uint8, stretched to 0..255; zeros if the photo is flat.
    """
    blocks = grey.shape[0] // SMALL
    small = grey.reshape(SMALL, blocks, SMALL, blocks).mean(axis=(1, 3), dtype=np.float64)
    if small.std() < MIN_STD:
        return np.zeros((SMALL, SMALL), np.uint8)
    stretched: Bytes = np.round((small - small.min()) * (255 / np.ptp(small))).astype(np.uint8)
    return stretched


def near_duplicates(fingerprints: Bytes) -> tuple[tuple[int, ...], ...]:
    """Return clusters (rows, ascending) of photos that look the same, in near linear time.

    fingerprints (n, 64, 64) -> at least two rows per cluster, each row in at most one cluster.
    Photos are sorted by 32 different random projections to bits; copies agree in most bits, so they become
    neighbours in some order (Charikar 2002; Manku et al. 2007), and neighbours are compared exactly.

    Measured on 233 photos of keys, half of them on white, and 15 altered copies of each (JPEG quality 30 and
    60; a half, a quarter, 224 and 160 px; 15 % brighter and darker, 20 levels lighter, contrast, gamma 0.8
    and 1.3, grey, blur, sharpening): 3,485 of 3,495 copies join their photo, 3,478 by matching it directly;
    the others are photos shrunk below 100 px and fine textures. Of 26,576 pairs of different keys none joins
    (largest correlation 0.84); of 100 burst photos of ten keys on white paper 4 do, two pairs in which the
    camera hardly moved. Drawn keys on white: none of 9,690 pairs, of which 2,550 differ only in their cuts.
    2 processors: 250 fingerprints 0.05 s, 1,000 0.13 s, 4,000 0.35 s, 16,000 1.2 s.
    """
    textured = np.flatnonzero(fingerprints.any(axis=(1, 2)))
    vectors = _vectors(fingerprints, textured)
    sets = DisjointSets(len(fingerprints))
    for pairs in _candidates(_bits(vectors)):
        left, right = pairs.T
        alike = pairs[np.einsum("ij,ij->i", vectors[left], vectors[right]) >= MIN_CORRELATION]
        separate = [sets.find(a) != sets.find(b) for a, b in textured[alike].tolist()]
        unjoined = textured[alike[separate]]
        same = _same_everywhere(*_standardised(fingerprints[unjoined.T]))
        for a, b in unjoined[same].tolist():
            sets.union(a, b)
    return sets.clusters()


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


def _vectors(fingerprints: Bytes, rows: NDArray[np.intp]) -> Floats:
    """Return the rows' cosine coefficients (n, 575) as unit vectors; their dot products are correlations.

    Each coefficient is weighted by its frequency: the spectrum of photographs falls off as one over the
    frequency, so this lets detail count as much as light and shade, and two keys on white paper do not match
    because of the paper.
    """
    basis, weights = _cosines()
    vectors = np.empty((len(rows), FREQUENCIES**2 - 1), np.float32)
    for start in range(0, len(rows), BATCH):
        small = fingerprints[rows[start : start + BATCH]].astype(np.float32)
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


def _standardised(fingerprints: Bytes) -> Floats:
    """Return fingerprints (..., 64, 64) with mean 0 and standard deviation 1."""
    small = fingerprints.astype(np.float32)
    small -= small.mean(axis=(-2, -1), keepdims=True)
    standardised: Floats = small / small.std(axis=(-2, -1), keepdims=True)
    return standardised


def _same_everywhere(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return for each pair of standardised fingerprints (n, 64, 64) whether all 2 x 2 px blocks are similar.

    Two keys on white may differ in a single cut: little of the whole image, but a lot locally.
    """
    blocks = (a - b).reshape(-1, SMALL // 2, 2, SMALL // 2, 2)
    strongest = np.sqrt((blocks**2).mean(axis=(2, 4))).max(axis=(1, 2), initial=0)
    same: NDArray[np.bool_] = strongest < MAX_DIFFERENCE
    return same


def _bits(vectors: Floats) -> Bytes:
    """Return the signs of 512 fixed random projections of the vectors (n, 575), packed: (n, 64)."""
    planes = np.random.default_rng(0).standard_normal((vectors.shape[1], TABLES * SHIFT), dtype=np.float32)
    return np.packbits(vectors @ planes > 0, axis=1)


def _candidates(bits: Bytes) -> Iterator[NDArray[np.int64]]:
    """Yield pairs of rows (m, 2) that are neighbours in some order and agree in most bits; each pair once."""
    words = bits.view(np.uint64)
    codes = [np.empty(0, np.int64)]
    for table in range(TABLES):
        sort_keys = np.roll(bits, -table * SHIFT // 8, axis=1)[:, :8]
        order = np.argsort(np.ascontiguousarray(sort_keys).view(">u8").ravel(), kind="stable")
        for step in range(1, min(WINDOW, len(bits) - 1) + 1):
            left, right = order[:-step], order[step:]
            close = np.bitwise_count(words[left] ^ words[right]).sum(axis=1) <= MAX_BITS
            left, right = left[close], right[close]
            codes.append(np.minimum(left, right) * len(bits) + np.maximum(left, right))
    unique = np.unique(np.concatenate(codes))
    for start in range(0, len(unique), BATCH):
        yield np.column_stack(np.divmod(unique[start : start + BATCH], len(bits)))
