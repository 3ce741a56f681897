"""Tests of network.py: shapes, standardised kernels, parity of the model file with Keras."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.detect.detector import KeyDetector  # noqa: E402
from keykind.detect.postprocess import CLASSES, HEIGHT, LOCATIONS, WIDTH  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.detector.network import (  # noqa: E402
    FEATURE_SHAPES,
    StandardisedConv2D,
    build_network,
    build_trunk,
    convert_detector,
    convert_trunk,
    fold_network,
)
from keykind.train.recipe import DetectorRecipe  # noqa: E402
from keykind.train.trunk import Trunk  # noqa: E402

SMALL = DetectorRecipe(neck_channels=4, head_channels=8)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    network = build_network(SMALL)
    rng = np.random.default_rng(0)
    for variable in network.weights:  # otherwise all gains are 1 and all biases 0
        variable.assign(variable.numpy() + rng.normal(0, 0.05, variable.shape))
    return network


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(1)
    return [rng.normal(0, 2, (2, *shape)).astype(np.float16) for shape in FEATURE_SHAPES]


def test_a_new_network_detects_nothing(features):
    outputs = build_network(SMALL)(features).numpy()
    assert outputs.shape == (2, LOCATIONS, 10)
    assert outputs.dtype == np.float32
    assert (1 / (1 + np.exp(-outputs[..., CLASSES]))).max() < 0.2


def test_the_usual_policy_of_number_formats_is_kept():
    before = keras.config.dtype_policy().name
    build_network(SMALL)
    assert keras.config.dtype_policy().name == before


def test_standardised_kernels_have_mean_0_and_the_same_variance():
    layer = StandardisedConv2D(5, 3, 1)
    layer.build((None, 8, 8, 7))
    layer.kernel.assign(layer.kernel.numpy() * 9 + 2)
    kernel = layer.standardised_kernel().numpy().reshape(-1, 5)
    assert kernel.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert (kernel**2).sum(axis=0) == pytest.approx(1.6**2, rel=1e-3)


def test_folding_keeps_the_outputs(network, features):
    folded = fold_network(network, SMALL)
    assert not any(isinstance(layer, StandardisedConv2D) for layer in folded.layers)
    expected = network(features).numpy()  # in bfloat16
    outputs = folded([maps.astype(np.float32) for maps in features]).numpy()
    np.testing.assert_allclose(outputs, expected, atol=0.03 * abs(expected).max())


def test_the_model_file_gives_the_outputs_of_trunk_and_network(network):
    backbone = load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    trunk = build_trunk(backbone)
    maps = Trunk(convert_trunk(trunk))(image)
    assert [values.shape for values in maps] == list(FEATURE_SHAPES)
    assert all(values.dtype == np.float16 and values.astype(np.float32).std() > 0.01 for values in maps)
    folded = fold_network(network, SMALL)
    expected = folded([values[None].astype(np.float32) for values in maps]).numpy()[0]
    outputs = KeyDetector(convert_detector(trunk, network, SMALL)).dense_outputs(image)
    np.testing.assert_allclose(outputs, expected, atol=0.02 * abs(expected).max())
    int8 = convert_detector(trunk, network, SMALL, [image])
    assert len(int8) < 0.7 * len(convert_detector(trunk, network, SMALL))
    differences = abs(KeyDetector(int8).dense_outputs(image) - expected)
    assert differences.mean() < 0.1 * expected.std()
