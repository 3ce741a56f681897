"""keykind.model.flatbuffer: networks that keykind never writes are refused before native code sees them."""

from copy import copy

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tfl

from keykind.core.errors import BadModel
from keykind.model.flatbuffer import ALLOWED_OPS, TYPES, Signature, Tensor, read_signature
from keykind.model.model import SIZE
from tiny_model import KINDS, repacked, tiny_model

OPERATIONS = tfl.BuiltinOperator


def refused(flatbuffer: bytes) -> str:
    with pytest.raises(BadModel) as caught:
        read_signature(flatbuffer, "keys.tflite")
    return caught.value.fault


def changed(change) -> bytes:
    """The tiny network after `change(model, its graph)`."""
    return repacked(tiny_model(KINDS), lambda model: change(model, model.subgraphs[0]))


def test_the_names_of_operators_and_types_are_those_of_the_schema():
    assert {name: getattr(OPERATIONS, name) for name in ALLOWED_OPS} == {
        name: entry[0] for name, entry in ALLOWED_OPS.items()
    }
    assert {name: getattr(tfl.TensorType, name.upper()) for name in TYPES} == TYPES


def test_it_says_what_goes_in_and_what_comes_out():
    found = read_signature(tiny_model(("a", "b", "c")), "a")
    pixels = Tensor("uint8", (1, SIZE, SIZE, 3), False)
    outputs = [Tensor("float32", shape, False) for shape in ((1, 3), (1, 7, 7, 3), (1, 1))]
    assert found == Signature((pixels,), tuple(outputs))


@pytest.mark.parametrize("name", ["WHILE", "IF", "CALL_ONCE", "VAR_HANDLE", "TILE", "RANDOM_UNIFORM"])
def test_operators_that_keykind_does_not_need_are_refused(name):
    def change(model, graph):
        number = getattr(OPERATIONS, name)
        model.operatorCodes[0].deprecatedBuiltinCode = min(number, 127)
        model.operatorCodes[0].builtinCode = number

    assert f"operator {getattr(OPERATIONS, name)}" in refused(changed(change))


def test_custom_code_is_refused():
    def change(model, graph):
        model.operatorCodes[0] = tfl.OperatorCodeT(32, "Evil", 1, 32)

    assert "operator 32" in refused(changed(change))


def test_a_shape_that_is_only_known_when_it_runs_is_refused():
    def change(model, graph):
        used = [model.operatorCodes[operator.opcodeIndex].builtinCode for operator in graph.operators]
        place = used.index(OPERATIONS.MEAN)
        mean, cast = graph.operators[place], copy(graph.operators[used.index(OPERATIONS.CAST)])
        late = copy(graph.tensors[mean.inputs[1]])
        late.buffer, late.name = 0, "late"
        graph.tensors.append(late)
        cast.inputs, cast.outputs = [mean.inputs[1]], [len(graph.tensors) - 1]
        mean.inputs = [mean.inputs[0], len(graph.tensors) - 1]
        graph.operators.insert(place, cast)

    assert "has MEAN to a shape that is only known when it runs" in refused(changed(change))


def test_more_than_one_graph_is_refused():
    assert "2 graphs" in refused(changed(lambda model, graph: model.subgraphs.append(graph)))


def test_a_network_that_loops_is_refused():
    def change(model, graph):
        graph.operators[0].inputs = list(graph.operators[1].outputs)

    assert "not written before it" in refused(changed(change))


def test_a_tensor_is_written_once():
    def change(model, graph):
        graph.operators[1].outputs = list(graph.operators[0].outputs)

    assert "written already" in refused(changed(change))


@pytest.mark.parametrize("place", [-2, 99, 2**31 - 1])
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_operators_reach_no_tensor_that_is_not_there(place, side):
    refused(changed(lambda model, graph: setattr(graph.operators[0], side, [place])))
    refused(changed(lambda model, graph: setattr(graph, side, [place])))


@pytest.mark.parametrize("count", [0, 3, 8, 1000])
def test_operators_have_as_many_inputs_as_they_need(count):
    refused(changed(lambda model, graph: setattr(graph.operators[1], "inputs", [0] * count)))


def test_operators_have_one_output():
    refused(changed(lambda model, graph: setattr(graph.operators[1], "outputs", [])))


@pytest.mark.parametrize(
    "shape", [[], [0], [-1, 224, 224, 3], [1, 224, 224, 10**6], [2**31 - 1] * 8, [1] * 9]
)
def test_shapes_are_fixed_and_small(shape):
    refused(changed(lambda model, graph: setattr(graph.tensors[1], "shape", shape)))


def test_a_shape_that_may_change_is_refused():
    change = [-1, SIZE, SIZE, 3]
    assert "not fixed" in refused(
        changed(lambda model, graph: setattr(graph.tensors[0], "shapeSignature", change))
    )


@pytest.mark.parametrize("kind", [5, 8, 10, 13, 14, -7])
def test_tensors_of_text_and_resources_are_refused(kind):
    assert f"type {kind}" in refused(changed(lambda model, graph: setattr(graph.tensors[1], "type", kind)))


def test_weights_outside_of_the_flatbuffer_are_refused():
    assert "outside" in refused(changed(lambda model, graph: setattr(model.buffers[1], "offset", 1000)))


def test_variable_tensors_are_refused():
    assert "variable" in refused(changed(lambda model, graph: setattr(graph.tensors[1], "isVariable", True)))


@pytest.mark.parametrize("name", ["CAST", "MUL"])
def test_a_shape_that_is_a_lie_is_refused(name):
    """LiteRT 2.3.0 reads beyond the weights of half precision where DEQUANTIZE lies so."""

    def change(model, graph):
        codes = [code.builtinCode for code in model.operatorCodes]
        operator = next(
            operator
            for operator in graph.operators
            if codes[operator.opcodeIndex] == getattr(OPERATIONS, name)
        )
        graph.tensors[operator.outputs[0]].shape = [1, SIZE, 2 * SIZE, 3]

    assert f"has {name} from [1, 224, 224, 3]" in refused(changed(change))


@pytest.mark.parametrize("scale", [None, [], [0.0], [-1.0], [float("nan")], [float("inf")], [1.0, 0.0]])
def test_int8_without_a_scale_is_refused(scale):
    """LiteRT 2.3.0 ends the process with it."""

    def change(model, graph):
        graph.tensors[1].type = tfl.TensorType.INT8
        graph.tensors[1].quantization = (
            None if scale is None else tfl.QuantizationParametersT(scale=scale, zeroPoint=[0])
        )

    assert "scale above 0" in refused(changed(change))


def test_a_network_that_would_compute_for_minutes_is_refused():
    def change(model, graph):
        model.buffers.append(tfl.BufferT(data=np.zeros(2_000_000, np.uint8)))
        weights, wide = graph.operators[4].inputs[1], graph.operators[4].outputs[0]
        graph.tensors[weights].shape, graph.tensors[weights].buffer = [4, 125_000], len(model.buffers) - 1
        for place in (wide, graph.outputs[0]):
            graph.tensors[place].shape = [1, 1_000_000]

    assert "multiplies 125,0" in refused(changed(change))


def test_no_number_of_bytes_is_too_few():
    flatbuffer = tiny_model(KINDS)
    for count in range(0, len(flatbuffer), 7):
        with pytest.raises(BadModel):
            read_signature(flatbuffer[:count], "a")
