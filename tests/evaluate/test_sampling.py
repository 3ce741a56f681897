"""Tests of evaluate/sampling.py."""

import numpy as np
import pytest

from keykind.evaluate import sampling
from keykind.evaluate.sampling import most_informative


def probabilities_with(margins):
    """Return probabilities (n, 3) whose two largest differ by these margins."""
    margins = np.asarray(margins, float)
    rest = 0.1 * (1 - margins)
    return np.column_stack([(1 - rest + margins) / 2, (1 - rest - margins) / 2, rest])


def directions(count, size=16, seed=0):
    return np.random.default_rng(seed).standard_normal((count, size))


@pytest.mark.parametrize("count", [0, 1, 7, 2500])
def test_every_photo_is_in_the_order_once(count):
    margins = np.random.default_rng(1).random(count)
    order = most_informative(probabilities_with(margins), directions(count))
    assert sorted(order) == list(range(count))


def test_among_photos_that_are_equally_different_the_smallest_margin_comes_first():
    margins = np.random.default_rng(0).random(20)
    order = most_informative(probabilities_with(margins), np.eye(20))
    np.testing.assert_array_equal(order, np.argsort(margins))


def test_copies_of_a_photo_come_after_different_photos():
    features = np.repeat(directions(5), 4, axis=0)
    order = most_informative(probabilities_with(np.linspace(0, 0.3, 20)), features)
    assert sorted(order[:5] // 4) == list(range(5))


def test_photos_of_which_the_model_is_certain_come_last_however_different_they_are():
    features = np.vstack([directions(30) * 0.2 + 1, -np.ones((5, 16))])
    margins = np.concatenate([np.full(30, 0.1), np.full(5, 1.0)])
    order = most_informative(probabilities_with(margins), features)
    assert set(order[-5:]) == set(range(30, 35))


def test_identical_certain_photos_are_ordered_without_repeats():
    order = most_informative(probabilities_with(np.ones(6)), np.ones((6, 4)))
    assert order.tolist() == list(range(6))


def test_the_length_of_features_does_not_matter():
    margins, features = np.random.default_rng(2).random(50), directions(50)
    scale = np.random.default_rng(3).uniform(0.5, 20, (50, 1))
    order = most_informative(probabilities_with(margins), features)
    np.testing.assert_array_equal(most_informative(probabilities_with(margins), features * scale), order)


def test_blocks_keep_the_least_certain_photos_first(monkeypatch):
    monkeypatch.setattr(sampling, "BLOCK", 10)
    margins = np.random.default_rng(4).random(35)
    order = most_informative(probabilities_with(margins), directions(35))
    assert sorted(order[:10]) == sorted(np.argsort(margins)[:10])


def test_a_feature_of_zeros_and_a_single_kind_are_accepted():
    assert sorted(most_informative(np.ones((3, 1)), np.zeros((3, 4)))) == [0, 1, 2]


def test_what_does_not_fit_or_is_not_finite_is_an_error_with_numbers():
    with pytest.raises(ValueError, match=r"\(3, 2\) and features \(2, 4\)"):
        most_informative(np.full((3, 2), 0.5), np.zeros((2, 4)))
    features = np.zeros((3, 4))
    features[1, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 3 photos have a value that is not finite; first: 1"):
        most_informative(np.full((3, 2), 0.5), features)
