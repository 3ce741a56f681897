"""Tests of web/src/core/card.ts and flatbuffer.ts: model files are read or refused as in Python."""

import pytest
from ai_edge_litert import schema_py_generated as tfl

from app_build import Core, build_core
from keykind.core.errors import BadModel
from keykind.model import shipped
from keykind.model.model import _assemble, unpack
from once import once
from tiny_model import repack, tiny_bytes


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    core = Core(once(tmp_path_factory, "core", build_core))
    yield core
    core.close()


def test_a_model_file_is_read_as_in_python(core):
    data = tiny_bytes(crop="key", confidence_threshold=0.6)
    flatbuffer, card = unpack(data, "tiny")
    model = core.readModel(data)
    assert model["length"] == len(flatbuffer)
    assert model["card"]["kinds"] == list(card.kinds)
    assert model["card"]["crop"] == "key"
    assert model["card"]["confidenceThreshold"] == 0.6
    assert model["card"]["oodThreshold"] == card.ood_threshold
    assert model["card"]["ofKeys"]


@pytest.mark.parametrize(
    "changes",
    [{}, {"crop": "key"}, {"about": {"subject": "key"}}, {"about": {"subject": "a key", "licence": "MIT"}}],
)
def test_whether_the_classes_are_kinds_of_keys_is_read_as_in_python(core, changes):
    data = tiny_bytes(**changes)
    assert core.readModel(data)["card"]["ofKeys"] == unpack(data, "tiny")[1].of_keys


@pytest.mark.parametrize("kinds", [("été", "日本", "b ü"), ("<b>", "a, b"), tuple(map(str, range(1000)))])
def test_names_of_classes_are_read_as_in_python(core, kinds):
    assert core.readModel(tiny_bytes(kinds=kinds, maps=False))["card"]["kinds"] == list(kinds)


DAMAGES = {
    "cut off": (lambda data: data[:-9], "noCard"),
    "changed": (lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], "damaged"),
    "no card": (lambda data: unpack(data, "tiny")[0], "noCard"),
    "text": (lambda data: b"no model" * 100, "notModel"),
    "another card": (lambda data: data.replace(b'"crop": "whole"', b'"crop": "where"'), "card"),
    "control characters": (lambda data: data.replace(b'"dimple"', '"dim\u202e"'.encode()), "card"),
    "newer": (lambda data: data.replace(b'"schema": 1', b'"schema": 9'), "newer"),
    "other labels": (lambda data: data.replace(b"dimple\nlaser", b"dimplf\nlaser"), "damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_file_is_refused_for_what_is_wrong(core, damage):
    change, problem = DAMAGES[damage]
    with pytest.raises(RuntimeError, match=f"^{problem}: "):
        core.readModel(change(tiny_bytes()))


def with_network(change):
    """Return a model file whose network was changed, with the card and the hashes of the changed one."""
    flatbuffer, card = unpack(tiny_bytes(), "tiny")
    return _assemble(repack(flatbuffer, change), card)


NETWORKS = {
    "of an operator that keykind does not use": lambda model: set_operator(model, tfl.BuiltinOperator.WHILE),
    "of a custom operator": lambda model: set_operator(model, tfl.BuiltinOperator.CUSTOM),
    "of two graphs": lambda model: model.subgraphs.append(model.subgraphs[0]),
    "of huge tensors": lambda model: set_shape(model.subgraphs[0].tensors[2], [1, 30_000, 30_000, 3]),
    "of another input": lambda model: set_shape(model.subgraphs[0].tensors[0], [1, 100, 100, 3]),
    "without its probabilities": lambda model: keep_outputs(model, slice(1, None)),
}


def set_operator(model, operator):
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = operator


def keep_outputs(model, kept):
    model.subgraphs[0].outputs = model.subgraphs[0].outputs[kept]


def set_shape(tensor, shape):
    tensor.shape = shape


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_that_python_refuses_are_refused(core, network):
    data = with_network(NETWORKS[network])
    with pytest.raises(BadModel):
        unpack(data, "changed")
    with pytest.raises(RuntimeError, match=r"^network: "):
        core.readModel(data)


def test_a_cut_flatbuffer_is_refused(core):
    flatbuffer, card = unpack(tiny_bytes(), "tiny")
    with pytest.raises(RuntimeError, match=r"^network: .*not well-formed"):
        core.readModel(_assemble(flatbuffer[:64], card))


def test_the_bundled_classifier_is_read(core):
    data = shipped.read_model(shipped.CLASSIFIER)
    assert core.readModel(data)["card"]["kinds"] == list(unpack(data, "bundled")[1].kinds)
