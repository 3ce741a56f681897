"""A detector and photos with marked keys -> the detections in each, matched with its marks.

In:    an object with the `Detector` protocol; AnnotatedPhoto(s)
Out:   DetectedPhoto(s); the photos that cannot be read
Needs: numpy, pillow
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.errors import BadPhoto
from keykind.core.parallel import parallel_map
from keykind.detect.crops import DETECTION_SIDE
from keykind.detect.detection import Detection, Detector
from keykind.evaluate.real_photos.annotated_photo import AnnotatedPhoto, Mark
from keykind.evaluate.real_photos.matching import Match, Scored, match_detections
from keykind.photo.decode import read_photo

LOW_THRESHOLD = 0.03  # of the score: low enough for 2 false detections per photo


@dataclass(frozen=True, slots=True, eq=False)
class DetectedPhoto:
    """A photo with its detections, matched with its marks."""

    photo: AnnotatedPhoto  # keypoints in pixels
    width: int  # px of the upright photo
    height: int
    sweep: tuple[Match, ...]  # with at least LOW_THRESHOLD, highest score first
    default: tuple[Match, ...]  # at the detector's own threshold

    def relative_length(self, mark: Mark) -> float:
        """Return a marked key's length in longer sides of the photo."""
        return mark.length / max(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Unread:
    """A photo that cannot be read, and why."""

    name: str
    reason: str


def detect_photos(
    detector: Detector, photos: Iterable[AnnotatedPhoto]
) -> tuple[tuple[DetectedPhoto, ...], tuple[Unread, ...]]:
    """Return the photos with their detections, and those that cannot be read.

    The detector runs twice, at LOW_THRESHOLD and at its own threshold, which only it knows.
    Raises BadDataset if a mark is outside its photo.
    """

    def detect(photo: AnnotatedPhoto) -> DetectedPhoto | Unread:
        try:
            pixels = read_photo(photo.path, min_side=DETECTION_SIDE)
        except BadPhoto as error:
            return Unread(photo.name, f"{error.fault}; {error.remedy}")
        size = pixels.width, pixels.height
        sized = photo.at_size(*size)
        sweep, default = (
            match_detections(_scored(detections), sized, *size)
            for detections in (
                detector.detect(pixels, score_threshold=LOW_THRESHOLD),
                detector.detect(pixels),
            )
        )
        return DetectedPhoto(sized, *size, sweep, default)

    results = list(parallel_map(detect, photos))
    detected = tuple(result for result in results if isinstance(result, DetectedPhoto))
    return detected, tuple(result for result in results if isinstance(result, Unread))


def _scored(detections: Sequence[Detection]) -> list[Scored]:
    return [(key.score, np.stack([key.head, key.tip])) for key in detections]
