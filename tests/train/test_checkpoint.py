"""Tests of checkpoint.py: states are restored, or refused; the moving average."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import KeykindError  # noqa: E402
from keykind.train.checkpoint import Checkpoint, MovingAverage  # noqa: E402


def test_the_state_of_another_training_is_refused_and_a_damaged_one_ignored(tmp_path):
    def checkpoint(identity):
        variables = [keras.Variable(np.full(3, 7.0))]
        return variables, Checkpoint(
            tmp_path / "state.npz", variables, MovingAverage(variables, 0.9), identity
        )

    checkpoint("first")[1].save(5, [{"step": 5, "loss": 1.0}])
    with pytest.raises(KeykindError, match="is of a training by another recipe, start or seed"):
        checkpoint("second")[1].restore()
    variables, same = checkpoint("first")
    variables[0].assign(np.zeros(3))
    assert same.restore() == (5, [{"step": 5, "loss": 1.0}])
    assert variables[0].numpy().tolist() == [7, 7, 7]
    (tmp_path / "state.npz").write_bytes(b"torn")
    assert same.restore() == (0, [])


def test_the_moving_average_follows_the_weights_fast_at_first_and_slowly_later():
    variable = keras.Variable(np.zeros(1))
    average = MovingAverage([variable], 0.99)
    variable.assign(np.ones(1))
    average.update(5, 5)
    assert average.values[0] == pytest.approx(5 / 25)
    average.values = [np.zeros(1, np.float32)]
    average.update(100_000, 5)
    assert average.values[0] == pytest.approx(0.01)
    average.apply()
    assert variable.numpy() == pytest.approx(0.01)
