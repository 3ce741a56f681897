"""Tests of sharpness.py."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fake_detector import detection
from keykind.detect.align import crop_around
from keykind.detect.sharpness import LUMA, UNKNOWN, sharpness

SIZE = 224
KEY = detection((40, 112), (240, 112), width=60)
REGION = crop_around(KEY.head, KEY.tip, KEY.box)


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def test_it_is_the_relative_variance_of_the_laplacian():
    grey = noise() @ np.array(LUMA)
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    assert sharpness(noise()) == pytest.approx(laplacian.var() / grey.var())


def test_blur_lowers_it_and_contrast_does_not():
    sharp = Image.fromarray(noise()).resize((60, 60)).resize((SIZE, SIZE), Image.Resampling.NEAREST)
    blurred = sharp.filter(ImageFilter.GaussianBlur(4))
    faint = sharp.point(lambda level: level // 2)
    values = [sharpness(np.asarray(image), REGION, KEY) for image in (sharp, blurred, faint)]
    assert values[1] < values[0] / 20
    assert values[2] == pytest.approx(values[0], rel=0.02)


def test_only_the_box_is_measured():
    crop = noise()
    before = sharpness(crop, REGION, KEY)
    crop[:30], crop[-30:] = 0, 255  # beyond the box, which is 60 px wide in a region of at least 100 px
    assert sharpness(crop, REGION, KEY) == pytest.approx(before)


def test_a_crop_without_contrast_is_not_sharp():
    assert sharpness(np.full((SIZE, SIZE, 3), 90, np.uint8)) == 0


def test_of_a_few_pixels_nothing_is_known():
    speck = detection((140, 112), (141, 112), width=1)
    assert sharpness(noise(), REGION, speck) == UNKNOWN
