"""Tests of run.py and experiment.py: the whole run, its files, its repeatability, its survival."""

import csv
import json
import re
import zipfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from fake_detector import FakeDetector, detection  # noqa: E402
from keykind.core.errors import BadRun, CannotWrite  # noqa: E402
from keykind.dataset.dataset import read_dataset  # noqa: E402
from keykind.evaluate import report  # noqa: E402
from keykind.experiment import experiment as experiments  # noqa: E402
from keykind.experiment import run as runs  # noqa: E402
from keykind.experiment.run import run  # noqa: E402
from keykind.experiment.run_folder import RunFolder  # noqa: E402
from keykind.export.export import ExportOptions, export_model  # noqa: E402
from keykind.model.model import load_model  # noqa: E402
from keykind.train.features import read_crop  # noqa: E402
from keykind.train.saliency import Saliency  # noqa: E402

KINDS = ["cylinder", "dimple", "laser_track", "mortice"]


def timeless(metrics):
    return {key: value for key, value in json.loads(json.dumps(metrics)).items() if key != "seconds"}


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_every_file_whole(finished):
    out = finished[0].out
    wanted = "report.html metrics.json history.csv photos.csv predictions.csv recipe.json figures"
    wanted += " model.keras prototypes.npy keys.tflite"
    assert {path.name for path in out.iterdir()} == set(wanted.split())
    assert (out / "report.html").read_text("utf-8").endswith("</html>\n")
    assert zipfile.ZipFile(out / "model.keras").testzip() is None
    for figure in (out / "figures").iterdir():
        with Image.open(figure) as picture:
            picture.load()


def test_the_figures_are_those_of_the_report_in_its_order(finished):
    ordered = [path.stem[3:] for path in sorted((finished[0].out / "figures").iterdir())]
    wanted = [
        *("class-counts", "examples-train", "examples-test", "views-plain-edge", "views-augmented"),
        *("loss-and-accuracy", "confusion-plain", "confusion-edge", "f1-per-kind", "reliability"),
        *("grad-cam", "misclassified", "misclassified-grad-cam"),
    ]
    assert ordered == wanted


def test_the_metrics_hold_what_the_contract_names(finished):
    experiment, returned = finished
    metrics = json.loads((experiment.out / "metrics.json").read_text("utf-8"))
    assert metrics == returned
    assert len(metrics["folds"]) == 3
    assert all(set(fold) == {"val_loss", "val_accuracy"} for fold in metrics["folds"])
    for view in ("plain", "edge"):
        scores = metrics["test"][view]
        assert {"weighted_f1", "macro_f1", "accuracy", "per_class", "confusion", "interval"} <= set(scores)
        assert list(scores["per_class"]) == KINDS
    assert set(metrics["seconds"]) == {"features", "training", "total"}
    assert metrics["parameters"] == {"total": 2_340_228, "trainable": 82_244}
    assert metrics["unreadable"] == 1


def test_it_is_told_how_well_photos_without_a_key_are_refused(finished):
    experiment, metrics = finished
    rejection = metrics["novelty"]["test"]["drawn"]
    assert (rejection["keys"], rejection["strangers"]) == (len(experiment.dataset.subset("test")), 8)
    page = (experiment.out / "report.html").read_text("utf-8")
    assert "Rejecting photos without a key" in page
    assert "<td>drawn</td>" in page


def test_without_such_photos_nothing_is_said_of_it(finished, tmp_path):
    metrics = run(replace(finished[0], negatives={}, out=tmp_path / "run"))
    assert metrics["novelty"]["test"] == {}
    assert "Rejecting photos without a key" not in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_the_best_fold_has_the_best_validation_accuracy(finished):
    metrics = finished[1]
    best = metrics["folds"][metrics["best_fold"]]["val_accuracy"]
    assert best == max(fold["val_accuracy"] for fold in metrics["folds"])


def test_the_metrics_follow_from_the_predictions(finished):
    experiment, metrics = finished
    predictions = rows(experiment.out / "predictions.csv")
    for view in ("plain", "edge"):
        mine = [row for row in predictions if row["view"] == view]
        assert len(mine) == len(experiment.dataset.subset("test"))
        pairs = Counter((row["true"], row["answer"]) for row in mine)
        assert [[pairs[true, answer] for answer in KINDS] for true in KINDS] == metrics["test"][view][
            "confusion"
        ]
        for row in mine:
            probabilities = {kind: float(row[f"p({kind})"]) for kind in KINDS}
            assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
            assert probabilities[row["answer"]] == max(probabilities.values())


def test_the_history_has_a_line_an_epoch(finished):
    experiment, _ = finished
    history = rows(experiment.out / "history.csv")
    counts = Counter(row["step"] for row in history)
    assert set(counts) == {"fold 0", "fold 1", "fold 2"}
    assert all(1 <= count <= experiment.recipe.epochs for count in counts.values())


