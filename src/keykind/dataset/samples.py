"""Listed photo -> Sample; Dataset, a set of samples.

In:    PhotoEntry: path, name, kind, split, key id
Out:   Sample with size, hash, sharpness, brightness, and the photo's fingerprint; or a ReadError
Needs: numpy, pillow
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.dataset.duplicates import Bytes, Floats, fingerprint
from keykind.dataset.key_ends import KeyEnds, ends_text
from keykind.dataset.listing import SPLITS, Decisions, PhotoEntry, ReadError
from keykind.detect.align import OrientedCrop
from keykind.photo import decode

OUTSIDE = 0.02  # of the longer side: how far outside the frame a key may be marked, by a tap at its edge
SIDE = 256  # px of the grey square on which photos are measured; four times the fingerprint's side


@dataclass(frozen=True, slots=True)
class Sample:
    """One readable photo of a dataset."""

    path: Path  # as on disk
    name: str  # printable path relative to the dataset's root, with /; unique within a Dataset
    kind: str
    group: str  # the physical key: photos of one group are never on both sides of a split
    split: str  # "train" or "test"
    sha256: str  # of the file's bytes
    width: int  # of the upright original, px
    height: int  # of the upright original, px
    sharpness: float  # variance of the Laplacian of the grey photo at 256 x 256 px, grey levels squared
    brightness: float  # mean of the grey photo, 0 black to 1 white
    clipped: float  # share of its pixels that are black (0) or white (255), 0..1
    region: OrientedCrop | None = None  # of the key; None: the whole photo
    damage: str | None = None  # what is wrong with the photo's data
    ends: tuple[KeyEnds, ...] | None = None  # all of its keys, marked by a person; None: not marked


@dataclass(frozen=True, slots=True)
class Leak:
    """A training photo that duplicates a test photo or shows the same key."""

    train: str  # name
    test: str  # name
    reason: str  # "same bytes", "near duplicate" or "same physical key"


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """Photos that look the same, though a table or a pattern states that they show different keys."""

    photos: tuple[str, ...]  # names, one for each key
    keys: tuple[str, ...]  # in the same order
    reason: str  # "same bytes" or "near duplicate"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Photos for training and testing, and the problems found in them."""

    kinds: tuple[str, ...]  # sorted, those with at least one readable training photo
    samples: tuple[Sample, ...]  # sorted by split, kind, name
    read_errors: tuple[ReadError, ...]
    warnings: tuple[str, ...]  # one sentence each
    duplicates: tuple[tuple[str, ...], ...]  # clusters of names with equal bytes
    near_duplicates: tuple[tuple[str, ...], ...]  # clusters of names that look the same, not all equal bytes
    leaks: tuple[Leak, ...]  # at most one per training photo
    key_conflicts: tuple[KeyConflict, ...] = ()  # what was stated counts
    left_out: tuple[Sample, ...] = ()  # readable, but not used; the warnings give the reasons
    decisions: Decisions = field(default_factory=Decisions)  # about the photos, of labels.csv

    def subset(self, split: str) -> tuple[Sample, ...]:
        """Return the samples of "train" or "test"."""
        return tuple(sample for sample in self.samples if sample.split == split)

    def digest(self) -> str:
        """Return a hash of what determines a training result.

        That is split, kind, key, bytes and, where they are marked, ends of the keys of each photo.
        """
        lines = [
            f"{sample.split} {sample.kind} {sample.group} {sample.sha256}"
            + ("" if sample.ends is None else f" {ends_text(sample.ends)}")
            for sample in self.samples
        ]
        return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "replace")).hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of photos per kind and split: kind -> {"train": n, "test": m}."""
        tally = Counter((sample.kind, sample.split) for sample in self.samples)
        return {kind: {split: tally[kind, split] for split in SPLITS} for kind in self.kinds}


def read_sample(entry: PhotoEntry) -> tuple[Sample, Bytes] | ReadError:
    """Open a photo and return its Sample and fingerprint, or a ReadError if it cannot be read."""
    try:
        data = decode.read_bytes(entry.path)
        photo = decode.decode_photo(data, entry.name, min_side=SIDE)
    except BadPhoto as error:
        return ReadError(entry.name, f"{error.fault}; {error.remedy}")
    grey = grey_square(photo.pixels)
    sample = Sample(
        path=entry.path,
        name=entry.name,
        kind=entry.kind,
        group=entry.key_id or "",
        split=entry.split,
        sha256=hashlib.sha256(data).hexdigest(),
        width=photo.width,
        height=photo.height,
        sharpness=sharpness(grey),
        brightness=float(grey.mean()) / 255,
        clipped=float(np.mean((grey == 0) | (grey == 255))),
        damage=photo.damage,
        ends=entry.ends if _are_inside(entry.ends or (), photo.width, photo.height) else None,
    )
    return sample, fingerprint(grey)


def _are_inside(ends: Sequence[KeyEnds], width: int, height: int) -> bool:
    """Return whether marked keys are in the frame of a photo, which may be another size since."""
    edge = OUTSIDE * max(width, height)
    points = [point for key in ends for point in (key.head, key.tip)]
    return all(-edge <= x <= width + edge and -edge <= y <= height + edge for x, y in points)


def grey_square(pixels: NDArray[np.uint8]) -> Floats:
    """Return pixels (h, w, 3) stretched to a square, as luma (ITU-R 601): (256, 256) float32, 0..255."""
    grey = Image.fromarray(decode.resize(pixels, SIDE)).convert("L")
    return np.asarray(grey, np.float32)


def sharpness(grey: NDArray[np.floating]) -> float:
    """Return the variance of the Laplacian (4 neighbours) of a grey image (h, w), grey levels squared.

    Source: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var(dtype=np.float64))
