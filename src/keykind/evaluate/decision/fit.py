"""Candidates -> a Decision, and how good it is.

In:    Candidates
Out:   Decision; DecisionScores, of candidates in photos that it was not fitted to
Needs: numpy, scipy, scikit-learn                                                          [train]

Weights have the sign that the meaning of their feature demands: otherwise chance, or a habit of rendered
photos, could make better evidence count against a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from keykind.core.errors import BadDataset
from keykind.core.logistic import sigmoid
from keykind.evaluate.decision.candidates import Candidates, Flags, Floats
from keykind.model.decision import FEATURES, Decision, Logistic

# Feature -> whether more of it speaks for (1) or against (-1) a key, or a known kind.
KEY_SIGNS = {"score": 1, "ood": -1, "confidence": 1, "entropy": -1, "blade_share": 1}
REMOTE_SIGNS = {"score": 1}
KIND_SIGNS = KEY_SIGNS | {"length": 1, "occlusion": -1, "truncation": -1, "sharpness": 1}
PENALTY = 10.0  # of squared weights of features with unit variance; the loss is a sum over candidates
KEPT = 0.99  # share of the detections kept as keys that have at least the minimum score
FOLDS = 5  # of photos
DIGITS = 4  # of coefficients
BINS = 10  # of probability, equally wide
LEAST_EXAMPLES = 10  # of either class, to fit a model
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Candidates of similar probability, and how many of them it is true of."""

    probability: float  # mean
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What a threshold gives."""

    threshold: float
    recall: float  # share of all labelled keys that are kept
    false: float  # detections kept that are not a key, per photo
    reported: float  # share of the kept keys whose kind is reported, at this threshold
    right: float  # share of the reported kinds that are right
    negatives: float  # share of photos without a key for which a kind is reported


@dataclass(frozen=True, slots=True)
class DecisionScores:
    """How good a decision is."""

    candidates: int
    keys: int  # among them
    auroc: dict[str, float]  # of keys against other detections: by score, by OOD score, by the decision
    kind_auroc: float  # of known kinds that are right against wrong ones
    ece: dict[str, float]  # expected calibration error: key, kind, reported
    reliability: dict[str, tuple[Reliability, ...]]
    rates: tuple[Rates, ...]


def fit_decision(candidates: Candidates, base: Decision) -> Decision:
    """Return the decision fitted to candidates; thresholds, and a model with too few examples, are `base`'s.

    Raises BadDataset if there are too few keys, or too few detections of anything else.
    """
    _require(candidates)
    means = np.nan_to_num(_means(candidates.features[candidates.is_key])).round(DIGITS).tolist()
    centres = dict(zip(FEATURES, means, strict=True))
    keys, remotes = candidates.select(~candidates.remote), candidates.select(candidates.remote)
    known = keys.select(keys.is_key)
    remote = _recentred(base.remote, base.centres, centres)
    if _are_enough(remotes.is_key):
        remote = fit_logistic(remotes.features, remotes.is_key, centres, REMOTE_SIGNS)
    return Decision(
        key=fit_logistic(keys.features, keys.is_key, centres, KEY_SIGNS),
        remote=remote,
        kind=fit_logistic(known.features, known.is_right, centres, KIND_SIGNS),
        centres=centres,
        min_score=base.min_score,
        key_threshold=base.key_threshold,
        kind_threshold=base.kind_threshold,
    )


def least_score(decision: Decision, candidates: Candidates) -> float:
    """Return the score below which hardly any detection is kept as a key; if none is, the decision's own."""
    kept = probabilities(decision, candidates)[0] >= decision.key_threshold
    if not kept.any():
        return decision.min_score
    return round(float(np.quantile(candidates.scores[kept], 1 - KEPT)), DIGITS)


def fit_logistic(
    features: Floats, labels: Flags, centres: Mapping[str, float], signs: Mapping[str, int]
) -> Logistic:
    """Return the penalised maximum-likelihood model of labels (n,), with weights of the given signs.

    features (n, len(FEATURES)). The targets are Platt's, so that separable classes do not give certainty.
    Source: Platt 1999, Probabilistic outputs for support vector machines, section 2.2.
    """
    names = list(signs)
    centred = features[:, [FEATURES.index(name) for name in names]] - [centres[name] for name in names]
    values = np.nan_to_num(centred)  # a missing feature counts as its centre
    scales = np.maximum(values.std(axis=0), 1e-6)
    positive, negative = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = parameters[0] + values / scales @ parameters[1:]
        gap = sigmoid(logits) - targets
        value = np.logaddexp(0, logits).sum() - targets @ logits + PENALTY / 2 * (parameters[1:] ** 2).sum()
        slope = np.concatenate([[gap.sum()], (values / scales).T @ gap + PENALTY * parameters[1:]])
        return float(value), slope

    bounds = [(None, None), *((0, None) if sign > 0 else (None, 0) for sign in signs.values())]
    intercept, *weights = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=bounds).x.tolist()
    pairs = zip(names, np.array(weights) / scales, strict=True)
    weights_by_name = {name: round(float(weight), DIGITS) for name, weight in pairs}
    return Logistic(
        round(intercept, DIGITS), {name: weight for name, weight in weights_by_name.items() if weight}
    )


