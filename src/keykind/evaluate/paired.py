"""Two models' predictions of the same photos -> the differences of their scores, with intervals.

In:    true kinds (n,), kinds predicted before and after (n,), the physical key that each photo shows
Out:   PairedDifference: both scores, their difference with its interval, which photos got better and worse
Needs: numpy

Both models are scored with the same weights of the keys, because a photo that is difficult for one is often
difficult for the other: the interval of the difference is then narrower than the two intervals suggest. The
weights and the imaginary key are those of intervals.py. For the lower end, only the model before classifies
the imaginary key correctly, for the upper end only the model after, so that two models that agree on a few
photos are not taken for equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keykind.evaluate.intervals import LEVEL, RESAMPLE_BATCH, Counts, Interval, any_kind, count_by_key
from keykind.model.head import Labels

Array = NDArray[np.float64]
ACCURACY, WEIGHTED_F1 = 0, 1  # their places in Counts.scores()


@dataclass(frozen=True, slots=True, eq=False)
class PairedDifference:
    """How the predictions of two models for the same photos differ."""

    before_f1: float  # weighted F1
    after_f1: float
    difference: float  # after minus before
    interval: Interval  # 95%, of the difference, -1..1
    improved: NDArray[np.intp]  # photos that only the model after classifies correctly, ascending
    worsened: NDArray[np.intp]  # photos that only the model before does
    before_accuracy: float
    after_accuracy: float
    accuracy_interval: Interval  # 95%, of the difference of accuracy

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes that the models are equally good."""
        return self.interval[0] > 0 or self.interval[1] < 0


def paired_difference(  # noqa: PLR0913 - two models, and how to resample
    labels: Labels,
    before: Labels,
    after: Labels,
    groups: Sequence[str],
    kinds: int,
    *,
    resamples: int,
    rng: np.random.Generator,
) -> PairedDifference:
    """Return the differences of weighted F1 and accuracy between predictions before and after of labels (n,).

    All are (n,) in 0..kinds-1. groups: the physical key of each photo. Intervals contain the difference.
    Raises ValueError if there is no photo, the lengths differ, or a kind is out of range.
    """
    labels, before, after = (np.asarray(values, np.intp) for values in (labels, before, after))
    _check(labels, before, after, groups, kinds)
    one, other = (count_by_key(labels, predicted, groups, kinds) for predicted in (before, after))
    every_key = np.ones((1, len(one.support)))
    first, second = (counts.resampled(every_key).scores()[0] for counts in (one, other))
    intervals = _intervals(one, other, second - first, resamples, rng)
    return PairedDifference(
        float(first[WEIGHTED_F1]),
        float(second[WEIGHTED_F1]),
        float(second[WEIGHTED_F1] - first[WEIGHTED_F1]),
        intervals[WEIGHTED_F1],
        np.flatnonzero((before != labels) & (after == labels)),
        np.flatnonzero((before == labels) & (after != labels)),
        float(first[ACCURACY]),
        float(second[ACCURACY]),
        intervals[ACCURACY],
    )


def _intervals(
    before: Counts, after: Counts, differences: Array, resamples: int, rng: np.random.Generator
) -> list[Interval]:
    """Return the intervals of the differences (2,) of accuracy and weighted F1, from counts (keys, c)."""
    keys = len(before.support)
    right, wrong = any_kind(before.support.sum(axis=0) / keys)
    low, high = [], []
    for start in range(0, resamples, RESAMPLE_BATCH):
        size = min(RESAMPLE_BATCH, resamples - start)
        weights = rng.standard_exponential((size, keys))
        weight = rng.standard_exponential((size, 1))  # of the imaginary key
        drawn = [counts.resampled(weights) for counts in (before, after)]
        correct = [counts.plus(*[weight * right] * 3).scores() for counts in drawn]
        failed = [counts.plus(0, weight * right, weight * wrong).scores() for counts in drawn]
        low.append(failed[1] - correct[0])
        high.append(correct[1] - failed[0])
    lower = np.minimum(np.quantile(np.concatenate(low), (1 - LEVEL) / 2, axis=0), differences)
    upper = np.maximum(np.quantile(np.concatenate(high), (1 + LEVEL) / 2, axis=0), differences)
    return list(zip(lower.tolist(), upper.tolist(), strict=True))


def _check(labels: Labels, before: Labels, after: Labels, groups: Sequence[str], kinds: int) -> None:
    lengths = {len(labels), len(before), len(after), len(groups)}
    if len(lengths) > 1 or not len(labels):
        fault = f"{len(labels)} labels, {len(before)} and {len(after)} predictions"
        raise ValueError(f"{fault}, and {len(groups)} groups")
    values = np.concatenate([labels, before, after])
    if values.min() < 0 or values.max() >= kinds:
        raise ValueError(f"kinds are {values.min()}..{values.max()}, but there are {kinds} from 0")
