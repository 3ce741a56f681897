"""Tests of int8_weights.py: large kernels become int8, and the outputs nearly stay the same."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

import tensorflow as tf  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from keykind.export.int8_weights import quantise_kernel, quantise_weights  # noqa: E402
from keykind.model.flatbuffer import read_signature  # noqa: E402
from keykind.train.backbone import converter  # noqa: E402

SIDE, OUTPUTS = 16, 4
CHANNELS = 64  # of the large kernels


def convert(network, float16):
    lite = converter(
        lambda pixels: network(tf.cast(pixels, tf.float32) / 255, training=False), tf.uint8, (SIDE, SIDE)
    )
    if float16:
        lite.optimizations = [tf.lite.Optimize.DEFAULT]
        lite.target_spec.supported_types = [tf.float16]
    return bytes(lite.convert())


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            keras.layers.Conv2D(CHANNELS // 4, 3, activation="relu", bias_initializer="normal"),
            keras.layers.DepthwiseConv2D(5, depth_multiplier=4),  # its kernel has 1,600 elements
            keras.layers.Conv2D(CHANNELS, 1, activation="relu", bias_initializer="normal"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(CHANNELS, activation="relu", bias_initializer="normal"),
            keras.layers.Dense(OUTPUTS),
        ]
    )


@pytest.fixture(scope="module")
def float16(network):
    return convert(network, float16=True)


@pytest.fixture(scope="module")
def int8(float16):
    return quantise_weights(float16)


def outputs(flatbuffer, pixels):
    interpreter = Interpreter(model_content=flatbuffer)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def int8_tensors(flatbuffer):
    interpreter = Interpreter(model_content=flatbuffer)
    return [detail for detail in interpreter.get_tensor_details() if detail["dtype"] is np.int8]


def test_the_outputs_nearly_stay_the_same(float16, int8):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (8, SIDE, SIDE, 3), np.uint8)
    before, after = (np.stack([outputs(data, pixels) for pixels in pictures]) for data in (float16, int8))
    assert 0 < np.abs(after - before).max() < 0.03 * np.abs(before).max()


def test_only_large_dense_kernels_become_int8_with_a_scale_for_each_output(int8):
    tensors = int8_tensors(int8)
    assert [len(tensor["quantization_parameters"]["scales"]) for tensor in tensors] == [CHANNELS, CHANNELS]
    assert sorted(tensor["shape"].tolist() for tensor in tensors) == [
        [CHANNELS, 1, 1, CHANNELS],
        [CHANNELS, CHANNELS],
    ]


def test_the_file_is_smaller_and_runs_where_model_files_are_checked(float16, int8):
    assert len(int8) < len(float16) - 2 * CHANNELS**2 + 4096
    assert read_signature(int8, "int8") == read_signature(float16, "float16")


def test_a_network_without_large_float16_kernels_is_not_changed(network, int8):
    fp32 = convert(network, float16=False)
    assert quantise_weights(fp32) == fp32
    assert quantise_weights(int8) == int8


def test_a_kernel_is_off_by_at_most_half_a_step_of_its_channel():
    kernel = np.random.default_rng(0).normal(0, [[0.01], [1], [0]], (3, 50)).astype(np.float32)
    levels, scales = quantise_kernel(kernel)
    assert np.abs(levels).max(axis=1).tolist() == [127, 127, 0]
    assert (np.abs(levels * scales[:, None] - kernel) <= 0.501 * scales[:, None]).all()
