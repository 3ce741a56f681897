"""Tests of warp.py and layers.py: images and layers in 8 bits are as exact arithmetic has them."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra train is not installed")

import cv2

from keykind.detect.align import OrientedCrop
from keykind.train.detector.layers import over, premultiplied
from keykind.train.detector.warp import extract, fills, warp, warp_labels

RNG = np.random.default_rng(0)


def smooth(height, width):
    """Return an image whose neighbouring pixels are alike."""
    noise = RNG.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("scale", [0.09, 0.3, 0.45, 0.7, 1.5])
def test_a_warp_is_as_bright_and_in_place_at_every_scale(scale):
    image = np.zeros((203, 301, 3), np.uint8)
    image[40:120, 60:220] = 240
    matrix = np.array([[scale, 0, 5.0], [0, scale, 7.0]])
    size = round(301 * scale) + 10, round(203 * scale) + 14
    warped = warp(image, matrix, size, cv2.BORDER_CONSTANT).astype(float)[..., 0]
    assert warped.sum() == pytest.approx(80 * 160 * 240 * scale**2, rel=0.1)
    rows, columns = np.nonzero(warped > 120)
    for pixels, low, high, shift in ((rows, 40, 120, 7), (columns, 60, 220, 5)):
        assert pixels.min() == pytest.approx(low * scale + shift, abs=1.1)
        assert pixels.max() + 1 == pytest.approx(high * scale + shift, abs=1.1)


def test_colours_outside_a_reduced_image_are_the_fill():
    image = np.full((101, 103, 3), 200, np.uint8)
    matrix = np.array([[0.3, 0, 10.0], [0, 0.3, 10.0]])
    warped = warp(image, matrix, (50, 50), cv2.BORDER_CONSTANT, (10, 20, 30))
    assert warped[0, 0].tolist() == [10, 20, 30]
    assert warped[-1, -1].tolist() == [10, 20, 30]
    assert warped[25, 25].tolist() == [200, 200, 200]


@pytest.mark.parametrize("width", [60.0, 300.0, 700.0])
def test_a_key_is_cropped_as_predictions_crop_it(width):
    image = smooth(400, 600)
    region = OrientedCrop((310.0, 190.0), (0.8, 0.6), width)
    difference = abs(extract(image, region, 224).astype(int) - region.extract(image))
    assert np.percentile(difference, 99) <= 2


def test_an_image_fills_a_frame_or_leaves_a_part_of_it_empty():
    inside = np.ones((60, 80), np.uint8)
    seen = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        angle, scale = rng.uniform(0, 6), rng.uniform(0.8, 3)
        cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
        rotation = np.array([[cosine, -sine], [sine, cosine]])
        matrix = np.column_stack([rotation, np.array([20, 20]) - rotation @ [40, 30]])
        filled = bool(warp_labels(inside, matrix, (40, 40)).all())
        seen.add(filled)
        assert fills(matrix, (80, 60), (40, 40)) == filled
    assert seen == {True, False}


def test_layers_are_as_floats_have_them():
    image, layer = (RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8) for _ in range(2))
    opacity = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
    share = opacity[..., None] / 255
    assert abs(over(image, layer, opacity) - (layer * share + image * (1 - share))).max() <= 1
    exact = np.dstack([layer * share, opacity])
    assert abs(premultiplied(layer, opacity) - exact).max() <= 1
