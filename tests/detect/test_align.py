"""Tests of align.py: the whole key is in the crop, head left, tip right."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.detect.align import ASPECT_RATIO, PAD_VALUE, OrientedCrop, crop_around

WHITE, RED, BLUE = (255, 255, 255), (220, 0, 0), (0, 0, 220)


def photo(degrees, centre=(400, 300), length=300, width=60, size=(800, 600)):
    """Return a photo of a bar, red at the head and blue at the tip, and its head, tip and corners."""
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    across = np.array([-along[1], along[0]]) * width / 2
    head, tip = np.array(centre) - along * length / 2, np.array(centre) + along * length / 2
    image = Image.new("RGB", size, WHITE)
    for start, end, colour in ((head, np.array(centre), RED), (np.array(centre), tip, BLUE)):
        corners = [start + across, end + across, end - across, start - across]
        ImageDraw.Draw(image).polygon([tuple(corner) for corner in corners], fill=colour)
    box = np.array([head + across, tip + across, tip - across, head - across])
    return np.asarray(image), head, tip, box


def aligned(pixels, head, tip, box):
    return crop_around(head, tip, box).extract(pixels)


def red(crop):
    return (crop[..., 0] > 150) & (crop[..., 2] < 80)


def blue(crop):
    return (crop[..., 2] > 150) & (crop[..., 0] < 80)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 250, 300])
def test_the_head_is_left_and_the_tip_right_at_any_rotation(degrees):
    crop = aligned(*photo(degrees))
    assert crop.shape == (224, 224, 3)
    rows, columns = np.nonzero(red(crop))
    assert columns.mean() == pytest.approx(65, abs=4)
    assert rows.mean() == pytest.approx(112, abs=3)
    assert np.nonzero(blue(crop))[1].mean() == pytest.approx(159, abs=4)


@pytest.mark.parametrize("length", [40, 300, 3000])
def test_the_whole_key_is_in_the_crop_at_any_size(length):
    size = (4 * length, 3 * length)
    crop = aligned(*photo(20, (2 * length, 1.5 * length), length, length / 5, size))
    key = red(crop) | blue(crop)
    assert not key[[0, -1]].any()
    assert not key[:, [0, -1]].any()
    assert key.mean() == pytest.approx(0.84 * 0.84 * 2 / 5, rel=0.08)


def test_a_key_that_is_wider_than_long_fits():
    crop = aligned(*photo(0, length=100, width=300))
    key = red(crop) | blue(crop)
    assert key.any()
    assert not key[[0, -1]].any()


def test_pixels_outside_the_photo_are_grey():
    crop = aligned(*photo(0, centre=(20, 300)))
    assert (crop[:, :60] == PAD_VALUE).all()
    assert blue(crop).any()


def test_a_key_of_a_single_point_has_a_crop():
    point = np.array([50.0, 40.0])
    crop = aligned(np.zeros((80, 100, 3), np.uint8), point, point, np.array([point] * 4))
    assert crop.shape == (224, 224, 3)


def test_a_photo_at_a_reduced_scale_gives_the_same_crop():
    pixels, *key = photo(30, length=600, centre=(800, 600), width=120, size=(1600, 1200))
    region = crop_around(*key)
    half = np.asarray(Image.fromarray(pixels).reduce(2))
    difference = region.extract(pixels).astype(int) - region.extract(half, 0.5)
    assert abs(difference).mean() < 2


@pytest.mark.parametrize("shrunk", [2, 3, 5, 8])
def test_texture_finer_than_the_crop_averages_out(shrunk):
    pixels = np.random.default_rng(0).integers(0, 256, (224 * shrunk, 448 * shrunk, 3), dtype=np.uint8)
    region = OrientedCrop((224.0 * shrunk, 112.0 * shrunk), (math.cos(0.4), math.sin(0.4)), 224.0 * shrunk)
    mean = pixels.std() / shrunk  # contrast of the mean of shrunk x shrunk pixels
    assert region.extract_unstretched(pixels, 1, 112).std() < 1.5 * mean
    assert region.extract(pixels, size=112).std() < 1.5 * mean / math.sqrt(2)


def test_the_region_is_elongated_and_contains_the_box_with_a_margin():
    _, *key = photo(0)
    region = crop_around(*key)
    assert region.centre == pytest.approx([400, 300])
    assert region.axis == pytest.approx([1, 0])
    assert region.width == pytest.approx(300 / 0.84)
    assert ASPECT_RATIO == 2
