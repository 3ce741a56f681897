"""Tests of evaluate/metrics.py."""

import json

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics", reason="the extra train is not installed")

from keykind.evaluate.intervals import wilson_interval  # noqa: E402
from keykind.evaluate.metrics import (  # noqa: E402
    TEMPERATURE_RANGE,
    calibration,
    fit_temperature,
    score,
    score_ood,
)
from keykind.model.head import softmax  # noqa: E402

KINDS = ("cylinder", "dimple", "laser", "mortice")
PUBLISHED = np.array([[30, 11, 8, 5], [2, 14, 2, 0], [0, 2, 9, 1], [0, 0, 0, 21]])  # rows true; plain photos


def probabilities_of(predicted, kinds=4, confidence=0.7):
    """Probabilities that are largest for the predicted kinds."""
    probabilities = np.full((len(predicted), kinds), (1 - confidence) / (kinds - 1), np.float32)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def scored(labels, predicted, groups=None, *, kinds=KINDS, resamples=200, rng=None):
    groups = [str(i) for i in range(len(labels))] if groups is None else groups
    rng = rng or np.random.default_rng(0)
    probabilities = probabilities_of(predicted, len(kinds))
    return score(probabilities, np.asarray(labels), groups, kinds, resamples=resamples, rng=rng)


def from_confusion(confusion):
    pairs = [pair for pair, count in np.ndenumerate(confusion) for _ in range(count)]
    return np.array([true for true, _ in pairs]), np.array([predicted for _, predicted in pairs])


def random_predictions(seed, photos=120, accuracy=0.6):
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, photos, p=[0.5, 0.3, 0.15, 0.05])
    predicted = np.where(rng.random(photos) < accuracy, labels, rng.integers(0, 4, photos))
    return labels, predicted


def width(interval):
    return interval[1] - interval[0]


def test_the_reports_confusion_matrix_gives_the_reports_scores():
    scores = scored(*from_confusion(PUBLISHED))
    np.testing.assert_array_equal(scores.confusion, PUBLISHED)
    assert scores.weighted_f1 == pytest.approx(0.7068, abs=5e-5)
    assert [kind.f1 for kind in scores.per_kind] == pytest.approx([0.698, 0.622, 0.581, 0.875], abs=5e-4)
    assert [kind.support for kind in scores.per_kind] == [54, 18, 12, 21]


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed):
    labels, predicted = random_predictions(seed)
    scores = scored(labels, predicted)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, zero_division=0
    )
    assert [kind.precision for kind in scores.per_kind] == pytest.approx(precision)
    assert [kind.recall for kind in scores.per_kind] == pytest.approx(recall)
    assert [kind.f1 for kind in scores.per_kind] == pytest.approx(f1)
    assert [kind.support for kind in scores.per_kind] == support.tolist()
    assert scores.accuracy == pytest.approx(np.mean(labels == predicted))
    assert scores.macro_f1 == pytest.approx(f1.mean())
    assert scores.weighted_f1 == pytest.approx(np.average(f1, weights=support))


