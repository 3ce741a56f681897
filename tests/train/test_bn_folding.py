"""Tests of folding.py."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadRecipe  # noqa: E402
from keykind.train.backbone import Backbone, batch_norms, load_backbone  # noqa: E402
from keykind.train.bn_folding import fold, folded_arrays, unfold  # noqa: E402


@pytest.fixture(scope="module")
def backbone():
    """Batch normalisation with statistics, factors and offsets of its own in every layer."""
    made = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)
    rng = np.random.default_rng(0)
    for _, norm in batch_norms(made.network):
        norm.set_weights(
            [rng.uniform(0.5, 1.5, norm.gamma.shape).astype(np.float32) for _ in range(4)]
        )  # gamma, beta, mean, variance
    return made


@pytest.fixture
def pictures():
    return np.random.default_rng(1).random((2, 224, 224, 3), np.float32)


def close(one, other):
    """Rounding grows through 52 layers of random weights."""
    one, other = np.asarray(one), np.asarray(other)
    np.testing.assert_allclose(one, other, atol=1e-3 * np.abs(other).max())


def test_a_folded_network_computes_the_same(backbone, pictures):
    close(fold(backbone)(pictures), backbone.apply(pictures))


def test_a_folded_network_takes_smaller_pictures_as_one_built_for_them(backbone, pictures):
    small = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 160, 3))
    small.set_weights(backbone.network.get_weights())
    shown = pictures[:, :96, :160]
    close(fold(backbone)(shown), small(shown, training=False))


def test_every_kernel_and_bias_can_be_trained_and_nothing_else_is_there(backbone):
    folded = fold(backbone)
    assert (
        len(folded.trainable_variables) == len(folded.weights) == 2 * len(list(batch_norms(backbone.network)))
    )
    assert not backbone.network.trainable_variables


def test_the_scaling_of_pixels_is_folded_in(backbone, pictures):
    native = Backbone("mobilenet_v2", "native", "random", backbone.network)
    before, after = (
        keras.Model(network.input, network.get_layer("Conv1_relu").output)
        for network in (backbone.network, fold(native))
    )
    # Beyond the last row and column lie zeros: grey for one, black for the other.
    close(after(pictures)[:, :-1, :-1], before(2 * pictures - 1)[:, :-1, :-1])


def test_unfolding_gives_a_backbone_that_computes_the_same(backbone, pictures):
    folded = fold(backbone)
    again = unfold(folded, "for people")
    close(again.apply(pictures), folded(pictures))
    assert (again.scaling, again.weights) == ("unit", "for people")
    arrays = folded_arrays(folded)
    assert all(np.array_equal(array, arrays[name]) for name, array in folded_arrays(fold(again)).items())


def test_another_network_is_refused():
    with pytest.raises(BadRecipe, match="use mobilenet_v2"):
        fold(Backbone("mobilenet_v3_large", "native", "random", None))
