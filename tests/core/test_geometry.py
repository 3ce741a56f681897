"""Tests of masks.py."""

import numpy as np
import pytest

from keykind.core.geometry import corners_of, decode, encode, rectangle_along


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


@pytest.mark.parametrize("degrees", [0, 10, 44, 45, 89, 133, 270])
def test_the_rectangle_is_that_of_a_turned_one_from_its_beginning(degrees):
    rectangle = turned(np.array([[0, 0], [9, 0], [9, 2], [0, 2]], float), degrees)
    inner = turned(np.random.default_rng(0).uniform([0, 0], [9, 2], (50, 2)), degrees)
    found = rectangle_along(np.concatenate([inner, rectangle]), 3 * (rectangle[1] - rectangle[0]))
    np.testing.assert_allclose(found, rectangle, atol=1e-9)


def test_a_direction_without_length_is_to_the_right():
    found = rectangle_along(np.array([[3.0, 5.0], [6.0, 9.0]]), np.zeros(2))
    assert found.tolist() == [[3, 5], [6, 5], [6, 9], [3, 9]]


def test_a_rectangle_of_one_point_has_no_area():
    assert area(rectangle_along(np.array([[3.0, 5.0]]), np.array([1.0, 1.0]))) == 0


def test_the_corners_of_a_mask_are_those_of_its_pixels():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2] = True
    box = rectangle_along(corners_of(mask), np.array([0.0, 1.0]))
    assert sorted(map(tuple, box.round(6).tolist())) == [(2, 1), (2, 4), (3, 1), (3, 4)]
