"""Tests of cutting.py: keys are cut out of enough of the photo's own pixels, read as seldom as can be."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fake_detector import FakeDetector, found
from keykind.detect.crops import FIRST, crop_keys, take_crop
from keykind.photo.decode import Photo

SIZE = (4000, 3000)


@pytest.fixture(scope="module")
def large():
    """A white photo of 12 megapixels with a bar from red to blue at the left, and a thin one at the right."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for start, end, colour in ((200, 1200, "red"), (1200, 2200, "blue")):
        draw.rectangle((start, 1300, end, 1500), fill=colour)
    for start, end, colour in ((3000, 3100, "red"), (3100, 3200, "blue")):
        draw.rectangle((start, 500, end, 530), fill=colour)
    return image


@pytest.fixture
def read(large):
    """A reader that decodes at 1, 1/2, 1/4 or 1/8, as that of JPEG does, and keeps what it was asked for."""

    def read(least):
        asked.append(least)
        scale = next(each for each in (8, 4, 2, 1) if min(SIZE) // each >= least)
        return Photo(np.asarray(large.reduce(scale)), *SIZE, "JPEG")

    asked = read.asked = []
    return read


LARGE, SMALL = found((200, 1400), (2200, 1400), 200), found((3000, 515), (3200, 515), 30)


def test_a_large_key_is_cut_out_of_a_photo_read_once(read):
    (piece,) = crop_keys(read, FakeDetector(LARGE))
    assert read.asked == [FIRST]
    assert piece.photo.pixels.shape[1] == 1000
    assert piece.crop.shape == (224, 224, 3)
    assert tuple(piece.crop[112, 60]) == (255, 0, 0)
    assert tuple(piece.crop[112, 164]) == (0, 0, 255)


def test_for_a_small_key_the_photo_is_read_again(read):
    detector = FakeDetector(LARGE, SMALL)
    large, small = crop_keys(read, detector)
    assert len(read.asked) == 2
    assert len(detector.asked) == 1
    assert small.photo.pixels.shape[1] == 4000
    red, blue = (tuple(small.crop[112, place]) for place in (60, 164))
    assert red == (255, 0, 0)
    assert blue == (0, 0, 255)
    assert tuple(large.crop[112, 60]) == (255, 0, 0)


def test_no_key_is_no_piece_and_no_second_reading(read):
    assert crop_keys(read, FakeDetector()) == ()
    assert read.asked == [FIRST]


def test_a_person_is_shown_the_key_as_it_is(read):
    (piece,) = crop_keys(read, FakeDetector(LARGE))
    shown = piece.shown(100)
    assert shown.shape == (100, 200, 3)
    dark = (shown < 128).any(axis=2)
    rows, columns = np.nonzero(dark)
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize(("key", "readings"), [(LARGE, 1), (SMALL, 2)])
def test_a_cut_that_is_known_gives_the_same_crop(read, key, readings):
    (piece,) = crop_keys(read, FakeDetector(key))
    read.asked.clear()
    assert np.array_equal(take_crop(read, piece.cut), piece.crop)
    assert len(read.asked) == readings
