"""Predictions of photos that the model was not trained on -> which labels are probably wrong.

In:    out-of-fold probabilities (n, c), labels (n,)
Out:   LabelErrors: the order in which to check photos, what each probably shows, the share of errors
Needs: numpy

Confident learning: Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70:1373,
arXiv:1911.00068. A photo counts confidently as a kind if its probability reaches the mean probability of the
photos with that label; one that counts as another kind than its label is probably an error. Labels are ranked
by their normalised margin. The set of errors and the scores are those of cleanlab 2.9
(`filter_by="confident_learning"`, `normalized_margin`), which would bring pandas and scikit-learn into the
review server.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keykind.model.head import Labels

Array = NDArray[np.float64]
TOLERANCE = 1e-6  # by which a probability may miss a threshold, e.g. if all photos of a kind have the same
FLOOR = 2e-6  # least threshold, so that a kind whose photos all have probability 0 attracts no others
UNREACHABLE = 2.0  # threshold of a kind without labels: no photo counts as it


@dataclass(frozen=True, slots=True, eq=False)
class LabelErrors:
    """Which labels are probably wrong."""

    order: NDArray[np.intp]  # (n,) indices of all photos, those most probably mislabelled first
    scores: Array  # (n,) quality of each label, 0 (surely wrong) to 1
    suggested: Labels  # (n,) what a photo with an error probably shows; of the others, the most probable kind
    is_error: NDArray[np.bool_]  # (n,) whether the photo counts confidently as another kind
    noise: float  # estimated share of wrong labels, 0..1


def label_errors(probabilities: NDArray[np.floating], labels: Labels) -> LabelErrors:
    """Return which labels (n,) in 0..c-1 are probably wrong.

    probabilities (n, c): of models that were not trained on the photo in question; they need not sum to 1. A
    kind may have no labels; then nothing is suggested as it. Without photos, and with one kind, nothing is an
    error.
    Raises ValueError if shapes differ, a label is out of range, or a probability is not a number in 0..1.
    """
    values, labels = np.asarray(probabilities, np.float64), np.asarray(labels, np.intp)
    _check(values, labels)
    count, kinds = values.shape
    if not count or kinds == 1:
        return LabelErrors(np.arange(count), np.ones(count), labels.copy(), np.zeros(count, bool), 0.0)
    counts = np.bincount(labels, minlength=kinds)
    confident = values >= _thresholds(values, labels, counts) - TOLERANCE
    is_confident, predicted = confident.any(axis=1), values.argmax(axis=1)
    counted = np.where(confident.sum(axis=1) > 1, predicted, confident.argmax(axis=1))  # as which kind
    joint = np.zeros((kinds, kinds))
    np.add.at(joint, (labels[is_confident], counted[is_confident]), 1)
    own = values[np.arange(count), labels]
    is_error = is_confident & (counted != labels) & (values.max(axis=1) > own)
    scores = _normalised_margin(values, labels, own)
    order = np.lexsort((scores, ~is_error))
    return LabelErrors(order, scores, np.where(is_error, counted, predicted), is_error, _noise(joint, counts))


def _check(values: Array, labels: Labels) -> None:
    if values.ndim != 2 or labels.shape != values.shape[:1]:
        raise ValueError(f"probabilities are {values.shape} and labels {labels.shape}, not (n, c) and (n,)")
    outside = ~((values >= 0) & (values <= 1 + TOLERANCE))  # also of NaN
    if outside.any():
        row, kind = np.argwhere(outside)[0]
        fault = f"{int(outside.any(axis=1).sum())} of {len(values)} rows have probabilities that are not 0..1"
        raise ValueError(f"{fault}; the first is {values[row, kind]} in row {row}, kind {kind}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < values.shape[1]:
        raise ValueError(
            f"labels are {labels.min()}..{labels.max()}, but there are {values.shape[1]} kinds from 0"
        )


def _thresholds(values: Array, labels: Labels, counts: NDArray[np.intp]) -> Array:
    """Return for each kind the mean probability of the photos with that label (equation 2)."""
    sums = np.bincount(labels, values[np.arange(len(labels)), labels], minlength=values.shape[1])
    means = np.maximum(sums / np.maximum(counts, 1), FLOOR)
    return np.where(counts > 0, means, UNREACHABLE)


def _normalised_margin(values: Array, labels: Labels, own: Array) -> Array:
    """Return how far the label's probability is above the highest other, from -1..1 to 0..1."""
    others = values.copy()
    others[np.arange(len(labels)), labels] = -1
    return np.asarray((own - others.max(axis=1) + 1) / 2)


def _noise(joint: Array, counts: NDArray[np.intp]) -> float:
    """Return the share of wrong labels: the joint, each row scaled to the number of its labels (equation 3).

    joint (c, c): confident photos by label and kind. Each kind has at least one right label.
    """
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    calibrated = joint * (counts / joint.sum(axis=1))[:, None]
    return float(1 - calibrated.trace() / calibrated.sum())
