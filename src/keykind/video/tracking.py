"""Predictions of frames -> tracks: the same key over frames, with one answer.

In:    the prediction of each frame, its time, and how far the picture has moved since the frame before
Out:   Track(s), which know their answer
Needs: numpy
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from keykind.model.decision import BLADE_HIDDEN, UNKNOWN_KIND
from keykind.predict.prediction import Key
from keykind.predict.regions import Point

MAX_DISTANCE = 0.7  # of keypoints between frames, in lengths of the key, for it to be the same key
MAX_GAP = 3.0  # s that a key may be out of sight
MAX_HOLD = 1.0  # s between two sightings up to which a key is shown in between
MIN_FRAMES = 2  # predicted frames in which a key is seen; in one alone, it is most likely a false detection

Shift = tuple[float, float]  # x, y in px by which the picture has moved


@dataclass(slots=True, eq=False)
class Track:
    """One key over several frames."""

    number: int  # from 1, in the order of appearance
    seen: list[tuple[float, Key]] = field(default_factory=list)  # (seconds, key in that frame)
    offset: Shift = (0.0, 0.0)  # by which the picture has moved since the last of them, px
    reasons: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=dict)  # kind -> weighted sum of its probabilities
    weight: float = 0.0

    def add(self, key: Key, seconds: float) -> None:
        """Take the key in one more frame. A frame counts by how probable its most probable kind is."""
        self.seen.append((seconds, key))
        self.offset = (0.0, 0.0)
        self.weight += key.probability
        for kind, probability in key.probabilities.items():
            self.sums[kind] = self.sums.get(kind, 0.0) + key.probability * probability
        if key.reason is not None:
            self.reasons[key.reason] += 1

    @property
    def last(self) -> Key:
        """Return the key in the last frame that shows it."""
        return self.seen[-1][1]

    @property
    def last_seconds(self) -> float:
        """Return the time of that frame, s."""
        return self.seen[-1][0]

    def at(self, seconds: float) -> Key | None:
        """Return the key at a time, between two frames interpolated; None where it is not in sight."""
        i = bisect_left(self.seen, seconds, key=itemgetter(0))
        if i == len(self.seen) or (i == 0 and self.seen[0][0] > seconds):
            return None
        later, after = self.seen[i]
        if i == 0 or later == seconds:
            return after
        earlier, before = self.seen[i - 1]
        if later - earlier > MAX_HOLD:
            return None
        return _between(before, after, (seconds - earlier) / (later - earlier))

    def answer(self, kind_threshold: float) -> Key:
        """Return the key with its answer over all frames, at its place in the last one.

        Its probabilities are the weighted mean; its kind is known if the largest reaches the threshold.
        """
        return self._answered(self.last, kind_threshold)

    def summary(self, kind_threshold: float) -> Key:
        """Return the same at its place in the frame that shows it best, and when it is seen."""
        best = max((key for _, key in self.seen), key=lambda key: key.probability)
        return replace(self._answered(best, kind_threshold), seconds=(self.seen[0][0], self.last_seconds))

    def _answered(self, key: Key, kind_threshold: float) -> Key:
        total = self.weight or 1.0
        means = {kind: value / total for kind, value in self.sums.items()}
        kind, probability = max(means.items(), key=lambda item: item[1])
        hidden = self.reasons[BLADE_HIDDEN] > len(self.seen) / 2  # a remote, whatever its probabilities
        known = probability >= kind_threshold and not hidden
        reason = None if known else next((name for name, _ in self.reasons.most_common(1)), UNKNOWN_KIND)
        return replace(
            key, kind=kind if known else None, probability=probability, probabilities=means, reason=reason
        )


class Tracker:
    """Follows the keys of a video from frame to frame."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []  # all of the video, in the order of appearance

    def update(self, keys: Sequence[Key], seconds: float, shift: Shift = (0.0, 0.0)) -> list[Track]:
        """Take the keys of one more frame and return the track of each.

        shift: by how much the picture has moved since the frame before, px.
        """
        candidates = [track for track in self.tracks if seconds - track.last_seconds <= MAX_GAP]
        for track in candidates:
            track.offset = (track.offset[0] + shift[0], track.offset[1] + shift[1])
        matched = _match(keys, candidates)
        shown = []
        for i, key in enumerate(keys):
            if i in matched:
                track = matched[i]
            else:
                track = Track(len(self.tracks) + 1)
                self.tracks.append(track)
            track.add(key, seconds)
            shown.append(track)
        return shown

    def confirmed(self, frames: int) -> list[Track]:
        """Return the tracks that count, of a video of that many predicted frames."""
        return [track for track in self.tracks if len(track.seen) >= min(MIN_FRAMES, frames)]


def _match(keys: Sequence[Key], tracks: Iterable[Track]) -> dict[int, Track]:
    """Return the track of each key (index -> track) that has one; the closest pairs first."""
    pairs = [
        (distance, i, track)
        for i, key in enumerate(keys)
        for track in tracks
        if (distance := _distance(track, key)) <= MAX_DISTANCE
    ]
    matched: dict[int, Track] = {}
    used: set[int] = set()
    for _, i, track in sorted(pairs, key=lambda pair: pair[0]):
        if i not in matched and track.number not in used:
            matched[i] = track
            used.add(track.number)
    return matched


def _distance(track: Track, key: Key) -> float:
    """Return the mean distance of head and tip in lengths of the key, either way round.

    Of whole photos, the distance is 0 if the most probable kind is the same.
    """
    old = track.last
    if key.head is None or key.tip is None or old.head is None or old.tip is None:
        return 0.0 if _best_kind(old) == _best_kind(key) else math.inf
    head, tip = _moved(old.head, track.offset), _moved(old.tip, track.offset)
    length = max(math.dist(head, tip), math.dist(key.head, key.tip), 1.0)
    straight = math.dist(head, key.head) + math.dist(tip, key.tip)
    reversed_ = math.dist(head, key.tip) + math.dist(tip, key.head)
    return min(straight, reversed_) / (2 * length)


def _best_kind(key: Key) -> str:
    return max(key.probabilities, key=lambda kind: key.probabilities[kind])


def _moved(point: Point, offset: Shift) -> Point:
    return point[0] + offset[0], point[1] + offset[1]


def _between(before: Key, after: Key, share: float) -> Key:
    """Return the key at a share 0..1 of the way from one frame to another; its answer is the later one's."""
    if before.head is None or before.tip is None or after.head is None or after.tip is None:
        return after
    flipped = math.dist(before.head, after.tip) < math.dist(before.head, after.head)
    if flipped:  # the detector took one end for the other: halfway the key would have no length
        return after if share > 0.5 else before

    def mix(old: Point, new: Point) -> Point:
        return old[0] + share * (new[0] - old[0]), old[1] + share * (new[1] - old[1])

    box = tuple(mix(old, new) for old, new in zip(before.box, after.box, strict=True))
    return replace(after, box=box, head=mix(before.head, after.head), tip=mix(before.tip, after.tip))
