"""Detections of the same key -> one of them.

In:    Detection(s)
Out:   each key once
Needs: numpy
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from keykind.detect.detection import Detection
from keykind.detect.postprocess import pairwise_distance

DUPLICATE_DISTANCE = 0.3  # mean keypoint distance, key lengths, up to which two detections are the same key
LOOSE_DUPLICATE_DISTANCE = 0.5  # the same limit if their centres are within half of DUPLICATE_DISTANCE


def keypoint_distance(key: Detection, other: Detection) -> float:
    """Return the mean distance of two keys' endpoints, in either direction, in lengths of the longer key."""
    return float(pairwise_distance(key.head, key.tip, other.head, other.tip))


def are_among(keys: Sequence[Detection], others: Sequence[Detection]) -> NDArray[np.bool_]:
    """Return for each detection whether it is the same key as one of the others, (n,)."""
    return np.asarray(_duplicates(keys, others).any(axis=1))


def suppress_duplicates(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return each key once, as the first of its detections, and no remote where a key is, by score."""
    keys = sorted(detections, key=lambda key: key.remote)
    same = _duplicates(keys, keys)
    kept: list[int] = []
    for i in range(len(keys)):
        if not same[i, kept].any():
            kept.append(i)
    return tuple(by_score(keys[i] for i in kept))


def by_score(detections: Iterable[Detection]) -> list[Detection]:
    """Return the detections, highest score first."""
    return sorted(detections, key=lambda key: -key.score)


def _duplicates(keys: Sequence[Detection], others: Sequence[Detection]) -> NDArray[np.bool_]:
    """Return which of the keys (rows) is the same key or remote as which of the others (columns), (n, m).

    Keypoints of small keys are noisy, so their distance may be larger if the keys' centres agree.
    """
    if not keys or not others:
        return np.zeros((len(keys), len(others)), bool)
    heads, tips = (np.stack([getattr(key, end) for key in keys])[:, None] for end in ("head", "tip"))
    other_heads, other_tips = (np.stack([getattr(key, end) for key in others]) for end in ("head", "tip"))
    distances = pairwise_distance(heads, tips, other_heads, other_tips)
    lengths = np.maximum(np.linalg.norm(other_heads - other_tips, axis=-1), 1e-6)
    centres = np.linalg.norm(heads + tips - other_heads - other_tips, axis=-1) / 2 / lengths
    loose = (distances <= LOOSE_DUPLICATE_DISTANCE) & (centres <= DUPLICATE_DISTANCE / 2)
    return np.asarray((distances <= DUPLICATE_DISTANCE) | loose)
