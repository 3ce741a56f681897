"""Tests of evaluate/decision."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="the extra train is not installed")
pytest.importorskip("cv2", reason="the extra train is not installed")

from fake_detector import FakeDetector, detection
from keykind.core.errors import BadDataset
from keykind.core.geometry import encode_rle
from keykind.evaluate.decision.candidates import Candidates, gather
from keykind.evaluate.decision.fit import (
    calibration_error,
    fit_decision,
    fit_logistic,
    least_score,
    probabilities,
    reliability,
    score_decision,
)
from keykind.evaluate.decision.report import text
from keykind.model.decision import FEATURES, decision_from_json, default_decision
from keykind.model.model import load_model
from keykind.predict.recogniser import Recogniser
from keykind.train.detector.labels import split_set
from tiny_model import CARD, tiny_file

BASE = default_decision(CARD)
COLUMN = {name: i for i, name in enumerate(FEATURES)}


def drawn(count=2000, seed=0, remotes=True) -> Candidates:
    """Return candidates whose probabilities are known: keys by score and OOD score, kinds by confidence."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (count, len(FEATURES)))
    features[:, COLUMN["entropy"]] = rng.uniform(0, 1, count)
    is_key = rng.random(count) < 1 / (1 + np.exp(-(0.5 + 2 * features[:, 0] - 1.5 * features[:, 1])))
    chance = 1 / (1 + np.exp(-(1 + 1.5 * features[:, COLUMN["confidence"]])))
    remote = (rng.random(count) < 0.1) & remotes
    is_right = is_key & ~remote & (rng.random(count) < chance)
    photo = np.sort(rng.integers(0, count // 4, count))
    keys = np.bincount(photo[is_key], minlength=count // 4)
    return Candidates(features, is_key, is_right, remote, photo, keys)


def test_the_fit_finds_the_weights_that_made_the_labels():
    decision = fit_decision(drawn(8000), BASE)
    assert decision.key.weights["score"] == pytest.approx(2, abs=0.25)
    assert decision.key.weights["ood"] == pytest.approx(-1.5, abs=0.2)
    assert decision.kind.weights["confidence"] == pytest.approx(1.5, abs=0.2)
    assert abs(decision.key.weights.get("blade_share", 0)) < 0.15
    assert (decision.min_score, decision.key_threshold) == (BASE.min_score, BASE.key_threshold)


def test_no_weight_has_the_wrong_sign():
    candidates = drawn()
    candidates.features[:, COLUMN["ood"]] *= -1  # now a larger OOD score goes with keys
    assert "ood" not in fit_decision(candidates, BASE).key.weights


def test_the_minimum_score_loses_hardly_a_key():
    candidates = drawn()
    decision = fit_decision(candidates, BASE)
    kept = probabilities(decision, candidates)[0] >= decision.key_threshold
    share = (candidates.scores[kept] >= least_score(decision, candidates)).mean()
    assert share == pytest.approx(0.99, abs=0.005)
    assert least_score(replace(decision, key_threshold=1.0), candidates) == decision.min_score


def test_separable_classes_do_not_give_certainty():
    features = np.zeros((400, len(FEATURES)))
    labels = np.arange(400) >= 200
    features[labels, 0] = 5
    model = fit_logistic(features, labels, dict.fromkeys(FEATURES, 0.0), {"score": 1})
    assert 0.85 < model.probability(features[-1], {}) < 0.99


def test_a_missing_feature_is_its_mean():
    candidates = drawn()
    candidates.features[:, COLUMN["sharpness"]] = np.nan
    decision = fit_decision(candidates, BASE)
    assert decision.centres["sharpness"] == 0
    key, kind = probabilities(decision, candidates)
    assert np.isfinite([key, kind]).all()


def test_a_remote_has_no_kind_and_its_own_model():
    candidates = drawn(8000)
    decision = fit_decision(candidates, BASE)
    assert (probabilities(decision, candidates)[1][candidates.remote] == 0).all()
    assert set(decision.remote.weights) == {"score"}
    few = fit_decision(drawn(remotes=False), BASE)  # then it is the base's, at the same places
    row = candidates.features[0]
    before = BASE.remote.probability(row, BASE.centres)
    assert few.remote.probability(row, few.centres) == pytest.approx(before, abs=1e-4)


def test_the_scores_are_of_photos_that_were_not_fitted_to():
    scores = score_decision(drawn(8000), BASE)
    assert scores.auroc["decision"] > max(scores.auroc["score"], scores.auroc["OOD score"]) + 0.02
    assert all(error < 0.03 for error in scores.ece.values())
    recall = [rate.recall for rate in scores.rates]
    assert recall == sorted(recall, reverse=True)
    assert scores.rates[-1].right > scores.rates[0].right
    assert scores.rates[-1].negatives < scores.rates[0].negatives


def test_labels_by_chance_give_no_better_scores_than_chance():
    candidates = drawn(1000)
    shuffled = np.random.default_rng(1).permutation(candidates.is_key)
    scores = score_decision(replace(candidates, is_key=shuffled), BASE)
    assert abs(scores.auroc["decision"] - 0.5) < 0.08


def test_reliability_and_calibration_error_by_hand():
    values, true = np.array([0.05, 0.15, 0.15, 1.0]), np.array([False, False, True, True])
    bins = reliability(values, true)
    assert [(round(entry.probability, 2), entry.share, entry.count) for entry in bins] == [
        (0.05, 0, 1),
        (0.15, 0.5, 2),
        (1.0, 1, 1),
    ]
    assert calibration_error(values, true) == pytest.approx((0.05 + 2 * 0.35) / 4)


def test_too_few_examples_are_an_error():
    candidates = drawn(100)
    with pytest.raises(BadDataset, match="give more rendered sets and photos without keys"):
        fit_decision(candidates.select(candidates.is_key), BASE)


def test_the_report_has_weights_calibration_and_thresholds():
    candidates = drawn()
    lines = text(fit_decision(candidates, BASE), score_decision(candidates, BASE)).splitlines()
    assert any(line.startswith("AUROC of keys: score 0.") for line in lines)
    assert sum("ECE" in line for line in lines) == 3
    assert lines[-1].split()[0] == "0.9"


def test_a_fitted_decision_can_be_stored():
    decision = fit_decision(drawn(), BASE)
    assert decision_from_json(json.loads(json.dumps(decision.as_json()))) == decision


@pytest.fixture
def rendered(tmp_path):
    """A rendered set of 21 photos, each of one key and one remote; the first and the last are held out."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "multi").mkdir()
    key = {"kind": "dimple", "head": [40, 50], "tip": [140, 50], "occluded": 0, "cut_off": 0}
    remote = {"head": [240, 30], "tip": [240, 90], "occluded": 0, "cut_off": 0}
    mask = encode_rle(np.ones((100, 300), bool))
    label = {"keys": [key | {"mask": mask, "blade": mask}], "remotes": [remote | {"mask": mask}]}
    for i in range(21):
        Image.new("RGB", (300, 100)).save(tmp_path / "multi" / f"multi-{i:06}.jpg")
        (tmp_path / "labels" / f"multi-{i:06}.json").write_text(json.dumps(label))
    return tmp_path


def test_detections_are_compared_with_the_labels(rendered, tmp_path):
    detections = (
        detection((42, 52), (138, 52), score=0.95),  # the key
        detection((44, 50), (142, 48), score=0.9),  # the key again
        replace(detection((240, 90), (240, 30), score=0.8), remote=True),  # the remote, upside down
        detection((40, 50), (80, 50), score=0.7),  # a part of the key
        detection((170, 20), (200, 80), score=0.6),  # nothing
    )
    model = load_model(tiny_file(tmp_path / "tiny.tflite", crop="key"))
    recogniser = Recogniser(model, FakeDetector(*detections))
    held_out = split_set(rendered)[1]
    Image.new("RGB", (300, 100)).save(tmp_path / "empty.png")
    candidates = gather(recogniser, held_out, [tmp_path / "gone.png", tmp_path / "empty.png"])
    assert [error.fault for error in candidates.unreadable] == ["does not exist"]
    assert len(held_out) == 2
    assert candidates.keys.tolist() == [2, 2, 0]
    of_first = candidates.select(candidates.photo == 0)
    assert of_first.is_key.tolist() == [True, True, False]
    assert of_first.remote.tolist() == [False, True, False]
    assert not of_first.is_right[1:].any()
    np.testing.assert_allclose(of_first.scores, [0.95, 0.8, 0.6])
    assert not candidates.is_key[candidates.photo == 2].any()
    assert (candidates.photo == 2).sum() == 5
