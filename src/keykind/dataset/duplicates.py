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
from typing import Any, Protocol

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
BATCH = 256  # photos processed at once
BITS_BATCH = 1 << 16  # pairs whose bits are compared at once
PAIRS = 64  # pairs compared at once; those joined by others before are skipped


def fingerprint(grey: NDArray[np.floating]) -> Bytes:
    """Return a small grey image, in which size does not matter.

    grey (128 k, 128 k), 0..255 -> (128, 128) uint8; zeros if the photo is flat.
    """
    if _reduced(grey[None], SMALL).std() < MIN_STD:
        return np.zeros((SIDE, SIDE), np.uint8)
    reduced: Bytes = np.round(_reduced(grey[None], SIDE)[0]).clip(1, 255).astype(np.uint8)
    return reduced


class Fingerprints(Protocol):
    """Fingerprints of n photos: an array (n, 128, 128), or an object that reads those that are asked for."""

    def __len__(self) -> int:
        """Return n."""

    def __getitem__(self, rows: Any, /) -> Bytes:
        """Return fingerprints (..., 128, 128) of an array or a slice of rows."""


def near_duplicates(fingerprints: Fingerprints) -> tuple[tuple[int, ...], ...]:
    """Return clusters (rows, ascending) of photos that look the same, in near linear time.

    fingerprints (n, 128, 128) -> at least two rows per cluster, each row in at most one cluster. Besides the
    fingerprints, it takes some 5 kB of memory per photo.
    Photos are sorted by 32 different random projections to bits; copies agree in most bits, so they become
    neighbours in some order (Charikar 2002; Manku et al. 2007). The nearest neighbours are compared place by
    place (`same_scene`). Measured by benchmarks/near_duplicates.py; results: docs/benchmarks.md.
    """
    textured, vectors = _described(fingerprints)
    sets = DisjointSets(len(fingerprints))
    for pairs in _candidates(_bits(vectors)):
        left, right = pairs.T
        alike = pairs[np.einsum("ij,ij->i", vectors[left], vectors[right]) >= MIN_CORRELATION]
        alike = alike[_similar_everywhere(_stretched(fingerprints[textured[alike.T]]))]
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


def _described(fingerprints: Fingerprints) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows of photos that are not flat, and their vectors (m, 575)."""
    rows = np.empty(len(fingerprints), np.intp)
    vectors = np.empty((len(fingerprints), FREQUENCIES**2 - 1), np.float32)
    count = 0
    for start in range(0, len(fingerprints), BATCH):
        images = fingerprints[start : start + BATCH]
        textured = np.flatnonzero(images.any(axis=(1, 2)))
        part = slice(count, count + len(textured))
        rows[part], vectors[part] = start + textured, _vectors(_stretched(images[textured]))
        count += len(textured)
    return rows[:count], vectors[:count]


def _stretched(fingerprints: Bytes) -> Bytes:
    """Return images (..., 64, 64), normalised for brightness and contrast: 0..255."""
    small = _reduced(fingerprints.reshape(-1, SIDE, SIDE), SMALL)
    low, high = small.min(axis=(1, 2), keepdims=True), small.max(axis=(1, 2), keepdims=True)
    stretched: Bytes = np.round((small - low) * (255 / (high - low))).astype(np.uint8)
    return stretched.reshape(*fingerprints.shape[:-2], SMALL, SMALL)


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


def _similar_everywhere(pairs: Bytes) -> NDArray[np.bool_]:
    """Return for each pair of images (2, m, 64, 64) whether they may be copies: most others are ruled out."""
    left, right = _standardised(pairs)
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
    bits = np.empty((len(vectors), TABLES * SHIFT // 8), np.uint8)
    for start in range(0, len(vectors), BATCH):
        part = slice(start, start + BATCH)
        bits[part] = np.packbits(vectors[part] @ planes > 0, axis=1)
    return bits


def _candidates(bits: Bytes) -> Iterator[NDArray[np.int64]]:
    """Yield pairs of rows (m, 2) that are neighbours in some order and agree in most bits; each pair once.

    The pairs that agree in the most bits come first, and each row's MAX_PARTNERS best are enough: among
    thousands of photos of one ground, copies are still nearer to each other than to other objects.
    """
    codes = np.empty(0, np.int64)  # of pairs, left * n + right; made unique often, to save memory
    for table in range(TABLES):
        sort_keys = np.roll(bits, -table * SHIFT // 8, axis=1)[:, :8]
        order = np.argsort(np.ascontiguousarray(sort_keys).view(">u8").ravel(), kind="stable")
        found = [_close(bits, order[:-step], order[step:]) for step in _steps(len(bits))]
        codes = np.unique(np.concatenate([codes, *found]))
    nearest = np.argsort(_distances(bits, codes), kind="stable")
    pairs = np.column_stack(np.divmod(codes[nearest], len(bits)))
    pairs = pairs[_rank(pairs) < MAX_PARTNERS]
    for start in range(0, len(pairs), PAIRS):
        yield pairs[start : start + PAIRS]


def _steps(count: int) -> range:
    """Return how far apart neighbours may be in an order of `count` photos."""
    return range(1, min(WINDOW, count - 1) + 1)


def _close(bits: Bytes, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the codes of those pairs that agree in most bits."""
    codes = np.minimum(left, right).astype(np.int64) * len(bits) + np.maximum(left, right)
    close: NDArray[np.int64] = codes[_distances(bits, codes) <= MAX_BITS]
    return close


def _distances(bits: Bytes, codes: NDArray[np.int64]) -> NDArray[np.int16]:
    """Return the number of differing bits of each pair."""
    words, distances = bits.view(np.uint64), np.empty(len(codes), np.int16)
    for start in range(0, len(codes), BITS_BATCH):
        left, right = np.divmod(codes[start : start + BITS_BATCH], len(bits))
        differing = np.bitwise_count(words[left] ^ words[right])
        distances[start : start + BITS_BATCH] = differing.sum(axis=1, dtype=np.int16)
    return distances


def _rank(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each pair (m, 2) how many earlier ones have its left or its right row: the fewer."""
    rows = pairs.ravel()
    order = np.argsort(rows, kind="stable")
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    fewest: NDArray[np.int64] = ranks.reshape(-1, 2).min(axis=1)
    return fewest