def test_the_saved_model_gives_the_answers_of_the_predictions(finished):
    experiment, _ = finished
    model = keras.models.load_model(experiment.out / "model.keras")
    predictions = [row for row in rows(experiment.out / "predictions.csv") if row["view"] == "plain"]
    samples = experiment.dataset.subset("test")
    answers = model.predict(np.stack([read_crop(sample, 224) for sample in samples]), verbose=0)
    written = [[float(row[f"p({kind})"]) for kind in KINDS] for row in predictions]
    assert [row["photo"] for row in predictions] == [sample.name for sample in samples]
    np.testing.assert_allclose(answers, written, atol=1e-4)


def test_the_same_seed_gives_the_same_run_without_the_cache(finished, tmp_path, monkeypatch):
    experiment, metrics = finished
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "cache"))
    assert timeless(run(replace(experiment, out=tmp_path / "again"))) == timeless(metrics)


def test_another_seed_gives_another_run(finished, tmp_path):
    experiment, metrics = finished
    other = run(replace(experiment, out=tmp_path / "other", seed=1))
    assert other["folds"] != metrics["folds"]


def test_a_finished_run_is_left_alone(finished):
    experiment, metrics = finished
    before = {path: path.stat().st_mtime_ns for path in experiment.out.rglob("*")}
    assert timeless(run(experiment, resume=True)) == timeless(metrics)
    assert {path: path.stat().st_mtime_ns for path in experiment.out.rglob("*")} == before


def test_a_folder_with_results_is_not_written_over(finished):
    with pytest.raises(BadRun, match="not empty; add --resume"):
        run(finished[0])


def test_another_runs_folder_is_not_taken(finished):
    experiment, _ = finished
    with pytest.raises(BadRun, match="other seed"):
        run(replace(experiment, seed=1), resume=True)
    with pytest.raises(BadRun, match=r"other recipe \(units\)"):
        run(replace(experiment, recipe=replace(experiment.recipe, units=32)), resume=True)


@pytest.mark.parametrize("step", ["fold-0", "fold-2", "model.keras", "report"])
def test_a_run_stopped_at_any_step_ends_alike_when_resumed(finished, tmp_path, monkeypatch, step):
    experiment = replace(finished[0], out=tmp_path / "run")

    class Stopped(BaseException):
        pass

    def stop(*_):
        raise Stopped

    keep = RunFolder.keep
    with monkeypatch.context() as patch:
        if step.startswith("fold"):
            patch.setattr(
                RunFolder,
                "keep",
                lambda self, name, arrays: stop() if name == step else keep(self, name, arrays),
            )
        else:
            patch.setattr(runs, {"model.keras": "build_classifier", "report": "write_report"}[step], stop)
        with pytest.raises(Stopped):
            run(experiment)
    assert not (experiment.out / "metrics.json").exists()
    assert timeless(run(experiment, resume=True)) == timeless(finished[1])


