"""Probabilities and true kinds -> scores that can be trusted.

In:    probabilities (n, c), labels (n,), which physical key each photo shows
Out:   Scores: confusion, precision, recall, F1, intervals, calibration
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
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from keykind.model.head import Floats, Labels, softmax

Interval = tuple[float, float]
LEVEL = 0.95  # share of bootstrap resamples inside an interval
NORMAL = 1.959964  # standard deviations that hold LEVEL of a normal distribution
AT_ONCE = 1000  # resamples drawn at once, so that memory does not grow with their number
BINS = 10  # of confidence, equally wide, for calibration
PASSED = 0.95  # share of keys that pass where the false positive rate is told
SPELLING = {"negatives": "strangers", "negatives_rejected": "strangers_refused"}  # in metrics.json
TEMPERATURES = (0.05, 20.0)  # smallest and largest that is looked for


@dataclass(frozen=True, slots=True)
class KindScore:
    """How well one kind is told. A score without photos to measure it on is 0, its interval 0 to 1."""

    kind: str
    precision: float
    recall: float
    f1: float
    support: int  # test photos of this kind
    keys: int  # different physical keys among them
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence, and how many of them were right."""

    confidence: float  # mean of the largest probability
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Everything the test says of a model. Intervals hold 95% of bootstrap resamples of physical keys;
    those of recall are Wilson's, over physical keys.
    """

    kinds: tuple[str, ...]
    confusion: NDArray[np.intp]  # (c, c), rows true, columns answered
    accuracy: float
    weighted_f1: float
    macro_f1: float
    intervals: dict[str, Interval]  # of accuracy, weighted_f1, macro_f1
    per_kind: tuple[KindScore, ...]
    bins: tuple[Bin, ...]
    ece: float  # expected calibration error
    log_loss: float  # nats a photo

    def support(self, kind: str) -> int:
        """Return how many test photos of a kind there were."""
        return int(self.confusion[self.kinds.index(kind)].sum())

    def confusions(self) -> list[tuple[str, str, int]]:
        """Return (true kind, answered kind, photos) of the wrong answers, most frequent first."""
        wrong = [
            (true, answer, int(self.confusion[row, column]))
            for row, true in enumerate(self.kinds)
            for column, answer in enumerate(self.kinds)
            if row != column and self.confusion[row, column]
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
            "calibration": {
                "ece": self.ece,
                "log_loss": self.log_loss,
                "bins": [[part.confidence, part.accuracy, part.count] for part in self.bins],
            },
        }


@dataclass(frozen=True, slots=True)
class OODMetrics:
    """How well photos without a key are told from photos of keys."""

    keys: int  # photos of keys
    negatives: int  # photos without one
    auroc: float  # chance that a stranger is more novel than a key
    fpr95: float  # share of negatives that pass where 95% of these keys pass
    keys_passed: float  # share of keys below the model's own threshold
    negatives_rejected: float  # share of negatives above it

    def as_json(self) -> dict[str, Any]:
        """Return the measures as plain JSON values, with the key names of metrics.json."""
        return {SPELLING.get(name, name): value for name, value in asdict(self).items()}


def score_ood(keys: Floats, negatives: Floats, most: float) -> OODMetrics:
    """Return how well novelty (n,) and (m,) tells negatives from keys; `most` is the model's threshold.

    Raises ValueError where one of them is empty.
    Source: Hendrycks and Gimpel 2017, arXiv:1610.02136; the rate at 95%: Liang et al. 2018, arXiv:1706.02690.
    """
    novelties = np.concatenate([keys, negatives])
    strange = np.repeat([0, 1], [len(keys), len(negatives)])
    return OODMetrics(
        len(keys),
        len(negatives),
        auroc=float(roc_auc_score(strange, novelties)),
        fpr95=float((negatives <= np.quantile(keys, PASSED)).mean()),
        keys_passed=float((keys <= most).mean()),
        negatives_rejected=float((negatives > most).mean()),
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

    groups: the physical key of each photo; photos of one key are alike, so the bootstrap draws keys.
    Raises ValueError if there is no photo or the lengths differ.
    """
    if not len(labels) or not len(labels) == len(groups) == len(probabilities):
        raise ValueError(f"{len(probabilities)} answers, {len(labels)} labels and {len(groups)} groups")
    exact = probabilities.astype(float)  # scikit-learn wants sums of 1 to more digits than float32 has
    answers = probabilities.argmax(axis=1)
    every = np.arange(len(kinds))
    present = np.unique(labels)
    drawn = _resampled(labels, answers, groups, len(kinds), resamples, rng)
    return Scores(
        kinds=tuple(kinds),
        confusion=confusion_matrix(labels, answers, labels=every),
        accuracy=float(accuracy_score(labels, answers)),
        weighted_f1=float(f1_score(labels, answers, average="weighted", zero_division=0.0)),
        macro_f1=float(f1_score(labels, answers, labels=present, average="macro", zero_division=0.0)),
        intervals={name: _interval(drawn[name]) for name in ("accuracy", "weighted_f1", "macro_f1")},
        per_kind=_per_kind(labels, answers, groups, kinds, drawn["f1"]),
        bins=reliability(probabilities, labels),
        ece=calibration_error(probabilities, labels),
        log_loss=float(log_loss(labels, exact / exact.sum(axis=1, keepdims=True), labels=every)),
    )


