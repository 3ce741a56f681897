"""Listed photo -> Sample, and the Dataset that samples make up.

In:    a listed photo: path, name, kind, split, key
Out:   Sample with size, hash, sharpness, brightness, and the photo's fingerprint; or a ReadError
Needs: numpy, pillow
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.dataset.duplicates import Bytes, Floats, fingerprint
from keykind.dataset.listing import SPLITS, PhotoEntry, ReadError
from keykind.detect.align import OrientedCrop
from keykind.photo import decode

SIDE = 256  # px of the grey square in which photos are measured and compared; four times the fingerprint's


@dataclass(frozen=True, slots=True)
class Sample:
    """One readable photo of a set."""

    path: Path  # as on disk
    name: str  # printable, relative to the set's root, posix; no two photos of a Dataset share one
    kind: str
    group: str  # the physical key: photos of one group never stand on both sides of a split
    split: str  # "train" or "test"
    sha256: str  # of the file's bytes
    width: int  # of the upright original, px
    height: int  # of the upright original, px
    sharpness: float  # variance of the Laplacian of the grey photo at 256 x 256 px, grey levels squared
    brightness: float  # mean of the grey photo, 0 black to 1 white
    clipped: float  # share of its pixels that are black (0) or white (255), 0..1
    cut: OrientedCrop | None = None  # what of it is looked at; None: all


@dataclass(frozen=True, slots=True)
class Leak:
    """A training photo that shows what a test photo shows."""

    train: str  # name
    test: str  # name
    why: str  # "same bytes", "near duplicate" or "same physical key"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Photos to train and test on, and what is to be said about them."""

    kinds: tuple[str, ...]  # sorted, those with at least one readable training photo
    samples: tuple[Sample, ...]  # sorted by split, kind, name
    faults: tuple[ReadError, ...]
    warnings: tuple[str, ...]  # one sentence each
    duplicates: tuple[tuple[str, ...], ...]  # clusters of names with equal bytes
    near_duplicates: tuple[tuple[str, ...], ...]  # clusters of names that look the same, not all equal bytes
    leaks: tuple[Leak, ...]  # one for each training photo that leaks
    left_out: tuple[Sample, ...] = ()  # readable, but not among the samples; the warnings say why

    def of(self, split: str) -> tuple[Sample, ...]:
        """Return the samples of "train" or "test"."""
        return tuple(sample for sample in self.samples if sample.split == split)

    def digest(self) -> str:
        """Return a hash of what decides the result: split, kind, key and bytes of each photo."""
        lines = [f"{one.split} {one.kind} {one.group} {one.sha256}" for one in self.samples]
        return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "replace")).hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many photos each kind has on each side: kind -> {"train": n, "test": m}."""
        tally = Counter((sample.kind, sample.split) for sample in self.samples)
        return {kind: {split: tally[kind, split] for split in SPLITS} for kind in self.kinds}


def examine(listed: PhotoEntry) -> tuple[Sample, Bytes] | ReadError:
    """Return what one look at a photo tells, and its fingerprint; a ReadError if it cannot be read."""
    try:
        data = decode.load(listed.path)
        picture = decode.decode(data, listed.name, at_least=SIDE)
    except BadPhoto as error:
        return ReadError(listed.name, f"{error.fault}; {error.remedy}")
    grey = grey_square(picture.pixels)
    sample = Sample(
        path=listed.path,
        name=listed.name,
        kind=listed.kind,
        group=listed.key or "",
        split=listed.split,
        sha256=hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
        sharpness=sharpness(grey),
        brightness=float(grey.mean()) / 255,
        clipped=float(np.mean((grey == 0) | (grey == 255))),
    )
    return sample, fingerprint(grey)


def grey_square(pixels: NDArray[np.uint8]) -> Floats:
    """Return pixels (h, w, 3) stretched to a square, as luma (ITU-R 601): (256, 256) float32, 0..255."""
    grey = Image.fromarray(decode.resize(pixels, SIDE)).convert("L")
    return np.asarray(grey, np.float32)


def sharpness(grey: NDArray[np.floating]) -> float:
    """Return the variance of the Laplacian (4 neighbours) of a grey picture (h, w), grey levels squared.

    Source: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var(dtype=np.float64))
