"""Tests of detector_scores.py."""

import numpy as np
import pytest

from keykind.detect.metrics import Wanted, average_precision, box_iou, mask_iou, score_detections
from keykind.detect.postprocess import Detection

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)


def wanted(left, visible=1.0):
    mask = np.zeros((40, 100), bool)
    mask[5:15, left : left + 20] = True
    return Wanted(np.array([left, 10.0]), np.array([left + 20, 10.0]), mask, visible)


def found(key, score=0.9, *, off=0.0, swapped=False):
    ends = (key.tip, key.head) if swapped else (key.head, key.tip)
    return Detection(score, key.box + off, *ends, 0.0, 0.0, key.mask, key.mask, 1.0)


@pytest.mark.parametrize(
    ("shift", "overlap"), [((0, 0), 1), ((5, 0), 1 / 3), ((5, 5), 25 / 175), ((10, 0), 0), ((50, 50), 0)]
)
def test_the_overlap_of_boxes(shift, overlap):
    for one in (SQUARE, SQUARE[::-1]):
        assert box_iou(one, SQUARE + shift) == pytest.approx(overlap, abs=1e-9)


def test_the_overlap_of_a_square_and_the_one_on_its_corner():
    diamond = np.array([[5, -2.07107], [12.07107, 5], [5, 12.07107], [-2.07107, 5]])
    both = 2 * (np.sqrt(2) - 1) * 100
    assert box_iou(SQUARE, diamond) == pytest.approx(both / (200 - both), rel=1e-4)


def test_a_box_without_area_overlaps_nothing():
    assert box_iou(np.zeros((4, 2)), SQUARE) == 0


def test_all_found_is_perfect():
    keys = [wanted(5), wanted(60)]
    scores = score_detections([([found(key) for key in keys], keys), ([], [])], 0.5)
    assert (scores.photos, scores.keys) == (2, 2)
    assert (scores.ap50, scores.recall, scores.false, scores.swapped, scores.mask_iou) == (1, 1, 0, 0, 1)


def test_what_is_missed_false_and_swapped_counts():
    keys = [wanted(5), wanted(40), wanted(70)]
    said = [found(keys[0]), found(keys[1], 0.8, swapped=True), found(keys[2], 0.7, off=30)]
    scores = score_detections([(said, keys)], 0.5)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.false == 1
    assert scores.swapped == 0.5
    assert scores.ap50 == pytest.approx(2 / 3)


def test_a_key_found_twice_is_false_once():
    key = wanted(5)
    scores = score_detections([([found(key), found(key, 0.8)], [key])], 0.5)
    assert (scores.recall, scores.false) == (1, 1)


def test_keys_that_are_hardly_seen_neither_count_nor_harm():
    scores = score_detections([([found(wanted(5))], [wanted(5, visible=0.2)])], 0.5)
    assert (scores.keys, scores.false) == (0, 0)


def test_faint_keys_count_for_the_precision_alone():
    key = wanted(5)
    scores = score_detections([([found(key, 0.4)], [key])], 0.5)
    assert (scores.recall, scores.ap50) == (0, 1)


def test_average_precision_of_a_known_row():
    hits = [(0.9, True), (0.8, False), (0.7, True), (0.6, False)]
    assert average_precision(hits, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(hits, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert average_precision([], 3) == 0


def test_a_coarse_mask_is_compared_at_the_photo_s_own_pixels():
    key = wanted(20)
    coarse = Detection(0.9, key.box, key.head, key.tip, 0, 0, key.mask[2::5, 2::5], key.mask[2::5, 2::5], 5.0)
    assert mask_iou(coarse, key.mask) == 1
