"""Tests of assignment.py and loss.py on keys placed by hand."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from dense import empty_outputs, put, scene
from keykind.detect.postprocess import CELL_STRIDES, CENTRES
from keykind.train.backend import tf
from keykind.train.detector.assignment import MIN_QUALITY, TOP_LOCATIONS, assign
from keykind.train.detector.keys import AREA, BLADE, COLUMNS, HEAD, OCCLUSION, REMOTE, TIP, TRUNCATION, WIDTH
from keykind.train.detector.loss import detector_loss
from keykind.train.detector.targets import target_rows
from keykind.train.recipe import DetectorRecipe

KEY = ((100.0, 100.0), (200.0, 140.0), 30.0)


def row(head, tip, width, changes=()):
    values = np.zeros(COLUMNS)
    values[HEAD], values[TIP], values[WIDTH], values[AREA] = head, tip, width, 3000
    values[OCCLUSION], values[TRUNCATION], values[BLADE] = 0.1, 0.1, 0.9
    for column, value in changes:
        values[column] = value
    return values


def targets(*rows):
    return target_rows(np.array(rows).reshape(-1, COLUMNS))[None]


def assigned(rows, outputs):
    result = assign(tf.constant(targets(*rows)), tf.constant(outputs[None]))
    return tuple(values.numpy()[0] for values in result)


def test_a_new_network_learns_a_key_at_the_locations_near_its_middle():
    rows, quality, ignored = assigned([row(*KEY)], empty_outputs())
    chosen = np.flatnonzero(quality)
    assert 0 < len(chosen) <= TOP_LOCATIONS + 2  # equally good ones are all chosen
    assert set(CELL_STRIDES[chosen]) <= {8, 16}
    assert np.hypot(*(CENTRES[chosen] - (150, 120)).T).max() < 35
    assert quality.max() == pytest.approx(MIN_QUALITY, rel=1e-3)
    assert rows[chosen, :4] == pytest.approx(np.tile([100, 100, 200, 140], (len(chosen), 1)))
    assert not ignored.any()


def test_the_location_that_predicts_a_key_best_has_the_target_1():
    outputs = scene(KEY)
    best = int(outputs[:, 0].argmax())
    _, quality, _ = assigned([row(*KEY)], outputs)
    assert quality[best] == pytest.approx(1, abs=1e-3)
    assert np.delete(quality, best).max() < 0.2


def test_a_key_is_learned_at_the_strides_of_its_length():
    for length, strides in ((40, {8}), (100, {8, 16}), (200, {16, 32}), (350, {32})):
        _, quality, _ = assigned([row((30, 150), (30 + length, 150), 40)], empty_outputs())
        assert set(CELL_STRIDES[quality > 0]) <= strides


def test_two_keys_do_not_share_a_location():
    keys = [row((100, 100), (200, 100), 60), row((100, 110), (200, 110), 60)]
    rows, quality, _ = assigned(keys, empty_outputs())
    heads = rows[quality > 0, 1]
    assert set(heads) == {100, 110}


def test_a_location_goes_to_the_key_that_it_predicts():
    other = ((150.0, 60.0), (150.0, 180.0), 30.0)  # crosses KEY at its middle
    outputs = empty_outputs()
    location = int(np.hypot(*(CENTRES - (150, 120)).T).argmin())
    put(outputs, location, *other)
    rows, quality, _ = assigned([row(*KEY), row(*other)], outputs)
    assert rows[location, :2].tolist() == [150, 60]
    assert quality[location] == pytest.approx(1, abs=1e-3)


def test_locations_of_an_ignored_key_are_neither_targets_nor_background():
    _, quality, ignored = assigned([row(*KEY, [(OCCLUSION, 0.9)])], empty_outputs())
    assert not quality.any()
    inside = np.flatnonzero(ignored)
    assert len(inside) > 5
    assert np.hypot(*(CENTRES[inside] - (150, 120)).T).max() < 80


def loss_parts(rows, outputs):
    loss = detector_loss(DetectorRecipe())
    return loss(tf.constant(outputs[None]), tf.constant(targets(*rows)))[1].numpy()


def test_perfect_outputs_have_the_least_loss():
    perfect = scene(KEY, score=0.999)
    best = loss_parts([row(*KEY)], perfect)
    assert best[:3] == pytest.approx([0, 0, 0], abs=0.02)
    for column, part in ((0, 0), (3, 1), (4, 1), (6, 2), (7, 3), (8, 3), (9, 3)):
        worse = perfect.copy()
        worse[perfect[:, 0] > 0, column] -= 9 if column == 0 else 3
        assert loss_parts([row(*KEY)], worse)[part] > best[part] + 0.05, column


def test_a_remote_is_another_class():
    remote = row(*KEY, [(REMOTE, 1), (BLADE, 0)])
    as_key, as_remote = scene(KEY), scene(KEY, remote=True)
    assert loss_parts([remote], as_remote)[0] < 0.2 * loss_parts([remote], as_key)[0]


def test_detections_without_a_key_cost_unless_they_are_to_be_ignored():
    empty, detected = empty_outputs(), scene(KEY)
    assert loss_parts([], empty)[0] < 1e-3
    assert loss_parts([], detected)[0] > 1
    assert loss_parts([row(*KEY, [(OCCLUSION, 0.9)])], detected)[0] < 1e-3


def test_an_error_relative_to_the_length_costs_the_same_at_any_size():
    costs = []
    for length in (60, 100):
        key = ((100.0, 100.0), (100.0 + length, 100.0), 30.0)
        moved = scene(((100.0, 100.0 + 0.05 * length), key[1], 30.0), score=0.999)
        costs.append(loss_parts([row(*key)], moved)[1])
    assert costs[0] == pytest.approx(costs[1], rel=0.2)


def test_the_loss_of_any_outputs_has_finite_gradients():
    outputs = tf.Variable(np.random.default_rng(0).normal(0, 3, (1, 2730, 10)).astype(np.float32))
    for rows in ([], [row(*KEY)], [row((5, 5), (-400, 900), 700)]):
        with tf.GradientTape() as tape:
            total, _ = detector_loss(DetectorRecipe())(outputs, tf.constant(targets(*rows)))
        assert np.isfinite(tape.gradient(total, outputs).numpy()).all()
