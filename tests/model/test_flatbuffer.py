"""Tests of model/flatbuffer.py: networks that keykind never writes are rejected before LiteRT runs them."""

from copy import copy

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tfl

from keykind.core.errors import BadModel
from keykind.model.allowed_ops import ALLOWED_OPS
from keykind.model.flatbuffer import TYPES, Signature, Tensor, read_signature
from keykind.model.model import SIZE
from tiny_model import KINDS, repack, tiny_model

OPERATORS = tfl.BuiltinOperator


def rejection(flatbuffer: bytes) -> str:
    with pytest.raises(BadModel) as caught:
        read_signature(flatbuffer, "keys.tflite")
    return caught.value.fault


def changed(change) -> bytes:
    """Return the tiny network after `change(model, graph)`."""
    return repack(tiny_model(KINDS), lambda model: change(model, model.subgraphs[0]))


def test_operators_and_types_are_those_of_the_schema():
    assert {name: getattr(OPERATORS, name) for name in ALLOWED_OPS} == {
        name: entry[0] for name, entry in ALLOWED_OPS.items()
    }
    assert {name: getattr(tfl.TensorType, name.upper()) for name in TYPES} == TYPES


def test_the_inputs_and_outputs_are_read():
    signature = read_signature(tiny_model(("a", "b", "c")), "a")
    pixels = Tensor("uint8", (1, SIZE, SIZE, 3), False)
    outputs = [Tensor("float32", shape, False) for shape in ((1, 3), (1, 7, 7, 3), (1, 1))]
    assert signature == Signature((pixels,), tuple(outputs))


@pytest.mark.parametrize("name", ["WHILE", "IF", "CALL_ONCE", "VAR_HANDLE", "TILE", "RANDOM_UNIFORM"])
def test_operators_that_keykind_does_not_need_are_rejected(name):
    def change(model, graph):
        number = getattr(OPERATORS, name)
        model.operatorCodes[0].deprecatedBuiltinCode = min(number, 127)
        model.operatorCodes[0].builtinCode = number

    assert f"operator {getattr(OPERATORS, name)}" in rejection(changed(change))


def test_custom_operators_are_rejected():
    def change(model, graph):
        model.operatorCodes[0] = tfl.OperatorCodeT(32, "Evil", 1, 32)

    assert "operator 32" in rejection(changed(change))


def test_a_shape_that_is_only_known_at_run_time_is_rejected():
    def change(model, graph):
        codes = [model.operatorCodes[operator.opcodeIndex].builtinCode for operator in graph.operators]
        index = codes.index(OPERATORS.MEAN)
        mean, cast = graph.operators[index], copy(graph.operators[codes.index(OPERATORS.CAST)])
        axes = copy(graph.tensors[mean.inputs[1]])
        axes.buffer, axes.name = 0, "axes at run time"
        graph.tensors.append(axes)
        cast.inputs, cast.outputs = [mean.inputs[1]], [len(graph.tensors) - 1]
        mean.inputs = [mean.inputs[0], len(graph.tensors) - 1]
        graph.operators.insert(index, cast)

    assert "has MEAN to a shape that is only known at run time" in rejection(changed(change))


def test_more_than_one_graph_is_rejected():
    assert "2 graphs" in rejection(changed(lambda model, graph: model.subgraphs.append(graph)))


def test_a_cycle_is_rejected():
    def change(model, graph):
        graph.operators[0].inputs = list(graph.operators[1].outputs)

    assert "not written before it" in rejection(changed(change))


def test_a_tensor_is_written_only_once():
    def change(model, graph):
        graph.operators[1].outputs = list(graph.operators[0].outputs)

    assert "written already" in rejection(changed(change))


@pytest.mark.parametrize("index", [-2, 99, 2**31 - 1])
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_indices_of_missing_tensors_are_rejected(index, side):
    rejection(changed(lambda model, graph: setattr(graph.operators[0], side, [index])))
    rejection(changed(lambda model, graph: setattr(graph, side, [index])))


@pytest.mark.parametrize("count", [0, 3, 8, 1000])
def test_a_wrong_number_of_inputs_is_rejected(count):
    rejection(changed(lambda model, graph: setattr(graph.operators[1], "inputs", [0] * count)))


