"""Predictions, grouped by physical key -> confidence intervals that a few perfect photos cannot collapse.

In:    true and predicted kinds (n,), the physical key that each photo shows
Out:   intervals of accuracy, weighted and macro F1, and of each kind's F1; Wilson intervals of shares
Needs: numpy

Photos of one key are not independent, so keys are resampled, with the continuous weights of the Bayesian
bootstrap (Rubin 1981, Annals of Statistics 9:130). By itself it collapses, as every bootstrap does: if all
photos are correct, all resamples are. So one imaginary key is added to each resample, as large as an average
one: for the lower end a key that is classified wrongly, for the upper end one that is classified correctly.
Its kind is uncertain, so it is shared among all kinds. For the accuracy of independent photos that is exactly
the interval of Clopper and Pearson 1934 (Biometrika 26:404), whose ends are quantiles of Beta(x, n - x + 1)
and Beta(x + 1, n - x). docs/report.md has the measured coverage: about 95% or more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from keykind.model.head import Labels

Interval = tuple[float, float]
Array = NDArray[np.float64]
LEVEL = 0.95  # confidence level of intervals
RESAMPLE_BATCH = 1000  # resamples drawn at once, to bound memory
NAMES = ("accuracy", "weighted_f1", "macro_f1")


@dataclass(frozen=True, slots=True)
class ScoreIntervals:
    """The intervals of the scores of a test."""

    overall: dict[str, Interval]  # of NAMES
    f1: tuple[Interval, ...]  # of each kind; 0 to 1 for one without test photos


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Correct photos, photos, and predictions of each kind: (..., c) each."""

    hits: Array
    support: Array
    positives: Array

    def resampled(self, weights: Array) -> "Counts":
        """Return the counts (r, c) with weights (r, keys) of those of each key (keys, c)."""
        return Counts(weights @ self.hits, weights @ self.support, weights @ self.positives)

    def plus(self, hits: Array | float, support: Array | float, positives: Array | float) -> "Counts":
        """Return the counts with others added."""
        return Counts(self.hits + hits, self.support + support, self.positives + positives)

    def f1(self) -> Array:
        """Return the F1 of each kind, (..., c); 0 without photos and predictions."""
        total = self.support + self.positives
        return np.asarray(2 * self.hits / np.where(total > 0, total, 1))

    def scores(self) -> Array:
        """Return accuracy and weighted F1, (..., 2)."""
        total = self.support.sum(axis=-1)
        weighted = (self.f1() * self.support).sum(axis=-1) / total
        return np.stack([self.hits.sum(axis=-1) / total, weighted], axis=-1)


def score_intervals(
    labels: Labels,
    predicted: Labels,
    groups: Sequence[str],
    kinds: int,
    *,
    resamples: int,
    rng: np.random.Generator,
) -> ScoreIntervals:
    """Return the 95% intervals of the scores of predictions (n,) of labels (n,) in 0..kinds-1.

    groups: the physical key of each photo. Every interval contains the score itself.
    """
    counts = count_by_key(labels, predicted, groups, kinds)
    total = Counts(counts.hits.sum(axis=0), counts.support.sum(axis=0), counts.positives.sum(axis=0))
    present, keys = total.support > 0, len(counts.support)
    imaginary = _imaginary_keys(total.support, (counts.support > 0).sum(axis=0), keys)
    low, high = [], []
    for start in range(0, resamples, RESAMPLE_BATCH):
        count = min(RESAMPLE_BATCH, resamples - start)
        drawn = counts.resampled(rng.standard_exponential((count, keys)))
        weight = rng.standard_exponential((count, 1))  # of the imaginary key
        low.append(
            _scores([drawn.plus(0, weight * right, weight * wrong) for right, wrong in imaginary], present)
        )
        high.append(_scores([drawn.plus(*[weight * right] * 3) for right, _ in imaginary], present))
    ends = _ends(np.concatenate(low), np.concatenate(high), _scores([total] * 3, present))
    f1 = [interval if there else (0.0, 1.0) for interval, there in zip(ends[2:-1], present, strict=True)]
    return ScoreIntervals(dict(zip(NAMES, (*ends[:2], ends[-1]), strict=True)), tuple(f1))


def _imaginary_keys(photos: Array, keys_of_kind: Array, keys: int) -> list[tuple[Array, Array]]:
    """Return an imaginary key for all photos, for each kind's F1, and for macro F1.

    photos, keys_of_kind (c,). Each key: its photos of each kind (c,), and the predictions if they are wrong.
    """
    size = photos / np.maximum(keys_of_kind, 1)  # photos of an average key of each kind
    rarity = (photos > 0) / np.maximum(keys_of_kind, 1)  # a key of a rare kind counts more in macro F1
    return [any_kind(photos / keys), (size, size), any_kind(size * rarity / rarity.sum())]


def any_kind(photos: Array) -> tuple[Array, Array]:
    """Return a key of uncertain kind and its wrong predictions: photos (c,) are taken for any other kind."""
    return photos, (photos.sum() - photos) / max(len(photos) - 1, 1)


def _scores(counts: Sequence[Counts], present: NDArray[np.bool_]) -> Array:
    """Return accuracy and weighted F1, each kind's F1, and macro F1 of counts for each: (..., c + 3)."""
    overall, own, macro = counts
    mean = macro.f1()[..., present].mean(axis=-1)
    return np.concatenate([overall.scores(), own.f1(), mean[..., None]], axis=-1)


def count_by_key(labels: Labels, predicted: Labels, groups: Sequence[str], kinds: int) -> Counts:
    """Return the counts of each key, (keys, c)."""
    _, key = np.unique(np.asarray(groups), return_inverse=True)
    correct = labels == predicted
    tables = np.zeros((3, int(key.max()) + 1, kinds))
    np.add.at(tables[0], (key[correct], labels[correct]), 1)
    np.add.at(tables[1], (key, labels), 1)
    np.add.at(tables[2], (key, predicted), 1)
    return Counts(*tables)


def _ends(low: Array, high: Array, scores: Array) -> list[Interval]:
    """Return the intervals from resampled lower and upper scores (r, k), widened to the scores (k,)."""
    lower = np.minimum(np.quantile(low, (1 - LEVEL) / 2, axis=0), scores)
    upper = np.maximum(np.quantile(high, (1 + LEVEL) / 2, axis=0), scores)
    return list(zip(lower.tolist(), np.minimum(upper, 1).tolist(), strict=True))


def wilson_interval(share: float, count: int) -> Interval:
    """Return the 95% Wilson interval of a share of `count` independent trials; 0 to 1 if there were none.

    For recall, `count` is the number of keys, because photos of one key are not independent.
    Source: Wilson 1927, JASA 22:209.
    """
    if not count:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)  # not scipy's binomtest: share * count is not a whole number
    weight = z**2 / count
    centre = (share + weight / 2) / (1 + weight)
    half = z * ((share * (1 - share) + weight / 4) / count) ** 0.5 / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)
