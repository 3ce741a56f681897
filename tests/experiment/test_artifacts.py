"""Tests of artifacts.py: the files of a finished run."""

import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.dataset.dataset import read_dataset
from keykind.experiment.provenance import trace
from small_runs import read_rows

KINDS = ["cylinder", "dimple", "laser_track", "mortice"]


def test_a_run_leaves_every_file_complete(finished):
    out = finished[0].out
    expected = (
        "report.html metrics.json history.csv photos.csv predictions.csv out_of_fold.csv recipe.json figures"
    )
    expected += " model.keras prototypes.npy keys.tflite"
    assert {path.name for path in out.iterdir()} == set(expected.split())
    assert (out / "report.html").read_text("utf-8").endswith("</html>\n")
    assert zipfile.ZipFile(out / "model.keras").testzip() is None
    for figure in (out / "figures").iterdir():
        with Image.open(figure) as image:
            image.load()


def test_the_figures_are_those_of_the_report_in_its_order(finished):
    names = [path.stem[3:] for path in sorted((finished[0].out / "figures").iterdir())]
    expected = [
        *("confusion-plain", "confusion-edge", "misclassified", "misclassified-grad-cam"),
        *("misclassified-edge", "misclassified-grad-cam-edge", "f1-per-kind", "grad-cam", "class-counts"),
        *("examples-train", "examples-test", "views-plain-edge", "views-augmented"),
        *("loss-and-accuracy", "reliability"),
    ]
    assert names == expected


def test_the_metrics_follow_from_the_predictions(finished):
    experiment, metrics = finished
    predictions = read_rows(experiment.out / "predictions.csv")
    for view in ("plain", "edge"):
        rows = [row for row in predictions if row["view"] == view]
        assert len(rows) == len(experiment.dataset.subset("test"))
        pairs = Counter((row["true"], row["answer"]) for row in rows)
        confusion = [[pairs[true, answer] for answer in KINDS] for true in KINDS]
        assert confusion == metrics["test"][view]["confusion"]
        for row in rows:
            probabilities = {kind: float(row[f"p({kind})"]) for kind in KINDS}
            assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
            assert probabilities[row["answer"]] == max(probabilities.values())


def test_the_history_has_a_row_per_epoch(finished):
    experiment, _ = finished
    counts = Counter(row["step"] for row in read_rows(experiment.out / "history.csv"))
    assert set(counts) == {"fold 0", "fold 1", "fold 2"}
    assert all(1 <= count <= experiment.recipe.epochs for count in counts.values())


def test_the_table_of_photos_is_a_dataset(finished):
    experiment, _ = finished
    assert read_dataset(experiment.out / "photos.csv").digest() == experiment.dataset.digest()


def test_a_resumed_run_names_the_command_that_started_it(finished, tmp_path, monkeypatch):
    experiment = replace(finished[0], out=tmp_path)
    monkeypatch.setattr("sys.argv", ["/usr/bin/keykind", "train", "my photos", "--out", "run"])
    assert trace(experiment).command == "keykind train 'my photos' --out run"
    (tmp_path / "recipe.json").write_text('{"command": "keykind train first"}', "utf-8")
    assert trace(experiment).command == "keykind train first"
    (tmp_path / "recipe.json").write_text('{"options": {"cwd": "/data", "photos": "keys"}}', "utf-8")
    assert trace(experiment).photos == str(Path("/data/keys"))
