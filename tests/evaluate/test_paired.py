"""Tests of evaluate/paired.py."""

import numpy as np
import pytest

from keykind.evaluate.intervals import score_intervals
from keykind.evaluate.paired import paired_difference

KINDS = 3


def compare(labels, before, after, groups=None, *, resamples=2000, seed=0):
    groups = groups if groups is not None else list(map(str, range(len(labels))))
    rng = np.random.default_rng(seed)
    return paired_difference(
        np.asarray(labels), np.asarray(before), np.asarray(after), groups, KINDS, resamples=resamples, rng=rng
    )


def wrong(labels, share, rng):
    other = (labels + rng.integers(1, KINDS, len(labels))) % KINDS
    return np.where(rng.random(len(labels)) < share, other, labels)


def test_scores_are_those_of_scikit_learn_and_each_changed_photo_is_listed():
    metrics = pytest.importorskip("sklearn.metrics", reason="the extra train is not installed")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, KINDS, 80)
    before, after = wrong(labels, 0.4, rng), wrong(labels, 0.2, rng)
    found = compare(labels, before, after)
    assert found.before_f1 == pytest.approx(metrics.f1_score(labels, before, average="weighted"))
    assert found.after_f1 == pytest.approx(metrics.f1_score(labels, after, average="weighted"))
    assert found.difference == pytest.approx(found.after_f1 - found.before_f1)
    assert found.before_accuracy == pytest.approx(metrics.accuracy_score(labels, before))
    assert found.after_accuracy == pytest.approx(metrics.accuracy_score(labels, after))
    assert set(found.improved) == set(np.flatnonzero((before != labels) & (after == labels)))
    assert set(found.worsened) == set(np.flatnonzero((before == labels) & (after != labels)))


def test_equal_predictions_of_few_photos_leave_the_difference_uncertain():
    for count, least in ((4, 0.3), (100, 0.02)):
        labels = np.arange(count) % KINDS
        low, high = compare(labels, labels, labels).interval
        assert low < -least
        assert high > least
        assert not compare(labels, labels, labels).is_clear


def test_exchanging_the_models_changes_the_sign():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, KINDS, 60)
    before, after = wrong(labels, 0.5, rng), wrong(labels, 0.1, rng)
    one, other = compare(labels, before, after, seed=3), compare(labels, after, before, seed=3)
    assert other.difference == pytest.approx(-one.difference)
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    np.testing.assert_array_equal(one.improved, other.worsened)


def test_photos_that_are_difficult_for_both_models_do_not_widen_the_interval():
    rng = np.random.default_rng(2)
    labels = np.arange(200) % KINDS
    before = wrong(labels, 0.3, rng)
    after = np.where(np.arange(200) % 10 == 0, labels, before)
    low, high = compare(labels, before, after).interval
    alone = score_intervals(
        labels, before, list(map(str, range(200))), KINDS, resamples=2000, rng=np.random.default_rng(0)
    ).overall["weighted_f1"]
    assert high - low < 0.7 * (alone[1] - alone[0])


def test_many_photos_of_one_key_count_as_one():
    labels = np.repeat([0, 1, 2], 20)
    before = np.repeat([1, 1, 2], 20)
    assert compare(labels, before, labels).is_clear
    assert not compare(labels, before, labels, [f"key {i // 20}" for i in range(60)]).is_clear


def test_the_interval_contains_the_difference_and_stays_within_minus_1_to_1():
    labels = np.array([0, 1, 2, 0])
    for before, after in (([1, 2, 0, 1], labels), (labels, [1, 2, 0, 1]), ([0, 0, 0, 0], [0, 1, 0, 0])):
        found = compare(labels, before, after, resamples=200)
        low, high = found.interval
        assert -1 <= low <= found.difference <= high <= 1
        low, high = found.accuracy_interval
        assert -1 <= low <= found.after_accuracy - found.before_accuracy <= high <= 1


@pytest.mark.parametrize(("before", "after"), [(0.1, 0.1), (0.3, 0.1), (0.02, 0.02)])
def test_nineteen_of_twenty_intervals_contain_the_true_difference(before, after):
    rng, tests, inside = np.random.default_rng(1), 150, 0
    for _ in range(tests):
        labels = np.repeat(rng.integers(0, KINDS, 20), 3)
        groups = [str(i // 3) for i in range(60)]
        shared = np.repeat(rng.random(20), 3)  # a key that is difficult for one model is so for the other
        other = (labels + rng.integers(1, KINDS, 60)) % KINDS
        pair = [np.where(shared < share, other, labels) for share in (before, after)]
        low, high = compare(labels, *pair, groups, resamples=300, seed=rng).interval
        inside += low <= before - after <= high  # with equal kinds, F1 is the share of right photos
    assert inside >= 0.9 * tests


def test_what_does_not_fit_is_an_error_with_numbers():
    with pytest.raises(ValueError, match="2 labels, 2 and 1 predictions, and 2 groups"):
        compare([0, 1], [0, 1], [0])
    with pytest.raises(ValueError, match="0 labels"):
        compare([], [], [])
    with pytest.raises(ValueError, match=r"kinds are 0\.\.3, but there are 3 from 0"):
        compare([0, 1], [0, 3], [0, 1])
