"""Tests of crops.py: crops have sufficient resolution, and photos are read no more often than needed."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fake_detector import FakeDetector, detection
from keykind.detect.crops import DETECTION_SIDE, MIN_RESOLUTION, crop_all, take_crop
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions

SIZE = (4000, 3000)


@pytest.fixture(scope="module")
def large():
    """A white 12-megapixel photo with a large bar, red and blue, at the left and a small one at the right."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for start, end, colour in ((200, 1200, "red"), (1200, 2200, "blue")):
        draw.rectangle((start, 1300, end, 1500), fill=colour)
    for start, end, colour in ((3000, 3100, "red"), (3100, 3200, "blue")):
        draw.rectangle((start, 500, end, 530), fill=colour)
    return image


@pytest.fixture
def read(large):
    """A reader that decodes at 1, 1/2, 1/4 or 1/8, as for JPEG, and records the requested sizes."""

    def read(min_side):
        requests.append(min_side)
        factor = next(factor for factor in (8, 4, 2, 1) if min(SIZE) // factor >= min_side)
        return Photo(Reductions(large.reduce(factor)), *SIZE, "JPEG")

    requests = read.requests = []
    return read


LARGE, SMALL = detection((200, 1400), (2200, 1400), 200), detection((3000, 515), (3200, 515), 30)
MEDIUM = detection((200, 1400), (500, 1400), 40)  # its crop is 357 px wide: at least 168 px are needed


def test_for_a_large_key_the_photo_is_read_once(read):
    (key,) = crop_all(read, FakeDetector(LARGE), 0.5)
    assert read.requests == [DETECTION_SIDE]
    assert key.photo.pixels.shape[1] == 1000
    assert key.crop.shape == (224, 224, 3)
    assert tuple(key.crop[112, 60]) == (255, 0, 0)
    assert tuple(key.crop[112, 164]) == (0, 0, 255)


def test_for_a_small_key_the_photo_is_read_again(read):
    detector = FakeDetector(LARGE, SMALL)
    large, small = crop_all(read, detector, 0.5)
    assert len(read.requests) == 2
    assert len(detector.shapes) == 1
    assert (large.photo.pixels.shape[1], small.photo.pixels.shape[1]) == (1000, 4000)
    red, blue = (tuple(small.crop[112, x]) for x in (60, 164))
    assert red == (255, 0, 0)
    assert blue == (0, 0, 255)
    assert tuple(large.crop[112, 60]) == (255, 0, 0)


def test_it_is_read_no_larger_than_needed(read):
    (key,) = crop_all(read, FakeDetector(MEDIUM), 0.5)
    assert key.photo.pixels.shape[1] == 2000
    assert key.region.width * key.photo.scale >= MIN_RESOLUTION * 224


def test_without_a_key_there_is_no_crop_and_no_second_read(read):
    assert crop_all(read, FakeDetector(), 0.5) == ()
    assert read.requests == [DETECTION_SIDE]


def test_a_key_is_displayed_in_its_own_proportions(read):
    (key,) = crop_all(read, FakeDetector(LARGE), 0.5)
    image = key.display(100)
    assert image.shape == (100, 200, 3)
    dark = (image < 128).any(axis=2)
    rows, columns = np.nonzero(dark)
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize(("detected", "reads"), [(LARGE, 1), (SMALL, 2)])
def test_a_known_region_gives_the_same_crop(read, detected, reads):
    (key,) = crop_all(read, FakeDetector(detected), 0.5)
    read.requests.clear()
    assert np.array_equal(take_crop(read, key.region), key.crop)
    assert len(read.requests) == reads
