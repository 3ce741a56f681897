"""Tests of model/preprocess.py."""

import math

import numpy as np
import pytest

from keykind.model.preprocess import Augmentation, augment, make_view, sobel_edges, to_crop, to_unit

IDENTITY = Augmentation(rotation=0, zoom=0, flip=False)
RED_GREEN = np.array([1, 0.5, 0], np.float32)  # different channels, so that swapping them is noticed


class FakeGenerator:
    """A random generator that returns the given rotation, zoom and coin toss."""

    def __init__(self, rotation=0.0, zoom=0.0, coin=1.0):
        self.values, self.coin = [rotation, zoom], coin

    def uniform(self, low, high):
        value = self.values.pop(0)
        assert low <= value <= high
        return value

    def random(self):
        return self.coin


def transform(picture, turn=0.0, zoom=0.0, *, flip=False):
    """Augment by exactly this rotation (in full turns) and zoom (as a fraction)."""
    ranges = Augmentation(abs(turn), abs(zoom), flip=flip)
    return augment(picture, ranges, FakeGenerator(turn, zoom, 0.0 if flip else 1.0))


def disc(height, width, radius, centre=None):
    row, column = np.mgrid[:height, :width]
    y, x = centre or ((height - 1) / 2, (width - 1) / 2)
    soft = np.clip(radius - np.hypot(row - y, column - x) + 0.5, 0, 1)
    return (soft[..., None] * RED_GREEN).astype(np.float32)


def square(side, size=100):
    picture = np.zeros((size, size, 3), np.float32)
    start = (size - side) // 2
    picture[start : start + side, start : start + side] = 1
    return picture


def side_of(picture):
    return math.sqrt(picture[..., 0].sum())