def score_decision(candidates: Candidates, base: Decision) -> DecisionScores:
    """Return how good decisions are that are fitted to the other photos, in turn. Raises BadDataset."""
    key, kind = np.zeros((2, len(candidates.is_key)))
    for fold in range(FOLDS):
        held_out = candidates.photo % FOLDS == fold
        if held_out.any():
            decision = fit_decision(candidates.select(~held_out), base)
            key[held_out], kind[held_out] = probabilities(decision, candidates.select(held_out))
    is_key, known = candidates.is_key, candidates.is_key & ~candidates.remote
    reported = key * kind
    pairs = {"key": (key, is_key), "kind": (kind[known], candidates.is_right[known])}
    pairs["reported"] = reported[~candidates.remote], candidates.is_right[~candidates.remote]
    ood = np.nan_to_num(candidates.features[:, FEATURES.index("ood")])
    return DecisionScores(
        len(is_key),
        int(is_key.sum()),
        {
            "score": _auroc(is_key, candidates.scores),
            "OOD score": _auroc(is_key[~candidates.remote], -ood[~candidates.remote]),
            "decision": _auroc(is_key, key),
        },
        _auroc(candidates.is_right[known], kind[known]),
        {name: calibration_error(*pair) for name, pair in pairs.items()},
        {name: reliability(*pair) for name, pair in pairs.items()},
        tuple(_rates(candidates, key, reported, threshold) for threshold in THRESHOLDS),
    )


def probabilities(decision: Decision, candidates: Candidates) -> tuple[Floats, Floats]:
    """Return P(key) and P(kind | key) of candidates, (n,) each; the second is 0 for remotes."""
    key, kind = np.zeros((2, len(candidates.is_key)))
    for i, (row, remote) in enumerate(zip(candidates.features, candidates.remote, strict=True)):
        model = decision.remote if remote else decision.key
        key[i] = model.probability(row, decision.centres)
        kind[i] = 0 if remote else decision.kind.probability(row, decision.centres)
    return key, kind


def reliability(values: Floats, true: Flags) -> tuple[Reliability, ...]:
    """Return the non-empty bins of a reliability diagram: probabilities (n,), and what they are of (n,)."""
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    return tuple(
        Reliability(float(values[inside].mean()), float(true[inside].mean()), int(inside.sum()))
        for inside in (bins == i for i in np.unique(bins))
    )


def calibration_error(values: Floats, true: Flags) -> float:
    """Return the expected calibration error: the mean gap of probability and share over the bins' candidates.

    Source: Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    bins = reliability(values, true)
    return sum(entry.count * abs(entry.probability - entry.share) for entry in bins) / max(len(values), 1)


def _rates(candidates: Candidates, key: Floats, reported: Floats, threshold: float) -> Rates:
    kept, is_reported = key >= threshold, (reported >= threshold) & (key >= threshold)
    photos, empty = len(candidates.keys), np.flatnonzero(candidates.keys == 0)
    kept_keys = int((kept & candidates.is_key).sum())
    return Rates(
        threshold,
        kept_keys / max(int(candidates.keys.sum()), 1),
        int((kept & ~candidates.is_key).sum()) / photos,
        int((is_reported & candidates.is_key).sum()) / max(kept_keys, 1),
        float(candidates.is_right[is_reported].mean()) if is_reported.any() else 1.0,
        len(np.intersect1d(candidates.photo[is_reported], empty)) / max(len(empty), 1),
    )


def _require(candidates: Candidates) -> None:
    if not _are_enough(candidates.is_key[~candidates.remote]):
        keys, total = int(candidates.is_key.sum()), len(candidates.is_key)
        fault = (
            f"give {keys} detections of keys and {total - keys} of other things; "
            f"needed are {LEAST_EXAMPLES} of each"
        )
        raise BadDataset("the photos", fault=fault, remedy="give more rendered sets and photos without keys")


def _are_enough(labels: Flags) -> bool:
    return bool(min(labels.sum(), (~labels).sum()) >= LEAST_EXAMPLES)


def _means(features: Floats) -> Floats:
    """Return the mean of each feature (n, f) -> (f,), NaN if it is missing everywhere."""
    present = ~np.isnan(features)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(features, axis=0) / present.sum(axis=0))


def _recentred(model: Logistic, before: Mapping[str, float], after: Mapping[str, float]) -> Logistic:
    """Return the same model for other centres."""
    shift = sum(weight * (after[name] - before[name]) for name, weight in model.weights.items())
    return Logistic(round(model.intercept + shift, DIGITS), model.weights)


def _auroc(labels: Flags, values: NDArray[Any]) -> float:
    return float(roc_auc_score(labels, values)) if 0 < labels.sum() < len(labels) else float("nan")