def _per_kind(
    labels: Labels,
    answers: Labels,
    groups: Sequence[str],
    kinds: Sequence[str],
    f1_drawn: NDArray[np.float64],
) -> tuple[KindScore, ...]:
    table = precision_recall_fscore_support(labels, answers, labels=np.arange(len(kinds)), zero_division=0.0)
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
            wilson(float(recall), len(keys[i])),
            _interval(f1_drawn[:, i]),
        )
        for i, (kind, precision, recall, f1, support) in enumerate(zip(kinds, *table, strict=True))
    )


def wilson(share: float, count: int) -> Interval:
    """Return the 95% interval of a share seen in `count` independent trials; 0 to 1 where there were none.

    Recall has the number of keys as its count: photos of one key are no independent trials. Unlike the
    bootstrap it stays honest where all of few keys were told right. Source: Wilson 1927, JASA 22:209.
    """
    if not count:
        return 0.0, 1.0
    weight = NORMAL**2 / count
    centre = (share + weight / 2) / (1 + weight)
    half = NORMAL * ((share * (1 - share) + weight / 4) / count) ** 0.5 / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def reliability(probabilities: Floats, labels: Labels) -> tuple[Bin, ...]:
    """Return the answers in bins of confidence, empty bins left out (the reliability diagram)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(float(confidence[chosen].mean()), float(right[chosen].mean()), int(chosen.sum()))
        for chosen in (place == index for index in np.unique(place))
    )


def calibration_error(probabilities: Floats, labels: Labels) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy, weighted by photos.

    Source: Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    bins = reliability(probabilities, labels)
    return sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / len(labels)


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """Return the temperature that makes the probabilities of held-out logits (n, c) most likely.

    Labels are believed with (n + 1) / (n + c): a few photos, all right, make no model sure of all it says.
    Sources: Guo et al. 2017, arXiv:1706.04599, section 4.2; Platt 1999, Probabilistic outputs, section 2.2.
    """
    count, kinds = logits.shape
    believed = (np.eye(kinds)[labels] * count + 1) / (count + kinds)

    def loss(log_temperature: float) -> float:
        likely = np.maximum(softmax(logits, float(np.exp(log_temperature))), 1e-12)
        return float(-(believed * np.log(likely)).sum(axis=1).mean())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _resampled(
    labels: Labels,
    answers: Labels,
    groups: Sequence[str],
    kinds: int,
    resamples: int,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.float64]]:
    """Return the scores of `resamples` draws of groups with replacement; nan where a kind was not drawn."""
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    count = int(member.max()) + 1
    right = labels == answers
    counts = [np.zeros((count, kinds)) for _ in range(3)]  # a row a group
    for table, rows, columns in zip(
        counts, (member[right], member, member), (labels[right], labels, answers), strict=True
    ):
        np.add.at(table, (rows, columns), 1)
    hits, support, answered = np.zeros((3, resamples, kinds))
    for start in range(0, resamples, AT_ONCE):
        part = slice(start, min(start + AT_ONCE, resamples))
        draws = rng.multinomial(count, np.full(count, 1 / count), size=part.stop - start)
        hits[part], support[part], answered[part] = (draws @ table for table in counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.where(support > 0, 2 * hits / (support + answered), np.nan)
    total = support.sum(axis=1)
    return {
        "f1": f1,
        "accuracy": hits.sum(axis=1) / total,
        "weighted_f1": np.nansum(f1 * support, axis=1) / total,
        "macro_f1": np.nansum(f1, axis=1) / (support > 0).sum(axis=1),
    }


def _interval(values: NDArray[np.float64]) -> Interval:
    kept = values[~np.isnan(values)]
    if not len(kept):
        return 0.0, 1.0
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
