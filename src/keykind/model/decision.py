"""Evidence about a detection -> is it a key, is its kind known, and if not, why.

In:    Evidence: the detector's, the classifier's and the crop's measurements of one key; a Decision
Out:   Verdict: the calibrated probabilities, the kind, or the reason that there is none
Needs: numpy

Two logistic models: P(key), and P(the most probable kind is right | key); remotes have one of their own for
P(key). A measurement that is missing, e.g. of a model without an OOD score, counts as its mean.
Source: logistic calibration, Platt 1999, Probabilistic outputs for support vector machines.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.logistic import logit, sigmoid
from keykind.model.card import SIZE, Card

SCHEMA = 1  # of a decision as JSON; incremented when its features or rules change

FEATURES = (
    "score",  # logit of the detection's score
    "ood",  # OOD score, in thresholds of the model's card
    "confidence",  # logit of the largest probability
    "entropy",  # of the probabilities, as a share of the largest possible
    "length",  # log2 of the length in pixels of the photo per side of a crop; 0 if the key fills it
    "blade_share",  # share of its visible area that is blade
    "occlusion",  # share of the area that is hidden
    "truncation",  # share of the area outside the frame
    "sharpness",  # log10 of the crop's sharpness
)
LOGIT_LIMIT = 6.0  # of scores and probabilities: quantisation may round them to 0 or 1
MAX_OOD = 3.0  # thresholds
MIN_SHARPNESS, MAX_SHARPNESS = 1e-4, 1.0
MIN_LENGTH = 1.0  # px

UNKNOWN_KIND, BLADE_HIDDEN, TOO_SMALL, CUT_OFF, BLURRED = REASONS = (
    *("unknown_kind", "blade_hidden", "too_small", "cut_off", "blurred"),
)  # why a key has no kind
REASON_TEXTS = {
    UNKNOWN_KIND: "unknown kind",
    BLADE_HIDDEN: "blade hidden",
    TOO_SMALL: "too small",
    CUT_OFF: "cut off by the frame",
    BLURRED: "blurred",
}
NOT_ALIKE, LOW_SCORE, UNLIKELY = REFUSALS = ("not_alike", "low_score", "unlikely")  # why it is no key
REFUSAL_TEXTS = {
    NOT_ALIKE: "unlike what the model was trained on",
    LOW_SCORE: "low detection score",
    UNLIKELY: "unlikely to be a key",
}
LOW_DETECTION = 0.5  # score of a detection

# Limits beyond which a measurement is the reason that the kind is not known.
LEAST_BLADE_SHARE = 0.06  # nineteen in twenty rendered keys that nothing hides show more
MOST_OCCLUDED = 0.5
MOST_TRUNCATED = 0.25
SMALL_LENGTH = 90.0  # px of the photo
BLURRED_SHARPNESS = 0.004  # 3% of the keys in the bundled phone photos are below, see docs/app.md

Features = NDArray[np.float64]  # (len(FEATURES),), NaN where missing


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known about a detection, or about a whole photo that is classified as one key."""

    probabilities: Sequence[float] | NDArray[np.floating]  # of the kinds, 0..1
    ood_score: float | None = None  # None: the model has none
    score: float | None = None  # of the detection; None, here and below: there is no detector
    length: float | None = None  # from head to tip, px of the photo
    blade_share: float | None = None
    occlusion: float | None = None
    truncation: float | None = None
    remote: bool = False
    sharpness: float | None = None  # of the crop, as detect/sharpness.py measures it


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model: P = 1 / (1 + exp(-(intercept + sum of weights * (feature - centre))))."""

    intercept: float
    weights: Mapping[str, float]  # feature -> weight; features that are not named have none

    def probability(self, features: Features, centres: Mapping[str, float]) -> float:
        """Return the probability for features; a missing one counts as its centre."""
        total = self.intercept
        for name, weight in self.weights.items():
            value = features[FEATURES.index(name)]
            if not math.isnan(value):
                total += weight * (float(value) - centres.get(name, 0.0))
        return float(sigmoid(total))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one detection."""

    is_key: bool
    kind: int | None  # index of the most probable kind, if it is known
    reason: str | None  # one of REASONS for a key without a kind, else None
    key_probability: float  # that it is a key, or a remote
    kind_probability: float  # that the most probable kind is right, if it is a key


