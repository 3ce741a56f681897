"""Probabilities and true kinds -> metrics with intervals.

In:    probabilities (n, c), labels (n,), the physical key that each photo shows
Out:   Scores: confusion, precision, recall, F1, intervals, calibration; OODMetrics; the temperature
Needs: numpy, scikit-learn, scipy                                                          [train]
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from keykind.evaluate.intervals import Interval, ScoreIntervals, score_intervals, wilson_interval
from keykind.model.head import Floats, Labels, softmax

BINS = 10  # of confidence, equally wide, for calibration
TPR = 0.95  # true positive rate at which the false positive rate is reported
JSON_NAMES = {"negatives": "strangers", "negatives_rejected": "strangers_refused"}  # in metrics.json
TEMPERATURE_RANGE = (0.05, 20.0)  # in which the temperature is fitted


@dataclass(frozen=True, slots=True)
class KindScore:
    """Metrics of one kind. Without test photos each metric is 0 and each interval 0 to 1."""

    kind: str
    precision: float
    recall: float
    f1: float
    support: int  # test photos of this kind
    keys: int  # different physical keys among them
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Predictions of similar confidence, and their accuracy."""

    confidence: float  # mean of the largest probability
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often predictions are right, by their confidence."""

    bins: tuple[CalibrationBin, ...]  # those that are not empty, by confidence

    @property
    def count(self) -> int:
        """Return the number of predictions."""
        return sum(entry.count for entry in self.bins)

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean gap between confidence and accuracy; 0 of nothing.

        Source: Guo et al. 2017, arXiv:1706.04599, eq. 3.
        """
        gaps = (entry.count * abs(entry.confidence - entry.accuracy) for entry in self.bins)
        return sum(gaps) / max(self.count, 1)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; each bin is [confidence, accuracy, count]. No error of nothing."""
        bins = [[entry.confidence, entry.accuracy, entry.count] for entry in self.bins]
        return {"ece": self.error if self.bins else None, "bins": bins}


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """All classification metrics of a test.

    Intervals are those of intervals.py, by physical key; those of recall are Wilson intervals over keys.
    """

    kinds: tuple[str, ...]
    confusion: NDArray[np.intp]  # (c, c), rows true, columns predicted
    accuracy: float
    weighted_f1: float
    macro_f1: float
    intervals: dict[str, Interval]  # of accuracy, weighted_f1, macro_f1
    per_kind: tuple[KindScore, ...]
    calibration: Calibration
    log_loss: float  # nats per photo

    def support(self, kind: str) -> int:
        """Return the number of test photos of a kind."""
        return int(self.confusion[self.kinds.index(kind)].sum())

    def confusions(self) -> list[tuple[str, str, int]]:
        """Return (true kind, predicted kind, photos) of the wrong predictions, most frequent first."""
        wrong = [
            (true, predicted, int(self.confusion[i, j]))
            for i, true in enumerate(self.kinds)
            for j, predicted in enumerate(self.kinds)
            if i != j and self.confusion[i, j]
        ]
        return sorted(wrong, key=lambda entry: (-entry[2], entry[:2]))

    def as_json(self) -> dict[str, Any]:
        """Return the scores as plain JSON values: the `test.*` part of metrics.json."""
        return {
            "weighted_f1": self.weighted_f1,
            "macro_f1": self.macro_f1,
            "accuracy": self.accuracy,
            "interval": {name: list(bounds) for name, bounds in self.intervals.items()},
            "per_class": {
                score.kind: {
                    "precision": score.precision,
                    "recall": score.recall,
                    "f1": score.f1,
                    "support": score.support,
                    "keys": score.keys,
                    "interval": {"recall": list(score.recall_interval), "f1": list(score.f1_interval)},
                }
                for score in self.per_kind
            },
            "confusion": self.confusion.tolist(),
            "calibration": self.calibration.as_json() | {"log_loss": self.log_loss},
        }


@dataclass(frozen=True, slots=True)
class OODMetrics:
    """How well out-of-distribution scores separate photos without a key from photos of keys."""

    keys: int  # photos of keys
    negatives: int  # photos without a key
    auroc: float  # probability that a negative has a higher score than a key
    fpr95: float  # share of negatives accepted at the threshold that accepts 95% of these keys
    keys_passed: float  # share of keys accepted at the model's threshold
    negatives_rejected: float  # share of negatives rejected at it

    def as_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values, with the key names of metrics.json."""
        return {JSON_NAMES.get(name, name): value for name, value in asdict(self).items()}


