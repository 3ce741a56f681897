"""Tests of model/packed.py: model files as the app downloads them."""

import gzip

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tfl

from keykind.model import shipped
from keykind.model.packed import pack_file, unpack_file
from tiny_model import repack, tiny_bytes

CHANNELS, COLUMNS = 256, 256  # of a kernel
INPUT_SCALE = np.float32(0.0235)


@pytest.fixture
def kernel():
    return np.clip(np.random.default_rng(0).normal(0, 40, (CHANNELS, COLUMNS)), -127, 127)


def network(kernel, seed=1):
    """Return a TFLite file of one layer: an int8 kernel, its bias, and the scales of both."""
    rng = np.random.default_rng(seed)

    def change(model):
        graph = model.subgraphs[0]
        scales = rng.uniform(0.001, 0.01, len(kernel)).astype(np.float32)
        bias = rng.integers(-9000, 9000, len(kernel)).astype(np.int32)
        tensors = [
            (np.zeros(0, np.int8), np.float32([INPUT_SCALE])),
            (np.rint(kernel).astype(np.int8), scales),
            (bias, scales * INPUT_SCALE),
        ]
        first = len(graph.tensors)
        for values, scale in tensors:
            model.buffers.append(tfl.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
            dtype = tfl.TensorType.INT8 if values.dtype == np.int8 else tfl.TensorType.INT32
            quantization = tfl.QuantizationParametersT(scale=scale, zeroPoint=np.zeros(len(scale), np.int64))
            graph.tensors.append(
                tfl.TensorT(
                    shape=list(values.shape),
                    type=dtype,
                    buffer=len(model.buffers) - 1,
                    quantization=quantization,
                )
            )
        inputs = [first, first + 1, first + 2]
        graph.operators.append(tfl.OperatorT(inputs=inputs, outputs=[first]))

    return repack(tiny_bytes(), change)


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_any_bytes_are_unpacked_as_they_were(size):
    data = np.random.default_rng(0).integers(0, 256, size, np.uint8).tobytes()
    assert unpack_file(pack_file(data)) == data
    assert gzip.decompress(pack_file(data)) == data


def test_a_network_is_unpacked_as_it_was_and_smaller_than_with_gzip(kernel):
    data = network(kernel)
    packed = pack_file(data)
    assert unpack_file(packed) == data
    assert len(packed) < 0.99 * len(gzip.compress(data, 9))
    assert pack_file(data) == packed


def test_scales_of_a_bias_that_follow_from_the_kernels_take_no_space(kernel):
    data = network(kernel)
    scales = (np.random.default_rng(1).uniform(0.001, 0.01, CHANNELS).astype(np.float32)) * INPUT_SCALE
    assert data.count(scales.tobytes()) == 1
    other = data.replace(scales.tobytes(), np.nextafter(scales, np.float32(1)).tobytes())
    assert unpack_file(pack_file(other)) == other
    assert len(pack_file(data)) < len(pack_file(other)) - 2 * CHANNELS


def test_a_fine_tuned_network_takes_the_space_of_its_differences(kernel):
    """Each channel's scale is its own: the reference is scaled before it is subtracted."""
    rng = np.random.default_rng(2)
    tuned = kernel * rng.uniform(0.5, 1, (CHANNELS, 1)) + rng.normal(0, 1, kernel.shape)
    reference, data = network(kernel), network(tuned, seed=3)
    packed = pack_file(data, reference)
    assert unpack_file(packed, reference) == data
    assert len(packed) < 0.5 * len(pack_file(data))
    with pytest.raises(ValueError, match="reference, which is missing"):
        unpack_file(packed)


def test_an_unrelated_reference_changes_nothing(kernel):
    data = network(kernel)
    for reference in (b"", b"no network", tiny_bytes(), network(kernel[::-1])):
        assert pack_file(data, reference) == pack_file(data)


@pytest.mark.parametrize("name", [shipped.CLASSIFIER, shipped.REFINER])
def test_the_bundled_networks_are_much_smaller_as_differences_to_the_detector(name):
    detector, data = shipped.read_model(shipped.DETECTOR), shipped.read_model(name)
    packed = pack_file(data, detector, effort=1)
    assert unpack_file(packed, detector) == data
    assert len(packed) < 0.9 * len(pack_file(data, effort=1))