@dataclass(frozen=True, slots=True)
class Decision:
    """When something detected is a key, and when its kind is known."""

    key: Logistic
    remote: Logistic  # P(key) of what the detector takes for a remote
    kind: Logistic
    centres: Mapping[str, float]  # feature -> its mean
    min_score: float  # detections below it are not considered
    key_threshold: float  # on P(key): below it the detection is not a key
    kind_threshold: float  # on P(key) P(kind | key): below it the key has no kind
    classifier: str | None = None  # SHA-256 of the model file that it was fitted to; None: it was not fitted
    detector: str | None = None  # the same of the detector
    about: Mapping[str, Any] = field(default_factory=dict)  # for people: data, scores

    def decide(self, evidence: Evidence, card: Card) -> Verdict:
        """Return the decision about one detection, of a model with this card."""
        features = features_of(evidence, card)
        best = int(np.argmax(evidence.probabilities))
        model = self.remote if evidence.remote else self.key
        key = model.probability(features, self.centres)
        kind = self.kind.probability(features, self.centres)
        if key < self.key_threshold:
            return Verdict(False, None, None, key, kind)
        if not evidence.remote and key * kind >= self.kind_threshold:
            return Verdict(True, best, None, key, kind)
        return Verdict(True, None, reason_of(evidence), key, kind)

    def probabilities(
        self, probabilities: Sequence[float] | NDArray[np.floating], verdict: Verdict
    ) -> NDArray[np.float64]:
        """Return how probable it is that a detection is a key of each kind, (c,) 0..1.

        probabilities: the classifier's, which it gives as if every crop showed a key of a kind that it knows.
        They are scaled so that the largest is P(key) P(kind | key); what is missing to a sum of 1 is the
        probability of anything else. A decision that was not fitted leaves them as they are.
        """
        values = np.clip(np.asarray(probabilities, np.float64), 0, 1)
        if self.classifier is None:
            return values
        best, probability = int(np.argmax(values)), verdict.key_probability * verdict.kind_probability
        largest = values[best]
        if probability <= largest:
            return np.asarray(values * (probability / max(largest, 1e-9)))
        values *= (1 - probability) / max(1 - largest, 1e-9)
        values[best] = probability
        return values

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, which `decision_from_json` reads."""
        return {"schema": SCHEMA, **asdict(self)}


def decision_from_json(entries: Any) -> Decision:
    """Return the decision that `as_json` gave. Raises ValueError, TypeError or LookupError for any others."""
    if entries["schema"] != SCHEMA:
        raise ValueError(f"its schema is {entries['schema']!r}, not {SCHEMA}")
    return Decision(
        key=_logistic(entries["key"]),
        remote=_logistic(entries["remote"]),
        kind=_logistic(entries["kind"]),
        centres=_features(entries["centres"]),
        min_score=_share(entries["min_score"]),
        key_threshold=_share(entries["key_threshold"]),
        kind_threshold=_share(entries["kind_threshold"]),
        classifier=_text(entries["classifier"]),
        detector=_text(entries["detector"]),
        about=dict(entries["about"]),
    )


def _logistic(entries: Any) -> Logistic:
    return Logistic(_number(entries["intercept"]), _features(entries["weights"]))


def _features(entries: Any) -> dict[str, float]:
    if unknown := sorted(set(entries) - set(FEATURES)):
        raise ValueError(f"{unknown[0]!r} is no feature; these are: {', '.join(FEATURES)}")
    return {name: _number(value) for name, value in entries.items()}


def _share(value: Any) -> float:
    if not 0 <= _number(value) <= 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return float(value)


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    return value


# For a model that no decision was fitted to. A typical key, with a score of 0.9 and an OOD score of 0.6
# thresholds, has P(key) = 0.98; at 1.1 it is as likely a key as not. Probabilities are taken at their word.
DEFAULT = Decision(
    key=Logistic(4.0, {"score": 1.0, "ood": -8.0}),
    remote=Logistic(2.2, {"score": 1.0}),
    kind=Logistic(0.0, {"confidence": 1.0}),
    centres={"score": 2.2, "ood": 0.6, "confidence": 0.0},
    min_score=0.4,
    key_threshold=0.5,
    kind_threshold=0.5,
)


def default_decision(card: Card) -> Decision:
    """Return the decision for a model that none was fitted to; its card has the confidence threshold."""
    return replace(DEFAULT, kind_threshold=card.confidence_threshold)


def features_of(evidence: Evidence, card: Card) -> Features:
    """Return the values of FEATURES; NaN where a measurement is missing."""
    probabilities = np.clip(np.asarray(evidence.probabilities, np.float64), 0, 1)
    threshold = card.ood_threshold
    ood = None if evidence.ood_score is None or not threshold else evidence.ood_score / threshold
    length, sharpness = evidence.length, evidence.sharpness
    values = (
        None if evidence.score is None else logit(evidence.score, LOGIT_LIMIT),
        None if ood is None else min(max(ood, 0.0), MAX_OOD),
        logit(float(probabilities.max()), LOGIT_LIMIT),
        _entropy(probabilities),
        None if length is None else math.log2(min(max(length, MIN_LENGTH), SIZE) / SIZE),
        evidence.blade_share,
        evidence.occlusion,
        evidence.truncation,
        None if sharpness is None else math.log10(min(max(sharpness, MIN_SHARPNESS), MAX_SHARPNESS)),
    )
    return np.array([math.nan if value is None else value for value in values])


def reason_of(evidence: Evidence) -> str:
    """Return why the kind of a key is not known: the first measurement beyond its limit, or UNKNOWN_KIND."""
    hidden = (
        evidence.remote
        or (evidence.blade_share is not None and evidence.blade_share < LEAST_BLADE_SHARE)
        or (evidence.occlusion or 0) > MOST_OCCLUDED
    )
    beyond = {
        BLADE_HIDDEN: hidden,
        CUT_OFF: (evidence.truncation or 0) > MOST_TRUNCATED,
        TOO_SMALL: evidence.length is not None and evidence.length < SMALL_LENGTH,
        BLURRED: evidence.sharpness is not None and evidence.sharpness < BLURRED_SHARPNESS,
    }
    return next((reason for reason, true in beyond.items() if true), UNKNOWN_KIND)


def refusal_of(evidence: Evidence, card: Card) -> str:
    """Return why something detected is not taken for a key: the first limit it is beyond, or UNLIKELY."""
    ood, threshold = evidence.ood_score, card.ood_threshold
    if ood is not None and threshold is not None and ood > threshold:
        return NOT_ALIKE
    return LOW_SCORE if evidence.score is not None and evidence.score < LOW_DETECTION else UNLIKELY


def _entropy(probabilities: NDArray[np.float64]) -> float:
    shares = probabilities[probabilities > 0]
    return float(-(shares * np.log(shares)).sum() / math.log(len(probabilities)))
