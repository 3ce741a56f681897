"""A key detected in a photo, and the interface of detectors.

In:    Photo
Out:   Detection(s), highest score first, in pixels of the upright original
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass
from typing import Protocol

from keykind.core.geometry import Points, segment_box
from keykind.detect.key_mask import KeyMask
from keykind.photo.decode import Photo


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One key of a photo, in pixels of the upright original, x to the right and y down."""

    score: float  # 0..1
    head: Points  # (2,), also where it is hidden or outside the frame
    tip: Points  # (2,)
    width: float  # across the line from head to tip
    occlusion: float = 0.0  # share of its area in the frame that is hidden by other objects
    truncation: float = 0.0  # share of its area outside the frame
    blade_share: float = 1.0  # share of its visible area that is blade
    remote: bool = False  # whether it is a car's remote or a folded flip key, which shows no blade
    mask: KeyMask | None = None  # its pixels; None if the detector gives none

    @property
    def length(self) -> float:
        """Return the distance from head to tip, px."""
        return math.dist(self.head.tolist(), self.tip.tolist())

    @property
    def box(self) -> Points:
        """Return the corners (4, 2) of the oriented box from head to tip; corners 0 and 3 are at the head."""
        return segment_box(self.head, self.tip, self.width)


class Detector(Protocol):
    """An object that detects keys in photos: `KeyDetector`, or any other with these three members."""

    @property
    def digest(self) -> str:
        """Return an identifier; results computed with another digest are not reused."""

    def detect(self, photo: Photo, score_threshold: float = ...) -> tuple[Detection, ...]:
        """Return the keys with at least this score, highest score first. Must be thread-safe.

        The photo may be decoded at a reduced scale: `photo.pixels` has fewer columns than `photo.width`.
        """

    def detect_all(self, photo: Photo, score_threshold: float = ...) -> tuple[Detection, ...]:
        """Return the same and the remotes, highest score first."""
