"""Detections of many photos -> recall of marked keys by the rate of false detections, in every resample.

In:    DetectedPhoto(s), and how often each resample draws them
Out:   Sweep: how many detections keep to a rate; the recall of any of the keys with these detections
Needs: numpy
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keykind.evaluate.real_photos.annotated_photo import Mark
from keykind.evaluate.real_photos.detection import DetectedPhoto
from keykind.evaluate.real_photos.resampling import Values, ratio

Selection = NDArray[np.bool_]  # of photos (n,) or of marked keys (m,)
Counts = NDArray[np.intp]  # (r,), one per resample
ROUNDING = 1e-9  # of a rate times a number of photos


class Sweep:
    """The detections of n photos, highest score first, and their m marked keys, in r resamples."""

    def __init__(self, photos: Sequence[DetectedPhoto], weights: Values) -> None:
        """Collect the detections; weights (r, n): how often each photo is drawn."""
        keys = [(i, j) for i, item in enumerate(photos) for j in range(len(item.photo.marks))]
        found = [(match, i) for i, item in enumerate(photos) for match in item.sweep]
        found.sort(key=lambda entry: -entry[0].score)
        index = {key: k for k, key in enumerate(keys)}
        self.marks: list[tuple[DetectedPhoto, Mark]] = [
            (photos[i], photos[i].photo.marks[j]) for i, j in keys
        ]
        self.mark_photo = np.array([i for i, _ in keys], np.intp)  # (m,)
        self._weights = weights
        self._scores = np.array([match.score for match, _ in found])
        self._photo = np.array([i for _, i in found], np.intp)
        self._false = np.array([match.false for match, _ in found], bool)
        self._mark = np.array(
            [-1 if match.mark is None else index[i, match.mark] for match, i in found], np.intp
        )
        # A threshold keeps all detections of one score or none: the numbers that it can keep.
        last = np.append(np.diff(self._scores) < 0, True)[: len(found)]
        self._possible = np.concatenate([[0], np.flatnonzero(last) + 1])

    def kept(self, rate: float, photos: Selection | None = None) -> Counts:
        """Return how many detections (r,) are kept if at most `rate` per photo are false.

        photos: count the false detections in these only, per photo of these.
        """
        weights = self._weights if photos is None else self._weights * photos
        false = np.cumsum(weights[:, self._photo] * self._false, axis=1)
        limit = rate * weights.sum(axis=1, keepdims=True) + ROUNDING
        allowed = (false <= limit).sum(axis=1)
        kept: Counts = self._possible[np.searchsorted(self._possible, allowed, side="right") - 1]
        return kept

    def recall(self, kept: Counts, marks: Selection) -> Values:
        """Return the recall (r,) of these keys with so many detections; NaN where none was drawn."""
        hits = np.isin(self._mark, np.flatnonzero(marks))
        found = np.cumsum(self._weights[:, self._photo] * hits, axis=1)
        found = np.concatenate([np.zeros((len(found), 1)), found], axis=1)
        return ratio(found[np.arange(len(found)), kept], self._weights[:, self.mark_photo] @ marks)

    def threshold(self, rate: float) -> float | None:
        """Return the lowest score that is kept at this rate in all photos; None if no detection is."""
        kept = int(self.kept(rate)[0])
        return float(self._scores[kept - 1]) if kept else None
