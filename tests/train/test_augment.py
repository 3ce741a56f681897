"""Tests of augment.py."""

import numpy as np
import pytest

from keykind.train import augment
from keykind.train.augment import WIDER, straight_view, strong_view


@pytest.fixture
def crop():
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def rng(*seed):
    return np.random.default_rng(seed)


def test_the_same_random_state_gives_the_same_view(crop):
    assert np.array_equal(strong_view(crop, 48, rng(1)), strong_view(crop, 48, rng(1)))
    assert not np.array_equal(strong_view(crop, 48, rng(1)), strong_view(crop, 48, rng(2)))


@pytest.mark.parametrize("side", [2, 31, 64])
def test_a_view_has_the_size_that_is_asked_for(side):
    for seed in range(20):
        crop = rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
        for size in (8, 33, 96):
            view = strong_view(crop, size, rng(seed))
            assert view.shape == (size, size, 3)
            assert view.dtype == np.uint8


def test_a_crop_that_cannot_be_written_is_left_as_it_is(crop):
    crop.flags.writeable = False
    before = crop.copy()
    for seed in range(20):
        strong_view(crop, 32, rng(seed))
    assert np.array_equal(crop, before)


def test_what_lies_beyond_the_photo_is_filled_like_the_photo(monkeypatch):
    for share in ("NOISE", "JPEG", "ERASED"):
        monkeypatch.setattr(augment, share, 0)
    plain = np.full((64, 64, 3), (120, 90, 60), np.uint8)
    for seed in range(50):
        view = strong_view(plain, 48, rng(seed)).astype(int)
        assert np.ptp(view, axis=(0, 1)).max() <= 1


def test_views_differ_in_light_and_some_have_no_colour(monkeypatch):
    for share in ("NOISE", "JPEG", "ERASED"):
        monkeypatch.setattr(augment, share, 0)
    plain = np.full((16, 16, 3), (150, 100, 80), np.uint8)
    seen = np.array([strong_view(plain, 8, rng(seed))[0, 0] for seed in range(200)], int)
    assert seen.mean(axis=1).std() > 15
    colourless = (np.ptp(seen, axis=1) <= 1).mean()
    assert 0.05 < colourless < 0.35


@pytest.fixture
def lying():
    """A cut WIDER than a key: dark ground, a red bow to the left, a green blade to the right."""
    wide = np.full((320, 320, 3), 20, np.uint8)
    wide[130:190, 60:120], wide[145:175, 120:260] = (250, 20, 20), (20, 250, 20)
    return wide


@pytest.mark.parametrize("seed", range(20))
def test_a_straight_view_keeps_the_key_in_and_about_straight(lying, seed, monkeypatch):
    for name in ("recolour", "wear", "_covered"):
        monkeypatch.setattr(augment, name, lambda picture, rng: picture)
    monkeypatch.setattr(augment, "SWAPPED", 0)
    view = straight_view(lying, 224, 2.0, rng(seed)).astype(int)
    red, green = (np.argwhere(view[..., place] > 150) for place in (0, 1))
    seen = len(red) + len(green)
    whole = (60 * 60 + 30 * 140) * (224 * WIDER / 320) ** 2
    assert 0.5 * whole < seen < 1.7 * whole
    (down, right) = green.mean(axis=0) - red.mean(axis=0)
    assert right > 60
    assert abs(down) < 0.6 * right  # 15 degrees in the photo, twice as steep in the crop


def test_head_and_tip_are_sometimes_swapped(lying, monkeypatch):
    for name in ("recolour", "wear", "_covered"):
        monkeypatch.setattr(augment, name, lambda picture, rng: picture)

    def swapped(seed):
        view = straight_view(lying, 96, 2.0, rng(seed)).astype(int)
        red, green = (np.argwhere(view[..., place] > 150)[:, 1].mean() for place in (0, 1))
        return red > green

    assert 5 < sum(swapped(seed) for seed in range(200)) < 40


def test_a_straight_view_has_its_size_and_repeats(lying):
    for size in (32, 224):
        view = straight_view(lying, size, 2.0, rng(3))
        assert view.shape == (size, size, 3)
        assert np.array_equal(view, straight_view(lying, size, 2.0, rng(3)))