def test_an_operator_without_output_is_rejected():
    rejection(changed(lambda model, graph: setattr(graph.operators[1], "outputs", [])))


@pytest.mark.parametrize(
    "shape", [[], [0], [-1, 224, 224, 3], [1, 224, 224, 10**6], [2**31 - 1] * 8, [1] * 9]
)
def test_invalid_and_large_shapes_are_rejected(shape):
    rejection(changed(lambda model, graph: setattr(graph.tensors[1], "shape", shape)))


def test_a_dynamic_shape_is_rejected():
    signature = [-1, SIZE, SIZE, 3]
    assert "not fixed" in rejection(
        changed(lambda model, graph: setattr(graph.tensors[0], "shapeSignature", signature))
    )


@pytest.mark.parametrize("number", [5, 8, 10, 13, 14, -7])
def test_tensors_of_text_and_resources_are_rejected(number):
    assert f"type {number}" in rejection(
        changed(lambda model, graph: setattr(graph.tensors[1], "type", number))
    )


def test_weights_outside_the_flatbuffer_are_rejected():
    assert "outside" in rejection(changed(lambda model, graph: setattr(model.buffers[1], "offset", 1000)))


def test_variable_tensors_are_rejected():
    assert "variable" in rejection(
        changed(lambda model, graph: setattr(graph.tensors[1], "isVariable", True))
    )


@pytest.mark.parametrize("name", ["CAST", "MUL"])
def test_a_wrong_shape_is_rejected(name):
    """LiteRT 2.3.0 reads beyond half-precision weights if the output of DEQUANTIZE is declared too large."""

    def change(model, graph):
        codes = [code.builtinCode for code in model.operatorCodes]
        operator = next(
            operator
            for operator in graph.operators
            if codes[operator.opcodeIndex] == getattr(OPERATORS, name)
        )
        graph.tensors[operator.outputs[0]].shape = [1, SIZE, 2 * SIZE, 3]

    assert f"has {name} from [1, 224, 224, 3]" in rejection(changed(change))


@pytest.mark.parametrize(
    "scale", [None, [], [0.0], [-1.0], [float("nan")], [float("inf")], [1.0, 0.0], [1.0] * 7]
)
def test_int8_without_a_valid_scale_is_rejected(scale):
    """It crashes LiteRT 2.3.0. There is one scale in all or one per channel."""

    def change(model, graph):
        graph.tensors[1].type = tfl.TensorType.INT8
        graph.tensors[1].quantization = (
            None if scale is None else tfl.QuantizationParametersT(scale=scale, zeroPoint=[0])
        )

    assert "scale above 0" in rejection(changed(change))


def test_a_network_that_would_run_for_minutes_is_rejected():
    def change(model, graph):
        model.buffers.append(tfl.BufferT(data=np.zeros(2_000_000, np.uint8)))
        weights, output = graph.operators[4].inputs[1], graph.operators[4].outputs[0]
        graph.tensors[weights].shape, graph.tensors[weights].buffer = [4, 125_000], len(model.buffers) - 1
        for tensor in (output, graph.outputs[0]):
            graph.tensors[tensor].shape = [1, 1_000_000]

    assert "needs 125,0" in rejection(changed(change))


@pytest.mark.parametrize("distance", [2**31 - 1, -(2**31), 10**6, -(10**6), 100_000])
def test_a_table_whose_fields_are_outside_the_flatbuffer_is_rejected(distance):
    """The vtable of the root table is at a signed distance before it."""
    flatbuffer = bytearray(tiny_model(KINDS))
    root = int.from_bytes(flatbuffer[:4], "little")
    flatbuffer[root : root + 4] = distance.to_bytes(4, "little", signed=True)
    assert "not a well-formed TFLite file" in rejection(bytes(flatbuffer))


def test_every_truncation_is_rejected():
    flatbuffer = tiny_model(KINDS)
    for count in range(0, len(flatbuffer), 7):
        with pytest.raises(BadModel):
            read_signature(flatbuffer[:count], "a")
