"""Tests of model/gradcam.py."""

import numpy as np
import pytest

from keykind.model.gradcam import COLOUR_MAP, Explanation, apply_colour_map, class_maps, is_empty, overlay
from keykind.model.head import Head


def random_head(rng, channels, units, kinds):
    shapes = (channels, units), (units,), (units, kinds), (kinds,)
    return Head(*(0.1 * rng.standard_normal(shape).astype(np.float32) for shape in shapes))


def grad_cam(features, head):
    """Grad-CAM as in its paper, by automatic differentiation."""
    tf = pytest.importorskip("tensorflow", reason="the extra train is not installed")
    feature_map, maps = tf.constant(features), []
    for kind in range(len(head.b2)):
        with tf.GradientTape() as tape:
            tape.watch(feature_map)
            pooled = tf.reduce_mean(feature_map, axis=(0, 1))[None]
            hidden = tf.nn.relu(pooled @ head.w1 + head.b1)
            logit = (hidden @ head.w2 + head.b2)[0, kind]
        weights = tf.reduce_mean(tape.gradient(logit, feature_map), axis=(0, 1))
        maps.append(tf.nn.relu(tf.reduce_sum(weights * feature_map, axis=-1)))
    return tf.stack(maps, axis=-1).numpy()


@pytest.mark.parametrize(
    ("shape", "units", "kinds"),
    [((7, 7, 1280), 64, 4), ((7, 7, 16), 8, 2), ((5, 9, 8), 254, 7), ((1, 1, 4), 3, 3), ((14, 14, 96), 1, 4)],
)
def test_class_maps_agree_with_automatic_differentiation(shape, units, kinds):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        head = random_head(rng, shape[2], units, kinds)
        features = np.maximum(rng.standard_normal(shape), 0).astype(np.float32)
        maps = class_maps(features, head)
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps, grad_cam(features, head), atol=1e-5)


def test_evidence_is_where_the_channel_of_the_kind_is_active():
    head = Head(
        np.eye(2, dtype=np.float32),
        *(np.zeros(2, np.float32),),
        np.eye(2, dtype=np.float32),
        np.zeros(2, np.float32),
    )
    features = np.zeros((3, 3, 2), np.float32)
    features[0, 1, 0] = features[2, 2, 1] = 9
    maps = class_maps(features, head)
    assert np.argwhere(maps[..., 0]).tolist() == [[0, 1]]
    assert np.argwhere(maps[..., 1]).tolist() == [[2, 2]]


@pytest.mark.parametrize("shape", [(7, 7, 5), (7, 4), (1, 7, 7, 4)])
def test_features_of_another_shape_raise(shape):
    head = random_head(np.random.default_rng(0), 4, 3, 2)
    with pytest.raises(ValueError, match=r"expected a map \(h, w, 4\), got "):
        class_maps(np.zeros(shape, np.float32), head)


def test_a_head_with_inactive_hidden_units_gives_empty_maps():
    head = random_head(np.random.default_rng(0), 4, 3, 2)
    inactive = Head(head.w1, head.b1 - 1000, head.w2, head.b2)
    maps = class_maps(np.ones((7, 7, 4), np.float32), inactive)
    assert is_empty(maps[..., 0])
    assert is_empty(maps[..., 1])


def test_a_map_with_any_positive_value_is_not_empty():
    class_map = np.zeros((7, 7), np.float32)
    assert is_empty(class_map)
    class_map[3, 4] = 1e-20
    assert not is_empty(class_map)


@pytest.mark.parametrize("value", [0, np.nan])
def test_an_overlay_of_an_empty_map_raises(value):
    crop = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(ValueError, match="empty"):
        overlay(crop, np.full((7, 7), value, np.float32))


def test_the_overlay_is_brightest_where_the_evidence_is():
    class_map = np.zeros((7, 7), np.float32)
    class_map[1, 5] = 0.01
    brightness = overlay(np.full((70, 140, 3), 128, np.uint8), class_map).astype(int).sum(axis=2)
    row, column = np.unravel_index(brightness.argmax(), brightness.shape)
    assert (row // 10, column // 20) == (1, 5)


def test_the_overlay_does_not_depend_on_the_scale_of_the_map():
    rng = np.random.default_rng(0)
    crop, class_map = rng.integers(0, 256, (30, 30, 3), dtype=np.uint8), rng.random((7, 7), np.float32)
    np.testing.assert_array_equal(overlay(crop, class_map), overlay(crop, class_map * 1024))


def test_strength_blends_from_the_crop_to_the_colours():
    crop = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    class_map = np.ones((7, 7), np.float32)
    np.testing.assert_array_equal(overlay(crop, class_map, strength=0), crop)
    brightest = np.broadcast_to(COLOUR_MAP[-1].astype(np.uint8), crop.shape)
    np.testing.assert_array_equal(overlay(crop, class_map, strength=1), brightest)


def test_colours_grow_brighter_with_the_evidence_also_in_greyscale():
    ramp = np.linspace(0, 1, 200, dtype=np.float32)[None]
    colours = overlay(np.zeros((1, 200, 3), np.uint8), ramp, strength=1).astype(float)
    grey = colours @ [0.299, 0.587, 0.114]
    assert (np.diff(grey[0]) > -1).all()
    assert grey[0, -1] - grey[0, 0] > 150


def test_overlays_with_the_same_vmax_are_comparable():
    crop, class_map = np.zeros((70, 70, 3), np.uint8), np.ones((7, 7), np.float32)
    strong, weak = (overlay(crop, scale * class_map, vmax=1.0).astype(int).sum() for scale in (1, 0.5))
    assert strong > weak
    np.testing.assert_array_equal(overlay(crop, class_map, vmax=1.0), overlay(crop, class_map))


def test_values_outside_0_to_1_are_clipped():
    values = np.array([[-9, 0, 1, 9]], np.float32)
    np.testing.assert_array_equal(apply_colour_map(values)[0], COLOUR_MAP[[0, 0, -1, -1]])


def test_the_best_kind_is_the_most_probable_even_if_it_is_not_the_answer():
    pixels, maps = np.zeros((8, 8, 3), np.uint8), {}
    probabilities = {"cylinder": 0.3, "dimple": 0.4, "mortice": 0.3}
    assert Explanation("a.jpg", "not sure", probabilities, maps, pixels).best == "dimple"
