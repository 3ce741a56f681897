"""Tests of dev.py: the options reach the functions that do the work."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fake_studio import FakeStudio
from keykind.cli import main
from keykind.detect.metrics import DetectionMetrics
from keykind.evaluate.real_photos.score import Selection


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


@pytest.fixture
def calls(monkeypatch):
    """Return a function that replaces another by one that records its arguments, and the record."""
    record = []

    def stub(name, result):
        def called(*arguments):
            record.append(arguments)
            return result

        monkeypatch.setattr(name, called)
        return record

    return stub


@pytest.mark.parametrize(
    "command",
    [
        *("train-detector", "train-refiner", "train-classifier", "score-detector", "score-real"),
        *("fit-decision", "ship", "render-sample"),
    ],
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        run("dev", command, "--help")
    assert caught.value.code == 0
    assert f"usage: keykind dev {command}" in capsys.readouterr().out


def test_without_a_command_the_commands_are_listed(capsys):
    assert run("dev") == 0
    assert "train-detector" in capsys.readouterr().out


def test_train_detector_trains_on_all_sets(calls, tmp_path, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.experiment.detector_training import TrainingFolders
    from keykind.train.detector.training import Start

    record = calls("keykind.experiment.detector_training.train_from_folders", Path("out/detector.tflite"))
    recipe = tmp_path / "small.toml"
    recipe.write_text("[detector]\nviews = 64\n", "utf-8")
    photos = ("--backgrounds", "a", "b", "--hands", "hands", "--marks", "real", "--clutter", "things")
    options = (
        "--max-photos",
        9,
        "--weights",
        "keykind",
        "--scaling",
        "unit",
        "--begin",
        "begin.h5",
        "--recipe",
        recipe,
    )
    assert run("dev", "train-detector", "one", "two", "--out", "out", *photos, *options) == 0
    folders, start, recipe, out, seed = record[0]
    assert folders == TrainingFolders(
        [Path("one"), Path("two")], [Path("a"), Path("b")], Path("hands"), Path("real"), Path("things"), 9
    )
    assert start == Start("keykind", "unit", Path("begin.h5"))
    assert (recipe.views, out, seed) == (64, Path("out"), 0)
    assert capsys.readouterr().out == "out/detector.tflite\n"


def test_train_refiner_trains_on_a_detector_s_candidates(calls, tmp_path, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.experiment.detector_training import TrainingFolders
    from keykind.train.refiner.training import RefinerStart

    name = "keykind.experiment.detector_training.train_refiner_from_folders"
    record = calls(name, Path("out/refiner.tflite"))
    (tmp_path / "small.toml").write_text("[refiner]\ncrops = 64\n", "utf-8")
    files = ("--detector", "d.tflite", "--begin", "begin.h5", "--recipe", tmp_path / "small.toml")
    command = ("dev", "train-refiner", "one", "--backgrounds", "a", "--out", "out", *files, "--seed", 5)
    assert run(*command) == 0
    folders, start, recipe, out, seed = record[0]
    assert folders == TrainingFolders([Path("one")], [Path("a")])
    assert start == RefinerStart(Path("d.tflite"), "imagenet", "native", Path("begin.h5"))
    assert (recipe.refiner.crops, out, seed) == (64, Path("out"), 5)
    assert capsys.readouterr().out == "out/refiner.tflite\n"


def test_score_detector_prints_a_line_per_set(calls, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    calls("keykind.train.detector.labels.split_set", (["photo"], ["held out"]))
    metrics = DetectionMetrics(20, 30, 0.9, 0.8, 0.25, 0.01)
    record = calls("keykind.train.detector.training.score_photos", metrics)
    assert run("dev", "score-detector", "one", "two") == 0
    assert [photos for _, photos in record[1::2]] == [["held out"], ["held out"]]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("AP50 0.900" in line and "1.0% swapped" in line for line in lines)


@pytest.mark.parametrize(("unread", "status"), [((), 0), (("gone.png",), 1)])
def test_score_real_prints_tables_and_writes_json(unread, status, monkeypatch, tmp_path, capsys):
    record = []

    def score(recogniser, photos, selection, *, sheets, rng):
        record.append((recogniser, photos, selection, sheets, rng.integers(100)))
        return SimpleNamespace(as_json=lambda: {"answers": 1}, unread=unread)

    monkeypatch.setattr(
        "keykind.evaluate.real_photos.score.load_recogniser",
        lambda *files, decision: (*files, decision),
    )
    monkeypatch.setattr("keykind.evaluate.real_photos.score.score_real_photos", score)
    monkeypatch.setattr("keykind.evaluate.real_photos.report.text", lambda _: "a table")
    stages = ("--detector", "d.tflite", "--refiner", "r.tflite", "--decision", "decision.json")
    files = (*stages, "--model", "m.tflite", "--marks", "marks.json", "--sheet", "sheets")
    excluded = ("--exclude", "one", "--exclude", "two", "--split", "test")
    command = (
        "dev",
        "score-real",
        "photos",
        *files,
        *excluded,
        "--json",
        tmp_path / "scores.json",
        "--seed",
        3,
    )
    assert run(*command) == status
    models = Path("m.tflite"), Path("d.tflite"), Path("r.tflite"), Path("decision.json")
    drawn = np.random.default_rng(3).integers(100)
    selection = Selection(Path("marks.json"), ["one", "two"], "test")
    assert record == [(models, Path("photos"), selection, Path("sheets"), drawn)]
    assert json.loads((tmp_path / "scores.json").read_text("utf-8")) == {"answers": 1}
    assert capsys.readouterr().out == "a table\n"


def test_train_classifier_takes_the_network_in_place_of_the_recipes(calls, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.experiment.detector_training import TrainingFolders

    metrics = {"test": {"plain": {"weighted_f1": 0.75}}}
    record = calls("keykind.experiment.classifier_training.train_classifier_from_folders", metrics)
    options = ("--backgrounds", "a", "--network", "mobilenet_v2_dense", "--out", "run", "--seed", 3)
    assert run("dev", "train-classifier", "one", *options) == 0
    ((folders, weights, scaling, recipe, out, seed),) = record
    assert folders == TrainingFolders([Path("one")], [Path("a")])
    assert (weights, scaling, recipe.backbone, out, seed) == (
        *("imagenet", "native", "mobilenet_v2_dense"),
        *(Path("run"), 3),
    )
    assert "run: weighted F1 0.750" in capsys.readouterr().out


def test_score_real_without_its_tables_is_an_error(tmp_path, capsys):
    assert run("dev", "score-real", tmp_path) == 2
    assert "labels.csv: cannot be read" in capsys.readouterr().err


def test_ship_bundles_both_stages_of_a_detector_and_a_run(calls, tmp_path, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    detector = calls("keykind.experiment.shipping.ship_detector", Path("detector.tflite"))
    calls("keykind.experiment.shipping.ship_refiner", Path("refiner.tflite"))
    exported = SimpleNamespace(lines=lambda: ["keys.tflite  5 MB"])
    calls("keykind.experiment.shipping.ship_classifier", (exported, Path("weights.npz")))
    (tmp_path / "metrics.json").touch()
    stages = ("--detector", "new.tflite", "--refiner", "newer.tflite")
    assert run("dev", "ship", tmp_path, "--begin", "imagenet", *stages, "--out", "models") == 0
    assert detector == [
        (Path("new.tflite"), Path("models")),
        (Path("newer.tflite"), Path("models")),
        (tmp_path, "imagenet", Path("models")),
    ]
    assert capsys.readouterr().out == "detector.tflite\nrefiner.tflite\nkeys.tflite  5 MB\nweights.npz\n"


def test_fit_decision_writes_json_and_prints_what_it_gives(calls, monkeypatch, tmp_path, capsys):
    pytest.importorskip("sklearn", reason="the extra train is not installed")
    from keykind.evaluate.decision.from_folders import FitModels, FitPhotos, Limits

    decision = SimpleNamespace(as_json=lambda: {"schema": 1})
    record = calls("keykind.evaluate.decision.from_folders.fit_from_folders", (decision, "scores", ()))
    monkeypatch.setattr("keykind.evaluate.decision.report.text", lambda *_: "a table")
    out = tmp_path / "decision.json"
    options = ("--negatives", "backgrounds", "--model", "m.tflite", "--kind-threshold", 0.6, "--out", out)
    assert run("dev", "fit-decision", "one", "two", *options) == 0
    photos = FitPhotos([Path("one"), Path("two")], ["backgrounds"], 10_000)
    assert record == [(photos, FitModels(Path("m.tflite")), Limits(None, 0.5, 0.6))]
    assert json.loads(out.read_text("utf-8")) == {"schema": 1}
    assert capsys.readouterr().out == "a table\n"


@pytest.mark.parametrize("option", ["--key-threshold", "--kind-threshold", "--min-score"])
@pytest.mark.parametrize("value", ["35", "nan", "half"])
def test_a_threshold_is_a_number_from_0_to_1(option, value, capsys):
    with pytest.raises(SystemExit):
        run("dev", "fit-decision", "one", "--negatives", "two", "--out", "out", option, value)
    assert f"'{value}' is not a number from 0 to 1" in capsys.readouterr().err


def test_ship_bundles_a_decision(calls, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    record = calls("keykind.experiment.shipping.ship_decision", Path("models.json"))
    assert run("dev", "ship", "--decision", "decision.json", "--out", "models") == 0
    assert record == [(Path("decision.json"), Path("models"))]
    assert capsys.readouterr().out == "models.json\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "nope: is not a finished run"),
        ([], "neither a run nor --detector"),
        (["--detector", "new.tflite", "--begin", "imagenet"], "was given --begin without a run"),
    ],
)
def test_ship_without_what_it_needs_is_an_error(arguments, message, capsys):
    assert run("dev", "ship", *arguments) == 2
    assert message in capsys.readouterr().err


def test_ship_needs_the_initial_weights_of_a_run(tmp_path, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    (tmp_path / "metrics.json").touch()
    assert run("dev", "ship", tmp_path) == 2
    assert "needs --begin" in capsys.readouterr().err


def test_render_sample_prints_a_line_per_part(monkeypatch, tmp_path, capsys):
    pytest.importorskip("mitsuba", reason="the extra render is not installed")
    monkeypatch.setattr("keykind.render.studio.variant.choose_variant", lambda _: None)
    monkeypatch.setattr("keykind.render.sets.rendering.Studio", lambda _, workers: FakeStudio(workers))
    monkeypatch.setattr("keykind.render.sets.sample._check", lambda *_: None)
    command = ("dev", "render-sample", "--out", tmp_path / "sample", "--max-photos", 1, "--workers", 1)
    assert run(*command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'sample'}: 8 photos, ")
    assert lines[1].startswith(f"{tmp_path / 'sample-nothing'}: 1 photos, ")


def test_train_segmenter_trains_on_a_refiner_s_first_layers(calls, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.experiment.detector_training import TrainingFolders
    from keykind.train.segmenter.training import SegmenterStart

    name = "keykind.experiment.detector_training.train_segmenter_from_folders"
    record = calls(name, Path("out/segmenter.tflite"))
    files = ("--refiner", "r.h5", "--begin", "begin.h5", "--crops", 64)
    assert (
        run("dev", "train-segmenter", "one", "--backgrounds", "a", "--out", "out", *files, "--seed", 5) == 0
    )
    folders, start, recipe, out, seed = record[0]
    assert folders == TrainingFolders([Path("one")], [Path("a")])
    assert start == SegmenterStart(Path("r.h5"), Path("begin.h5"))
    assert (recipe.crops, recipe.fine_tune_crops, out, seed) == (64, 200_000, Path("out"), 5)
    assert capsys.readouterr().out == "out/segmenter.tflite\n"