def test_a_finished_fold_is_not_trained_again(finished, tmp_path, monkeypatch):
    experiment = replace(finished[0], out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(runs, "test", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(experiment)
    monkeypatch.setattr(experiments, "train_head", lambda *_: pytest.fail("trained again"))
    run(experiment, resume=True)


def test_leftovers_of_a_killed_run_are_cleared(finished, tmp_path):
    experiment = replace(finished[0], out=tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "write_report", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(experiment)
    (experiment.out / ".unfinished-abc.html").write_text("half")
    run(experiment, resume=True)
    assert not list(experiment.out.glob(".unfinished-*"))


@pytest.mark.slow
def test_fine_tuning_is_part_of_the_run(finished, tmp_path):
    experiment = finished[0]
    recipe = replace(experiment.recipe, epochs=2, fine_tune_layers=3, fine_tune_epochs=1, views=("plain",))
    tuned = run(replace(experiment, recipe=recipe, out=tmp_path / "run"))
    assert tuned["network"] != tuned["initial_network"]
    # The last three layers are a convolution of 320 x 1280, its batch normalisation, which rests, and a ReLU.
    assert tuned["parameters"]["trainable"] == 82_244 + 320 * 1280
    assert "fine-tuned and tested" in (tmp_path / "run" / "report.html").read_text("utf-8")
    assert {row["step"] for row in rows(tmp_path / "run" / "history.csv")} == {
        "fold 0",
        "fold 1",
        "fold 2",
        "fine-tuning",
    }


@pytest.mark.slow
def test_all_layers_are_trained_with_rendered_photos_beside_the_fold_s_own(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("keykind.experiment.run.load_detector", Halves)
    experiment = finished[0]
    recipe = replace(experiment.recipe, crop="key", epochs=1, all_layers_epochs=3, views=("plain",))
    renders = experiment.dataset.subset("test")[:3]
    out = tmp_path / "run"
    metrics = run(replace(experiment, recipe=recipe, renders=renders, out=out))
    assert metrics["network"] != metrics["initial_network"]
    assert metrics["parameters"]["trainable"] == metrics["parameters"]["total"]
    assert len(metrics["all_layers"]) == 3
    assert "and 3 rendered photos" in (out / "report.html").read_text("utf-8")
    again = run(replace(experiment, recipe=recipe, out=tmp_path / "without"))
    assert again["network"] != metrics["network"]
    assert again["renders"] != metrics["renders"]


def test_where_the_evidence_stands_is_told_for_labelled_photos(finished, monkeypatch):
    shares = {"blade": 0.5, "bow": 0.3, "ground": 0.2}
    told = Saliency(4, shares, {"blade": 0.2, "bow": 0.2, "ground": 0.6})
    page = "".join(map(str, report._saliency(told)))
    assert "in 4 rendered test photos" in page
    assert re.findall(r"(\d+)%", page) == ["50", "20", "30", "20", "20", "60"]
    assert finished[1]["attention"] is None  # these photos are drawn and have no label


def test_two_runs_do_not_share_a_folder(finished, tmp_path):
    experiment = replace(finished[0], out=tmp_path / "run")
    with RunFolder(experiment.out).locked(), pytest.raises(BadRun, match="in use by another run"):
        run(experiment)
    assert timeless(run(experiment)) == timeless(finished[1])


def test_an_unusable_cache_leaves_the_folder_free(finished, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "file"))
    with pytest.raises(CannotWrite, match="cache"):
        run(replace(finished[0], out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_recipe_may_change_its_name_but_nothing_else(finished):
    experiment, metrics = finished
    renamed = replace(experiment, recipe=replace(experiment.recipe, name="mine"))
    assert timeless(run(renamed, resume=True)) == timeless(metrics)


def test_a_full_disk_is_one_clear_error(finished, tmp_path, small_disk):
    experiment = finished[0]
    with pytest.raises(CannotWrite, match=r"No space left on device.*MB free") as caught:
        run(replace(experiment, out=small_disk / "run"))
    assert str(small_disk) in str(caught.value)
    assert not list(small_disk.rglob("report.html"))


def test_a_folder_of_any_number_of_kinds_is_trained_on(tmp_path, many_drawn, finished):
    for kind in ("cylinder", "mortice"):
        for split in ("train", "test"):
            (tmp_path / "two" / split).mkdir(parents=True, exist_ok=True)
            (tmp_path / "two" / split / f"{kind} Nº1").symlink_to(many_drawn / split / kind)
    metrics = run(replace(finished[0], dataset=read_dataset(tmp_path / "two"), out=tmp_path / "run"))
    assert metrics["kinds"] == ["cylinder Nº1", "mortice Nº1"]
    assert len(metrics["test"]["plain"]["confusion"]) == 2


class Halves(FakeDetector):
    """A detector that finds a key in the middle of every other photo it is asked for."""

    def detect(self, photo, score_threshold=0.0):
        x, y, side = photo.width / 2, photo.height / 2, photo.width / 4
        key = detection((x - side, y), (x + side, y), side)
        return (key,) if photo.pixels.sum() % 2 else ()


@pytest.fixture
def cut_out(finished, tmp_path, monkeypatch):
    """A finished run on keys cut out."""
    for module in ("run", "run_model"):
        monkeypatch.setattr(f"keykind.{module}.load_detector", Halves)
    experiment, _ = finished
    recipe = replace(experiment.recipe, crop="key", epochs=1)
    experiment = replace(experiment, recipe=recipe, out=tmp_path / "run")
    return experiment, run(experiment)


def test_keys_are_cut_out_where_the_recipe_says_so_and_the_others_stay_whole(cut_out, finished):
    experiment, metrics = cut_out
    count = len(experiment.dataset.samples)
    assert 0 < metrics["keys_found"] < count
    page = (experiment.out / "report.html").read_text("utf-8")
    assert f"in {metrics['keys_found']} of {count} photos" in page
    assert load_model(experiment.out / "keys.tflite").card.crop == "key"
    assert finished[1]["keys_found"] == 0
    assert load_model(finished[0].out / "keys.tflite").card.crop == "whole"


def test_a_file_of_such_a_run_is_compared_on_the_same_crops(cut_out):
    exported = export_model(cut_out[0].out, ExportOptions("fp16", mediapipe=False, out=None, force=True))
    assert exported.parity.max_difference < 0.02
    scores = cut_out[1]["test"]["plain"]["weighted_f1"]
    assert exported.parity.keras_f1 == pytest.approx(scores, abs=1e-6)


def test_another_detector_makes_another_run(cut_out, monkeypatch):
    monkeypatch.setattr(Halves, "digest", "another")
    with pytest.raises(BadRun, match="detector"):
        run(cut_out[0], resume=True)
