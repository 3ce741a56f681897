"""Tests of epochs.py: the rate, and who has another one; going on after a kill is tested where it is used."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.train.loop import adamw  # noqa: E402


def moved(slower):
    """Return how far each variable of a small model went in five steps."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4, name="first"), keras.layers.Dense(1, name="last")]
    )
    paths = {layer.name: layer.kernel.path for layer in model.layers}
    optimizer = adamw(1e-2, 0.1, 0.0, 10, slower={paths[name]: factor for name, factor in slower.items()})
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss="mse")
    before = {layer.name: layer.kernel.numpy() for layer in model.layers}
    for _ in range(5):
        model.train_on_batch(np.ones((8, 4)), np.ones((8, 1)))
    return {layer.name: np.abs(layer.kernel.numpy() - before[layer.name]).max() for layer in model.layers}


def test_a_layer_may_have_a_slower_rate_than_the_others():
    alike, slow, still = (moved(slower) for slower in ({}, {"first": 0.2}, {"first": 0.0}))
    assert slow["first"] == pytest.approx(0.2 * alike["first"], rel=0.2)
    assert slow["last"] == pytest.approx(alike["last"], rel=0.2)
    assert still["first"] == 0


def test_the_rate_rises_then_falls_to_nothing():
    optimizer = adamw(1e-2, 0.1, 0.0, 100)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 5, 10, 55, 100)]
    assert rates == pytest.approx([0, 5e-3, 1e-2, 5e-3, 0], abs=1e-5)
