"""Tests of decision.py."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from keykind.model.decision import (
    FEATURES,
    REASON_TEXTS,
    REASONS,
    Decision,
    Evidence,
    Logistic,
    decision_from_json,
    default_decision,
    features_of,
    reason_of,
)
from tiny_model import CARD

SURE = (0.02, 0.9, 0.05, 0.03)
CARD = replace(CARD, ood_threshold=0.5)
KEY = Evidence(SURE, 0.3, 0.9, 300.0, 0.95, 0.1, 0.0, False, 0.05)


def decide(evidence: Evidence, **changes: float):
    return replace(default_decision(CARD), **changes).decide(evidence, CARD)


def test_a_typical_key_has_its_most_probable_kind():
    verdict = decide(KEY)
    assert (verdict.is_key, verdict.kind, verdict.reason) == (True, 1, None)
    assert verdict.key_probability == pytest.approx(0.982, abs=1e-3)
    assert verdict.kind_probability == pytest.approx(0.9)


def test_features_have_their_documented_meaning():
    features = dict(zip(FEATURES, features_of(KEY, CARD), strict=True))
    assert features["score"] == pytest.approx(math.log(9))
    assert features["ood"] == pytest.approx(0.6)
    assert features["confidence"] == pytest.approx(math.log(9))
    assert features["entropy"] == pytest.approx(-sum(p * math.log(p) for p in SURE) / math.log(4))
    assert features["length"] == 0  # longer than a crop
    assert features["sharpness"] == pytest.approx(math.log10(0.05))
    assert dict(zip(FEATURES, features_of(replace(KEY, length=56.0), CARD), strict=True))["length"] == -2


def test_extreme_measurements_give_finite_features():
    certain = Evidence((1.0, -0.004, 0, 0), 1e9, 1.0, 0.0, 1.0, 1.0, 1.0, False, 0.0)
    assert np.isfinite(features_of(certain, CARD)).all()
    assert decide(certain).is_key in (True, False)


def test_missing_measurements_count_as_their_means():
    bare = Evidence(SURE)
    typical = replace(bare, score=1 / (1 + math.exp(-2.2)), ood_score=0.3)
    assert decide(bare).key_probability == pytest.approx(decide(typical).key_probability)
    assert np.isnan(features_of(bare, replace(CARD, ood_threshold=None))[FEATURES.index("ood")])


@pytest.mark.parametrize(("feature", "better", "worse"), [("score", 0.9, 0.4), ("ood_score", 0.2, 0.6)])
def test_better_evidence_makes_a_key_more_probable(feature, better, worse):
    probabilities = [decide(replace(KEY, **{feature: value})).key_probability for value in (better, worse)]
    assert probabilities[0] > probabilities[1] + 0.01


def test_either_threshold_decides():
    assert not decide(KEY, key_threshold=0.99).is_key
    assert decide(KEY, kind_threshold=0.88).kind == 1
    unsure = decide(KEY, kind_threshold=0.89)  # 0.982 x 0.9
    assert (unsure.is_key, unsure.kind, unsure.reason) == (True, None, "unknown_kind")


def test_a_kind_is_known_only_of_something_surely_a_key():
    verdict = decide(replace(KEY, ood_score=0.54), kind_threshold=0.6)
    assert (verdict.is_key, verdict.kind) == (True, None)


def test_the_probabilities_told_are_calibrated_if_the_decision_was_fitted():
    verdict = decide(replace(KEY, ood_score=0.5))
    reported = verdict.key_probability * verdict.kind_probability
    assert reported < 0.7  # less than the model's 0.9
    plain = default_decision(CARD)
    assert plain.probabilities(SURE, verdict).tolist() == list(SURE)
    fitted = replace(plain, classifier="ab")
    values = fitted.probabilities(SURE, verdict)
    assert values.max() == values[1] == pytest.approx(reported)
    np.testing.assert_allclose(values / reported, np.array(SURE) / 0.9)
    higher = fitted.probabilities((0.3, 0.4, 0.2, 0.1), replace(verdict, key_probability=0.9))
    assert higher[1] == pytest.approx(0.9 * verdict.kind_probability)
    assert higher.sum() == pytest.approx(1)


def test_a_remote_never_has_a_kind():
    verdict = decide(replace(KEY, remote=True, ood_score=2.0))
    assert (verdict.is_key, verdict.kind, verdict.reason) == (True, None, "blade_hidden")
    assert not decide(replace(KEY, remote=True, score=0.01)).is_key


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "unknown_kind"),
        ({"blade_share": 0.02}, "blade_hidden"),
        ({"occlusion": 0.6}, "blade_hidden"),
        ({"truncation": 0.3}, "cut_off"),
        ({"length": 60.0}, "too_small"),
        ({"sharpness": 0.001}, "blurred"),
        ({"sharpness": 0.001, "length": 60.0, "truncation": 0.3, "blade_share": 0.02}, "blade_hidden"),
        ({"sharpness": 0.001, "length": 60.0}, "too_small"),
    ],
)
def test_the_reason_is_the_first_measurement_beyond_its_limit(changes, reason):
    assert reason_of(replace(KEY, **changes)) == reason


def test_without_measurements_the_reason_is_an_unknown_kind():
    assert reason_of(Evidence((0.25,) * 4)) == "unknown_kind"


def test_every_reason_has_words():
    assert tuple(REASON_TEXTS) == REASONS


def test_a_decision_is_the_same_after_json():
    decision = replace(
        default_decision(CARD), classifier="ab12", about={"photos": 3}, key=Logistic(0.5, {"score": 1.5})
    )
    assert decision_from_json(json.loads(json.dumps(decision.as_json()))) == decision


DAMAGES = {
    "another schema": {"schema": 99},
    "an unknown feature": {"centres": {"colour": 1.0}},
    "a weight that is no number": {"key": {"intercept": 0, "weights": {"score": "1"}}},
    "an infinite intercept": {"kind": {"intercept": math.inf, "weights": {}}},
    "a threshold above 1": {"key_threshold": 1.5},
    "a hash that is no text": {"classifier": 5},
    "no weights": {"key": {"intercept": 0}},
    "no table": {"key": 5},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_json_is_refused(damage):
    entries = default_decision(CARD).as_json() | DAMAGES[damage]
    with pytest.raises((ValueError, TypeError, LookupError)):
        decision_from_json(entries)


def test_the_default_has_the_confidence_threshold_of_the_card():
    decision: Decision = default_decision(replace(CARD, confidence_threshold=0.8))
    assert decision.kind_threshold == 0.8
