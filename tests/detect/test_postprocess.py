"""Tests of postprocess.py: what is detected, given the network's outputs."""

import time

import numpy as np
import pytest

from dense import BACKGROUND, empty_outputs, put, scene
from keykind.detect.postprocess import (
    CELL_STRIDES,
    CENTRES,
    HEIGHT,
    LOCATIONS,
    MAX_DETECTIONS,
    WIDTH,
    decode,
    pairwise_distance,
)


def test_locations_are_the_centres_of_cells_that_tile_the_input():
    assert CENTRES.shape == (LOCATIONS, 2) == (2730, 2)
    for stride in (8, 16, 32):
        centres = CENTRES[stride == CELL_STRIDES]
        assert len(centres) * stride**2 == WIDTH * HEIGHT
        assert centres[0].tolist() == [stride / 2] * 2
        assert centres[1].tolist() == [stride * 1.5, stride / 2]  # row by row
        assert centres[-1].tolist() == [WIDTH - stride / 2, HEIGHT - stride / 2]


def test_keys_are_decoded_as_they_were_encoded():
    keys = [((60, 80), (200, 150), 40), ((300, 40), (300, 300), 90), ((20, 300), (80, 310), 20)]
    found = decode(scene(*keys, hidden=(0.25, 0.1), blade=0.9), 0.3)
    assert len(found) == 3
    assert found.scores == pytest.approx(0.9, abs=1e-3)
    for head, tip, width in keys:
        i = int(np.hypot(*(found.heads - head).T).argmin())
        assert found.heads[i] == pytest.approx(head, abs=0.01)
        assert found.tips[i] == pytest.approx(tip, abs=0.01)
        assert found.widths[i] == pytest.approx(width, rel=1e-3)
        assert found.attributes[i] == pytest.approx([0.25, 0.1, 0.9], abs=1e-3)
    assert not found.remote.any()


def test_without_a_key_nothing_is_detected():
    assert len(decode(empty_outputs(), 0.03)) == 0


def test_locations_of_the_same_key_are_one_detection_with_the_highest_score():
    outputs = empty_outputs()
    rng = np.random.default_rng(0)
    for i in range(30):
        head, tip = np.array([100, 100]) + rng.normal(0, 4, 2), np.array([200, 140]) + rng.normal(0, 4, 2)
        put(outputs, 900 + i, head, tip, 30, score=0.5 + 0.01 * i)
    found = decode(outputs, 0.3)
    assert len(found) == 1
    assert found.scores[0] == pytest.approx(0.79, abs=1e-3)


def test_exchanged_ends_are_the_same_key():
    outputs = scene(((100, 100), (200, 140), 30))
    put(outputs, 5, (200, 140), (100, 100), 30, score=0.8)
    assert len(decode(outputs, 0.3)) == 1


def test_parallel_and_crossing_keys_are_separated():
    parallel = [((50, y), (250, y), 30) for y in (60, 130, 200)]
    crossing = [((300, 60), (400, 160), 30), ((300, 160), (400, 60), 30)]
    assert len(decode(scene(*parallel, *crossing), 0.3)) == 5


def test_detections_are_sorted_by_score_and_those_below_the_threshold_are_dropped():
    outputs = empty_outputs()
    for i, score in enumerate((0.4, 0.9, 0.2, 0.6)):
        put(outputs, i, (50 + 90 * i, 50), (50 + 90 * i, 150), 30, score=score)
    assert decode(outputs, 0.3).scores == pytest.approx([0.9, 0.6, 0.4], abs=1e-3)
    assert len(decode(outputs, 0.1)) == 4


def test_a_remote_is_a_detection_of_its_own_unless_a_key_is_detected_there():
    outputs = empty_outputs()
    put(outputs, 0, (50, 50), (50, 150), 60, score=0.8, remote=True)
    put(outputs, 1, (250, 50), (250, 150), 60, score=0.9, remote=True)
    put(outputs, 2, (252, 52), (250, 152), 60, score=0.5)
    found = decode(outputs, 0.3)
    assert found.remote.tolist() == [True, False]
    assert found.heads[:, 0].round().tolist() == [50, 252]


def test_the_number_of_detections_is_limited():
    outputs = empty_outputs()
    for i in range(150):
        put(outputs, i, (i * 20, 0), (i * 20, 15), 5)
    assert len(decode(outputs, 0.3)) == MAX_DETECTIONS


def test_extreme_outputs_stay_finite():
    for value in (-1e30, 1e30):
        found = decode(np.where(empty_outputs() == BACKGROUND, 50, value).astype(np.float32), 0.3)
        assert np.isfinite(found.widths).all()
        assert np.isfinite(found.scores).all()


@pytest.mark.parametrize(("keys", "limit"), [(1, 0.002), (10, 0.006)])
def test_decoding_is_fast(keys, limit):
    outputs = empty_outputs()
    rng = np.random.default_rng(0)
    for key in range(keys):
        for i in range(20):
            head = np.array([30 + 38 * key, 40]) + rng.normal(0, 1, 2)
            put(outputs, 40 * key + i, head, head + np.array([0, 100]), 20, score=0.5 + 0.02 * i)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        assert len(decode(outputs, 0.1)) == keys
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < limit


def test_the_distance_of_keys_is_relative_to_the_longer_one_and_ignores_direction():
    head, tip = np.array([0.0, 0]), np.array([100.0, 0])
    shift = np.array([0.0, 10])
    assert pairwise_distance(head, tip, head + shift, tip + shift) == pytest.approx(0.1)
    assert pairwise_distance(head, tip, tip, head) == 0
    assert pairwise_distance(head, tip, head, head) == pytest.approx(0.5)
