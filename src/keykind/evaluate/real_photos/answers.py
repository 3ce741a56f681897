"""Photos with marked keys -> what keykind answers for each.

In:    a Recogniser; DetectedPhoto(s)
Out:   AnsweredPhoto(s): the keys of the answer, matched with the marks; the kind of the whole photo
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.kinds import NAMES
from keykind.core.parallel import parallel_map
from keykind.evaluate.real_photos.annotated_photo import NO_KEY, Mark
from keykind.evaluate.real_photos.detection import DetectedPhoto
from keykind.evaluate.real_photos.matching import Match, match_detections
from keykind.predict.prediction import Key, Prediction
from keykind.predict.recogniser import Recogniser


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredKey:
    """A key of an answer and the mark that it is."""

    key: Key
    match: Match

    @property
    def length(self) -> float:
        """Return the distance from head to tip, px."""
        return float(np.linalg.norm(self.match.keypoints[0] - self.match.keypoints[1]))


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredPhoto:
    """A photo with its detections and keykind's answer."""

    detected: DetectedPhoto
    keys: tuple[AnsweredKey, ...]  # in the order of the answer
    whole: Key | None  # the answer for the whole photo, without detection; None: not a key

    @property
    def label(self) -> str:
        """Return the photo's label."""
        return self.detected.photo.label

    @property
    def shows_one_kind(self) -> bool:
        """Return whether the photo is labelled with a kind."""
        return self.label in NAMES

    @property
    def shows_no_key(self) -> bool:
        """Return whether the photo is labelled as one without a key."""
        return self.label == NO_KEY

    @property
    def matches(self) -> tuple[Match, ...]:
        """Return the matches of the answer's keys."""
        return tuple(entry.match for entry in self.keys)

    @property
    def largest(self) -> AnsweredKey | None:
        """Return the largest key, whose kind is the photo's answer; None if there is no key."""
        return max(self.keys, key=lambda entry: entry.length, default=None)

    @property
    def kind(self) -> str | None:
        """Return the photo's answer; None if the largest key has no kind, or there is no key."""
        return None if self.largest is None else self.largest.key.kind

    @property
    def any_kind(self) -> bool:
        """Return whether any key of the answer has a kind."""
        return any(entry.key.kind is not None for entry in self.keys)

    @property
    def whole_kind(self) -> str | None:
        """Return the answer for the whole photo; None if it has no kind, or is not a key."""
        return None if self.whole is None else self.whole.kind

    def mark(self, entry: AnsweredKey) -> Mark | None:
        """Return the marked key that a key of the answer is."""
        return None if entry.match.mark is None else self.detected.photo.marks[entry.match.mark]


def answer_photos(recogniser: Recogniser, photos: Iterable[DetectedPhoto]) -> tuple[AnsweredPhoto, ...]:
    """Return the answers of a recogniser with a detector, and of the same model for whole photos."""
    whole = Recogniser(recogniser.model)

    def answer(item: DetectedPhoto) -> AnsweredPhoto:
        keys = _matched(recogniser.attempt(item.photo.path), item)
        return AnsweredPhoto(item, keys, next(iter(whole.attempt(item.photo.path).keys), None))

    return tuple(parallel_map(answer, photos))


def _matched(prediction: Prediction, item: DetectedPhoto) -> tuple[AnsweredKey, ...]:
    """Return the keys of a prediction, matched in their order, which is by the detections' scores."""
    keys = [(key, np.array([key.head, key.tip])) for key in prediction.keys if key.head and key.tip]
    equal_scores = [(1.0, keypoints) for _, keypoints in keys]  # sorting keeps their order
    matches = match_detections(equal_scores, item.photo, item.width, item.height)
    return tuple(AnsweredKey(key, match) for (key, _), match in zip(keys, matches, strict=True))


def count_marked(photo: AnsweredPhoto, is_such: Callable[[str | None, str], bool]) -> tuple[int, int]:
    """Return how many marked keys of a known kind in the answer are such, and how many there are.

    is_such: of the kind in the answer and the true one.
    """
    pairs = [
        (entry.key.kind, mark.kind)
        for entry in photo.keys
        if (mark := photo.mark(entry)) is not None and mark.kind
    ]
    return sum(is_such(*pair) for pair in pairs), len(pairs)


def count_refused(photo: AnsweredPhoto) -> tuple[int, int]:
    """Return how many detected keys the decision leaves out, and how many there are.

    Marked keys; in a photo of one kind without marks one key, for which any detection is taken.
    """
    if photo.detected.photo.marks:
        found = {match.mark for match in photo.detected.default} - {None}
        return len(found - {match.mark for match in photo.matches}), len(found)
    found_one = photo.shows_one_kind and bool(photo.detected.default)
    return int(found_one and not photo.keys), int(found_one)


@dataclass(frozen=True, slots=True)
class ReportedKind:
    """A kind that the answer gives for something in a photo."""

    photo: int  # index
    probability: float
    right: bool
    is_key: bool


def reported_kinds(photos: Sequence[AnsweredPhoto]) -> list[ReportedKind]:
    """Return the kinds in the answers that can be judged.

    These are the kinds of marked keys of a known kind, of the largest key of a photo of one kind that has no
    marks, and of false detections, which are always wrong.
    """
    return [
        ReportedKind(i, entry.key.probability, entry.key.kind == true, bool(true))
        for i, photo in enumerate(photos)
        for entry in photo.keys
        for true in [_true_kind(photo, entry)]
        if entry.key.kind is not None and (true or entry.match.false)
    ]


def _true_kind(photo: AnsweredPhoto, entry: AnsweredKey) -> str:
    """Return the kind of a key of the answer; empty if it is not a key, or its kind is not known."""
    mark = photo.mark(entry)
    if mark is not None:
        return mark.kind
    unmarked = photo.shows_one_kind and not photo.detected.photo.marks
    return photo.label if unmarked and entry is photo.largest else ""
