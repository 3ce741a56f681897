"""Tests of views.py."""

import math

import numpy as np
import pytest

from keykind.model.preprocess import Augmentation, augment, make_view, sobel_edges, to_crop, to_unit

STILL = Augmentation(rotation=0, zoom=0, flip=False)
RED_GREEN = np.array([1, 0.5, 0], np.float32)  # three channels that differ: a mix-up shows


class Drawn:
    """Stands in for a generator: gives the turn, the zoom and the coin that a test wants."""

    def __init__(self, turn=0.0, zoom=0.0, coin=1.0):
        self.wanted, self.coin = [turn, zoom], coin

    def uniform(self, low, high):
        number = self.wanted.pop(0)
        assert low <= number <= high
        return number

    def random(self):
        return self.coin


def turned(picture, turn=0.0, zoom=0.0, *, flip=False):
    """Augment by exactly this turn (in full turns) and zoom (as a share)."""
    most = Augmentation(abs(turn), abs(zoom), flip=flip)
    return augment(picture, most, Drawn(turn, zoom, 0.0 if flip else 1.0))


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
def test_edges_are_those_of_the_reports_tensorflow_code(name, picture):
    tf = pytest.importorskip("tensorflow", reason="the extra train is not installed")
    grey = tf.image.rgb_to_grayscale(picture[None])
    sobel = tf.image.sobel_edges(grey)
    magnitude = tf.clip_by_value(tf.sqrt(tf.reduce_sum(tf.square(sobel), axis=-1)), 0, 1)
    wanted = tf.repeat(magnitude, 3, axis=-1)[0].numpy()
    edges = sobel_edges(picture)
    assert edges.dtype == np.float32
    np.testing.assert_allclose(edges, wanted, atol=1e-5)


def test_an_even_picture_has_no_edges_not_even_at_its_border():
    assert np.abs(sobel_edges(np.full((8, 9, 3), 0.7, np.float32))).max() < 1e-6


