"""Rendered photos with labels, and photos without a key -> detections, of which it is known what they are.

In:    a Recogniser with a detector; LabelledPhoto(s); photos without a key
Out:   Candidates: the features of each detection, whether it is a key, whether its kind is right
Needs: numpy, pillow, ai-edge-litert, opencv                                               [train]
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadPhoto
from keykind.core.geometry import Points
from keykind.core.logistic import sigmoid
from keykind.core.parallel import parallel_map
from keykind.detect.crops import KeyCrop, crop_all
from keykind.evaluate.real_photos.matching import MAX_DISTANCE, undirected_distance
from keykind.model.decision import FEATURES, features_of
from keykind.photo.source import Source, load_pixels
from keykind.predict.recogniser import Recogniser, evidence_of
from keykind.train.detector.labels import LabelledPhoto

LOW_SCORE = 0.1  # detections below it are not considered
AMBIGUOUS_DISTANCE = 0.7  # lengths of a key: a nearer detection shows a part of it, and is left out

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Entries = list[tuple[dict[str, Any], bool]]  # of a label: keys and remotes, and whether each is a remote


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Detections, of which it is known what they are."""

    features: Floats  # (n, len(FEATURES)), NaN where missing
    is_key: Flags  # (n,), keys and remotes
    is_right: Flags  # (n,), whether it is a key and the most probable kind is right
    remote: Flags  # (n,), whether the detector takes it for a remote
    photo: NDArray[np.intp]  # (n,), index of the photo
    keys: NDArray[np.intp]  # (photos,), how many keys and remotes each photo shows
    unreadable: tuple[BadPhoto, ...] = ()  # photos without a key that are left out

    @property
    def scores(self) -> Floats:
        """Return the score of each detection, 0..1."""
        return sigmoid(self.features[:, FEATURES.index("score")])

    def select(self, chosen: Flags) -> "Candidates":
        """Return some of the detections; the photos stay the same."""
        return Candidates(
            self.features[chosen],
            self.is_key[chosen],
            self.is_right[chosen],
            self.remote[chosen],
            self.photo[chosen],
            self.keys,
            self.unreadable,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    features: Floats
    is_key: bool
    is_right: bool
    remote: bool


def gather(
    recogniser: Recogniser, photos: Sequence[LabelledPhoto], negatives: Iterable[Source]
) -> Candidates:
    """Return the detections in rendered photos, and in photos without a key.

    A detection is the nearest key or remote of the label, if head and tip are near enough; of several
    detections of one key only the first counts, and one that shows a part of a key is left out. Negatives
    that cannot be read are left out, too.
    Raises ValueError if the recogniser has no detector, BadDataset, BadPhoto.
    """
    if recogniser.detector is None:
        raise ValueError("the recogniser has no detector")

    def look(photo: LabelledPhoto) -> tuple[list[_Row], int]:
        entries = photo.entries()
        return _rows(recogniser, photo.photo, entries), len(entries)

    def look_at_negative(photo: Source) -> tuple[list[_Row], int] | BadPhoto:
        try:
            return _rows(recogniser, photo, []), 0
        except BadPhoto as error:
            return error

    results = [*parallel_map(look, photos), *parallel_map(look_at_negative, negatives)]
    found = [result for result in results if not isinstance(result, BadPhoto)]
    rows = [(i, row) for i, (rows, _) in enumerate(found) for row in rows]
    return Candidates(
        np.array([row.features for _, row in rows]).reshape(-1, len(FEATURES)),
        np.array([row.is_key for _, row in rows], bool),
        np.array([row.is_right for _, row in rows], bool),
        np.array([row.remote for _, row in rows], bool),
        np.array([i for i, _ in rows], np.intp),
        np.array([count for _, count in found], np.intp),
        tuple(result for result in results if isinstance(result, BadPhoto)),
    )


def _rows(recogniser: Recogniser, photo: Source, entries: Entries) -> list[_Row]:
    assert recogniser.detector is not None  # noqa: S101 - checked by gather
    crops = crop_all(lambda min_side: load_pixels(photo, min_side=min_side), recogniser.detector, LOW_SCORE)
    outputs = recogniser.model.predict([crop.crop for crop in crops])
    keys = [np.array([entry["head"], entry["tip"]], float) for entry, _ in entries]
    free = set(range(len(keys)))
    rows = []
    for crop, output in zip(crops, outputs, strict=True):
        match = _match(crop, keys)
        if match is not None and match not in free:
            continue
        if match is not None:
            free.remove(match)
        best = recogniser.kinds[int(np.argmax(output.probabilities))]
        is_right = match is not None and entries[match][0].get("kind") == best
        features = features_of(evidence_of(crop, output), recogniser.model.card)
        rows.append(_Row(features, match is not None, is_right, crop.detection.remote))
    return rows


def _match(crop: KeyCrop, keys: Sequence[Points]) -> int | None:
    """Return the index of the key that a detection shows; None: it shows none; -1: it shows a part of one."""
    detection = crop.detection
    keypoints = np.stack([detection.head, detection.tip])
    distances = [undirected_distance(keypoints, key) for key in keys]
    nearest = int(np.argmin(distances)) if keys else 0
    if keys and distances[nearest] <= MAX_DISTANCE:
        return nearest
    middle = keypoints.mean(axis=0)
    near = any(distance <= AMBIGUOUS_DISTANCE for distance in distances)
    return -1 if near or any(_is_on(middle, key) for key in keys) else None


def _is_on(point: Points, key: Points) -> bool:
    """Return whether a point (2,) is between head and tip (2, 2) of a key, or beside them."""
    along = key[1] - key[0]
    share = float((point - key[0]) @ along / max(float(along @ along), 1e-9))
    foot = key[0] + min(max(share, 0.0), 1.0) * along
    return bool(np.linalg.norm(point - foot) <= np.linalg.norm(along) / 4)
