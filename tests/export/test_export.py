"""Tests of export.py, from_run.py and onnx.py: every file of a run gives the outputs of Keras."""

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from commands import keykind
from keykind.core.errors import BadModel, BadRun
from keykind.dataset.bundled import NEGATIVES, bundled_negatives
from keykind.dataset.dataset import read_negatives
from keykind.export.export import ExportOptions, export_model
from keykind.model.card import SIZE
from keykind.model.model import load_model, unpack
from keykind.train.features import read_crop
from tiny_model import KINDS, tiny_file

DEFAULT = ExportOptions(None, mediapipe=False, out=None, force=False)
MEDIAPIPE = Path(__file__).parents[2] / "benchmarks" / "peers" / "mediapipe_crops.py"


def crops(count=4):
    rng = np.random.default_rng(0)
    return [
        np.kron(rng.integers(0, 256, (7, 7, 3), np.uint8), np.ones((32, 32, 1), np.uint8))
        for _ in range(count)
    ]


# From a model file


def test_the_file_for_mediapipe_outputs_the_same_probabilities_only(tmp_path):
    source = tiny_file(tmp_path / "keys.tflite")
    exported = export_model(source, replace(DEFAULT, mediapipe=True, out=tmp_path / "bare.tflite"))
    full, bare = load_model(source), load_model(exported.path)
    assert not bare.card.maps
    for crop in crops():
        output = bare.run(crop)
        assert output.maps is None
        assert output.ood_score is None
        np.testing.assert_array_equal(output.probabilities, full.run(crop).probabilities)


@pytest.mark.parametrize("bare", [True, False], ids=["for mediapipe", "with maps"])
def test_mediapipe_predicts_the_same_probabilities(tmp_path, bare):
    if find_spec("mediapipe") is None:
        pytest.skip("mediapipe is not installed")
    source = tiny_file(tmp_path / "keys.tflite")
    export_model(source, replace(DEFAULT, mediapipe=bare, out=tmp_path / "exported.tflite"))
    np.save(tmp_path / "crops.npy", crops())
    command = [sys.executable, str(MEDIAPIPE), str(tmp_path / "exported.tflite"), str(tmp_path / "crops.npy")]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    model = load_model(source)
    for line, crop in zip(lines, crops(), strict=True):
        output = json.loads(line)
        expected = dict(zip(KINDS, model.run(crop).probabilities, strict=True))
        assert output == pytest.approx(expected, abs=1e-4)


def test_a_file_cannot_be_converted_to_a_higher_precision(tmp_path):
    source = tiny_file(tmp_path / "keys.tflite", precision="int8")
    with pytest.raises(BadModel, match="is int8 and cannot be converted to fp32; give the folder of its run"):
        export_model(source, replace(DEFAULT, precision="fp32"))


def test_another_extension_is_rejected_before_any_work(tmp_path):
    with pytest.raises(BadModel, match=r"ends in '\.pb'; use \.tflite or \.onnx"):
        export_model(tmp_path / "no-run", replace(DEFAULT, out=str(tmp_path / "keys.pb")))


def test_onnx_has_the_same_named_outputs_and_the_card(tmp_path):
    pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    source = tiny_file(tmp_path / "keys.tflite")
    exported = export_model(source, replace(DEFAULT, out=tmp_path / "keys.onnx"))
    session, model = runtime.InferenceSession(exported.path), load_model(source)
    names = ["probabilities", "maps", "novelty"]
    assert [entry.name for entry in session.get_inputs()] == ["pixels"]
    for crop in crops():
        probabilities, maps, ood_score = session.run(names, {"pixels": crop[None]})
        output = model.run(crop)
        np.testing.assert_allclose(probabilities[0], output.probabilities, atol=1e-5)
        np.testing.assert_allclose(maps[0], output.maps, atol=1e-4)
        assert ood_score[0, 0] == pytest.approx(output.ood_score, abs=1e-5)
    properties = session.get_modelmeta().custom_metadata_map
    assert properties["labels.txt"].split() == list(KINDS)
    assert json.loads(properties["card.json"])["kinds"] == list(KINDS)


# From a run


@pytest.fixture
def run_folder(finished, tmp_path):
    return shutil.copytree(finished[0].out, tmp_path / "run")


@pytest.fixture(scope="module")
def fp32(finished, tmp_path_factory):
    """The run, exported in fp32."""
    out = tmp_path_factory.mktemp("fp32") / "again.tflite"
    return export_model(str(finished[0].out), replace(DEFAULT, out=str(out)))


