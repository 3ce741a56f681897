"""Tests of copy_paste.py: what the label says of pasted keys is where they are seen."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.train.detector import copy_paste
from keykind.train.detector.copy_paste import Laid, with_keys
from keykind.train.detector.scenes import Scene, areas_of

RED, GREEN = (250, 10, 10), (10, 250, 10)
SIDE = 256


@pytest.fixture(autouse=True)
def one_light(monkeypatch):
    monkeypatch.setattr(copy_paste, "RELIT", 0)
    monkeypatch.setattr(copy_paste, "SHADE", 0)


@pytest.fixture
def lone():
    """A key with its bow in red, whose head is its left end, and its blade in green."""
    parts = np.zeros((120, 160), np.uint8)
    parts[50:70, 30:60], parts[55:65, 60:130] = 1, 2
    pixels = np.full((120, 160, 3), 128, np.uint8)
    pixels[parts == 1], pixels[parts == 2] = RED, GREEN
    return Scene(pixels, parts, np.array([[[30.0, 60.0], [130.0, 60.0]]]), np.zeros((1, 2)))


@pytest.fixture
def empty():
    return Laid(
        np.full((SIDE, SIDE, 3), 255, np.uint8),
        np.zeros((SIDE, SIDE), np.uint8),
        np.zeros((0, 2, 2)),
        np.zeros((0, 2)),
        np.zeros(0),
    )


def seen(laid, colour):
    strong = np.argmax(colour)
    return (laid.picture[..., strong] > 180) & (laid.picture[..., 1 - strong] < 90)


@pytest.mark.parametrize("seed", range(10))
def test_parts_and_ends_lie_where_the_pasted_key_is(lone, empty, seed):
    laid = with_keys(empty, [lone], np.random.default_rng(seed))
    assert laid.ends.shape == (1, 2, 2)
    for part, colour in ((1, RED), (2, GREEN)):
        assert (seen(laid, colour) & (laid.parts == part)).sum() >= 0.9 * seen(laid, colour).sum()
    head, tip = laid.ends[0]
    bow, blade = (np.argwhere(laid.parts == part)[:, ::-1] + 0.5 for part in (1, 2))
    if len(bow) > 30 and len(blade) > 30:
        along = (tip - head) / np.linalg.norm(tip - head)
        assert (blade.mean(axis=0) - bow.mean(axis=0)) @ along > 0
        assert ((bow - head) @ along).min() > -3
        assert ((blade - tip) @ along).max() < 3


@pytest.mark.parametrize("seed", range(5))
def test_what_lies_below_is_told_to_be_hidden_by_as_much_as_is_covered(lone, empty, seed):
    area = float(SIDE**2)
    below = replace(
        empty,
        parts=np.ones((SIDE, SIDE), np.uint8),
        ends=np.zeros((1, 2, 2)),
        hidden=np.zeros((1, 2)),
        whole=np.array([area]),
    )
    laid = with_keys(below, [lone] * 3, np.random.default_rng(seed))
    covered = (laid.parts > 2).mean()
    assert covered > 0
    assert laid.hidden[0, 0] == pytest.approx(covered)
    assert laid.whole[0] == pytest.approx((1 - covered) * area)  # hidden, not cut off by the frame
    assert laid.hidden[-1].tolist() == [0, 0]


def test_keys_that_are_hidden_are_not_cut_out(lone, empty):
    hidden = replace(lone, hidden=np.array([[0.3, 0.0]]))
    nothing = Scene(lone.pixels, np.zeros_like(lone.parts), np.zeros((0, 2, 2)), np.zeros((0, 2)))
    laid = with_keys(empty, [hidden, nothing], np.random.default_rng(0))
    assert laid is empty


def test_keys_of_a_scene_of_several_are_pasted_alone(lone, empty):
    parts = lone.parts.copy()
    parts[90:100, 30:130] = 4
    two = Scene(lone.pixels, parts, np.concatenate([lone.ends, [[[30.0, 95], [130, 95]]]]), np.zeros((2, 2)))
    laid = with_keys(empty, [two], np.random.default_rng(1))
    assert set(np.unique(laid.parts)) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(8))
def test_fans_rows_and_others_keep_most_keys_in_view(lone, empty, seed):
    laid = with_keys(empty, [lone] * 6, np.random.default_rng(seed))
    areas = areas_of(laid.parts, len(laid.ends))
    assert (areas > 0).sum() >= 3


def test_a_shadow_darkens_the_ground_beside_the_key(lone, empty, monkeypatch):
    monkeypatch.setattr(copy_paste, "SHADE", 1.0)
    laid = with_keys(empty, [lone], np.random.default_rng(1))
    ground = laid.picture[laid.parts == 0].astype(int)
    grey = ground[(ground.max(axis=1) - ground.min(axis=1)) < 4]
    assert (grey.mean(axis=1) < 235).sum() > 20
    assert (laid.picture[0] == 255).all() or (laid.picture[-1] == 255).all()


def test_the_same_seed_pastes_the_same(lone, empty):
    once, again = (with_keys(empty, [lone] * 4, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(once.picture, again.picture)
    assert np.array_equal(once.parts, again.parts)
