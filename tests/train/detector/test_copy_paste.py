"""Tests of copy_paste.py: the labels of pasted keys match the image."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.train.detector import copy_paste
from keykind.train.detector.copy_paste import LabelledView, paste_keys
from keykind.train.detector.scenes import Scene, key_areas

RED, GREEN = (250, 10, 10), (10, 250, 10)
SIDE = 256


@pytest.fixture(autouse=True)
def unchanged_lighting(monkeypatch):
    monkeypatch.setattr(copy_paste, "RELIGHT_SHARE", 0)
    monkeypatch.setattr(copy_paste, "SHADOW_STRENGTH", 0)


@pytest.fixture
def single():
    """A key with a red bow, its head at the left end, and a green blade."""
    parts = np.zeros((120, 160), np.uint8)
    parts[50:70, 30:60], parts[55:65, 60:130] = 1, 2
    pixels = np.full((120, 160, 3), 128, np.uint8)
    pixels[parts == 1], pixels[parts == 2] = RED, GREEN
    return Scene(pixels, parts, np.array([[[30.0, 60.0], [130.0, 60.0]]]), np.zeros((1, 2)))


@pytest.fixture
def empty():
    return LabelledView(
        np.full((SIDE, SIDE, 3), 255, np.uint8),
        np.zeros((SIDE, SIDE), np.uint8),
        np.zeros((0, 2, 2)),
        np.zeros((0, 2)),
        np.zeros(0),
    )


def has_colour(view, colour):
    channel = np.argmax(colour)
    return (view.image[..., channel] > 180) & (view.image[..., 1 - channel] < 90)


@pytest.mark.parametrize("seed", range(10))
def test_parts_and_keypoints_are_where_the_pasted_key_is(single, empty, seed):
    view = paste_keys(empty, [single], np.random.default_rng(seed))
    assert view.keypoints.shape == (1, 2, 2)
    for part, colour in ((1, RED), (2, GREEN)):
        coloured = has_colour(view, colour)
        assert (coloured & (view.parts == part)).sum() >= 0.9 * coloured.sum()
    head, tip = view.keypoints[0]
    bow, blade = (np.argwhere(view.parts == part)[:, ::-1] + 0.5 for part in (1, 2))
    if len(bow) > 30 and len(blade) > 30:
        along = (tip - head) / np.linalg.norm(tip - head)
        assert (blade.mean(axis=0) - bow.mean(axis=0)) @ along > 0
        assert ((bow - head) @ along).min() > -3
        assert ((blade - tip) @ along).max() < 3


@pytest.mark.parametrize("seed", range(5))
def test_a_covered_key_is_occluded_by_the_share_that_is_covered(single, empty, seed):
    area = float(SIDE**2)
    below = replace(
        empty,
        parts=np.ones((SIDE, SIDE), np.uint8),
        keypoints=np.zeros((1, 2, 2)),
        hidden=np.zeros((1, 2)),
        areas=np.array([area]),
    )
    view = paste_keys(below, [single] * 3, np.random.default_rng(seed))
    covered = (view.parts > 2).mean()
    assert covered > 0
    assert view.hidden[0, 0] == pytest.approx(covered)
    assert view.areas[0] == pytest.approx((1 - covered) * area)  # occluded, not truncated by the frame
    assert view.hidden[-1].tolist() == [0, 0]


def test_hidden_keys_are_not_pasted(single, empty):
    hidden = replace(single, hidden=np.array([[0.3, 0.0]]))
    no_key = Scene(single.pixels, np.zeros_like(single.parts), np.zeros((0, 2, 2)), np.zeros((0, 2)))
    view = paste_keys(empty, [hidden, no_key], np.random.default_rng(0))
    assert view is empty


def test_one_key_of_a_scene_of_several_is_pasted_alone(single, empty):
    parts = single.parts.copy()
    parts[90:100, 30:130] = 4
    two = Scene(
        single.pixels, parts, np.concatenate([single.keypoints, [[[30.0, 95], [130, 95]]]]), np.zeros((2, 2))
    )
    view = paste_keys(empty, [two], np.random.default_rng(1))
    assert set(np.unique(view.parts)) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(8))
def test_most_pasted_keys_are_in_view(single, empty, seed):
    view = paste_keys(empty, [single] * 6, np.random.default_rng(seed))
    areas = key_areas(view.parts, len(view.keypoints))
    assert (areas > 0).sum() >= 3


def test_a_shadow_darkens_the_background_next_to_the_key(single, empty, monkeypatch):
    monkeypatch.setattr(copy_paste, "SHADOW_STRENGTH", 1.0)
    view = paste_keys(empty, [single], np.random.default_rng(1))
    background = view.image[view.parts == 0].astype(int)
    grey = background[(background.max(axis=1) - background.min(axis=1)) < 4]
    assert (grey.mean(axis=1) < 235).sum() > 20
    assert (view.image[0] == 255).all() or (view.image[-1] == 255).all()


def test_the_same_seed_gives_the_same_view(single, empty):
    first, second = (paste_keys(empty, [single] * 4, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.parts, second.parts)
