"""Tests of shipping.py: what a run leaves is bundled, unless a part of it was never trained."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadModel, BadWeights  # noqa: E402
from keykind.core.files import write_json  # noqa: E402
from keykind.experiment.shipping import (  # noqa: E402
    ship_classifier,
    ship_decision,
    ship_detector,
    ship_refiner,
    unchanged,
)
from keykind.model.decision import default_decision  # noqa: E402
from keykind.model.model import read_model_file, unpack  # noqa: E402
from keykind.model.shipped import (  # noqa: E402
    CLASSIFIER,
    DETECTOR,
    FOLDER,
    read_arrays,
    read_decision,
    read_model,
    write_model,
)
from tiny_model import CARD  # noqa: E402


def test_a_run_is_bundled_as_a_model_and_as_weights(finished_full_size, tmp_path, monkeypatch):
    experiment, _ = finished_full_size
    monkeypatch.setattr("keykind.experiment.shipping.unchanged", lambda *_: [])  # this run froze its backbone
    exported, weights = ship_classifier(experiment.out, "random", tmp_path)
    assert exported.path == tmp_path / "keys.tflite"
    assert unpack(read_model_file(exported.path), exported.path)[1].precision == "int8"
    assert read_model("keys.tflite", tmp_path) == exported.path.read_bytes()
    assert weights.parent == tmp_path
    assert read_arrays(tmp_path)["Conv1/kernel"].shape == (3, 3, 3, 32)


def test_a_backbone_that_was_not_trained_is_refused(finished_full_size, tmp_path):
    experiment, _ = finished_full_size
    with pytest.raises(BadWeights, match=r"of \d+ tensors were not trained, the first is"):
        ship_classifier(experiment.out, "random", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_that_began_with_the_bundled_weights_is_bundled(finished_full_size, tmp_path):
    experiment, _ = finished_full_size  # began with random weights: no tensor is like the bundled ones
    assert ship_classifier(experiment.out, "keykind", tmp_path)[0].path == tmp_path / "keys.tflite"


def test_arrays_that_differ_only_beyond_float16_are_unchanged():
    before = {"a": np.ones(3), "b": np.ones(3), "scalar": np.ones(1)}
    arrays = {"a": before["a"] + 1e-6, "b": before["b"] + 0.1, "scalar": before["scalar"]}
    assert unchanged(arrays, before) == ["a"]


def test_a_detector_is_bundled_and_anything_else_is_refused(tmp_path):
    path = ship_detector(FOLDER / DETECTOR, tmp_path / "models")
    assert path.read_bytes() == read_model(DETECTOR, tmp_path / "models")
    assert path.read_bytes() == (FOLDER / DETECTOR).read_bytes()
    (tmp_path / "text.tflite").write_text("not a model")
    with pytest.raises(BadModel):
        ship_detector(tmp_path / "text.tflite", tmp_path / "other")
    with pytest.raises(BadModel):
        ship_refiner(FOLDER / DETECTOR, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_decision_is_bundled_with_the_models_that_it_was_fitted_to(tmp_path):
    for name in (CLASSIFIER, DETECTOR):
        write_model(name, name.encode(), tmp_path)
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in (CLASSIFIER, DETECTOR)]
    decision = replace(default_decision(CARD), classifier=digests[0], detector=digests[1])
    write_json(tmp_path / "decision.json", decision.as_json())
    assert ship_decision(tmp_path / "decision.json", tmp_path) == tmp_path / "models.json"
    assert read_decision(tmp_path) == decision
    write_model(DETECTOR, b"another", tmp_path)
    with pytest.raises(BadModel, match=r"was fitted to another detector\.tflite than the bundled one"):
        ship_decision(tmp_path / "decision.json", tmp_path)
