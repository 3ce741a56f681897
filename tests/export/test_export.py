"""Tests of export.py, run_model.py and onnx_file.py: every file of a run says what Keras says."""

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
from keykind.dataset.bundled import NOTHING, bundled_negatives
from keykind.dataset.dataset import read_negatives
from keykind.export.export import ExportOptions, export_model
from keykind.model.card import SIZE
from keykind.model.model import load_model, unpack
from keykind.train.features import read_crop
from tiny_model import KINDS, tiny_file

AS_IT_IS = ExportOptions(None, mediapipe=False, out=None, force=False)
MEDIAPIPE = Path(__file__).parents[2] / "benchmarks" / "peers" / "mediapipe_crops.py"


def crops(count=4):
    rng = np.random.default_rng(0)
    return [
        np.kron(rng.integers(0, 256, (7, 7, 3), np.uint8), np.ones((32, 32, 1), np.uint8))
        for _ in range(count)
    ]


# Of a model file


def test_the_file_for_mediapipe_gives_the_same_probabilities_and_nothing_else(tmp_path):
    source = tiny_file(tmp_path / "keys.tflite")
    exported = export_model(source, replace(AS_IT_IS, mediapipe=True, out=tmp_path / "bare.tflite"))
    whole, bare = load_model(source), load_model(exported.path)
    assert not bare.card.maps
    for crop in crops():
        said = bare.run(crop)
        assert said.maps is None
        assert said.novelty is None
        np.testing.assert_array_equal(said.probabilities, whole.run(crop).probabilities)


@pytest.mark.parametrize("bare", [True, False], ids=["for mediapipe", "with maps"])
def test_mediapipe_opens_it_and_answers_with_our_kinds(tmp_path, bare):
    if find_spec("mediapipe") is None:
        pytest.skip("mediapipe is not installed")
    source = tiny_file(tmp_path / "keys.tflite")
    export_model(source, replace(AS_IT_IS, mediapipe=bare, out=tmp_path / "asked.tflite"))
    np.save(tmp_path / "crops.npy", crops())
    command = [sys.executable, str(MEDIAPIPE), str(tmp_path / "asked.tflite"), str(tmp_path / "crops.npy")]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    model = load_model(source)
    for line, crop in zip(lines, crops(), strict=True):
        said = json.loads(line)
        wanted = dict(zip(KINDS, model.run(crop).probabilities, strict=True))
        assert said == pytest.approx(wanted, abs=1e-4)


def test_a_file_is_not_made_more_exact_than_it_is(tmp_path):
    source = tiny_file(tmp_path / "keys.tflite", precision="int8")
    with pytest.raises(BadModel, match="is int8, and fp32 is not made of it; give the folder of its run"):
        export_model(source, replace(AS_IT_IS, precision="fp32"))


def test_another_ending_is_refused_before_any_work(tmp_path):
    with pytest.raises(BadModel, match=r"ends in '\.pb'; use \.tflite or \.onnx"):
        export_model(tmp_path / "no-run", replace(AS_IT_IS, out=tmp_path / "keys.pb"))


def test_onnx_gives_the_same_outputs_by_name_and_carries_the_card(tmp_path):
    pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    source = tiny_file(tmp_path / "keys.tflite")
    exported = export_model(source, replace(AS_IT_IS, out=tmp_path / "keys.onnx"))
    session, model = runtime.InferenceSession(exported.path), load_model(source)
    names = ["probabilities", "maps", "novelty"]
    assert [entry.name for entry in session.get_inputs()] == ["pixels"]
    for crop in crops():
        probabilities, maps, novelty = session.run(names, {"pixels": crop[None]})
        said = model.run(crop)
        np.testing.assert_allclose(probabilities[0], said.probabilities, atol=1e-5)
        np.testing.assert_allclose(maps[0], said.maps, atol=1e-4)
        assert novelty[0, 0] == pytest.approx(said.novelty, abs=1e-5)
    properties = session.get_modelmeta().custom_metadata_map
    assert properties["labels.txt"].split() == list(KINDS)
    assert json.loads(properties["card.json"])["kinds"] == list(KINDS)


# Of a run


@pytest.fixture
def run_folder(finished, tmp_path):
    return shutil.copytree(finished[0].out, tmp_path / "run")


