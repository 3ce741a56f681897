"""Tests of straighten.py: the whole key is in the crop, head left, tip right."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.detect.align import SLIM, crop_around
from keykind.detect.detector import BEYOND

WHITE, RED, BLUE = (255, 255, 255), (220, 0, 0), (0, 0, 220)


def photo(degrees, middle=(400, 300), length=300, width=60, size=(800, 600)):
    """Return a photo of a red and blue bar, its red head's end, its blue tip's end, and its corners."""
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    across = np.array([-along[1], along[0]]) * width / 2
    head, tip = np.array(middle) - along * length / 2, np.array(middle) + along * length / 2
    image = Image.new("RGB", size, WHITE)
    for start, end, colour in ((head, np.array(middle), RED), (np.array(middle), tip, BLUE)):
        corners = [start + across, end + across, end - across, start - across]
        ImageDraw.Draw(image).polygon([tuple(corner) for corner in corners], fill=colour)
    box = np.array([head + across, tip + across, tip - across, head - across])
    return np.asarray(image), head, tip, box


def straighten(pixels, head, tip, box):
    return crop_around(head, tip, box).taken_from(pixels)


def red(crop):
    return (crop[..., 0] > 150) & (crop[..., 2] < 80)


def blue(crop):
    return (crop[..., 2] > 150) & (crop[..., 0] < 80)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 250, 300])
def test_the_head_is_left_and_the_tip_right_however_the_key_lies(degrees):
    crop = straighten(*photo(degrees))
    assert crop.shape == (224, 224, 3)
    rows, columns = np.nonzero(red(crop))
    assert columns.mean() == pytest.approx(65, abs=4)
    assert rows.mean() == pytest.approx(112, abs=3)
    assert np.nonzero(blue(crop))[1].mean() == pytest.approx(159, abs=4)


@pytest.mark.parametrize("length", [40, 300, 3000])
def test_the_whole_key_is_in_it_whatever_its_size(length):
    size = (4 * length, 3 * length)
    crop = straighten(*photo(20, (2 * length, 1.5 * length), length, length / 5, size))
    seen = red(crop) | blue(crop)
    assert not seen[[0, -1]].any()
    assert not seen[:, [0, -1]].any()
    assert seen.mean() == pytest.approx(0.84 * 0.84 * 2 / 5, rel=0.08)


def test_a_key_that_is_wider_than_long_fits_in():
    crop = straighten(*photo(0, length=100, width=300))
    seen = red(crop) | blue(crop)
    assert seen.any()
    assert not seen[[0, -1]].any()


def test_beyond_the_photo_all_is_grey():
    crop = straighten(*photo(0, middle=(20, 300)))
    assert (crop[:, :60] == BEYOND).all()
    assert blue(crop).any()


def test_a_key_of_one_point_is_cut_out_all_the_same():
    point = np.array([50.0, 40.0])
    crop = straighten(np.zeros((80, 100, 3), np.uint8), point, point, np.array([point] * 4))
    assert crop.shape == (224, 224, 3)


def test_a_photo_at_a_reduced_scale_gives_the_same_crop():
    pixels, *key = photo(30, length=600, middle=(800, 600), width=120, size=(1600, 1200))
    cut = crop_around(*key)
    half = np.asarray(Image.fromarray(pixels).reduce(2))
    apart = cut.taken_from(pixels).astype(int) - cut.taken_from(half, 0.5)
    assert abs(apart).mean() < 2


def test_a_cut_is_slim_and_holds_the_box_with_a_margin():
    _, *key = photo(0)
    cut = crop_around(*key)
    assert cut.middle == pytest.approx([400, 300])
    assert cut.along == pytest.approx([1, 0])
    assert cut.width == pytest.approx(300 / 0.84)
    assert SLIM == 2
