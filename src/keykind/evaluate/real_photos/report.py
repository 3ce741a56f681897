"""Scores on real photos -> tables for people.

In:    RealPhotoScores
Out:   Table(s): cells as text; aligned for a terminal
Needs: nothing beyond Python
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keykind.evaluate.real_photos.detector_scores import FALSE_RATES, GroupScore
from keykind.evaluate.real_photos.matching import MAX_DISTANCE
from keykind.evaluate.real_photos.resampling import Estimate
from keykind.evaluate.real_photos.score import RealPhotoScores

TARGET_RATE = 0.5  # false detections per photo at which intervals are shown
NONE = "-"
FIGURES = {
    "weighted_f1": "photos of one kind: weighted F1 of the answer (the largest key)",
    "accuracy": "photos of one kind: right answers",
    "one_kind_no_key_found": "photos of one kind in which no key is found",
    "no_key_gets_kind": "photos without a key that get a kind",
    "no_key_gets_key": "photos without a key that get a key, of any kind or none",
    "marked_kind_right": "marked keys in the answer: kind right",
    "marked_kind_not_reported": "marked keys in the answer: not sure of the kind",
    "refused": "detected keys that the decision leaves out",
    "ece_keys": "calibration error of the kinds reported for keys",
    "ece_reported": "calibration error of all reported kinds; those of false detections are wrong",
    "whole_weighted_f1": "whole photos, without detection: weighted F1",
    "whole_no_key_gets_kind": "whole photos without a key that get a kind",
}  # figure of AnswerScores -> what it is
# The others are percentages.
RATIOS = frozenset({"weighted_f1", "ece_keys", "ece_reported", "whole_weighted_f1"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title; the first column is text, the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Return title and rows, aligned in columns."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            [
                self.title,
                *(
                    "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
                    for line in lines
                ),
            ]
        )


def summary(scores: RealPhotoScores) -> str:
    """Return what the scores are of, in one or more lines."""
    lines = [
        f"{scores.detector.photos:,} photos from {scores.sources:,} sources: {scores.detector.keys:,} marked "
        f"keys, {scores.no_key:,} photos without a key"
    ]
    if scores.excluded:
        lines.append(f"not measured on: {', '.join(scores.excluded)}")
    lines += [f"not read: {photo.name}: {photo.reason}" for photo in scores.unread]
    return "\n".join(lines)


def tables(scores: RealPhotoScores) -> tuple[Table, ...]:
    """Return all tables."""
    return _recall_table(scores), _own_table(scores), _found_table(scores), _answer_table(scores)


def _recall_table(scores: RealPhotoScores) -> Table:
    rates = [f"{rate:g}" for rate in FALSE_RATES]
    thresholds = [NONE if value is None else f"{value:.2f}" for value in scores.detector.thresholds.values()]
    return Table(
        "Detector: recall of marked keys by false detections per photo, one threshold for all photos",
        ("group", "photos", "keys", *rates, f"95% at {TARGET_RATE:g}"),
        (
            *((group.name, *_counts(group), *_recalls(group.recall)) for group in scores.detector.groups),
            ("score threshold", "", "", *thresholds, ""),
        ),
    )


def _own_table(scores: RealPhotoScores) -> Table:
    return Table(
        "Detector: the same by false detections per photo of the group, a threshold for each group",
        ("group", "photos", "keys", *(f"{rate:g}" for rate in FALSE_RATES), f"95% at {TARGET_RATE:g}"),
        tuple(
            (group.name, *_counts(group), *_recalls(group.own_recall))
            for group in scores.detector.groups
            if group.own_recall
        ),
    )


def _found_table(scores: RealPhotoScores) -> Table:
    header = ("detector", "its false", "swapped", "answer", "95%", "its false")
    return Table(
        "At the detector's own threshold, and of these in the answer: recall, false keys per photo",
        ("group", "photos", "keys", *header),
        tuple(
            (
                group.name,
                *_counts(group),
                _ratio(group.default_recall),
                _ratio(group.default_false),
                NONE if group.swapped is None else f"{group.swapped:.1%}",
                _ratio(recall),
                _interval(recall),
                _ratio(false),
            )
            for group in scores.detector.groups
            for recall, false in [scores.answers.found[group.name]]
        ),
    )


def _answer_table(scores: RealPhotoScores) -> Table:
    return Table(
        "Answers",
        ("figure", "of", "value", "95%"),
        tuple(
            (title, f"{figure.count:,}", show(figure.estimate), _interval(figure.estimate, percent=percent))
            for name, title in FIGURES.items()
            for figure in [scores.answers.figure(name)]
            for percent in [name not in RATIOS]
            for show in [_percentage if percent else _precise]
        ),
    )


def _counts(group: GroupScore) -> tuple[str, str]:
    return f"{group.photos:,}", f"{group.keys:,}"


def _recalls(recall: dict[float, Estimate]) -> Iterator[str]:
    yield from map(_ratio, recall.values())
    yield _interval(recall[TARGET_RATE])


def _ratio(estimate: Estimate | None) -> str:
    return NONE if estimate is None or estimate.value is None else f"{estimate.value:.2f}"


def _precise(estimate: Estimate) -> str:
    return NONE if estimate.value is None else f"{estimate.value:.3f}"


def _percentage(estimate: Estimate) -> str:
    return NONE if estimate.value is None else f"{estimate.value:.0%}"


def _interval(estimate: Estimate, *, percent: bool = False) -> str:
    if estimate.low is None or estimate.high is None:
        return NONE
    low, high = (f"{bound:.0%}" if percent else f"{bound:.2f}" for bound in (estimate.low, estimate.high))
    return f"{low} to {high}"


def text(scores: RealPhotoScores) -> str:
    """Return summary and tables for a terminal."""
    return "\n\n".join([summary(scores), *(table.text() for table in tables(scores)), explanation()])


def explanation() -> str:
    """Return how keys are matched and intervals are made."""
    return (
        f"A marked key is detected if head and tip are, on average, within {MAX_DISTANCE:.0%} of its length. "
        "Keys that are too hidden to mark are left out. Intervals: 95% of bootstrap resamples of the sources."
    )
