"""Tests of evaluate/intervals.py."""

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats", reason="the extra train is not installed")

from keykind.evaluate.intervals import NAMES, score_intervals, wilson_interval  # noqa: E402


def intervals_of(labels, predicted, groups=None, *, kinds=3, resamples=4000, seed=0):
    groups = groups if groups is not None else list(map(str, range(len(labels))))
    rng = np.random.default_rng(seed)
    return score_intervals(
        np.asarray(labels), np.asarray(predicted), groups, kinds, resamples=resamples, rng=rng
    )


@pytest.mark.parametrize(("successes", "count"), [(0, 3), (3, 3), (1, 1), (7, 10), (50, 100), (999, 1000)])
def test_the_wilson_interval_is_that_of_scipy(successes, count):
    expected = stats.binomtest(successes, count).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes / count, count) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("count", [4, 10, 30, 200])
def test_perfect_photos_leave_the_lower_end_near_wilson_s(count):
    labels = np.arange(count) % 3
    for low, high in intervals_of(labels, labels).overall.values():
        assert low == pytest.approx(wilson_interval(1.0, count)[0], abs=1 / (count + 1))
        assert low < 1 == high


@pytest.mark.parametrize("correct", [0, 1, 7, 19, 20])
def test_of_independent_photos_the_interval_of_accuracy_is_that_of_clopper_and_pearson(correct):
    labels = np.arange(20) % 3
    predicted = np.where(np.arange(20) < correct, labels, (labels + 1) % 3)
    exact = stats.binomtest(correct, 20).proportion_ci(0.95, method="exact")
    interval = intervals_of(labels, predicted, resamples=20_000).overall["accuracy"]
    assert interval == pytest.approx((exact.low, exact.high), abs=0.01)


def test_ten_photos_of_one_key_count_as_one():
    labels = np.repeat([0, 1, 2], 10)
    few = intervals_of(labels, labels, [f"key {i // 10}" for i in range(30)])
    many = intervals_of(labels, labels)
    for name in NAMES:
        assert few.overall[name][0] < 0.5
        assert many.overall[name][0] > 0.8
    assert all(low < 0.2 for low, _ in few.f1)


def test_a_kind_without_photos_has_the_interval_of_no_knowledge():
    assert intervals_of([0, 0, 1], [0, 2, 1]).f1[2] == (0, 1)


@pytest.mark.parametrize("predicted", [[1, 2, 0, 1], [0, 0, 0, 0], [0, 1, 2, 0]])
def test_intervals_stay_within_0_and_1_and_contain_the_scores(predicted):
    labels = np.array([0, 1, 2, 0])
    found = intervals_of(labels, predicted, resamples=200)
    assert all(0 <= low <= high <= 1 for low, high in (*found.overall.values(), *found.f1))
    low, high = found.overall["accuracy"]
    assert low <= np.mean(labels == predicted) <= high


@pytest.mark.parametrize("accuracy", [0.7, 0.9, 0.98])
def test_nineteen_of_twenty_intervals_contain_the_true_score(accuracy):
    rng, tests, kinds = np.random.default_rng(1), 120, 3
    inside = dict.fromkeys(NAMES, 0)
    for _ in range(tests):
        keys, photos = rng.integers(0, kinds, 12), rng.integers(1, 6, 12)
        labels, groups = np.repeat(keys, photos), np.repeat(np.arange(12), photos)
        correct = rng.random(len(labels)) < rng.beta(accuracy, 1 - accuracy, 12)[groups]
        predicted = np.where(correct, labels, (labels + rng.integers(1, kinds, len(labels))) % kinds)
        found = intervals_of(labels, predicted, list(map(str, groups)), resamples=400)
        for name, (low, high) in found.overall.items():  # with equal kinds, each true score is the accuracy
            inside[name] += low <= accuracy <= high
    assert all(count >= 0.9 * tests for count in inside.values()), inside
