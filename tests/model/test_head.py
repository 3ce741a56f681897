"""Tests of model/head.py."""

import numpy as np
import pytest

from keykind.model.head import Head, softmax


def random_head(rng, channels=32, units=8, kinds=4):
    shapes = (channels, units), (units,), (units, kinds), (kinds,)
    return Head(*(rng.standard_normal(shape).astype(np.float32) for shape in shapes))


@pytest.mark.parametrize(("channels", "units", "kinds"), [(1280, 64, 4), (5, 1, 2), (3, 254, 7)])
def test_the_head_agrees_with_the_same_layers_of_keras(channels, units, kinds):
    keras = pytest.importorskip("keras", reason="the extra train is not installed")
    rng = np.random.default_rng(channels)
    model = keras.Sequential(
        [
            keras.Input((channels,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(kinds, activation="softmax"),
        ]
    )
    weights = [rng.standard_normal(array.shape).astype(np.float32) * 0.1 for array in model.get_weights()]
    model.set_weights(weights)
    head = Head(*weights)
    features = np.abs(rng.standard_normal((20, channels))).astype(np.float32)
    np.testing.assert_allclose(softmax(head.logits(features)), np.asarray(model(features)), atol=1e-6)
    assert sum(array.size for array in head.arrays()) == model.count_params()


def test_the_logits_of_a_photo_do_not_depend_on_the_batch():
    rng = np.random.default_rng(0)
    head, features = random_head(rng), rng.standard_normal((5, 32)).astype(np.float32)
    one_by_one = np.stack([head.logits(row) for row in features])
    np.testing.assert_allclose(one_by_one, head.logits(features), atol=1e-5)


def test_hidden_activations_are_not_negative():
    rng = np.random.default_rng(0)
    hidden = random_head(rng).hidden(rng.standard_normal((50, 32)).astype(np.float32))
    assert hidden.min() == 0
    assert hidden.max() > 0


def test_a_wrong_number_of_channels_raises_with_both_numbers():
    head = random_head(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"31 channels.*expects 32"):
        head.logits(np.zeros((2, 31), np.float32))


@pytest.mark.parametrize("size", [0, 1, 1e4, 1e30])
def test_probabilities_sum_to_one_for_logits_of_any_size(size):
    logits = np.random.default_rng(0).uniform(-size, size, (100, 5)).astype(np.float32)
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float32
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_only_differences_between_logits_matter():
    logits = np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32)
    np.testing.assert_allclose(softmax(logits), softmax(logits + np.float32(100)), atol=1e-5)


def test_temperature_changes_the_confidence_but_not_the_prediction():
    logits = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    cold, plain, hot = (softmax(logits, temperature) for temperature in (0.5, 1, 2))
    assert (cold.argmax(axis=1) == hot.argmax(axis=1)).all()
    assert (cold.max(axis=1) > plain.max(axis=1)).all()
    assert (plain.max(axis=1) > hot.max(axis=1)).all()
    np.testing.assert_allclose(softmax(logits * 2, 2), plain, atol=1e-6)
