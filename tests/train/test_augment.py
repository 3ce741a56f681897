"""Tests of augment.py."""

import numpy as np
import pytest

from keykind.train import augment
from keykind.train.augment import CONTEXT_SCALE, aligned_view, strong_view


@pytest.fixture
def crop():
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def rng(*seed):
    return np.random.default_rng(seed)


def test_the_same_random_state_gives_the_same_view(crop):
    assert np.array_equal(strong_view(crop, 48, rng(1)), strong_view(crop, 48, rng(1)))
    assert not np.array_equal(strong_view(crop, 48, rng(1)), strong_view(crop, 48, rng(2)))


@pytest.mark.parametrize("side", [2, 31, 64])
def test_a_view_has_the_requested_size(side):
    for seed in range(20):
        crop = rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
        for size in (8, 33, 96):
            view = strong_view(crop, size, rng(seed))
            assert view.shape == (size, size, 3)
            assert view.dtype == np.uint8


def test_a_read_only_crop_is_not_changed(crop):
    crop.flags.writeable = False
    before = crop.copy()
    for seed in range(20):
        strong_view(crop, 32, rng(seed))
    assert np.array_equal(crop, before)


def test_the_area_outside_the_photo_is_filled_from_the_photo(monkeypatch):
    for share in ("NOISE_SHARE", "JPEG_SHARE", "ERASE_SHARE"):
        monkeypatch.setattr(augment, share, 0)
    plain = np.full((64, 64, 3), (120, 90, 60), np.uint8)
    for seed in range(50):
        view = strong_view(plain, 48, rng(seed)).astype(int)
        assert np.ptp(view, axis=(0, 1)).max() <= 1


def test_views_differ_in_exposure_and_some_are_grey(monkeypatch):
    for share in ("NOISE_SHARE", "JPEG_SHARE", "ERASE_SHARE"):
        monkeypatch.setattr(augment, share, 0)
    plain = np.full((16, 16, 3), (150, 100, 80), np.uint8)
    colours = np.array([strong_view(plain, 8, rng(seed))[0, 0] for seed in range(200)], int)
    assert colours.mean(axis=1).std() > 15
    grey = (np.ptp(colours, axis=1) <= 1).mean()
    assert 0.05 < grey < 0.35


@pytest.fixture
def aligned():
    """A crop CONTEXT_SCALE times as wide as a key: dark ground, a red bow left, a green blade right."""
    crop = np.full((320, 320, 3), 20, np.uint8)
    crop[130:190, 60:120], crop[145:175, 120:260] = (250, 20, 20), (20, 250, 20)
    return crop


@pytest.mark.parametrize("seed", range(20))
def test_an_aligned_view_shows_the_key_about_aligned(aligned, seed, monkeypatch):
    for name in ("recolour", "degrade", "_erase"):
        monkeypatch.setattr(augment, name, lambda image, rng: image)
    monkeypatch.setattr(augment, "SWAP_SHARE", 0)
    view = aligned_view(aligned, 224, 2.0, rng(seed)).astype(int)
    red, green = (np.argwhere(view[..., channel] > 150) for channel in (0, 1))
    visible = len(red) + len(green)
    key_area = (60 * 60 + 30 * 140) * (224 * CONTEXT_SCALE / 320) ** 2
    assert 0.5 * key_area < visible < 1.7 * key_area
    (down, right) = green.mean(axis=0) - red.mean(axis=0)
    assert right > 60
    assert abs(down) < 0.6 * right  # 15 degrees in the photo, twice as steep in the crop


def test_head_and_tip_are_sometimes_swapped(aligned, monkeypatch):
    for name in ("recolour", "degrade", "_erase"):
        monkeypatch.setattr(augment, name, lambda image, rng: image)

    def swapped(seed):
        view = aligned_view(aligned, 96, 2.0, rng(seed)).astype(int)
        red, green = (np.argwhere(view[..., channel] > 150)[:, 1].mean() for channel in (0, 1))
        return red > green

    assert 5 < sum(swapped(seed) for seed in range(200)) < 40


def test_an_aligned_view_has_its_size_and_repeats(aligned):
    for size in (32, 224):
        view = aligned_view(aligned, size, 2.0, rng(3))
        assert view.shape == (size, size, 3)
        assert np.array_equal(view, aligned_view(aligned, size, 2.0, rng(3)))
