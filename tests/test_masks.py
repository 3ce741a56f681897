"""Tests of masks.py."""

import numpy as np
import pytest

from keykind.masks import convex_hull, corners_of, decode, encode, smallest_rectangle


def area(points):
    x, y = points.T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def turned(points, degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cosine, sine], [-sine, cosine]])


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_give_the_mask_back(seed):
    mask = np.random.default_rng(seed).random((7, 11)) < 0.5
    mask.flat[0] = seed % 2
    assert np.array_equal(decode(encode(mask)), mask)


@pytest.mark.parametrize("level", [False, True])
def test_an_even_mask_is_one_run(level):
    assert encode(np.full((3, 4), level))["counts"] == ([0, 12] if level else [12])


def test_the_hull_leaves_inner_points_and_those_on_a_side_out():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    inner = np.array([[2, 2], [2, 0], [1, 3], [4, 1]], float)
    hull = convex_hull(np.concatenate([inner, square]))
    assert {tuple(corner) for corner in hull} == {tuple(corner) for corner in square}
    assert area(hull) == 16


@pytest.mark.parametrize("degrees", [0, 10, 44, 45, 89, 133])
def test_the_rectangle_is_that_of_a_turned_one(degrees):
    rectangle = turned(np.array([[0, 0], [9, 0], [9, 2], [0, 2]], float), degrees)
    inner = turned(np.random.default_rng(0).uniform([0, 0], [9, 2], (50, 2)), degrees)
    found = smallest_rectangle(np.concatenate([inner, rectangle]))
    assert area(found) == pytest.approx(18, rel=1e-4)
    for corner in rectangle:
        assert np.abs(found - corner).sum(axis=1).min() < 1e-3


def test_a_rectangle_of_one_point_or_two_has_no_area():
    assert area(smallest_rectangle(np.array([[3.0, 5.0]]))) == 0
    assert area(smallest_rectangle(np.array([[3.0, 5.0], [6.0, 9.0]]))) == pytest.approx(0, abs=1e-4)


def test_the_corners_of_a_mask_are_those_of_its_pixels():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2] = True
    box = smallest_rectangle(corners_of(mask))
    assert sorted(map(tuple, box.round(6).tolist())) == [(2, 1), (2, 4), (3, 1), (3, 4)]
