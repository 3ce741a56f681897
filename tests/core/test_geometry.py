"""Tests of core/geometry.py."""

import numpy as np
import pytest

from keykind.core.geometry import (
    decode_rle,
    encode_rle,
    mask_corners,
    oriented_rectangle,
    segment_box,
    width_across,
)


def area(points):
    x, y = points.T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def rotate(points, degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cosine, sine], [-sine, cosine]])


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_round_trip(seed):
    mask = np.random.default_rng(seed).random((7, 11)) < 0.5
    mask.flat[0] = seed % 2
    assert np.array_equal(decode_rle(encode_rle(mask)), mask)


@pytest.mark.parametrize("value", [False, True])
def test_a_constant_mask_is_one_run(value):
    assert encode_rle(np.full((3, 4), value))["counts"] == ([0, 12] if value else [12])


@pytest.mark.parametrize("degrees", [0, 10, 44, 45, 89, 133, 270])
def test_the_corners_of_a_rotated_rectangle_are_found_in_order(degrees):
    rectangle = rotate(np.array([[0, 0], [9, 0], [9, 2], [0, 2]], float), degrees)
    interior = rotate(np.random.default_rng(0).uniform([0, 0], [9, 2], (50, 2)), degrees)
    found = oriented_rectangle(np.concatenate([interior, rectangle]), 3 * (rectangle[1] - rectangle[0]))
    np.testing.assert_allclose(found, rectangle, atol=1e-9)


def test_a_zero_direction_means_to_the_right():
    found = oriented_rectangle(np.array([[3.0, 5.0], [6.0, 9.0]]), np.zeros(2))
    assert found.tolist() == [[3, 5], [6, 5], [6, 9], [3, 9]]


def test_the_rectangle_of_one_point_has_no_area():
    assert area(oriented_rectangle(np.array([[3.0, 5.0]]), np.array([1.0, 1.0]))) == 0


def test_mask_corners_are_corners_of_pixels():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2] = True
    box = oriented_rectangle(mask_corners(mask), np.array([0.0, 1.0]))
    assert sorted(map(tuple, box.round(6).tolist())) == [(2, 1), (2, 4), (3, 1), (3, 4)]


@pytest.mark.parametrize("degrees", [0, 40, 90, 200])
def test_the_box_of_a_segment_is_the_rectangle_around_it(degrees):
    rectangle = rotate(np.array([[0, 0], [9, 0], [9, 2], [0, 2]], float), degrees)
    start, end = rectangle[[0, 3]].mean(axis=0), rectangle[[1, 2]].mean(axis=0)
    np.testing.assert_allclose(segment_box(start, end, 2), rectangle, atol=1e-9)


def test_the_width_of_a_mask_is_its_extent_across_a_direction():
    mask = np.zeros((40, 60), bool)
    mask[10:16, 5:50] = True
    left, right = np.array([5.0, 13]), np.array([50.0, 13])
    assert width_across(mask, left, right) == width_across(mask, right, left) == 6
    assert width_across(mask, left, left + np.array([0, 9])) == 45
    assert width_across(np.zeros_like(mask), left, right) == 1
