"""Tests of photo/reductions.py."""

import numpy as np
from PIL import Image

from keykind.photo.reductions import Reductions


def noise(width, height):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_an_array_and_an_image_have_the_same_versions():
    pixels = noise(31, 20)
    of_array, of_image = Reductions(pixels), Reductions(Image.fromarray(pixels))
    assert of_array.size == of_image.size == (31, 20)
    assert (of_image.pixels == pixels).all()
    for factor in (1, 2, 3):
        assert of_array.by(factor) == of_image.by(factor) == Image.fromarray(pixels).reduce(factor)


def test_each_version_is_made_once():
    reductions = Reductions(noise(40, 30))
    assert reductions.by(2) is reductions.by(2)
    assert reductions.pixels is reductions.pixels