def score_ood(keys: Floats, negatives: Floats, threshold: float) -> OODMetrics:
    """Return how well the OOD scores of keys (n,) and negatives (m,) separate, and the rates at `threshold`.

    Raises ValueError if one of them is empty.
    Source: Hendrycks and Gimpel 2017, arXiv:1610.02136; FPR at 95% TPR: Liang et al. 2018, arXiv:1706.02690.
    """
    scores = np.concatenate([keys, negatives])
    is_negative = np.repeat([0, 1], [len(keys), len(negatives)])
    return OODMetrics(
        len(keys),
        len(negatives),
        auroc=float(roc_auc_score(is_negative, scores)),
        fpr95=float((negatives <= np.quantile(keys, TPR)).mean()),
        keys_passed=float((keys <= threshold).mean()),
        negatives_rejected=float((negatives > threshold).mean()),
    )


def score(
    probabilities: Floats,
    labels: Labels,
    groups: Sequence[str],
    kinds: Sequence[str],
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Scores:
    """Return the scores of probabilities (n, c) against labels (n,) in 0..c-1.

    groups: the physical key of each photo; photos of one key are not independent. resamples: of the keys,
    for the intervals, see `score_intervals`.
    Raises ValueError if there is no photo or the lengths differ.
    """
    if not len(labels) or not len(labels) == len(groups) == len(probabilities):
        raise ValueError(f"{len(probabilities)} predictions, {len(labels)} labels and {len(groups)} groups")
    exact = probabilities.astype(float)  # scikit-learn checks that they sum to 1 beyond float32's precision
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    confusion = np.zeros((len(kinds), len(kinds)), np.intp)
    np.add.at(confusion, (labels, predicted), 1)
    intervals = score_intervals(labels, predicted, groups, len(kinds), resamples=resamples, rng=rng)
    return Scores(
        kinds=tuple(kinds),
        confusion=confusion,
        accuracy=float(accuracy_score(labels, predicted)),
        weighted_f1=float(f1_score(labels, predicted, average="weighted", zero_division=0.0)),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0.0)),
        intervals=intervals.overall,
        per_kind=_per_kind(labels, predicted, groups, kinds, intervals),
        calibration=calibration(probabilities.max(axis=1), predicted == labels),
        log_loss=_log_loss(labels, exact / exact.sum(axis=1, keepdims=True)),
    )


def _log_loss(labels: Labels, probabilities: NDArray[np.float64]) -> float:
    """Return the log loss of probabilities (n, c); 0 of a single kind, which scikit-learn refuses."""
    kinds = probabilities.shape[1]
    return float(log_loss(labels, probabilities, labels=np.arange(kinds))) if kinds > 1 else 0.0


def _per_kind(
    labels: Labels,
    predicted: Labels,
    groups: Sequence[str],
    kinds: Sequence[str],
    intervals: ScoreIntervals,
) -> tuple[KindScore, ...]:
    table = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(len(kinds)), zero_division=0.0
    )
    keys: dict[int, set[str]] = defaultdict(set)
    for label, group in zip(labels.tolist(), groups, strict=True):
        keys[label].add(group)
    return tuple(
        KindScore(
            kind,
            float(precision),
            float(recall),
            float(f1),
            int(support),
            len(keys[i]),
            wilson_interval(float(recall), len(keys[i])),
            intervals.f1[i],
        )
        for i, (kind, precision, recall, f1, support) in enumerate(zip(kinds, *table, strict=True))
    )


def calibration(confidence: Floats, correct: NDArray[np.bool_]) -> Calibration:
    """Return how often predictions are right, by their confidence.

    confidence: the largest probability of each (n,), 0 to 1; correct: whether its kind is the true one (n,).
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return Calibration(
        tuple(
            CalibrationBin(float(confidence[inside].mean()), float(correct[inside].mean()), int(inside.sum()))
            for inside in (bins == i for i in np.unique(bins))
        )
    )


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """Return the temperature that minimises the cross-entropy of held-out logits (n, c).

    The true label has the target probability (n + 1) / (n + c), so that a few photos, all correct, do not
    make the model overconfident.
    Sources: Guo et al. 2017, arXiv:1706.04599, section 4.2; Platt 1999, Probabilistic outputs, section 2.2.
    """
    count, kinds = logits.shape
    targets = (np.eye(kinds)[labels] * count + 1) / (count + kinds)

    def cross_entropy(log_temperature: float) -> float:
        probabilities = np.maximum(softmax(logits, float(np.exp(log_temperature))), 1e-12)
        return float(-(targets * np.log(probabilities)).sum(axis=1).mean())

    low, high = np.log(TEMPERATURE_RANGE)
    return float(np.exp(minimize_scalar(cross_entropy, bounds=(low, high), method="bounded").x))
