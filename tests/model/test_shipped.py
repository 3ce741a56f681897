"""Tests of shipped.py, and of the weights that ship."""

from functools import partial

import numpy as np
import pytest

from keykind.core.errors import BadModel, BadRecipe, BadWeights
from keykind.model.shipped import FILE, LIST, read_arrays, read_model, write_arrays, write_model


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {"Conv1/kernel": rng.standard_normal((3, 3, 3, 4)), "Conv1/bias": rng.standard_normal(4)}


def test_arrays_come_back_with_the_digits_of_float16(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    again = read_arrays(tmp_path)
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert again[name].dtype == np.float32
        np.testing.assert_allclose(again[name], array, rtol=2**-11)


def test_the_same_arrays_make_the_same_bytes(arrays, tmp_path):
    first, again = (write_arrays(arrays, tmp_path / name) for name in "ab")
    assert first.read_bytes() == again.read_bytes()


def test_damaged_weights_are_refused(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-1] + b"?")
    with pytest.raises(BadWeights, match=r"changed since it was made.*install keykind again"):
        read_arrays(tmp_path)
    (tmp_path / LIST).write_text("{}")
    with pytest.raises(BadWeights, match="install keykind again"):
        read_arrays(tmp_path)


def test_absent_weights_say_what_to_do(tmp_path):
    with pytest.raises(BadWeights, match=r"holds no whole weights file .*; install keykind again"):
        read_arrays(tmp_path)


def test_model_files_are_listed_beside_the_weights_and_checked(arrays, tmp_path):
    write_arrays(arrays, tmp_path)
    path = write_model("detector.tflite", b"first", tmp_path)
    write_model("detector.tflite", b"second", tmp_path)
    write_model("keys.tflite", b"third", tmp_path)
    assert read_model("detector.tflite", tmp_path) == b"second"
    assert read_model("keys.tflite", tmp_path) == b"third"
    assert read_arrays(tmp_path).keys() == arrays.keys()
    path.write_bytes(b"secone")
    with pytest.raises(BadModel, match=r"changed since it was made.*install keykind again"):
        read_model("detector.tflite", tmp_path)
    with pytest.raises(BadModel, match="does not come whole"):
        read_model("other.tflite", tmp_path)


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e6])
def test_numbers_that_float16_cannot_hold_are_not_written(number, tmp_path):
    with pytest.raises(ValueError, match="float16"):
        write_arrays({"Conv1/bias": np.array([0, number])}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_network_takes_the_weights_that_ship(tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone
    from keykind.train.bn_folding import fold, folded_arrays

    made = folded_arrays(fold(load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)))
    write_arrays(made, tmp_path)
    monkeypatch.setattr("keykind.train.backbone.read_arrays", partial(read_arrays, tmp_path))
    loaded = folded_arrays(fold(load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=1)))
    assert all(np.array_equal(array, made[name].astype(np.float16)) for name, array in loaded.items())
    with pytest.raises(BadRecipe, match="set scaling = 'unit'"):
        load_backbone("mobilenet_v2", "keykind", scaling="native", seed=0)
    with pytest.raises(BadWeights, match="use mobilenet_v2"):
        load_backbone("mobilenet_v3_large", "keykind", scaling="native", seed=0)
    write_arrays({name: array for name, array in made.items() if name != "Conv_1/bias"}, tmp_path)
    with pytest.raises(BadWeights, match="do not fit"):
        load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)


def test_no_tensor_that_ships_is_one_of_imagenet(imagenet):
    """In float16, with the pixels' scaling folded in or not."""
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone
    from keykind.train.bn_folding import fold, folded_arrays

    for scaling in ("unit", "native"):
        before = folded_arrays(fold(load_backbone("mobilenet_v2", str(imagenet), scaling=scaling, seed=0)))
        shipped = read_arrays()
        assert shipped.keys() == before.keys()
        for name, array in shipped.items():
            assert array.size > 1
            assert not np.array_equal(array, before[name].astype(np.float16)), name
