"""Tests of loop.py: the learning rate, and factors of it; resuming is tested where the loop is used."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.train.loop import adamw  # noqa: E402


def distances(factors):
    """Return how far each variable of a small model moves in five steps."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4, name="first"), keras.layers.Dense(1, name="last")]
    )
    paths = {layer.name: layer.kernel.path for layer in model.layers}
    optimizer = adamw(1e-2, 0.1, 0.0, 10, {paths[name]: factor for name, factor in factors.items()})
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss="mse")
    before = {layer.name: layer.kernel.numpy() for layer in model.layers}
    for _ in range(5):
        model.train_on_batch(np.ones((8, 4)), np.ones((8, 1)))
    return {layer.name: np.abs(layer.kernel.numpy() - before[layer.name]).max() for layer in model.layers}


def test_a_layer_may_have_a_lower_learning_rate_than_the_others():
    equal, slow, frozen = (distances(factors) for factors in ({}, {"first": 0.2}, {"first": 0.0}))
    assert slow["first"] == pytest.approx(0.2 * equal["first"], rel=0.2)
    assert slow["last"] == pytest.approx(equal["last"], rel=0.2)
    assert frozen["first"] == 0


def test_the_learning_rate_rises_then_decays_to_zero():
    optimizer = adamw(1e-2, 0.1, 0.0, 100)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 5, 10, 55, 100)]
    assert rates == pytest.approx([0, 5e-3, 1e-2, 5e-3, 0], abs=1e-5)
