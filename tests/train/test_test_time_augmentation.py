"""Tests of test_time_augmentation.py."""

import numpy as np
import pytest

from keykind.model.head import Head, softmax
from keykind.train.test_time_augmentation import VIEWS, predict_views

SIDE = 40


class QuarterMeans:
    """A network whose features are the means of the quarters of a picture."""

    def run(self, picture):
        half = len(picture) // 2
        quarters = (picture[y : y + half, x : x + half] for y in (0, half) for x in (0, half))
        return np.concatenate([quarter.mean(axis=(0, 1)) for quarter in quarters]), None


@pytest.fixture
def head():
    rng = np.random.default_rng(0)
    return Head(*(rng.standard_normal(shape).astype(np.float32) for shape in ((12, 8), (8,), (8, 3), (3,))))


@pytest.fixture
def crops():
    return np.random.default_rng(1).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)


def test_the_first_view_is_the_crop_itself(crops, head):
    features = np.stack([QuarterMeans().run(crop.astype(np.float32) / 255)[0] for crop in crops])
    np.testing.assert_allclose(
        predict_views(QuarterMeans(), head, crops)[:, 0], softmax(head.logits(features)), atol=1e-6
    )


def test_each_view_has_its_own_probabilities(crops, head):
    probabilities = predict_views(QuarterMeans(), head, crops)
    assert probabilities.shape == (5, len(VIEWS), 3)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-6)
    assert len(np.unique(probabilities[0].round(6), axis=0)) == len(VIEWS)


def test_views_keep_the_size_and_rotated_ones_every_pixel(crops):
    for name, view in VIEWS.items():
        output = view(crops[0])
        assert output.shape == crops[0].shape
        if name not in ("nearer", "farther"):
            assert np.array_equal(np.sort(output, axis=None), np.sort(crops[0], axis=None)), name


def test_zooming_in_and_out_shows_less_and_more_of_a_photo():
    disc = np.hypot(*(np.indices((SIDE, SIDE)) - (SIDE - 1) / 2)) < SIDE / 4
    crop = np.where(disc[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2)
    near, whole, far = (VIEWS[name](crop).mean() for name in ("nearer", "whole", "farther"))
    assert near > 1.3 * whole > 1.3 * 1.3 * far
