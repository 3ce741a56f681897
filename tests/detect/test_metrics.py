"""Tests of detect/metrics.py."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.detect.align import OrientedCrop
from keykind.detect.detection import Detection
from keykind.detect.key_mask import KeyMask
from keykind.detect.metrics import (
    LabelledKey,
    average_precision,
    box_iou,
    mask_iou,
    score_detections,
)

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)


def labelled(left, visibility=1.0):
    return LabelledKey(np.array([left, 10.0]), np.array([left + 20, 10.0]), 10.0, visibility)


def detected(key, score=0.9, *, off=0.0, swapped=False):
    head, tip = (key.tip, key.head) if swapped else (key.head, key.tip)
    return Detection(score, head + off, tip + off, key.width)


@pytest.mark.parametrize(
    ("shift", "iou"), [((0, 0), 1), ((5, 0), 1 / 3), ((5, 5), 25 / 175), ((10, 0), 0), ((50, 50), 0)]
)
def test_the_iou_of_boxes(shift, iou):
    for square in (SQUARE, SQUARE[::-1]):
        assert box_iou(square, SQUARE + shift) == pytest.approx(iou, abs=1e-9)


def test_the_iou_of_a_square_and_its_rotation_by_45_degrees():
    diamond = np.array([[5, -2.07107], [12.07107, 5], [5, 12.07107], [-2.07107, 5]])
    intersection = 2 * (np.sqrt(2) - 1) * 100
    assert box_iou(SQUARE, diamond) == pytest.approx(intersection / (200 - intersection), rel=1e-4)


def test_the_iou_of_a_box_without_area_is_0():
    assert box_iou(np.zeros((4, 2)), SQUARE) == 0


def test_perfect_detections_have_perfect_metrics():
    keys = [labelled(5), labelled(60)]
    scores = score_detections([([detected(key) for key in keys], keys), ([], [])], 0.5)
    assert (scores.photos, scores.keys) == (2, 2)
    assert (scores.ap50, scores.recall, scores.false, scores.swapped) == (1, 1, 0, 0)


def test_misses_false_positives_and_swaps_count():
    keys = [labelled(5), labelled(40), labelled(70)]
    detections = [detected(keys[0]), detected(keys[1], 0.8, swapped=True), detected(keys[2], 0.7, off=30)]
    scores = score_detections([(detections, keys)], 0.5)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.false == 1
    assert scores.swapped == 0.5
    assert scores.ap50 == pytest.approx(2 / 3)


def test_a_second_detection_of_a_key_is_a_false_positive():
    key = labelled(5)
    scores = score_detections([([detected(key), detected(key, 0.8)], [key])], 0.5)
    assert (scores.recall, scores.false) == (1, 1)


def test_hardly_visible_keys_are_ignored():
    scores = score_detections([([detected(labelled(5))], [labelled(5, visibility=0.2)])], 0.5)
    assert (scores.keys, scores.false) == (0, 0)


def test_detections_below_the_threshold_count_for_the_average_precision_only():
    key = labelled(5)
    scores = score_detections([([detected(key, 0.4)], [key])], 0.5)
    assert (scores.recall, scores.ap50) == (0, 1)


def test_average_precision_of_a_known_ranking():
    matches = [(0.9, True), (0.8, False), (0.7, True), (0.6, False)]
    assert average_precision(matches, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(matches, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert average_precision([], 3) == 0


def test_the_iou_of_masks():
    mask, other = np.zeros((2, 4, 4), bool)
    assert mask_iou(mask, other) == 0
    mask[:2], other[1:3] = True, True
    assert mask_iou(mask, other) == pytest.approx(1 / 3)
    assert mask_iou(mask, mask) == 1


def test_the_iou_of_masks_is_a_mean_over_the_keys_that_have_masks():
    key = labelled(20)
    drawn = np.zeros((40, 100), bool)
    drawn[5:15, 20:40] = True
    whole = np.ones((8, 16), np.float32)
    masked = replace(detected(key), mask=KeyMask(whole, whole, OrientedCrop((30.0, 10.0), (1.0, 0.0), 20.0)))
    assert score_detections([([masked], [replace(key, mask=drawn)])], 0.5).mask_iou == 1
    assert score_detections([([masked], [replace(key, mask=~drawn)])], 0.5).mask_iou == 0
    assert score_detections([([masked], [key])], 0.5).mask_iou is None
