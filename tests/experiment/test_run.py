"""Tests of run.py: a complete run, its metrics, its repeatability, its resumption."""

import json
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadRun, CannotWrite  # noqa: E402
from keykind.dataset.dataset import read_dataset  # noqa: E402
from keykind.dataset.key_ends import KeyEnds  # noqa: E402
from keykind.experiment import artifacts  # noqa: E402
from keykind.experiment import run as module  # noqa: E402
from keykind.experiment.run import run  # noqa: E402
from keykind.experiment.run_folder import RunFolder  # noqa: E402
from keykind.experiment.stages import heads  # noqa: E402
from keykind.export.export import ExportOptions, export_model  # noqa: E402
from keykind.export.from_run import read_run_dataset  # noqa: E402
from keykind.model.model import load_model  # noqa: E402
from keykind.train.features import read_crop  # noqa: E402
from small_runs import Halves, read_rows, without_times  # noqa: E402
from tiny_backbone import CHANNELS, LAST_KERNEL, mobilenet_shortened  # noqa: E402

KINDS = ["cylinder", "dimple", "laser_track", "mortice"]
HEAD = (CHANNELS + 1) * 64 + (64 + 1) * len(KINDS)  # its parameters


def test_the_metrics_have_the_documented_keys(finished):
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
    assert metrics["parameters"]["trainable"] == HEAD
    assert metrics["parameters"]["total"] > HEAD + LAST_KERNEL
    assert metrics["unreadable"] == 1
    assert metrics["attention"] is None  # these photos are drawn and have no label


def test_a_full_size_run_has_the_parameters_of_the_report_and_saves_what_it_predicts(finished_full_size):
    experiment, metrics = finished_full_size
    assert metrics["parameters"] == {"total": 2_340_228, "trainable": 82_244}
    assert_saved_model_gives_predictions(experiment)


def test_the_saved_model_gives_the_answers_of_the_predictions(finished):
    assert_saved_model_gives_predictions(finished[0])


def assert_saved_model_gives_predictions(experiment):
    model = keras.models.load_model(experiment.out / "model.keras")
    predictions = [row for row in read_rows(experiment.out / "predictions.csv") if row["view"] == "plain"]
    samples = experiment.dataset.subset("test")
    outputs = model.predict(np.stack([read_crop(sample, 224) for sample in samples]), verbose=0)
    written = [[float(row[f"p({kind})"]) for kind in KINDS] for row in predictions]
    assert [row["photo"] for row in predictions] == [sample.name for sample in samples]
    np.testing.assert_allclose(outputs, written, atol=1e-4)


def test_rejection_of_photos_without_a_key_is_measured_and_reported(finished):
    experiment, metrics = finished
    ood = metrics["novelty"]["test"]["drawn"]
    assert (ood["keys"], ood["strangers"]) == (len(experiment.dataset.subset("test")), 8)
    page = (experiment.out / "report.html").read_text("utf-8")
    assert "photos without a key" in page
    assert "<td>drawn</td>" in page


def test_without_such_photos_the_report_does_not_mention_them(finished, tmp_path):
    metrics = run(replace(finished[0], negatives={}, out=tmp_path / "run"))
    assert metrics["novelty"]["test"] == {}
    assert "<td>drawn</td>" not in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_the_best_fold_has_the_best_validation_accuracy(finished):
    metrics = finished[1]
    best = metrics["folds"][metrics["best_fold"]]["val_accuracy"]
    assert best == max(fold["val_accuracy"] for fold in metrics["folds"])


def test_the_same_seed_gives_the_same_run_without_the_cache(finished, tmp_path, monkeypatch, no_figures):
    experiment, metrics = finished
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "cache"))
    assert without_times(run(replace(experiment, out=tmp_path / "again"))) == without_times(metrics)


def test_another_seed_gives_another_run(finished, tmp_path, no_figures):
    experiment, metrics = finished
    other = run(replace(experiment, out=tmp_path / "other", seed=1))
    assert other["folds"] != metrics["folds"]


def test_a_finished_run_is_left_unchanged(finished):
    experiment, metrics = finished
    before = {path: path.stat().st_mtime_ns for path in experiment.out.rglob("*")}
    assert without_times(run(experiment, resume=True)) == without_times(metrics)
    assert {path: path.stat().st_mtime_ns for path in experiment.out.rglob("*")} == before


def test_a_folder_with_results_is_not_overwritten(finished):
    with pytest.raises(BadRun, match="not empty; add --resume"):
        run(finished[0])


