"""Photo -> the crop of each key, taken at a sufficient resolution.

In:    a function that reads the photo at a given size; a detector, or an oriented crop
Out:   KeyCrop(s): a detection and its crop, highest score first
Needs: numpy, pillow
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.geometry import segment_box
from keykind.core.parallel import short_map
from keykind.detect.align import OrientedCrop, crop_around
from keykind.detect.detection import Detection, Detector
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo

DETECTION_SIDE = 480  # px of the photo's shorter side for detection
MIN_RESOLUTION = 0.75  # least decoded pixels per crop pixel, if the photo has them; else it is read again
MARKED_WIDTH = 0.33  # of a key marked by head and tip only, key lengths: the median of everyday keys

Read = Callable[[int], Photo]  # returns the photo with a shorter side of at least n px, if it has as many


@dataclass(frozen=True, slots=True, eq=False)
class KeyCrop:
    """A detected key and its crop."""

    detection: Detection
    region: OrientedCrop
    crop: Crop  # the classifier's input
    photo: Photo

    def display(self, height: int) -> Crop:
        """Return the key in its own proportions, (height, ASPECT_RATIO * height, 3), for display."""
        return self.region.extract_unstretched(self.photo.reductions, self.photo.scale, height)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The keys detected in a photo, highest score first, and the photo as read for detection."""

    photo: Photo
    detections: tuple[Detection, ...]
    regions: tuple[OrientedCrop, ...]  # one per detection


def detect_keys(read: Read, detector: Detector) -> Detections:
    """Return the keys of a photo and the region of each. Raises what `read` raises."""
    photo = read(DETECTION_SIDE)
    return _with_regions(photo, detector.detect(photo))


def crop_all(read: Read, detector: Detector, score_threshold: float) -> tuple[KeyCrop, ...]:
    """Return the keys and remotes with at least this score, with their crops, highest score first.

    Raises what `read` raises.
    """
    photo = read(DETECTION_SIDE)
    return _cropped(_with_regions(photo, detector.detect_all(photo, score_threshold)), read)


def marked_region(head: tuple[float, float], tip: tuple[float, float]) -> OrientedCrop:
    """Return the region of a key marked by head and tip only (x, y; px of the original), which differ.

    Its width is assumed.
    """
    start, end = np.array(head, np.float64), np.array(tip, np.float64)
    width = MARKED_WIDTH * float(np.linalg.norm(end - start))
    return crop_around(start, end, segment_box(start, end, width))


def _with_regions(photo: Photo, detections: tuple[Detection, ...]) -> Detections:
    return Detections(photo, detections, tuple(crop_around(key.head, key.tip, key.box) for key in detections))


def _cropped(detected: Detections, read: Read) -> tuple[KeyCrop, ...]:
    finer = _at_resolution(detected.photo, read, detected.regions)
    photos = [detected.photo if _suffices(detected.photo, region) else finer for region in detected.regions]
    crops = short_map(lambda pair: _extract(*pair), list(zip(detected.regions, photos, strict=True)))
    return tuple(map(KeyCrop, detected.detections, detected.regions, crops, photos))


def take_crop(read: Read, region: OrientedCrop, size: int = SIZE) -> Crop:
    """Return a region of a photo as a crop (size, size, 3). Raises what `read` raises."""
    return _extract(region, _at_resolution(read(DETECTION_SIDE), read, [region], size), size)


def _at_resolution(photo: Photo, read: Read, regions: Sequence[OrientedCrop], size: int = SIZE) -> Photo:
    """Return the photo at a resolution that suffices for each region."""
    if all(_suffices(photo, region, size) for region in regions):
        return photo
    scale = max(_needed_scale(region, size) for region in regions)
    return read(math.ceil(scale * min(photo.width, photo.height)))


def _suffices(photo: Photo, region: OrientedCrop, size: int = SIZE) -> bool:
    return photo.scale >= _needed_scale(region, size)


def _needed_scale(region: OrientedCrop, size: int) -> float:
    """Return the least decoded pixels per pixel of the original for a region's crop."""
    return MIN_RESOLUTION * min(size / region.width, 1)


def _extract(region: OrientedCrop, photo: Photo, size: int = SIZE) -> Crop:
    return region.extract(photo.reductions, photo.scale, size)