def pictures():
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:40, :64]
    yield "noise", rng.random((32, 32, 3), np.float32)
    yield "wide noise", rng.random((9, 50, 3), np.float32)
    yield "tall noise", rng.random((50, 7, 3), np.float32)
    yield "smallest", rng.random((2, 2, 3), np.float32)
    yield "faint noise", rng.random((20, 20, 3), np.float32) / 50
    yield "steps", np.repeat(np.where(column // 8 % 2, 1, 0)[..., None], 3, 2).astype(np.float32)
    yield "slope", np.stack([row / 40, column / 64, (row + column) / 104], 2).astype(np.float32)
    yield "disc", disc(40, 64, 12)
    yield "black", np.zeros((10, 12, 3), np.float32)
    yield "white", np.ones((10, 12, 3), np.float32)


@pytest.mark.parametrize(("name", "picture"), list(pictures()))
def test_edges_agree_with_tensorflow(name, picture):
    tf = pytest.importorskip("tensorflow", reason="the extra train is not installed")
    grey = tf.image.rgb_to_grayscale(picture[None])
    sobel = tf.image.sobel_edges(grey)
    magnitude = tf.clip_by_value(tf.sqrt(tf.reduce_sum(tf.square(sobel), axis=-1)), 0, 1)
    expected = tf.repeat(magnitude, 3, axis=-1)[0].numpy()
    edges = sobel_edges(picture)
    assert edges.dtype == np.float32
    np.testing.assert_allclose(edges, expected, atol=1e-5)


def test_a_uniform_picture_has_no_edges_even_at_its_border():
    assert np.abs(sobel_edges(np.full((8, 9, 3), 0.7, np.float32))).max() < 1e-6


def test_edges_of_a_flipped_picture_are_the_flipped_edges():
    picture = np.random.default_rng(0).random((20, 30, 3), np.float32)
    np.testing.assert_allclose(sobel_edges(picture[:, ::-1]), sobel_edges(picture)[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(
        sobel_edges(picture.swapaxes(0, 1)), sobel_edges(picture).swapaxes(0, 1), atol=1e-6
    )


def test_every_pixel_value_round_trips():
    crop = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    assert to_unit(crop).min() == 0
    assert to_unit(crop).max() == 1
    np.testing.assert_array_equal(to_crop(to_unit(crop)), crop)


def test_values_out_of_range_are_clipped():
    picture = np.array([[[-0.5, 1.5, 0.5]]], np.float32)
    np.testing.assert_array_equal(to_crop(picture), [[[0, 255, 128]]])


@pytest.mark.parametrize("shape", [(32, 32, 3), (17, 40, 3), (40, 17, 3)])
def test_no_rotation_zoom_or_flip_changes_nothing(shape):
    picture = np.random.default_rng(0).random(shape, np.float32)
    np.testing.assert_array_equal(augment(picture, IDENTITY, np.random.default_rng(1)), picture)


def test_the_view_depends_on_the_seed_only():
    picture = np.random.default_rng(0).random((32, 32, 3), np.float32)
    ranges = Augmentation(0.2, 0.2, flip=True)
    first, again, other = (augment(picture, ranges, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_half_of_the_views_are_flipped_if_flip_is_set():
    picture = np.random.default_rng(0).random((8, 9, 3), np.float32)
    rng, ranges = np.random.default_rng(0), Augmentation(0, 0, flip=True)
    views = [augment(picture, ranges, rng) for _ in range(400)]
    flipped = sum(np.array_equal(view, picture[:, ::-1]) for view in views)
    plain = sum(np.array_equal(view, picture) for view in views)
    assert flipped + plain == 400
    assert 150 < flipped < 250


def test_every_view_draws_equally_many_random_numbers():
    states = []
    for ranges in (IDENTITY, Augmentation(0.2, 0.2, flip=True)):
        rng = np.random.default_rng(0)
        augment(np.zeros((4, 4, 3), np.float32), ranges, rng)
        states.append(rng.bit_generator.state)
    assert states[0] == states[1]


@pytest.mark.parametrize("turn", [0.125, -0.1, 0.05])
def test_corners_left_empty_by_a_rotation_are_black(turn):
    view = transform(np.ones((64, 64, 3), np.float32), turn)
    assert not view[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    np.testing.assert_allclose(view[16:48, 16:48], 1, atol=1e-6)


def test_borders_left_empty_by_shrinking_are_black():
    view = transform(np.ones((100, 100, 3), np.float32), zoom=-0.2)
    assert side_of(view) == pytest.approx(80, abs=0.5)
    assert not view[:9].any()
    assert not view[:, -9:].any()


@pytest.mark.parametrize("zoom", [-0.2, -0.1, 0.1, 0.2])
def test_zoom_is_the_relative_growth(zoom):
    assert side_of(transform(square(40), zoom=zoom)) == pytest.approx(40 * (1 + zoom), abs=0.3)


def test_zooms_cover_their_range():
    ranges, rng = Augmentation(rotation=0.2, zoom=0.2, flip=True), np.random.default_rng(0)
    sides = [side_of(augment(square(40), ranges, rng)) for _ in range(100)]
    assert 31.5 < min(sides) < 33
    assert 47 < max(sides) < 48.5


def test_rotations_cover_their_range():
    ranges, rng = Augmentation(rotation=0.2, zoom=0, flip=False), np.random.default_rng(0)
    angles = []
    for _ in range(100):
        view = augment(disc(101, 101, 5, centre=(50, 90)), ranges, rng)[..., 0]
        row, column = (np.average(axis, weights=view) for axis in np.mgrid[:101, :101])
        angles.append(math.atan2(row - 50, column - 50) / (2 * math.pi))
    assert -0.201 < min(angles) < -0.18
    assert 0.18 < max(angles) < 0.201


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (81, 41)])
@pytest.mark.parametrize("turn", [0.05, -0.1, 0.2])
def test_rotation_agrees_with_scipy(shape, turn):
    ndimage = pytest.importorskip("scipy.ndimage", reason="the extra train is not installed")
    picture = disc(*shape, 8, centre=(shape[0] * 0.4, shape[1] * 0.6)) + disc(*shape, 5)
    expected = ndimage.rotate(picture, -360 * turn, axes=(1, 0), reshape=False, order=1)
    np.testing.assert_allclose(transform(picture, turn), expected, atol=1e-4)


def test_rotation_keeps_shapes_in_a_picture_that_is_not_square():
    bar = np.zeros((60, 120, 3), np.float32)
    bar[25:35, 45:75] = 1
    upright = transform(bar, 0.25)
    np.testing.assert_allclose(upright[15:45, 55:65], 1, atol=1e-4)
    assert upright.sum() == pytest.approx(bar.sum(), rel=1e-4)


def test_a_flipped_view_is_the_mirror_image_of_the_view():
    picture = disc(64, 64, 8, centre=(20, 40))
    flipped = transform(picture, 0.1, -0.1, flip=True)
    np.testing.assert_allclose(flipped, transform(picture, 0.1, -0.1)[:, ::-1], atol=1e-5)


def test_plain_views_do_not_use_the_generator():
    crop = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    np.testing.assert_array_equal(make_view("plain", crop, IDENTITY, rng), to_unit(crop))
    np.testing.assert_array_equal(make_view("edge", crop, IDENTITY, rng), sobel_edges(to_unit(crop)))
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("base", ["plain", "edge"])
def test_augmented_views_are_augmented_base_views(base):
    crop = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    ranges = Augmentation(0.2, 0.2, flip=True)
    plain = make_view(base, crop, ranges, np.random.default_rng(3))
    view = make_view(f"{base}_augmented", crop, ranges, np.random.default_rng(3))
    np.testing.assert_array_equal(view, augment(plain, ranges, np.random.default_rng(3)))


@pytest.mark.parametrize("name", ["plain", "edge", "plain_augmented", "edge_augmented"])
def test_every_view_is_a_picture_in_0_to_1(name):
    crop = np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8)
    view = make_view(name, crop, Augmentation(0.2, 0.2, flip=True), np.random.default_rng(0))
    assert view.shape == crop.shape
    assert view.dtype == np.float32
    assert view.min() >= 0
    assert view.max() <= 1
    if name.startswith("edge"):
        np.testing.assert_array_equal(view[..., 0], view[..., 1])
        np.testing.assert_array_equal(view[..., 0], view[..., 2])


@pytest.mark.parametrize("name", ["", "plane", "edge_", "plain_augmentedx", "augmented", "Plain"])
def test_an_unknown_view_raises_with_the_known_ones(name):
    crop = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="plain, edge, plain_augmented, edge_augmented"):
        make_view(name, crop, IDENTITY, np.random.default_rng(0))