def test_the_folder_of_another_run_is_not_used(finished):
    experiment, _ = finished
    with pytest.raises(BadRun, match="other seed"):
        run(replace(experiment, seed=1), resume=True)
    with pytest.raises(BadRun, match=r"other recipe \(units\)"):
        run(replace(experiment, recipe=replace(experiment.recipe, units=32)), resume=True)
    detector = replace(experiment.recipe.detector, batch=2)
    with pytest.raises(BadRun, match=r"other recipe \(detector \(batch\)\)"):
        run(replace(experiment, recipe=replace(experiment.recipe, detector=detector)), resume=True)


class Stopped(BaseException):
    pass


def stop(*_, **__):
    raise Stopped


@pytest.mark.parametrize("step", ["fold-0", "fold-2", "model", "report"])
def test_a_run_stopped_at_any_step_ends_the_same_when_resumed(finished, tmp_path, monkeypatch, step):
    experiment = replace(finished[0], out=tmp_path / "run")
    save_step = RunFolder.save_step
    with monkeypatch.context() as patch:
        if step.startswith("fold"):
            patch.setattr(
                RunFolder,
                "save_step",
                lambda self, name, arrays: stop() if name == step else save_step(self, name, arrays),
            )
        else:
            target, name = {"model": (module, "build_classifier"), "report": (artifacts, "write_report")}[
                step
            ]
            patch.setattr(target, name, stop)
        with pytest.raises(Stopped):
            run(experiment)
    assert not (experiment.out / "metrics.json").exists()
    assert without_times(run(experiment, resume=True)) == without_times(finished[1])
    written = (experiment.out / "out_of_fold.csv").read_text("utf-8")
    assert written == (finished[0].out / "out_of_fold.csv").read_text("utf-8")


