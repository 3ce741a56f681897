"""A real photo with the keys marked in it.

In:    what a table says about a photo, and its size in pixels
Out:   AnnotatedPhoto, with a Mark for each key; keypoints in pixels
Needs: numpy
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.geometry import Points
from keykind.dataset.marked_photos import EDGE

SEVERAL, NO_KEY, UNSURE = "multiple", "not_key", "unsure"  # labels beside the kinds


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A key marked in a photo."""

    keypoints: Points  # (2, 2) head and tip; px of the upright photo, or shares of its sides
    kind: str = ""  # empty: a person cannot tell
    origin: str = ""  # where it is written: file and row

    @property
    def length(self) -> float:
        """Return the distance from head to tip, in the keypoints' unit."""
        return float(np.linalg.norm(self.keypoints[0] - self.keypoints[1]))


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPhoto:
    """A photo, what it shows, and its marks."""

    path: Path
    name: str  # as in labels.csv
    label: str  # a kind, SEVERAL, NO_KEY or UNSURE
    source: str  # where it comes from; photos of one source are not independent
    n_keys: int | None = None  # None: not counted
    in_hand: bool | None = None  # None: not known
    ground: str = ""
    marks: tuple[Mark, ...] = ()
    partial: tuple[Mark, ...] = ()  # keys hidden by half: neither misses nor false detections
    # (2, 2) corners of regions with too many keys to mark, shares of the sides
    dense: tuple[Points, ...] = ()
    relative: bool = False  # whether keypoints are shares of the photo's sides
    origin: str = ""  # where it is listed: file and row
    split: str = ""  # "train" or "test"; empty: not stated

    @property
    def hidden(self) -> int:
        """Return how many keys the photo shows that nobody could mark."""
        if self.partial or self.dense or self.n_keys is None:  # marked completely, but for what these cover
            return 0
        return max(self.n_keys - len(self.marks), 0)

    @property
    def key_count(self) -> int:
        """Return the number of keys; the number of marks where it was not counted."""
        return len(self.marks) + len(self.partial) if self.n_keys is None else self.n_keys

    def at_size(self, width: int, height: int) -> "AnnotatedPhoto":
        """Return the same with keypoints in pixels. Raises BadDataset if a mark is outside the photo."""
        unit = np.array([width, height]) if self.relative else np.ones(2)
        marks, partial = (
            tuple(replace(mark, keypoints=mark.keypoints * unit) for mark in group)
            for group in (self.marks, self.partial)
        )
        for mark in (*marks, *partial):
            if (mark.keypoints < -EDGE).any() or (mark.keypoints > np.array([width, height]) + EDGE).any():
                (x, y), (u, v) = mark.keypoints.tolist()
                points = f"{x:g}, {y:g} to {u:g}, {v:g} in {width} x {height} pixels"
                fault = f"has a point outside {self.name}: {points}"
                remedy = "give pixels of the upright photo; of a cut-off key, where it leaves the frame"
                raise BadDataset(mark.origin, fault=fault, remedy=remedy)
        return replace(self, marks=marks, partial=partial, relative=False)
