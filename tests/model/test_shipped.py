"""Tests of model/shipped.py, and of the bundled weights."""

import hashlib
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from keykind.core.errors import BadModel, BadRecipe, BadWeights
from keykind.model.decision import default_decision
from keykind.model.model import unpack
from keykind.model.shipped import (
    CLASSIFIER,
    DETECTOR,
    INDEX,
    WEIGHTS_FILE,
    is_bundled,
    load_decision,
    read_arrays,
    read_decision,
    read_model,
    write_arrays,
    write_decision,
    write_model,
)
from tiny_model import CARD


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {"Conv1/kernel": rng.standard_normal((3, 3, 3, 4)), "Conv1/bias": rng.standard_normal(4)}


def test_arrays_round_trip_with_the_precision_of_float16(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    restored = read_arrays(tmp_path)
    assert restored.keys() == arrays.keys()
    for name, array in arrays.items():
        assert restored[name].dtype == np.float32
        np.testing.assert_allclose(restored[name], array, rtol=2**-11)


def test_the_same_arrays_give_the_same_bytes(arrays, tmp_path):
    first, second = (write_arrays(arrays, tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_damaged_weights_raise(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    (tmp_path / WEIGHTS_FILE).write_bytes((tmp_path / WEIGHTS_FILE).read_bytes()[:-1] + b"?")
    with pytest.raises(BadWeights, match=r"sha256 differs from the index.*install keykind again"):
        read_arrays(tmp_path)
    (tmp_path / INDEX).write_text("{}")
    with pytest.raises(BadWeights, match="install keykind again"):
        read_arrays(tmp_path)


def test_missing_weights_raise_with_the_remedy(tmp_path):
    with pytest.raises(BadWeights, match=r"has no weights file, or a damaged one .*; install keykind again"):
        read_arrays(tmp_path)


def test_model_files_are_indexed_with_the_weights_and_verified(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    path = write_model("detector.tflite", b"first", tmp_path)
    write_model("detector.tflite", b"second", tmp_path)
    write_model("keys.tflite", b"third", tmp_path)
    assert read_model("detector.tflite", tmp_path) == b"second"
    assert read_model("keys.tflite", tmp_path) == b"third"
    assert read_arrays(tmp_path).keys() == arrays.keys()
    path.write_bytes(b"secone")
    with pytest.raises(BadModel, match=r"sha256 differs from the index.*install keykind again"):
        read_model("detector.tflite", tmp_path)
    with pytest.raises(BadModel, match="is missing from this installation"):
        read_model("other.tflite", tmp_path)


def test_a_decision_is_part_of_the_index(tmp_path):
    write_model("keys.tflite", b"model", tmp_path)
    assert read_decision(tmp_path) is None
    decision = replace(default_decision(CARD), classifier="ab", about={"photos": 3})
    write_decision(decision, tmp_path)
    write_model("keys.tflite", b"another", tmp_path)
    assert read_decision(tmp_path) == decision
    assert read_model("keys.tflite", tmp_path) == b"another"


def test_a_damaged_decision_raises(tmp_path):
    write_decision(default_decision(CARD), tmp_path)
    index = tmp_path / INDEX
    index.write_text(index.read_text().replace('"score"', '"colour"'))
    with pytest.raises(BadModel, match=r"'colour' is no feature.*install keykind again"):
        read_decision(tmp_path)
    index.write_text("[]")
    with pytest.raises(BadModel, match="damaged"):
        read_decision(tmp_path)


def test_a_file_that_is_no_decision_is_an_error(tmp_path):
    for text, reason in (
        ("{}", r"it has no entry 'schema'"),
        ("[1]", "it is not a JSON object"),
        ("no JSON", "Expecting value"),
    ):
        (tmp_path / "decision.json").write_text(text)
        with pytest.raises(BadModel, match=rf"is not a decision \({reason}"):
            load_decision(tmp_path / "decision.json")
    with pytest.raises(BadModel, match=r"is not a decision \(no such file\)"):
        load_decision(tmp_path / "none.json")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_values_that_float16_cannot_represent_raise(value, tmp_path):
    with pytest.raises(ValueError, match="float16"):
        write_arrays({"Conv1/bias": np.array([0, value])}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_backbone_loads_the_bundled_weights(tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone
    from keykind.train.bn_folding import fold, folded_arrays

    expected = folded_arrays(fold(load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)))
    write_arrays(expected, tmp_path)
    monkeypatch.setattr("keykind.train.backbone.read_arrays", partial(read_arrays, tmp_path))
    loaded = folded_arrays(fold(load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=1)))
    assert all(np.array_equal(array, expected[name].astype(np.float16)) for name, array in loaded.items())
    with pytest.raises(BadRecipe, match="set scaling = 'unit'"):
        load_backbone("mobilenet_v2", "keykind", scaling="native", seed=0)
    with pytest.raises(BadWeights, match="set backbone = 'mobilenet_v2'"):
        load_backbone("mobilenet_v3_large", "keykind", scaling="native", seed=0)
    write_arrays({name: array for name, array in expected.items() if name != "Conv_1/bias"}, tmp_path)
    with pytest.raises(BadWeights, match="do not fit"):
        load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)


def test_no_bundled_tensor_is_one_of_imagenet(imagenet):
    """Compared in float16, with and without the scaling of pixels folded in."""
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone
    from keykind.train.bn_folding import fold, folded_arrays

    for scaling in ("unit", "native"):
        pretrained = folded_arrays(
            fold(load_backbone("mobilenet_v2", str(imagenet), scaling=scaling, seed=0))
        )
        shipped = read_arrays()
        assert shipped.keys() == pretrained.keys()
        for name, array in shipped.items():
            assert array.size > 1
            assert not np.array_equal(array, pretrained[name].astype(np.float16)), name


def test_only_the_bundled_file_is_known(tmp_path):
    data = read_model(CLASSIFIER)
    digest = hashlib.sha256(data).hexdigest()
    assert is_bundled(CLASSIFIER, digest)
    assert not is_bundled(DETECTOR, digest)
    assert not is_bundled(CLASSIFIER, "0" * 64)
    unpack(data, "the bundled file")  # checks its network, which is not done when it is loaded


@pytest.mark.parametrize("text", [None, "", "[]", "null", "{}", '{"keys.tflite": 5}', '{"keys.tflite": {}}'])
def test_a_damaged_index_knows_no_file(text, tmp_path):
    if text is not None:
        (tmp_path / INDEX).write_text(text)
    assert not is_bundled(CLASSIFIER, "0" * 64, tmp_path)