def test_log_loss_is_the_mean_negative_log_probability_of_the_true_kind():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 4, 50), softmax(rng.standard_normal((50, 4)).astype(np.float32))
    scores = score(probabilities, labels, list(map(str, range(50))), KINDS, resamples=100, rng=rng)
    assert scores.log_loss == pytest.approx(-np.log(probabilities[np.arange(50), labels]).mean(), rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_intervals_contain_the_score(seed):
    scores = scored(*random_predictions(seed), resamples=1000)
    for name in ("accuracy", "weighted_f1", "macro_f1"):
        low, high = scores.intervals[name]
        assert 0 <= low <= getattr(scores, name) <= high <= 1
    for kind in scores.per_kind:
        assert kind.recall_interval[0] <= kind.recall <= kind.recall_interval[1]
        assert kind.f1_interval[0] <= kind.f1 <= kind.f1_interval[1]


def test_the_interval_of_recall_depends_on_keys_not_photos():
    labels, groups = np.repeat([0, 1], 60), [f"key {i // 20}" for i in range(120)]
    for kind in scored(labels, labels, groups, kinds=("x", "y")).per_kind:
        assert kind.recall_interval == pytest.approx(wilson_interval(1.0, 3))
        assert kind.recall_interval[0] < 0.5


def test_the_interval_of_accuracy_is_as_wide_as_theory_says():
    labels, predicted = np.zeros(400, int), np.repeat([0, 1], [280, 120])
    interval = scored(labels, predicted, resamples=4000).intervals["accuracy"]
    assert width(interval) == pytest.approx(2 * 1.96 * np.sqrt(0.7 * 0.3 / 400), rel=0.1)


def test_intervals_get_narrower_with_more_keys():
    few = random_predictions(0, photos=40)
    many = tuple(np.tile(array, 16) for array in few)
    for name in ("accuracy", "weighted_f1", "macro_f1"):
        ratio = width(scored(*few, resamples=2000).intervals[name]) / width(
            scored(*many, resamples=2000).intervals[name]
        )
        assert 3 < ratio < 5  # the square root of 16


def test_intervals_are_wider_if_many_photos_show_the_same_key():
    labels = np.repeat(np.arange(40) % 4, 10)
    predicted = np.where(np.repeat(np.random.default_rng(0).random(40) < 0.7, 10), labels, (labels + 1) % 4)
    groups = [f"key {key}" for key in np.repeat(np.arange(40), 10)]
    alone, together = (
        scored(labels, predicted, resamples=2000),
        scored(labels, predicted, groups, resamples=2000),
    )
    assert alone.weighted_f1 == together.weighted_f1
    for name in ("accuracy", "weighted_f1", "macro_f1"):
        assert width(together.intervals[name]) > 2 * width(alone.intervals[name])


def test_the_same_seed_gives_the_same_intervals():
    labels, predicted = random_predictions(0)
    first, again = (scored(labels, predicted, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.intervals == again.intervals
    assert scored(labels, predicted, rng=np.random.default_rng(6)).intervals != first.intervals


def test_keys_are_counted_per_kind():
    scores = scored([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ["a", "a", "b", "c", "a"], kinds=("x", "y"))
    assert [(kind.support, kind.keys) for kind in scores.per_kind] == [(3, 2), (2, 2)]


def test_a_kind_without_test_photos_has_no_support_and_does_not_affect_others():
    labels, predicted = [0, 0, 1, 1, 1], [0, 2, 1, 1, 2]
    scores = scored(labels, predicted)
    laser, mortice = scores.per_kind[2:]
    for kind in (laser, mortice):
        assert (kind.support, kind.keys, kind.recall, kind.f1) == (0, 0, 0, 0)
        assert kind.recall_interval == kind.f1_interval == (0, 1)
    assert scores.confusion.sum() == 5
    assert scores.macro_f1 == pytest.approx(
        metrics.f1_score(labels, predicted, labels=[0, 1], average="macro")
    )
    json.dumps(scores.as_json(), allow_nan=False)


def test_confusions_are_sorted_by_frequency_without_correct_predictions():
    assert scored(*from_confusion(PUBLISHED)).confusions()[:3] == [
        ("cylinder", "dimple", 11),
        ("cylinder", "laser", 8),
        ("cylinder", "mortice", 5),
    ]
    assert sum(count for _, _, count in scored(*from_confusion(PUBLISHED)).confusions()) == 105 - 74
    assert scored([0, 1], [0, 1]).confusions() == []


def test_scores_are_plain_json():
    scores = scored(*random_predictions(0))
    decoded = json.loads(json.dumps(scores.as_json(), allow_nan=False))
    assert decoded["weighted_f1"] == scores.weighted_f1
    assert decoded["per_class"].keys() == set(KINDS)
    assert decoded["confusion"] == scores.confusion.tolist()
    assert decoded["interval"]["macro_f1"] == list(scores.intervals["macro_f1"])


@pytest.mark.parametrize(("photos", "labels", "groups"), [(0, 0, 0), (3, 2, 3), (2, 3, 3), (3, 3, 2)])
def test_mismatched_lengths_are_reported_with_all_numbers(photos, labels, groups):
    with pytest.raises(ValueError, match=f"{photos} predictions, {labels} labels and {groups} groups"):
        score(
            np.full((photos, 4), 0.25, np.float32),
            np.zeros(labels, int),
            ["key"] * groups,
            KINDS,
            resamples=100,
            rng=np.random.default_rng(0),
        )


def test_predictions_as_accurate_as_confident_have_no_calibration_error():
    confidence = np.repeat([0.5, 0.75, 1.0], [4, 4, 4])
    correct = np.repeat([True, False, True, False, True], [2, 2, 3, 1, 4])
    assert calibration(confidence, correct).error == pytest.approx(0)


def test_calibration_error_is_the_gap_weighted_by_photos():
    confidence, correct = np.array([0.9, 0.9, 0.9, 0.6]), np.array([False, False, True, True])
    assert calibration(confidence, correct).error == pytest.approx((3 * (0.9 - 1 / 3) + 0.4) / 4)
    assert calibration(confidence[:0], correct[:0]).error == 0


def test_bins_contain_every_photo_once_in_order():
    rng = np.random.default_rng(0)
    confidence = rng.random(500)
    confidence[0] = 1
    test = calibration(confidence, rng.random(500) < 0.5)
    assert test.count == 500
    assert all(entry.count for entry in test.bins)
    confidences = [entry.confidence for entry in test.bins]
    assert confidences == sorted(confidences)
    assert len({int(min(value, 0.999) * 10) for value in confidences}) == len(test.bins)


def test_rejection_is_perfect_if_every_negative_scores_higher_than_every_key():
    keys, negatives = np.linspace(0, 1, 40, dtype=np.float32), np.linspace(2, 3, 10, dtype=np.float32)
    scores = score_ood(keys, negatives, 1.5)
    assert (scores.auroc, scores.fpr95, scores.keys_passed, scores.negatives_rejected) == (1, 0, 1, 1)


def test_rejection_at_random_has_an_auroc_of_one_half():
    rng = np.random.default_rng(0)
    scores = score_ood(rng.random(4000), rng.random(4000), 0.3)
    assert scores.auroc == pytest.approx(0.5, abs=0.03)
    assert scores.fpr95 == pytest.approx(0.95, abs=0.02)
    assert scores.keys_passed == pytest.approx(0.3, abs=0.03)
    assert scores.negatives_rejected == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_generated_the_labels_is_recovered(temperature):
    rng = np.random.default_rng(0)
    logits = (3 * rng.standard_normal((5000, 4))).astype(np.float32)
    cumulative = softmax(logits, temperature).cumsum(axis=1)
    labels = (rng.random((5000, 1)) > cumulative).sum(axis=1).clip(max=3)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)


def test_the_temperature_minimises_the_log_loss():
    rng, count = np.random.default_rng(0), 5000
    logits, labels = rng.standard_normal((count, 4)).astype(np.float32), rng.integers(0, 4, count)
    logits[np.arange(count), labels] += 1

    def loss(temperature):
        return -np.log(softmax(logits, temperature)[np.arange(count), labels]).mean()

    fitted = fit_temperature(logits, labels)
    assert all(loss(fitted) <= loss(fitted * factor) + 1e-6 for factor in (0.5, 0.9, 1.1, 2))


@pytest.mark.parametrize("count", [8, 40, 4000])
def test_photos_that_are_all_correct_give_a_confidence_limited_by_their_number(count):
    labels = np.arange(count) % 4
    logits = np.eye(4, dtype=np.float32)[labels] * 5
    confidence = softmax(logits, fit_temperature(logits, labels)).max(axis=1)
    assert confidence == pytest.approx((count + 1) / (count + 4), abs=0.002)


@pytest.mark.parametrize("correct", [True, False])
def test_the_temperature_stays_in_its_range_if_all_predictions_are_correct_or_wrong(correct):
    logits = np.eye(4, dtype=np.float32)[np.arange(40) % 4] * 5
    labels = (np.arange(40) + (0 if correct else 1)) % 4
    assert TEMPERATURE_RANGE[0] <= fit_temperature(logits, labels) <= TEMPERATURE_RANGE[1]


def test_photos_of_a_single_kind_can_be_scored():
    rng = np.random.default_rng(0)
    scores = score(np.ones((3, 1), np.float32), np.zeros(3, int), list("abc"), ["key"], resamples=50, rng=rng)
    assert (scores.accuracy, scores.weighted_f1, scores.log_loss) == (1, 1, 0)
