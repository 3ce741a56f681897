"""A photo -> the crop of each key in it, cut out of enough of the photo's own pixels.

In:    how to read the photo; a detector, or a cut
Out:   KeyCrop(s): a key found and its crop, the surest first
Needs: numpy, pillow, ai-edge-litert
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keykind.core.parallel import ordered
from keykind.detect.align import OrientedCrop, crop_around
from keykind.detect.detector import KeyDetector
from keykind.detect.postprocess import Detection
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo

FIRST = 480  # px that the shorter side of a photo keeps where keys are looked for
ENOUGH = 0.75  # pixels of the photo for one of a crop's; with fewer it is read again, at a larger scale

Read = Callable[[int], Photo]  # photo with a shorter side of at least so many px, or all that it has


@dataclass(frozen=True, slots=True, eq=False)
class KeyCrop:
    """A key found, and its crop."""

    found: Detection
    cut: OrientedCrop
    crop: Crop  # what the model sees
    photo: Photo

    def shown(self, height: int) -> Crop:
        """Return the key as a person is shown it, (height, SLIM * height, 3)."""
        return self.cut.shown_from(self.photo.pixels, _scale(self.photo), height)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The keys found in a photo, the surest first, and the photo as it was read for that."""

    photo: Photo
    found: tuple[Detection, ...]
    cuts: tuple[OrientedCrop, ...]


def detect_keys(read: Read, detector: KeyDetector) -> Detections:
    """Return where the keys of a photo lie. Raises what reading raises."""
    photo = read(FIRST)
    found = detector.find(photo)
    return Detections(photo, found, tuple(crop_around(one.head, one.tip, one.box) for one in found))


def crop_keys(read: Read, detector: KeyDetector) -> tuple[KeyCrop, ...]:
    """Return the keys in a photo, cut out. Raises what reading raises."""
    seen = detect_keys(read, detector)
    photo = _sharp_enough(seen.photo, read, seen.cuts)
    crops = ordered(lambda cut: _taken(cut, photo), seen.cuts)
    return tuple(KeyCrop(*one, photo) for one in zip(seen.found, seen.cuts, crops, strict=True))


def take_crop(read: Read, cut: OrientedCrop, size: int = SIZE) -> Crop:
    """Return a cut of a photo as a crop of `size` px. Raises what reading raises."""
    return _taken(cut, _sharp_enough(read(FIRST), read, [cut], size), size)


def _sharp_enough(photo: Photo, read: Read, cuts: Sequence[OrientedCrop], size: int = SIZE) -> Photo:
    """Return the photo at a scale that suits the smallest cut."""
    wanted = min(max((size / cut.width for cut in cuts), default=0), 1)  # pixels for one of the original
    if _scale(photo) >= ENOUGH * wanted:
        return photo
    return read(math.ceil(wanted * min(photo.width, photo.height)))


def _taken(cut: OrientedCrop, photo: Photo, size: int = SIZE) -> Crop:
    return cut.taken_from(photo.pixels, _scale(photo), size)


def _scale(photo: Photo) -> float:
    """Return how many pixels there are for one of the original."""
    return float(photo.pixels.shape[1] / photo.width)