def test_the_model_file_of_a_run_can_be_made_again(finished, fp32):
    before = (finished[0].out / "keys.tflite").read_bytes()
    after, card = unpack(fp32.path.read_bytes(), "again")
    assert after == unpack(before, "before")[0]
    assert list(card.kinds) == ["cylinder", "dimple", "laser_track", "mortice"]


def test_an_fp32_file_agrees_with_keras(fp32):
    parity = fp32.parity
    assert parity.photos == 12
    assert parity.agreement == 1
    assert parity.max_difference < 1e-4
    assert parity.weighted_f1 == parity.keras_f1


def test_the_card_of_an_int8_file_has_its_own_score(run_folder):
    exported = export_model(run_folder, replace(DEFAULT, precision="int8", force=True))
    assert exported.path == run_folder / "keys-int8.tflite"
    assert exported.size < 0.4 * (run_folder / "keys.tflite").stat().st_size
    scores = load_model(exported.path).card.about["scores"]["file"]
    assert scores["weighted_f1"] == exported.parity.weighted_f1


def test_int8_is_calibrated_on_every_kind_and_on_photos_without_a_key(finished):
    from keykind.export.from_run import CALIBRATION_PER_KIND, calibration_crops

    dataset = finished[0].dataset
    kinds = Counter(sample.kind for sample in dataset.subset("train"))
    assert len(kinds) == 4
    expected = sum(min(CALIBRATION_PER_KIND, count) for count in kinds.values()) + NEGATIVES
    assert len(calibration_crops(dataset)) == expected


def test_fp16_gives_nearly_the_same_ood_scores_and_maps(finished_full_size, tmp_path):
    run_folder = finished_full_size[0].out
    options = replace(DEFAULT, precision="fp16", out=tmp_path / "fp16.tflite", force=True)
    fp32, fp16 = load_model(run_folder / "keys.tflite"), load_model(export_model(run_folder, options).path)
    negatives = [read_crop(sample, SIZE) for sample in read_negatives(bundled_negatives())[0]]
    expected = np.array([fp32.run(crop).ood_score for crop in negatives])
    scores = np.array([fp16.run(crop).ood_score for crop in negatives])
    np.testing.assert_allclose(scores, expected, rtol=0.02)
    for crop in negatives[:4]:  # not exactly: a hidden unit near 0 may be active in only one of them
        maps, other = fp32.run(crop).maps.ravel(), fp16.run(crop).maps.ravel()
        assert np.corrcoef(maps, other)[0, 1] > 0.9


def test_a_file_that_loses_too_much_accuracy_is_rejected_with_the_scores(run_folder, monkeypatch):
    monkeypatch.setattr("keykind.export.from_run.MAX_F1_LOSS", -1)
    with pytest.raises(BadModel, match=r"has weighted F1 0\.\d+ on 12 test photos, .* points below"):
        export_model(run_folder, replace(DEFAULT, precision="fp16"))
    assert not (run_folder / "keys-fp16.tflite").exists()


def test_without_the_photos_only_int8_fails(run_folder):
    listed = run_folder / "photos.csv"
    listed.write_text(listed.read_text("utf-8").replace(".png", ".gone"), "utf-8")
    lines = list(export_model(run_folder, DEFAULT).lines())
    assert lines[0].startswith("not compared with Keras: ")
    assert "of its photos cannot be read" in lines[0]
    with pytest.raises(BadRun, match=r"of its photos cannot be read"):
        export_model(run_folder, replace(DEFAULT, precision="int8"))


def test_an_unfinished_run_is_rejected(run_folder):
    (run_folder / "metrics.json").unlink()
    with pytest.raises(BadRun, match="is not a finished run"):
        export_model(run_folder, DEFAULT)


def test_photos_csv_of_a_run_is_a_dataset(finished):
    experiment, _ = finished
    with (experiment.out / "photos.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert [(row["label"], row["split"]) for row in listed] == [
        (sample.kind, sample.split) for sample in experiment.dataset.samples
    ]
    assert keykind("inspect", experiment.out / "photos.csv").returncode == 0


def test_changed_photos_are_rejected(run_folder):
    listed = run_folder / "photos.csv"
    lines = listed.read_text("utf-8").splitlines(keepends=True)
    listed.write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(BadRun, match="its photos have changed since training"):
        export_model(run_folder, replace(DEFAULT, precision="int8"))
