"""Tests of model/description.py: what a model file is, for people and for programs."""

import hashlib
from dataclasses import replace

import pytest

from keykind import __version__
from keykind.core.errors import BadModel
from keykind.model import shipped
from keykind.model.description import describe_model
from keykind.predict.recogniser import shipped_model
from tiny_model import CARD, KINDS, tiny_bytes, tiny_file, tiny_model

ABOUT = {
    "recipe": {"backbone": "mobilenet_v2", "epochs": 3},
    "weights": "keykind",
    "licence": "CC0-1.0",
    "seed": 7,
    "date": "2026-11-29",
    "photos": {kind: {"train": 30 + i, "test": 1} for i, kind in enumerate(KINDS)},
    "scores": {
        "weighted_f1": 0.8523,
        "interval": {"weighted_f1": [0.784, 0.915]},
        "file": {"precision": "fp32", "weighted_f1": 0.85, "photos": 1},
    },
}


def lines(path) -> dict[str, str]:
    """Return the content of each line by its heading."""
    _, *described = describe_model(path).lines()
    return {line[:13].strip(): line[15:] for line in described}


def test_a_model_is_described_line_by_line(tmp_path):
    path = tiny_file(tmp_path / "keys.tflite", about=ABOUT, crop="key")
    described = lines(path)
    assert described["classes"] == f"4 kinds of keys: {', '.join(KINDS)}"
    assert described["takes"].endswith("its tip right: uint8 [1, 224, 224, 3], RGB")
    assert "class maps (Grad-CAM) float32 [1, 7, 7, 4]" in described["gives"]
    assert "not sure below a probability of 0.50, or at an out-of" in described["thresholds"]
    assert described["scores"] == "weighted F1 0.852 [0.784, 0.915]"
    assert described["this file"] == "weighted F1 0.850 on 1 photo"
    assert described["train"] == "126 photos: cylinder 30, dimple 31, laser_track 32, mortice 33"
    assert described["training"] == "backbone mobilenet_v2, epochs 3, seed 7"
    assert (described["date"], described["licence"]) == ("2026-11-29", "CC0-1.0")
    assert described["written by"] == f"keykind {__version__}"
    assert described["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_classes_that_are_no_keys_are_described_without_keys(tmp_path):
    path = tiny_file(tmp_path / "digits.tflite", kinds=("0", "1", "2"))
    text = "\n".join(list(describe_model(path).lines())[1:-4])
    assert "3 classes: 0, 1, 2" in text
    assert "none of the classes well above" in text
    assert "key" not in text


def test_the_bundled_model_is_known_as_such():
    description = describe_model(shipped_model())
    assert description.is_bundled
    assert any(line.endswith("bundled with this version") for line in description.lines())


def test_json_has_every_entry_of_the_card_and_the_file(tmp_path):
    path = tiny_file(tmp_path / "keys.tflite", about=ABOUT)
    values = describe_model(path).as_json()
    assert values["kinds"] == KINDS
    assert values["least_probability"] == CARD.confidence_threshold
    assert values["about"] == ABOUT
    assert values["file"]["bytes"] == path.stat().st_size
    assert values["file"]["inputs"] == ("uint8 [1, 224, 224, 3]",)


def test_a_card_may_hold_anything_for_people(tmp_path):
    about = {"scores": [1], "photos": {"train": 3, "test": {"a": "b"}}, "recipe": "mine", "licence": {"a": 1}}
    described = lines(tiny_file(tmp_path / "keys.tflite", about=about))
    assert described["scores"] == described["licence"] == described["training"] == "not recorded"


def test_a_run_is_described_by_its_model(tmp_path):
    tiny_file(tmp_path / "keys.tflite")
    assert describe_model(tmp_path).path == str(tmp_path / "keys.tflite")


FOREIGN = {
    "text": (b"hello", "starts with 'hello'"),
    "a network without a card": (
        tiny_model(("a", "b", "c")),
        "takes uint8 [1, 224, 224, 3] and gives float32 [1, 3]",
    ),
    "a damaged card": (tiny_bytes()[:-40], "gives float32 [1, 4]"),
    "a malformed network": (b"\x10\0\0\0TFL3" + b"\xff" * 40, "has no card at its end"),
    "an empty file": (b"", "is not a model file"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_of_another_file_the_error_says_what_it_is(tmp_path, case):
    data, reason = FOREIGN[case]
    (tmp_path / "other.tflite").write_bytes(data)
    with pytest.raises(BadModel) as caught:
        describe_model(tmp_path / "other.tflite")
    assert reason in caught.value.fault


def test_any_truncation_of_a_network_is_a_bad_model(tmp_path):
    data, path = tiny_model(("a", "b")), tmp_path / "cut.tflite"
    for count in range(8, len(data), 97):
        path.write_bytes(data[:count])
        with pytest.raises(BadModel):
            describe_model(path)


@pytest.mark.parametrize("name", [shipped.DETECTOR, shipped.REFINER])
def test_the_other_networks_of_keykind_are_named(name):
    with pytest.raises(BadModel, match="is keykind's"):
        describe_model(shipped.FOLDER / name)


def test_an_onnx_file_is_named(tmp_path):
    (tmp_path / "keys.onnx").write_bytes(b"\x08\x08onnx")
    with pytest.raises(BadModel, match="is an ONNX file"):
        describe_model(tmp_path / "keys.onnx")


def test_a_card_of_a_thousand_classes_is_shortened(tmp_path):
    kinds = tuple(f"class {i}" for i in range(100))
    description = describe_model(tiny_file(tmp_path / "many.tflite", kinds=kinds))
    assert "and 40 more" in lines(tmp_path / "many.tflite")["classes"]
    assert replace(CARD, kinds=kinds) == description.card
