"""Detections of the same key -> one of them.

In:    Detection(s)
Out:   each key once
Needs: numpy
"""

from collections.abc import Iterable, Sequence

import numpy as np

from keykind.detect.detection import Detection
from keykind.detect.postprocess import pairwise_distance

DUPLICATE_DISTANCE = 0.3  # mean keypoint distance, key lengths, up to which two detections are the same key
LOOSE_DUPLICATE_DISTANCE = 0.5  # the same if the keys' middles are nearer than half of DUPLICATE_DISTANCE


def keypoint_distance(key: Detection, other: Detection) -> float:
    """Return the mean distance of two keys' endpoints, in either direction, in lengths of the longer key."""
    return float(pairwise_distance(key.head, key.tip, other.head, other.tip))


def is_duplicate(key: Detection, other: Detection) -> bool:
    """Return whether two detections are the same key or remote.

    Keypoints of small keys are noisy, so their distance may be larger if the keys' middles agree.
    """
    middles = np.linalg.norm(key.head + key.tip - other.head - other.tip) / 2 / max(other.length, 1e-6)
    distance = keypoint_distance(key, other)
    loose = distance <= LOOSE_DUPLICATE_DISTANCE and middles <= DUPLICATE_DISTANCE / 2
    return bool(distance <= DUPLICATE_DISTANCE or loose)


def is_among(key: Detection, others: Sequence[Detection]) -> bool:
    """Return whether a detection is the same key as one of the others."""
    return any(is_duplicate(key, other) for other in others)


def suppress_duplicates(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return each key once, as the first of its detections, and no remote where a key is, by score."""
    kept: list[Detection] = []
    for key in sorted(detections, key=lambda key: key.remote):
        if not is_among(key, kept):
            kept.append(key)
    return tuple(by_score(kept))


def by_score(detections: Iterable[Detection]) -> list[Detection]:
    """Return the detections, highest score first."""
    return sorted(detections, key=lambda key: -key.score)