def test_edges_of_a_mirrored_picture_are_the_mirrored_edges():
    picture = np.random.default_rng(0).random((20, 30, 3), np.float32)
    np.testing.assert_allclose(sobel_edges(picture[:, ::-1]), sobel_edges(picture)[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(
        sobel_edges(picture.swapaxes(0, 1)), sobel_edges(picture).swapaxes(0, 1), atol=1e-6
    )


def test_every_level_of_a_crop_survives_the_way_to_a_picture_and_back():
    crop = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    assert to_unit(crop).min() == 0
    assert to_unit(crop).max() == 1
    np.testing.assert_array_equal(to_crop(to_unit(crop)), crop)


def test_a_picture_beyond_its_range_is_cut_off_not_wrapped_round():
    picture = np.array([[[-0.5, 1.5, 0.5]]], np.float32)
    np.testing.assert_array_equal(to_crop(picture), [[[0, 255, 128]]])


@pytest.mark.parametrize("shape", [(32, 32, 3), (17, 40, 3), (40, 17, 3)])
def test_no_turn_no_zoom_and_no_flip_change_nothing(shape):
    picture = np.random.default_rng(0).random(shape, np.float32)
    np.testing.assert_array_equal(augment(picture, STILL, np.random.default_rng(1)), picture)


def test_the_same_seed_gives_the_same_view_and_another_seed_another():
    picture = np.random.default_rng(0).random((32, 32, 3), np.float32)
    most = Augmentation(0.2, 0.2, flip=True)
    first, again, other = (augment(picture, most, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_half_of_the_views_are_mirrored_where_mirroring_is_wanted():
    picture = np.random.default_rng(0).random((8, 9, 3), np.float32)
    rng, most = np.random.default_rng(0), Augmentation(0, 0, flip=True)
    views = [augment(picture, most, rng) for _ in range(400)]
    mirrored = sum(np.array_equal(view, picture[:, ::-1]) for view in views)
    plain = sum(np.array_equal(view, picture) for view in views)
    assert mirrored + plain == 400
    assert 150 < mirrored < 250


def test_every_view_draws_the_same_number_of_numbers():
    states = []
    for most in (STILL, Augmentation(0.2, 0.2, flip=True)):
        rng = np.random.default_rng(0)
        augment(np.zeros((4, 4, 3), np.float32), most, rng)
        states.append(rng.bit_generator.state)
    assert states[0] == states[1]


@pytest.mark.parametrize("turn", [0.125, -0.1, 0.05])
def test_corners_that_a_turn_leaves_empty_are_black(turn):
    view = turned(np.ones((64, 64, 3), np.float32), turn)
    assert not view[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    np.testing.assert_allclose(view[16:48, 16:48], 1, atol=1e-6)


def test_what_shrinking_leaves_empty_is_black():
    view = turned(np.ones((100, 100, 3), np.float32), zoom=-0.2)
    assert side_of(view) == pytest.approx(80, abs=0.5)
    assert not view[:9].any()
    assert not view[:, -9:].any()


@pytest.mark.parametrize("zoom", [-0.2, -0.1, 0.1, 0.2])
def test_zoom_is_the_share_by_which_a_square_grows(zoom):
    assert side_of(turned(square(40), zoom=zoom)) == pytest.approx(40 * (1 + zoom), abs=0.3)


def test_zooms_fill_their_range_and_stay_inside():
    most, rng = Augmentation(rotation=0.2, zoom=0.2, flip=True), np.random.default_rng(0)
    sides = [side_of(augment(square(40), most, rng)) for _ in range(100)]
    assert 31.5 < min(sides) < 33
    assert 47 < max(sides) < 48.5


def test_turns_fill_their_range_and_stay_inside():
    most, rng = Augmentation(rotation=0.2, zoom=0, flip=False), np.random.default_rng(0)
    angles = []
    for _ in range(100):
        view = augment(disc(101, 101, 5, centre=(50, 90)), most, rng)[..., 0]
        row, column = (np.average(axis, weights=view) for axis in np.mgrid[:101, :101])
        angles.append(math.atan2(row - 50, column - 50) / (2 * math.pi))
    assert -0.201 < min(angles) < -0.18
    assert 0.18 < max(angles) < 0.201


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (81, 41)])
@pytest.mark.parametrize("turn", [0.05, -0.1, 0.2])
def test_a_turn_is_that_of_an_independent_library(shape, turn):
    ndimage = pytest.importorskip("scipy.ndimage", reason="the extra train is not installed")
    picture = disc(*shape, 8, centre=(shape[0] * 0.4, shape[1] * 0.6)) + disc(*shape, 5)
    wanted = ndimage.rotate(picture, -360 * turn, axes=(1, 0), reshape=False, order=1)
    np.testing.assert_allclose(turned(picture, turn), wanted, atol=1e-4)


def test_a_turn_keeps_shapes_also_in_a_picture_that_is_not_square():
    bar = np.zeros((60, 120, 3), np.float32)
    bar[25:35, 45:75] = 1
    upright = turned(bar, 0.25)
    np.testing.assert_allclose(upright[15:45, 55:65], 1, atol=1e-4)
    assert upright.sum() == pytest.approx(bar.sum(), rel=1e-4)


def test_a_mirrored_view_is_the_mirror_image_of_the_view():
    picture = disc(64, 64, 8, centre=(20, 40))
    mirrored = turned(picture, 0.1, -0.1, flip=True)
    np.testing.assert_allclose(mirrored, turned(picture, 0.1, -0.1)[:, ::-1], atol=1e-5)


def test_plain_views_take_nothing_from_the_generator():
    crop = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    np.testing.assert_array_equal(make_view("plain", crop, STILL, rng), to_unit(crop))
    np.testing.assert_array_equal(make_view("edge", crop, STILL, rng), sobel_edges(to_unit(crop)))
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("ground", ["plain", "edge"])
def test_augmented_views_are_the_plain_ones_augmented(ground):
    crop = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    most = Augmentation(0.2, 0.2, flip=True)
    plain = make_view(ground, crop, most, np.random.default_rng(3))
    view = make_view(f"{ground}_augmented", crop, most, np.random.default_rng(3))
    np.testing.assert_array_equal(view, augment(plain, most, np.random.default_rng(3)))


@pytest.mark.parametrize("name", ["plain", "edge", "plain_augmented", "edge_augmented"])
def test_every_view_is_a_picture_from_nought_to_one(name):
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
def test_an_unknown_view_is_told_with_the_known_ones(name):
    crop = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="plain, edge, plain_augmented, edge_augmented"):
        make_view(name, crop, STILL, np.random.default_rng(0))