def test_a_finished_fold_is_not_trained_again(finished, tmp_path, monkeypatch, no_figures):
    experiment = replace(finished[0], out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(module, "run_test", stop)
        with pytest.raises(Stopped):
            run(experiment)
    monkeypatch.setattr(heads, "train_head", lambda *_: pytest.fail("trained again"))
    run(experiment, resume=True)


def test_leftovers_of_a_killed_run_are_cleared(finished, tmp_path):
    experiment = replace(finished[0], out=tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "write_report", stop)
        with pytest.raises(Stopped):
            run(experiment)
    (experiment.out / ".unfinished-abc.html").write_text("half")
    run(experiment, resume=True)
    assert not list(experiment.out.glob(".unfinished-*"))


def test_fine_tuning_is_part_of_the_run(finished, tmp_path):
    experiment = finished[0]
    recipe = replace(experiment.recipe, epochs=2, fine_tune_layers=3, fine_tune_epochs=1, views=("plain",))
    tuned = run(replace(experiment, recipe=recipe, out=tmp_path / "run"))
    assert tuned["network"] != tuned["initial_network"]
    # The last three layers: a convolution, its batch normalisation, which stays frozen, and an activation.
    assert tuned["parameters"]["trainable"] == HEAD + LAST_KERNEL
    assert "fine-tuned and tested" in (tmp_path / "run" / "report.html").read_text("utf-8")
    assert {row["step"] for row in read_rows(tmp_path / "run" / "history.csv")} == {
        "fold 0",
        "fold 1",
        "fold 2",
        "fine-tuning",
    }


@pytest.mark.slow
def test_all_layers_are_trained_with_rendered_photos_beside_the_fold_s_own(finished, tmp_path, half_detected):
    experiment = finished[0]
    recipe = replace(experiment.recipe, backbone="mobilenet_v2", crop="key", epochs=1, views=("plain",))
    recipe = replace(recipe, all_layers_epochs=3, all_layers_sizes=(32,))
    renders = experiment.dataset.subset("test")[:3]
    out = tmp_path / "run"
    with mobilenet_shortened():
        metrics = run(replace(experiment, recipe=recipe, renders=renders, out=out))
        without = run(replace(experiment, recipe=recipe, out=tmp_path / "without"))
    assert metrics["network"] != metrics["initial_network"]
    assert metrics["parameters"]["trainable"] == metrics["parameters"]["total"]
    assert len(metrics["all_layers"]) == 3
    assert "and 3 rendered photos" in (out / "report.html").read_text("utf-8")
    assert without["network"] != metrics["network"]
    assert without["renders"] != metrics["renders"]


def test_two_runs_do_not_share_a_folder(finished, tmp_path, no_figures):
    experiment = replace(finished[0], out=tmp_path / "run")
    with RunFolder(experiment.out).locked(), pytest.raises(BadRun, match="in use by another run"):
        run(experiment)
    assert without_times(run(experiment)) == without_times(finished[1])


def test_an_unusable_cache_leaves_the_folder_free(finished, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "file"))
    with pytest.raises(CannotWrite, match="cache"):
        run(replace(finished[0], out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_recipe_may_change_its_name_but_nothing_else(finished):
    experiment, metrics = finished
    renamed = replace(experiment, recipe=replace(experiment.recipe, name="mine"))
    assert without_times(run(renamed, resume=True)) == without_times(metrics)


def test_a_full_disk_is_one_clear_error(finished, small_disk):
    (small_disk / "filler").write_bytes(b"0" * 2_500_000)
    with pytest.raises(CannotWrite, match=r"No space left on device.*MB free") as caught:
        run(replace(finished[0], out=small_disk / "run"))
    assert str(small_disk) in str(caught.value)
    assert not list(small_disk.rglob("report.html"))


def test_a_folder_of_any_number_of_kinds_is_trained_on(tmp_path, many_drawn, finished, no_figures):
    for kind in ("cylinder", "mortice"):
        for split in ("train", "test"):
            (tmp_path / "two" / split).mkdir(parents=True, exist_ok=True)
            (tmp_path / "two" / split / f"{kind} Nº1").symlink_to(many_drawn / split / kind)
    metrics = run(replace(finished[0], dataset=read_dataset(tmp_path / "two"), out=tmp_path / "run"))
    assert metrics["kinds"] == ["cylinder Nº1", "mortice Nº1"]
    assert len(metrics["test"]["plain"]["confusion"]) == 2


@pytest.fixture
def key_run(finished, tmp_path, half_detected):
    """A finished run on crops of keys."""
    experiment, _ = finished
    recipe = replace(experiment.recipe, crop="key", epochs=1)
    experiment = replace(experiment, recipe=recipe, out=tmp_path / "run")
    return experiment, run(experiment)


def test_keys_are_cropped_if_the_recipe_says_so_and_other_photos_stay_whole(key_run, finished):
    experiment, metrics = key_run
    count = len(experiment.dataset.samples)
    assert 0 < metrics["keys_found"] < count
    page = (experiment.out / "report.html").read_text("utf-8")
    assert f"in {metrics['keys_found']} of {count} photos" in page
    assert load_model(experiment.out / "keys.tflite").card.crop == "key"
    assert finished[1]["keys_found"] == 0
    assert load_model(finished[0].out / "keys.tflite").card.crop == "whole"


def test_marked_keys_are_trained_on_and_are_part_of_the_run(finished, tmp_path, half_detected, no_figures):
    experiment, _ = finished
    first, second, *others = experiment.dataset.samples
    marked = (replace(first, ends=(KeyEnds((20, 120), (200, 120)),)), replace(second, ends=()), *others)
    said: list[str] = []
    experiment = replace(
        experiment,
        dataset=replace(experiment.dataset, samples=marked),
        recipe=replace(experiment.recipe, crop="key", epochs=1, views=("plain",)),
        out=tmp_path / "run",
        announce=said.append,
    )
    run(experiment)
    assert any("Marked by a person: 1 photo cropped" in sentence for sentence in said)
    again = read_run_dataset(experiment.out)
    assert [sample.ends for sample in again.samples] == [sample.ends for sample in marked]
    rows = read_rows(experiment.out / "photos.csv")
    assert [row["ends"] for row in rows] == ["20 120 200 120", "none", *[""] * len(others)]
    assert "ends" not in read_rows(finished[0].out / "photos.csv")[0]


def test_a_file_of_such_a_run_is_compared_on_the_same_crops(key_run):
    exported = export_model(key_run[0].out, ExportOptions("fp16", mediapipe=False, out=None, force=True))
    assert exported.parity.max_difference < 0.02
    scores = key_run[1]["test"]["plain"]["weighted_f1"]
    assert exported.parity.keras_f1 == pytest.approx(scores, abs=1e-6)


def test_another_detector_makes_another_run(key_run, monkeypatch):
    monkeypatch.setattr(Halves, "digest", "another")
    with pytest.raises(BadRun, match="detector"):
        run(key_run[0], resume=True)
