"""Detections and marks of a photo -> which detection is which key.

In:    head and tip of each detection with its score; an AnnotatedPhoto in pixels
Out:   Match(es), highest score first: a marked key, nothing to count, or a false detection
Needs: numpy
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.geometry import Points
from keykind.evaluate.real_photos.annotated_photo import AnnotatedPhoto

MAX_DISTANCE = 0.3  # mean distance of both keypoints to match, in lengths of the marked key

Scored = tuple[float, Points]  # score, and keypoints (2, 2): head and tip, px of the upright photo


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A detection, compared with the marks."""

    score: float
    keypoints: Points  # (2, 2) head and tip
    mark: int | None = None  # index of the marked key that it is
    swapped: bool = False  # whether head and tip are exchanged
    false: bool = False  # whether it is not a key, or one that was detected before; else it is not counted


def match_detections(
    detections: Sequence[Scored], photo: AnnotatedPhoto, width: int, height: int
) -> tuple[Match, ...]:
    """Match detections with the photo's marks, highest score first, so that any threshold keeps the matches.

    Each detection takes the nearest mark within MAX_DISTANCE that no other took. A second detection of a
    marked key is false. Not counted are keys marked as half hidden, detections in dense regions, and as many
    others as the photo shows keys that nobody marked.
    """
    marks = [*photo.marks, *photo.partial]
    free, hidden = set(range(len(marks))), photo.hidden
    matches = []
    for score, keypoints in sorted(detections, key=lambda detection: -detection[0]):
        distances = [undirected_distance(keypoints, mark.keypoints) for mark in marks]
        near = [i for i, value in enumerate(distances) if value <= MAX_DISTANCE]
        best = min(free.intersection(near), key=distances.__getitem__, default=None)
        if best is not None:
            free.remove(best)
            counted = best < len(photo.marks)
            swapped = counted and is_swapped(keypoints, marks[best].keypoints)
            matches.append(Match(score, keypoints, best if counted else None, swapped))
        elif not near and _in_dense(keypoints, photo, width, height):
            matches.append(Match(score, keypoints))
        elif not near and hidden:
            hidden -= 1
            matches.append(Match(score, keypoints))
        else:
            matches.append(Match(score, keypoints, false=True))
    return tuple(matches)


def undirected_distance(keypoints: Points, key: Points) -> float:
    """Return the mean distance of both keypoints from a key's, in its lengths, whichever end is the head."""
    return min(_distance(keypoints, key), _distance(keypoints[::-1], key))


def is_swapped(keypoints: Points, key: Points) -> bool:
    """Return whether head and tip are nearer to the other end of a key."""
    return _distance(keypoints, key) > _distance(keypoints[::-1], key)


def _distance(keypoints: Points, key: Points) -> float:
    return float(np.linalg.norm(keypoints - key, axis=1).mean() / np.linalg.norm(key[0] - key[1]))


def _in_dense(keypoints: Points, photo: AnnotatedPhoto, width: int, height: int) -> bool:
    centre = keypoints.mean(axis=0) / (width, height)
    return any((low <= centre).all() and (centre <= high).all() for low, high in photo.dense)
