"""Tests of by_steps.py: learning, the schedule, resuming."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import KeykindError  # noqa: E402
from keykind.train import by_steps  # noqa: E402
from keykind.train.backend import tf  # noqa: E402
from keykind.train.by_steps import Schedule, Trainee, train_by_steps  # noqa: E402

SCHEDULE = Schedule(60, 0.2, 0.1, 5, 0.0, 10.0, 0.5)


def trainee():
    """Return a model of a line, and the loss of its errors."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def loss(x, y):
        error = tf.reduce_mean(tf.square(model(x) - y))
        return error, tf.stack([error])

    return Trainee("the line", model, loss, ("error",))


def batches(numbers):
    for number in numbers:
        x = np.random.default_rng(number).normal(0, 1, (8, 1)).astype(np.float32)
        yield [x, 2 * x + 1]


@pytest.fixture
def eager_checkpoints(monkeypatch):
    monkeypatch.setattr(by_steps, "CURVE_STEPS", 1)
    monkeypatch.setattr(by_steps, "CHECKPOINT_SECONDS", 0)


def test_the_model_learns(tmp_path):
    line = trainee()
    curves = train_by_steps(line, batches, SCHEDULE, tmp_path / "state.npz", "a")
    assert [point["step"] for point in curves] == [60]
    assert float(line.model(np.array([[2.0]]))[0, 0]) == pytest.approx(5, abs=0.8)


@pytest.mark.parametrize("steps", [1, 4, 7])
def test_the_last_steps_count_however_many_there_are(tmp_path, steps):
    line, other = trainee(), trainee()
    short = replace(SCHEDULE, steps=steps)
    before = line.model.get_weights()
    train_by_steps(line, batches, short, tmp_path / "state.npz", "a")
    after_all = line.model.get_weights()[0]
    assert not np.array_equal(after_all, before[0])

    def worse_at_the_end(numbers):
        for number, batch in zip(numbers, batches(numbers), strict=True):
            yield [batch[0], -batch[1]] if number == steps - 1 else batch

    train_by_steps(other, worse_at_the_end, short, tmp_path / "other.npz", "a")
    assert not np.array_equal(other.model.get_weights()[0], after_all)


def test_the_learning_rate_rises_and_falls():
    schedule = Schedule(100, 1.0, 0.1, 10, 0.0, 1.0, 0.9)
    rates = [schedule.rate_at(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates.index(max(rates)) == 9
    assert rates[50] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)


@pytest.mark.usefixtures("eager_checkpoints")
def test_an_interrupted_training_resumes_with_the_same_weights(tmp_path):
    whole, resumed = trainee(), trainee()
    curves = train_by_steps(whole, batches, SCHEDULE, tmp_path / "whole.npz", "a")

    def interrupted(numbers):
        yield from batches(numbers[:20])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_by_steps(trainee(), interrupted, SCHEDULE, tmp_path / "state.npz", "a")
    assert train_by_steps(resumed, batches, SCHEDULE, tmp_path / "state.npz", "a") == curves
    for expected, weights in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)


@pytest.mark.usefixtures("eager_checkpoints")
def test_another_training_is_not_resumed(tmp_path):
    schedule = replace(SCHEDULE, steps=2)
    train_by_steps(trainee(), batches, schedule, tmp_path / "state.npz", "a")
    with pytest.raises(KeykindError, match="is of a training by another recipe, start or seed"):
        train_by_steps(trainee(), batches, schedule, tmp_path / "state.npz", "b")


def test_a_diverging_training_is_an_error(tmp_path):
    with pytest.raises(KeykindError, match="the line: has a loss of nan; lower its learning rate"):
        train_by_steps(
            trainee(),
            lambda _: [[np.full((1, 1), np.nan, np.float32)] * 2],
            SCHEDULE,
            tmp_path / "s.npz",
            "a",
        )
