"""Tests of bn_folding.py."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadRecipe  # noqa: E402
from keykind.train.backbone import Backbone, batch_norms, load_backbone  # noqa: E402
from keykind.train.bn_folding import fold, folded_arrays, unfold  # noqa: E402


@pytest.fixture(scope="module")
def backbone():
    """Random statistics, factors and offsets in the batch normalisation of every layer."""
    backbone = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)
    rng = np.random.default_rng(0)
    for _, norm in batch_norms(backbone.network):
        norm.set_weights(
            [rng.uniform(0.5, 1.5, norm.gamma.shape).astype(np.float32) for _ in range(4)]
        )  # gamma, beta, mean, variance
    return backbone


@pytest.fixture
def pictures():
    return np.random.default_rng(1).random((2, 224, 224, 3), np.float32)


def assert_close(actual, expected):
    """Rounding errors grow through 52 layers of random weights."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    np.testing.assert_allclose(actual, expected, atol=1e-3 * np.abs(expected).max())


def test_a_folded_network_computes_the_same(backbone, pictures):
    assert_close(fold(backbone)(pictures), backbone.apply(pictures))


def test_a_folded_network_accepts_smaller_pictures_like_one_built_for_them(backbone, pictures):
    small = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 160, 3))
    small.set_weights(backbone.network.get_weights())
    cropped = pictures[:, :96, :160]
    assert_close(fold(backbone)(cropped), small(cropped, training=False))


def test_a_folded_network_consists_of_trainable_kernels_and_biases(backbone):
    folded = fold(backbone)
    assert (
        len(folded.trainable_variables) == len(folded.weights) == 2 * len(list(batch_norms(backbone.network)))
    )
    assert not backbone.network.trainable_variables


def test_the_scaling_of_pixels_is_folded_too(backbone, pictures):
    native = Backbone("mobilenet_v2", "native", "random", backbone.network)
    before, after = (
        keras.Model(network.input, network.get_layer("Conv1_relu").output)
        for network in (backbone.network, fold(native))
    )
    # Zero padding beyond the last row and column is grey for one network and black for the other.
    assert_close(after(pictures)[:, :-1, :-1], before(2 * pictures - 1)[:, :-1, :-1])


def test_unfolding_returns_an_equivalent_backbone(backbone, pictures):
    folded = fold(backbone)
    again = unfold(folded, "for people")
    assert_close(again.apply(pictures), folded(pictures))
    assert (again.scaling, again.weights) == ("unit", "for people")
    arrays = folded_arrays(folded)
    assert all(np.array_equal(array, arrays[name]) for name, array in folded_arrays(fold(again)).items())


def test_a_dense_neck_is_folded_and_unfolded_with_the_rest(pictures):
    backbone = load_backbone("mobilenet_v2_dense", "random", scaling="unit", seed=0)
    folded = fold(backbone)
    assert_close(folded(pictures), backbone.apply(pictures))
    again = unfold(folded, "trained", "mobilenet_v2_dense")
    assert (again.architecture, again.channels) == ("mobilenet_v2_dense", folded.output.shape[-1])
    assert_close(again.apply(pictures), backbone.apply(pictures))


def test_the_bundled_weights_fit_a_dense_neck_except_for_the_neck():
    backbone = load_backbone("mobilenet_v2_dense", "keykind", scaling="unit", seed=0)
    plain = load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)
    for name in ("Conv1", "block_12_project"):
        ours, theirs = (model.network.get_layer(name).kernel for model in (backbone, plain))
        np.testing.assert_array_equal(ours, theirs)


def test_another_network_is_rejected():
    with pytest.raises(BadRecipe, match="use mobilenet_v2"):
        fold(Backbone("mobilenet_v3_large", "native", "random", None))
