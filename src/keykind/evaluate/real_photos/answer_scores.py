"""Answers for real photos -> how many are right, with intervals.

In:    AnsweredPhoto(s)
Out:   AnswerScores: weighted F1, accuracy, photos without a key that get a kind, calibration, recall of keys
Needs: numpy
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keykind.core.kinds import NAMES
from keykind.evaluate.real_photos.answers import (
    AnsweredPhoto,
    ReportedKind,
    count_marked,
    count_refused,
    reported_kinds,
)
from keykind.evaluate.real_photos.detector_scores import score_detector
from keykind.evaluate.real_photos.resampling import Estimate, Values, estimate, ratio, source_weights

BINS = 10  # of confidence, equally wide, for calibration


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """One figure, and how many photos or keys it is over."""

    name: str
    count: int
    estimate: Estimate

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"count": self.count, **self.estimate.as_json()}


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """keykind's answers measured on real photos."""

    figures: tuple[AnswerScore, ...]
    found: dict[str, tuple[Estimate, Estimate | None]]  # group -> recall in the answers, false keys per photo
    confusion: dict[str, dict[str, int]]  # photos of one kind: label -> answer -> photos; "": no answer

    def figure(self, name: str) -> AnswerScore:
        """Return a figure by its name. Raises KeyError."""
        return {figure.name: figure for figure in self.figures}[name]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **{figure.name: figure.as_json() for figure in self.figures},
            "found": {
                name: {"recall": recall.as_json(), "false": false and false.as_json()}
                for name, (recall, false) in self.found.items()
            },
            "confusion": self.confusion,
        }


def score_answers(
    photos: Sequence[AnsweredPhoto], *, resamples: int, rng: np.random.Generator
) -> AnswerScores:
    """Return how many answers are right, with 95% intervals over the photos' sources.

    Raises ValueError if there is no photo.
    """
    answered = [replace(item.detected, default=item.matches) for item in photos]
    groups = score_detector(answered, resamples=resamples, rng=rng).groups
    weights = source_weights([item.detected.photo.source for item in photos], resamples, rng)
    confusion: dict[str, dict[str, int]] = {}
    for photo in photos:
        if photo.shows_one_kind:
            row = confusion.setdefault(photo.label, {})
            row[photo.kind or ""] = row.get(photo.kind or "", 0) + 1
    return AnswerScores(
        tuple(_figures(photos, weights)),
        {group.name: (group.default_recall, group.default_false) for group in groups},
        confusion,
    )


def _figures(photos: Sequence[AnsweredPhoto], weights: Values) -> list[AnswerScore]:
    entries = reported_kinds(photos)
    return [
        _weighted_f1("weighted_f1", photos, [photo.kind for photo in photos], weights),
        _weighted_f1("whole_weighted_f1", photos, [photo.whole_kind for photo in photos], weights),
        *(_share(name, [count(photo) for photo in photos], weights) for name, count in SHARES.items()),
        _calibration_error("ece_keys", [entry for entry in entries if entry.is_key], weights),
        _calibration_error("ece_reported", entries, weights),
    ]


SHARES: dict[str, Callable[[AnsweredPhoto], tuple[int, int]]] = {
    "accuracy": lambda photo: _if(photo.shows_one_kind, photo.kind == photo.label),
    "one_kind_no_key_found": lambda photo: _if(photo.shows_one_kind, not photo.keys),
    "no_key_gets_kind": lambda photo: _if(photo.shows_no_key, photo.any_kind),
    "no_key_gets_key": lambda photo: _if(photo.shows_no_key, bool(photo.keys)),
    "whole_no_key_gets_kind": lambda photo: _if(photo.shows_no_key, photo.whole_kind is not None),
    "marked_kind_right": lambda photo: count_marked(photo, lambda kind, true: kind == true),
    "marked_kind_not_reported": lambda photo: count_marked(photo, lambda kind, _: kind is None),
    "refused": count_refused,
}  # figure -> how many of how many in a photo


def _if(counts: bool, true: bool) -> tuple[int, int]:
    """Return 1 or 0 of 1 if the photo counts, else 0 of 0."""
    return int(counts and true), int(counts)


def _share(name: str, counts: Sequence[tuple[int, int]], weights: Values) -> AnswerScore:
    part, total = np.array(counts, float).T
    return AnswerScore(name, int(total.sum()), estimate(ratio(weights @ part, weights @ total)))


def _weighted_f1(
    name: str, photos: Sequence[AnsweredPhoto], answers: Sequence[str | None], weights: Values
) -> AnswerScore:
    """Return the F1 of the photos of one kind, weighted by the kinds' photos; no answer is a wrong one."""
    chosen = [i for i, photo in enumerate(photos) if photo.shows_one_kind]
    true, answer = (
        np.array([[entry == kind for entry in entries] for kind in NAMES], bool).T
        for entries in ([photos[i].label for i in chosen], [answers[i] for i in chosen])
    )  # (photos, kinds)
    drawn = weights[:, chosen]
    hits, support, positives = drawn @ (true & answer), drawn @ true, drawn @ answer  # (r, kinds)
    f1 = np.nan_to_num(ratio(2 * hits, support + positives))
    return AnswerScore(name, len(chosen), estimate(ratio((f1 * support).sum(axis=1), support.sum(axis=1))))


def _calibration_error(name: str, entries: Sequence[ReportedKind], weights: Values) -> AnswerScore:
    """Return the mean gap between probability and accuracy.

    Source: Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    probability = np.array([entry.probability for entry in entries])
    drawn = weights[:, [entry.photo for entry in entries]]
    gaps = drawn * (probability - np.array([entry.right for entry in entries], float))  # (r, n)
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    error = sum((np.abs(gaps[:, bins == i].sum(axis=1)) for i in range(BINS)), np.zeros(len(weights)))
    return AnswerScore(name, len(entries), estimate(ratio(error, drawn.sum(axis=1))))