def test_the_files_of_a_run_follow_from_what_it_keeps(run_folder):
    before = (run_folder / "keys.tflite").read_bytes()
    exported = export_model(run_folder, replace(AS_IT_IS, out=run_folder / "again.tflite"))
    after, card = unpack(exported.path.read_bytes(), "again")
    assert after == unpack(before, "before")[0]
    assert list(card.kinds) == ["cylinder", "dimple", "laser_track", "mortice"]


def test_a_file_in_full_says_what_keras_says(run_folder):
    compared = export_model(run_folder, AS_IT_IS).compared
    assert compared.photos == 12
    assert compared.agreement == 1
    assert compared.largest < 1e-4
    assert compared.weighted_f1 == compared.keras_f1


def test_a_file_of_fewer_digits_tells_its_own_score(run_folder):
    exported = export_model(run_folder, replace(AS_IT_IS, precision="int8", force=True))
    assert exported.path == run_folder / "keys-int8.tflite"
    assert exported.size < 0.4 * (run_folder / "keys.tflite").stat().st_size
    assert (
        load_model(exported.path).card.about["scores"]["file"]["weighted_f1"] == exported.compared.weighted_f1
    )


def test_the_ranges_of_int8_are_set_by_every_kind_and_by_photos_without_a_key(finished):
    from keykind.export.from_run import CALIBRATION, calibration

    dataset = finished[0].dataset
    kinds = Counter(sample.kind for sample in dataset.of("train"))
    assert len(kinds) == 4
    assert len(calibration(dataset)) == sum(min(CALIBRATION, count) for count in kinds.values()) + NOTHING


def test_half_the_digits_give_the_same_novelty_and_maps(run_folder):
    path = export_model(run_folder, replace(AS_IT_IS, precision="fp16", force=True)).path
    whole, small = load_model(run_folder / "keys.tflite"), load_model(path)
    negatives = [read_crop(sample, SIZE) for sample in read_negatives(bundled_negatives())[0]]
    asked = np.array([whole.run(crop).novelty for crop in negatives])
    said = np.array([small.run(crop).novelty for crop in negatives])
    np.testing.assert_allclose(said, asked, rtol=0.02)
    for crop in negatives[:4]:  # not to the digit: a hidden unit at 0 may be on in one and off in the other
        maps, other = whole.run(crop).maps.ravel(), small.run(crop).maps.ravel()
        assert np.corrcoef(maps, other)[0, 1] > 0.9


def test_a_file_that_loses_too_much_is_refused_with_the_figures(run_folder, monkeypatch):
    monkeypatch.setattr("keykind.export.from_run.MOST_LOST", -1)
    with pytest.raises(BadModel, match=r"has weighted F1 0\.\d+ on 12 test photos, .* points below"):
        export_model(run_folder, replace(AS_IT_IS, precision="fp16"))
    assert not (run_folder / "keys-fp16.tflite").exists()


def test_where_the_photos_are_gone_int8_alone_cannot_be_made(run_folder):
    listed = run_folder / "photos.csv"
    listed.write_text(listed.read_text("utf-8").replace(".png", ".gone"), "utf-8")
    told = list(export_model(run_folder, AS_IT_IS).lines())
    assert told[0].startswith("not compared with Keras: ")
    assert "of its photos cannot be read" in told[0]
    with pytest.raises(BadRun, match=r"of its photos cannot be read"):
        export_model(run_folder, replace(AS_IT_IS, precision="int8"))


def test_an_unfinished_run_is_told(run_folder):
    (run_folder / "metrics.json").unlink()
    with pytest.raises(BadRun, match="is no finished run"):
        export_model(run_folder, AS_IT_IS)


def test_the_photos_of_a_run_are_a_set_that_keykind_reads(finished):
    experiment, _ = finished
    with (experiment.out / "photos.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert [(row["label"], row["split"]) for row in listed] == [
        (sample.kind, sample.split) for sample in experiment.dataset.samples
    ]
    assert keykind("inspect", experiment.out / "photos.csv").returncode == 0


def test_photos_that_are_others_by_now_are_not_compared_with(run_folder):
    listed = run_folder / "photos.csv"
    lines = listed.read_text("utf-8").splitlines(keepends=True)
    listed.write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(BadRun, match="was made of other photos than lie there now"):
        export_model(run_folder, replace(AS_IT_IS, precision="int8"))
