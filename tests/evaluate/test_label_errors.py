"""Tests of evaluate/label_errors.py."""

import numpy as np
import pytest

from keykind.evaluate.label_errors import label_errors


def predictions(count, kinds, noise, seed=0, certainty=3.0):
    """Return probabilities (n, c) of an imperfect model, labels of which a share is wrong, the true kinds."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, kinds, count)
    logits = rng.standard_normal((count, kinds)) + certainty * np.eye(kinds)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(count) < noise
    labels = np.where(wrong, (true + rng.integers(1, kinds, count)) % kinds, true)
    return probabilities, labels, true


def test_wrong_labels_are_first_and_their_true_kinds_are_suggested():
    probabilities, labels, true = predictions(1000, 4, 0.08, certainty=5)
    found, wrong = label_errors(probabilities, labels), labels != true
    assert wrong[found.order[: wrong.sum()]].mean() > 0.9
    assert wrong[found.is_error].mean() > 0.9
    assert (found.suggested == true)[wrong].mean() > 0.95
    assert found.noise == pytest.approx(wrong.mean(), abs=0.01)


def test_every_photo_is_in_the_order_once_with_errors_before_the_others():
    probabilities, labels, _ = predictions(300, 3, 0.2)
    found = label_errors(probabilities, labels)
    assert sorted(found.order) == list(range(300))
    count = found.is_error.sum()
    assert found.is_error[found.order[:count]].all()
    for part in (found.order[:count], found.order[count:]):
        assert (np.diff(found.scores[part]) >= 0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("count", "kinds"), [(12, 2), (400, 4), (90, 30)])
def test_errors_and_scores_are_those_of_cleanlab(seed, count, kinds):
    issues = pytest.importorskip("cleanlab.filter", reason="cleanlab is not installed")
    rank = pytest.importorskip("cleanlab.rank")
    probabilities, labels, _ = predictions(count, kinds, 0.15, seed, certainty=2)
    found = label_errors(probabilities, labels)
    expected = issues.find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(found.is_error, expected)
    margins = rank.get_normalized_margin_for_each_label(labels, probabilities)
    np.testing.assert_allclose(found.scores, margins, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_estimated_noise_is_that_of_cleanlab_s_joint(seed):
    count = pytest.importorskip("cleanlab.count", reason="cleanlab is not installed")
    probabilities, labels, _ = predictions(2000, 4, 0.15, seed)
    joint = count.estimate_joint(labels, probabilities)
    assert label_errors(probabilities, labels).noise == pytest.approx(1 - np.trace(joint), abs=1e-3)


def test_the_order_of_kinds_and_photos_does_not_matter():
    probabilities, labels, _ = predictions(200, 4, 0.1)
    rng = np.random.default_rng(0)
    kinds, photos = rng.permutation(4), rng.permutation(200)
    found = label_errors(probabilities, labels)
    other = label_errors(probabilities[photos][:, kinds], np.argsort(kinds)[labels[photos]])
    np.testing.assert_array_equal(photos[other.order], found.order)
    np.testing.assert_array_equal(kinds[other.suggested], found.suggested[photos])
    assert other.noise == pytest.approx(found.noise)


def test_a_kind_without_photos_is_never_an_error_s_true_kind():
    probabilities, labels, _ = predictions(300, 3, 0.1)
    wide = np.column_stack([probabilities * 0.4, np.full(300, 0.6)])
    found = label_errors(wide, labels)
    assert not (found.suggested[found.is_error] == 3).any()
    assert 0 <= found.noise <= 1


def test_a_kind_with_one_photo_is_not_ranked_above_clear_errors():
    probabilities = np.array([[0.9, 0.05, 0.05]] * 6 + [[0.05, 0.9, 0.05]] * 6 + [[0.3, 0.3, 0.4]])
    labels = np.array([0] * 5 + [1] * 6 + [0] + [2])
    found = label_errors(probabilities, labels)
    assert set(found.order[:2]) == {5, 11}
    assert not found.is_error[12]


def test_probabilities_of_zero_and_one_are_ranked():
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    found = label_errors(probabilities, np.array([0, 0, 0, 1, 1]))
    assert found.order[0] == 2
    assert found.is_error.tolist() == [False, False, True, False, False]
    assert found.scores.tolist() == [1, 1, 0, 1, 1]


def test_a_kind_that_the_model_never_predicts_attracts_no_photos():
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    found = label_errors(probabilities, np.array([0, 0, 1]))
    assert found.is_error.tolist() == [False, False, True]
    assert found.suggested.tolist() == [0, 0, 0]


def test_equal_probabilities_give_no_errors():
    found = label_errors(np.full((6, 3), 1 / 3), np.array([0, 1, 2, 0, 1, 2]))
    assert not found.is_error.any()
    assert found.order.tolist() == list(range(6))


@pytest.mark.parametrize("shape", [(0, 3), (4, 1), (0, 0)])
def test_without_photos_or_with_one_kind_nothing_is_an_error(shape):
    found = label_errors(np.ones(shape), np.zeros(shape[0], int))
    assert found.order.tolist() == list(range(shape[0]))
    assert not found.is_error.any()
    assert found.noise == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "1 of 4 rows have probabilities that are not 0..1; the first is nan in row 2, kind 1"),
        (1.5, "the first is 1.5 in row 2, kind 1"),
        (-0.1, "the first is -0.1 in row 2, kind 1"),
    ],
)
def test_what_is_no_probability_is_an_error_that_names_its_row(value, message):
    probabilities = np.full((4, 2), 0.5)
    probabilities[2, 1] = value
    with pytest.raises(ValueError, match=message):
        label_errors(probabilities, np.zeros(4, int))


def test_labels_that_do_not_fit_are_errors_with_numbers():
    with pytest.raises(ValueError, match=r"labels are 0\.\.2, but there are 2 kinds"):
        label_errors(np.full((3, 2), 0.5), np.arange(3))
    with pytest.raises(ValueError, match=r"\(3, 2\) and labels \(2,\)"):
        label_errors(np.full((3, 2), 0.5), np.zeros(2, int))
