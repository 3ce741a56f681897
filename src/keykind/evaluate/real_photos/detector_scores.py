"""Detections matched with marks -> how well a detector works on real photos, with intervals.

In:    DetectedPhoto(s)
Out:   DetectorScores: recall of marked keys at rates of false detections, of all keys and of groups
Needs: numpy

    detected, unread = detect_photos(detector, read_annotations(folder))
    scores = score_detector(detected, resamples=1000, rng=np.random.default_rng(0))
    scores.group("in hand").recall[0.5]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from keykind.evaluate.real_photos.annotated_photo import UNSURE, AnnotatedPhoto
from keykind.evaluate.real_photos.detection import DetectedPhoto
from keykind.evaluate.real_photos.matching import Match
from keykind.evaluate.real_photos.resampling import Estimate, Values, estimate, ratio, source_weights
from keykind.evaluate.real_photos.sweep import Selection, Sweep

FALSE_RATES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)  # false detections per photo
LENGTHS = (0.0, 0.12, 0.35, 0.7, np.inf)  # of marked keys, in longer sides of the photo
COUNTS = ((1, 1, "1 key"), (2, 5, "2 to 5 keys"), (6, 10**9, "6 or more keys"), (2, 10**9, "several keys"))
ALL = "all"


@dataclass(frozen=True, slots=True)
class GroupScore:
    """How many of the marked keys of a group are detected."""

    name: str
    photos: int  # of the group; of a group of keys, those that show such keys
    keys: int
    # By false detections per photo, in all photos: one threshold for all groups.
    recall: dict[float, Estimate]
    # By false detections in the group's own photos; empty for a group of keys.
    own_recall: dict[float, Estimate]
    default_recall: Estimate  # at the detector's own threshold
    default_false: Estimate | None  # false detections per photo at it; None for a group of keys
    swapped: float | None  # share of the keys detected at it whose head and tip are exchanged

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "photos": self.photos,
            "keys": self.keys,
            "recall": {f"{rate:g}": value.as_json() for rate, value in self.recall.items()},
            "own_recall": {f"{rate:g}": value.as_json() for rate, value in self.own_recall.items()},
            "default_recall": self.default_recall.as_json(),
            "default_false": self.default_false and self.default_false.as_json(),
            "swapped": self.swapped,
        }


@dataclass(frozen=True, slots=True)
class DetectorScores:
    """A detector measured on real photos."""

    photos: int
    keys: int  # marked
    # False detections per photo -> the lowest score kept; None: none is.
    thresholds: dict[float, float | None]
    groups: tuple[GroupScore, ...]  # the first: ALL

    def group(self, name: str) -> GroupScore:
        """Return a group. Raises KeyError if the photos have no such keys."""
        return {group.name: group for group in self.groups}[name]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "photos": self.photos,
            "keys": self.keys,
            "thresholds": {f"{rate:g}": value for rate, value in self.thresholds.items()},
            "groups": {group.name: group.as_json() for group in self.groups},
        }


def score_detector(
    photos: Sequence[DetectedPhoto], *, resamples: int, rng: np.random.Generator
) -> DetectorScores:
    """Return how many marked keys were detected, with 95% intervals over the photos' sources.

    Each resample has its own thresholds, as another sample of photos would.
    Raises ValueError if there is no photo.
    """
    if not photos:
        raise ValueError("there is no photo")
    weights = source_weights([item.photo.source for item in photos], resamples, rng)
    sweep = Sweep(photos, weights)
    scorer = _Scorer(photos, weights, sweep, _default_matches(photos))
    return DetectorScores(
        len(photos),
        len(sweep.marks),
        {rate: sweep.threshold(rate) for rate in FALSE_RATES},
        tuple(
            scorer.score(name, marks, of_photos)
            for name, marks, of_photos in _groups(photos, sweep)
            if name == ALL or marks.any()
        ),
    )


def _default_matches(photos: Sequence[DetectedPhoto]) -> list[Match | None]:
    """Return for each marked key its detection at the detector's own threshold, if there is one."""
    matches: list[Match | None] = []
    for item in photos:
        found = {match.mark: match for match in item.default}
        matches += [found.get(j) for j in range(len(item.photo.marks))]
    return matches


def _groups(
    photos: Sequence[DetectedPhoto], sweep: Sweep
) -> Iterator[tuple[str, Selection, Selection | None]]:
    """Yield groups: name, marked keys (m,), and photos (n,), if they are all keys of these photos."""
    for name, belongs in _photo_groups(photos):
        chosen = np.array([belongs(item.photo) for item in photos], bool)
        yield name, chosen[sweep.mark_photo], chosen
    lengths = np.array([item.relative_length(mark) for item, mark in sweep.marks])
    for low, high in pairwise(LENGTHS):
        name = f"length {low:g} to {high:g}" if np.isfinite(high) else f"length above {low:g}"
        yield name, (lengths > low) & (lengths <= high), None
    kinds = np.array([mark.kind or UNSURE for _, mark in sweep.marks])
    for kind in sorted(set(kinds.tolist())):
        yield f"kind {kind}", kinds == kind, None


def _photo_groups(photos: Sequence[DetectedPhoto]) -> Iterator[tuple[str, Callable[[AnnotatedPhoto], bool]]]:
    yield ALL, lambda _: True
    yield "in hand", lambda photo: photo.in_hand is True
    yield "not in hand", lambda photo: photo.in_hand is False
    for low, high, name in COUNTS:
        yield name, lambda photo, low=low, high=high: low <= photo.key_count <= high  # type: ignore[misc]
    for ground in sorted({item.photo.ground for item in photos} - {""}):
        yield f"ground {ground}", lambda photo, ground=ground: photo.ground == ground  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Scorer:
    """What the score of any group is computed from."""

    photos: Sequence[DetectedPhoto]
    weights: Values  # (r, n)
    sweep: Sweep
    matches: list[Match | None]  # of the marked keys, at the detector's own threshold

    def score(self, name: str, marks: Selection, photos: Selection | None) -> GroupScore:
        """Return the score of keys; photos: if they are all keys of these photos."""
        sweep, own, false = self.sweep, {}, None
        if photos is not None:
            own = {rate: estimate(sweep.recall(sweep.kept(rate, photos), marks)) for rate in FALSE_RATES}
            counts = np.array([sum(match.false for match in item.default) for item in self.photos])
            false = estimate(ratio(self.weights @ (counts * photos), self.weights @ photos))
        found = [match for match, chosen in zip(self.matches, marks, strict=True) if chosen and match]
        hits = np.array([match is not None for match in self.matches], bool) & marks
        weights = self.weights[:, sweep.mark_photo]
        return GroupScore(
            name,
            len(set(sweep.mark_photo[marks].tolist())) if photos is None else int(photos.sum()),
            int(marks.sum()),
            {rate: estimate(sweep.recall(sweep.kept(rate), marks)) for rate in FALSE_RATES},
            own,
            estimate(ratio(weights @ hits, weights @ marks)),
            false,
            sum(match.swapped for match in found) / len(found) if found else None,
        )
