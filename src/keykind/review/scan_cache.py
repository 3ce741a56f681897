"""The results of a scan in keykind's cache, so that a folder is scanned once.

In:    a photo's path, with its size and time of change; the model and detector
Out:   Measured, fingerprints, Seen and clusters of an earlier scan; None for what is new
Needs: numpy, pillow
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keykind.core.cache import Cache
from keykind.dataset.duplicates import SIDE, Bytes
from keykind.review.observations import Measured, Seen, measured_from, seen_from

SCHEMA = 1  # incremented when what is stored changes its meaning
FAST = 1  # compression of fingerprints: two thirds of the size, 0.2 ms


class ScanCache:
    """Reads and writes the cache. Each thread needs its own."""

    def __init__(self, cache: Cache, photos: Sequence[str], check: Callable[[], None] = lambda: None) -> None:
        """Use a cache.

        photos: path and version of each photo's file, by id. check: called before fingerprints are read, to
        raise an error if nobody needs them any more.
        """
        self._cache, self._photos, self._check = cache, photos, check
        self._new: dict[bytes, bytes] = {}

    def measured(self, photo: int) -> Measured | None:
        """Return what was measured of this file."""
        data = self._cache.get(self._key("measured", self._photos[photo]))
        return None if data is None else measured_from(data)

    def add_measured(self, photo: int, measured: Measured, fingerprint: Bytes) -> None:
        """Keep what was measured, until `flush`."""
        self._new[self._key("measured", self._photos[photo])] = measured.to_bytes()
        packed = zlib.compress(np.ascontiguousarray(fingerprint).tobytes(), FAST)
        self._new[self._key("fingerprint", self._photos[photo])] = packed

    def seen(self, photo: int, model: str) -> Seen | None:
        """Return what a model has seen in this file. model: hashes of the model and its detector."""
        data = self._cache.get(self._key("seen", self._photos[photo], model))
        return None if data is None else seen_from(data)

    def add_seen(self, photo: int, model: str, seen: Seen) -> None:
        """Keep what was seen, until `flush`."""
        self._new[self._key("seen", self._photos[photo], model)] = seen.to_bytes()

    def clusters(self) -> list[tuple[int, ...]] | None:
        """Return the clusters of these photos, if exactly they were compared before."""
        data = self._cache.get(self._key("clusters", *self._photos))
        return None if data is None else [tuple(cluster) for cluster in json.loads(data)]

    def put_clusters(self, clusters: Sequence[tuple[int, ...]]) -> None:
        """Store the clusters. Raises CannotWrite."""
        self._cache.put({self._key("clusters", *self._photos): json.dumps(clusters).encode()})

    def flush(self) -> None:
        """Store what was added. Raises CannotWrite."""
        if self._new:
            self._cache.put(self._new)
            self._new = {}

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, rows: Any) -> Bytes:
        """Return the fingerprints of photos (..., 128, 128); zeros for those that cannot be read."""
        self._check()
        ids = np.arange(len(self._photos))[rows]
        images = np.zeros((ids.size, SIDE, SIDE), np.uint8)
        for image, photo in zip(images, ids.ravel().tolist(), strict=True):
            image[:] = self._fingerprint(photo)
        return images.reshape(*ids.shape, SIDE, SIDE)

    def _fingerprint(self, photo: int) -> Bytes:
        data = self._cache.get(self._key("fingerprint", self._photos[photo]))
        return _none() if data is None else np.frombuffer(zlib.decompress(data), np.uint8).reshape(SIDE, SIDE)

    def _key(self, *parts: str) -> bytes:
        text = "\n".join(("review", str(SCHEMA), *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _none() -> Bytes:
    return np.zeros((SIDE, SIDE), np.uint8)
