"""Tests of train.py: the function behind `keykind.train` and `keykind train`; a run resumes by its folder."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

import keykind  # noqa: E402
from fake_detector import FakeDetector  # noqa: E402
from keykind.cli import main  # noqa: E402
from keykind.core.errors import BadDataset, BadRecipe, BadRun, KeykindError  # noqa: E402
from keykind.core.parallel import parallel_map  # noqa: E402
from keykind.dataset.dataset import hold_out, read_dataset  # noqa: E402
from keykind.experiment import run as run_module  # noqa: E402
from keykind.experiment.run_folder import RunFolder  # noqa: E402
from keykind.experiment.train import default_out, train  # noqa: E402
from keykind.predict.recogniser import Recogniser  # noqa: E402
from keykind.train.recipe import DEFAULT, REPORT, Recipe  # noqa: E402
from small_runs import Everywhere, Halves, without_times  # noqa: E402


@pytest.fixture
def recipe(tiny_backbone):
    return replace(REPORT, name="tiny", backbone=tiny_backbone, views=("plain",), epochs=1, folds=2)


@pytest.fixture
def started(monkeypatch):
    """Record experiments and whether they are resumed, instead of running them; recipe.json is written."""
    calls = []

    def run(experiment, *, resume):
        calls.append((experiment, resume))
        identity = experiment.identity("network", None)
        run_module.RunFolder(experiment.out).claim(identity, {"options": experiment.options}, resume=resume)
        return {"test": {}}

    monkeypatch.setattr(run_module, "run", run)
    return calls


@pytest.fixture(scope="module")
def trained(many_drawn, tiny_backbone, tmp_path_factory):
    """A run that `keykind.train` finished, and the problems of which it notified."""
    recipe = replace(REPORT, name="tiny", backbone=tiny_backbone, views=("plain",), epochs=1, folds=2)
    problems = []
    out = tmp_path_factory.mktemp("trained") / "run"
    run = keykind.train(many_drawn, recipe=recipe, out=out, weights="random", notify=problems.append)
    return run, problems


def test_the_package_is_the_function_and_still_a_package(started, drawn_photos, recipe, tmp_path):
    from keykind.train import recipe as module

    assert keykind.train.recipe is module
    assert keykind.train.recipe.Recipe is Recipe is keykind.Recipe
    assert keykind.train(drawn_photos, recipe=recipe, out=tmp_path / "run").path == tmp_path / "run"
    assert started[0][0].recipe == recipe


def test_a_run_has_its_metrics_report_and_model(trained, many_drawn):
    run, problems = trained
    assert run.metrics == json.loads((run.path / "metrics.json").read_text("utf-8"))
    assert run.report.read_text("utf-8").endswith("</html>\n")
    assert Recogniser.load(run.model).kinds == tuple(run.metrics["kinds"])
    assert [error.name for error in run.read_errors] == ["train/dimple/torn.jpg"]
    assert problems[0].startswith("train/dimple/torn.jpg: ")
    assert problems[1:] == list(run.warnings)


@pytest.mark.parametrize("given", [str, Path, read_dataset], ids=["text", "path", "dataset"])
def test_photos_are_a_path_or_a_dataset(started, drawn_photos, recipe, tmp_path, given):
    train(given(drawn_photos), recipe=recipe, out=str(tmp_path / "run"))
    experiment, resume = started[0]
    assert not resume
    assert experiment.dataset.digest() == read_dataset(drawn_photos).digest()


def test_defaults_are_those_of_the_command(started, drawn_photos, tmp_path):
    train(drawn_photos, out=tmp_path / "a")
    assert main.main(["train", str(drawn_photos), "--out", str(tmp_path / "b")]) == 0
    (one, _), (other, _) = started
    assert (one.recipe, one.weights, one.seed, one.devices) == (DEFAULT, "keykind", 0, None)
    assert (other.recipe, other.weights, other.seed, other.devices) == (DEFAULT, "keykind", 0, None)
    assert one.engine is other.engine is parallel_map
    train(drawn_photos, recipe="report", out=tmp_path / "c", fine_tune=2, seed=3)
    third = started[2][0]
    assert (third.recipe, third.weights, third.seed) == (replace(REPORT, fine_tune_layers=2), "keykind", 3)


def test_without_test_photos_some_are_held_out(started, drawn_photos, recipe, tmp_path):
    train(drawn_photos / "train", recipe=recipe, out=tmp_path / "run")
    assert started[0][0].dataset.subset("test")


def test_renders_are_made_for_the_kinds_of_the_photos(started, drawn_photos, tmp_path, monkeypatch):
    pytest.importorskip("mitsuba", reason="the extra render is not installed")
    rendered, calls = read_dataset(drawn_photos).samples[:4], []
    monkeypatch.setattr(
        "keykind.train.synthetic.rendered_photos", lambda *call: calls.append(call) or rendered
    )
    train(drawn_photos, recipe="default", renders=4, seed=7, out=tmp_path / "run")
    experiment, _ = started[0]
    assert calls == [(experiment.dataset.kinds, 4, 7)]
    assert experiment.renders == rendered
    assert experiment.recipe.renders == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "dask"}, KeykindError, "use local or ray"),
        ({"recipe": "best"}, BadRecipe, "use report or default"),
        ({"renders": 4, "recipe": "report"}, BadRecipe, "use --recipe default"),
        ({"kinds": ["padlock", "dimple"]}, BadDataset, "padlock"),
    ],
)
def test_an_invalid_option_is_an_error_before_the_folder_is_made(
    started, drawn_photos, tmp_path, options, error, message
):
    with pytest.raises(error, match=message):
        train(drawn_photos, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_without_a_folder_the_run_is_beside_the_photos_never_inside(
    started, drawn_photos, recipe, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert train("photos", recipe=recipe).path == Path("photos-run")
    monkeypatch.chdir(drawn_photos)
    assert train(".", recipe=recipe, seed=1, force=True).path == tmp_path / "photos-run"
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n", "utf-8")
    assert default_out(table) == Path("labels-run")
    with pytest.raises(BadRun, match="add --out"):
        default_out(tmp_path / "photos", test=tmp_path)
    with pytest.raises(BadRun, match="out: not given"):
        train(read_dataset(drawn_photos), recipe=recipe)


def test_the_crop_is_decided_by_the_photos_once_and_told(
    many_drawn, recipe, tmp_path, monkeypatch, no_figures
):
    monkeypatch.setattr("keykind.experiment.run.load_detector", Halves)
    auto, announced = replace(recipe, crop="auto"), []
    out = tmp_path / "run"
    metrics = train(many_drawn, recipe=auto, weights="random", out=out, announce=announced.append).metrics
    assert metrics["crop"] in ("key", "whole")
    assert (metrics["subject"] == "key") == (metrics["crop"] == "key")
    assert announced[0].startswith("Keys were detected in ")
    card = Recogniser.load(out / "keys.tflite").model.card
    assert (card.crop, card.of_keys) == (metrics["crop"], metrics["crop"] == "key")
    (out / "metrics.json").unlink()
    monkeypatch.setattr("keykind.experiment.run.examine", None)  # not called again
    again = train(out=out, resume=True)
    assert without_times(again.metrics) == without_times(metrics)


@pytest.mark.parametrize("detector", [Everywhere(), FakeDetector()])
def test_photos_of_keys_are_cropped_and_others_are_classified_whole(
    many_drawn, recipe, tmp_path, monkeypatch, no_figures, detector
):
    monkeypatch.setattr("keykind.experiment.run.load_detector", lambda: detector)
    run = train(many_drawn, recipe=replace(recipe, crop="auto"), weights="random", out=tmp_path / "run")
    crop, subject = ("key", "key") if isinstance(detector, Everywhere) else ("whole", "other")
    assert (run.metrics["crop"], run.metrics["subject"]) == (crop, subject)
    assert run.metrics["recipe"]["crop"] == "auto"
    card = Recogniser.load(run.model).model.card
    assert (card.crop, card.of_keys, card.about["subject"]) == (crop, subject == "key", subject)


def test_a_recipe_for_whole_photos_keeps_them_and_knows_that_they_show_keys(
    many_drawn, recipe, tmp_path, monkeypatch, no_figures
):
    monkeypatch.setattr("keykind.experiment.run.load_detector", Everywhere)
    announced = []
    run = train(many_drawn, recipe=recipe, weights="random", out=tmp_path / "run", announce=announced.append)
    card = Recogniser.load(run.model).model.card
    assert (card.crop, card.of_keys) == ("whole", True)
    assert announced[0].endswith("photos are classified whole.")


# Replacing a run


def test_force_replaces_a_run_and_nothing_else(started, drawn_photos, recipe, tmp_path):
    out = tmp_path / "run"
    train(drawn_photos, recipe=recipe, out=out)
    with pytest.raises(BadRun, match="--force to replace it"):
        train(drawn_photos, recipe=recipe, out=out)
    train(drawn_photos, recipe=recipe, out=out, seed=1, force=True)
    assert json.loads((out / "recipe.json").read_text("utf-8"))["seed"] == 1
    (out / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(BadRun, match=r"did not write: notes\.txt"):
        train(drawn_photos, recipe=recipe, out=out, force=True)
    assert (out / "recipe.json").exists()
    with pytest.raises(BadRun, match="is not a run of keykind"):
        train(drawn_photos, recipe=recipe, out=drawn_photos, force=True)
    assert next(drawn_photos.rglob("*.png"))


def test_invalid_photos_do_not_cost_the_run_that_was_to_be_replaced(started, drawn_photos, recipe, tmp_path):
    train(drawn_photos, recipe=recipe, out=tmp_path / "run")
    with pytest.raises(BadDataset):
        train(tmp_path / "none", recipe=recipe, out=tmp_path / "run", force=True)
    assert (tmp_path / "run" / "recipe.json").exists()


def test_every_file_of_a_run_may_be_replaced(trained):
    RunFolder(trained[0].path).check_replaceable()


# Resuming


def test_a_run_that_does_not_know_a_new_choice_is_resumed(started, drawn_photos, tmp_path):
    out = tmp_path / "run"
    train(drawn_photos, recipe=replace(DEFAULT, crop="key", all_layers_min_steps=0), out=out)
    record = json.loads((out / "recipe.json").read_text("utf-8"))
    del record["recipe"]["all_layers_min_steps"]  # as 0.9.0 wrote it
    (out / "recipe.json").write_text(json.dumps(record), "utf-8")
    train(out=out, resume=True)
    assert started[1][0].recipe.crop == "key"


OPTIONS = {
    "kinds": ["mortice", "cylinder"],
    "group_pattern": r"(\d+)",
    "keep_leaks": True,
    "fine_tune": 1,
    "seed": 5,
    "devices": "cpu:2",
    "weights": "random",
}


def test_a_run_resumes_with_all_its_options(started, many_drawn, recipe, tmp_path):
    shutil.copytree(many_drawn / "test", tmp_path / "negatives")
    train(many_drawn, negatives=tmp_path / "negatives", recipe=recipe, out=tmp_path / "run", **OPTIONS)
    train(out=tmp_path / "run", resume=True)
    (first, _), (second, resume) = started
    assert resume
    assert second == replace(first, options=second.options)
    assert second.options == first.options | {"cwd": second.options["cwd"]}
    assert (first.recipe.name, first.recipe.fine_tune_layers, first.seed) == ("tiny", 1, 5)


@pytest.mark.parametrize(
    "arguments", [["--resume", "run"], ["run", "--resume"], ["--resume", "--out", "run"]]
)
def test_the_command_resumes_by_the_folder_alone(
    started, drawn_photos, recipe, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(drawn_photos.parent)
    train(drawn_photos.name, recipe=recipe, out="run", **OPTIONS)
    assert main.main(["train", *arguments]) == 0
    (first, _), (second, resume) = started
    assert resume
    assert second == first


def test_relative_paths_are_found_from_another_folder(started, drawn_photos, recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(drawn_photos.parent)
    shutil.copytree(drawn_photos / "test", "negatives")
    train(drawn_photos.name, negatives="negatives", recipe=recipe, out=tmp_path / "run", weights="random")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    train(out=tmp_path / "run", resume=True)
    (first, _), (second, _) = started
    assert second.dataset.digest() == first.dataset.digest()
    assert second.weights == "random"


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"recipe": "default"}, r"recipe \(.*all_layers_epochs.*\)"),
        ({"fine_tune": 2}, r"recipe \(fine_tune_layers\)"),
        ({"kinds": ["dimple", "mortice"]}, "kinds"),
        ({"group_pattern": "x"}, "group_pattern"),
        ({"keep_leaks": True}, "keep_leaks"),
    ],
)
def test_an_option_that_differs_from_the_run_s_is_an_error_that_names_it(
    started, drawn_photos, recipe, tmp_path, option, named
):
    train(drawn_photos, recipe=recipe, out=tmp_path / "run")
    with pytest.raises(BadRun, match=f"with other .*{named}"):
        train(out=tmp_path / "run", resume=True, **option)


def test_other_photos_are_refused_but_moved_ones_are_not(started, drawn_photos, recipe, tmp_path):
    train(drawn_photos, recipe=recipe, out=tmp_path / "run")
    moved = drawn_photos.rename(tmp_path / "moved")
    with pytest.raises(BadDataset):
        train(out=tmp_path / "run", resume=True)
    train(moved, out=tmp_path / "run", resume=True)
    next((moved / "train").rglob("*.png")).unlink()
    with pytest.raises(BadRun, match="with other photos"):
        train(moved, out=tmp_path / "run", resume=True)


@pytest.fixture
def earlier(drawn_photos, tmp_path):
    """A run that tested on the drawn training photos of one key per kind, and trained on the others."""
    dataset = read_dataset(drawn_photos / "train")
    held_out = hold_out(dataset, 0.25, np.random.default_rng(5))
    (tmp_path / "earlier").mkdir()
    rows = [f"{sample.path},{sample.kind},{sample.group},{sample.split}" for sample in held_out.samples]
    (tmp_path / "earlier" / "photos.csv").write_text("\n".join(["path,label,key_id,split", *rows]), "utf-8")
    return tmp_path / "earlier", {sample.sha256 for sample in held_out.subset("test")}


def test_the_split_of_an_earlier_run_is_used_again_also_when_resumed(
    started, earlier, drawn_photos, recipe, tmp_path, monkeypatch
):
    run, tests = earlier
    monkeypatch.chdir(tmp_path)
    train(drawn_photos / "train", recipe=recipe, out=tmp_path / "run", split_of="earlier")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    train(out=tmp_path / "run", resume=True)
    assert main.main(["train", str(drawn_photos / "train"), "--split-of", str(run), "--out", "other"]) == 0
    for experiment, _ in started:
        assert {sample.sha256 for sample in experiment.dataset.subset("test")} == tests
    assert [resume for _, resume in started] == [False, True, False]


def test_another_split_is_another_run(started, earlier, drawn_photos, recipe, tmp_path):
    train(drawn_photos / "train", recipe=recipe, out=tmp_path / "run", seed=1)
    with pytest.raises(BadRun, match="with other photos"):
        train(out=tmp_path / "run", resume=True, split_of=earlier[0])


def test_the_split_of_the_run_itself_or_for_a_dataset_is_refused(earlier, drawn_photos, recipe, tmp_path):
    with pytest.raises(BadRun, match="also the one whose split"):
        train(drawn_photos, recipe=recipe, out=earlier[0], split_of=earlier[0], force=True)
    with pytest.raises(BadDataset, match="give split_of to read_dataset"):
        train(read_dataset(drawn_photos), recipe=recipe, out=tmp_path / "run", split_of=earlier[0])
    with pytest.raises(BadRun, match=r"has no photos\.csv"):
        train(drawn_photos, recipe=recipe, out=tmp_path / "run", split_of=tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_run_of_a_dataset_resumes_with_that_dataset(started, drawn_photos, recipe, tmp_path):
    dataset = read_dataset(drawn_photos)
    train(dataset, recipe=recipe, out=tmp_path / "run")
    with pytest.raises(BadDataset, match="photos: not given, and not recorded in the run"):
        train(out=tmp_path / "run", resume=True)
    train(dataset, out=tmp_path / "run", resume=True)
    assert started[1][0] == started[0][0]


def test_without_a_run_there_is_nothing_to_resume(started, drawn_photos, recipe, tmp_path):
    with pytest.raises(BadRun, match="has no run to resume; name the folder of the run"):
        train(out=tmp_path / "run", resume=True)
    train(drawn_photos, recipe=recipe, out=tmp_path / "run", resume=True)  # starts it
    with pytest.raises(BadRun, match="add --resume"):
        train(drawn_photos, recipe=recipe, out=tmp_path / "run")


def test_a_finished_run_is_returned_as_it_is(trained):
    run, _ = trained
    again = train(out=run.path, resume=True)
    assert without_times(again.metrics) == without_times(run.metrics)
    assert again.read_errors == run.read_errors


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_of_an_earlier_version_is_refused_in_one_line(trained, tmp_path, capsys, finished):
    old = as_written_by_0_6_0(trained[0].path, tmp_path / "run")
    if not finished:
        (old / "metrics.json").unlink()
    assert main.main(["train", "--resume", str(old)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "holds a run of keykind 0.6.0 or earlier (run schema 1)" in line
    assert "train anew into another folder, or resume the run with that version" in line


def test_a_run_of_a_later_version_is_refused_with_its_version(trained, tmp_path):
    later = shutil.copytree(trained[0].path, tmp_path / "run")
    record = json.loads((later / "recipe.json").read_text("utf-8"))
    (later / "recipe.json").write_text(json.dumps(record | {"schema": 9, "keykind": "0.9.0"}))
    with pytest.raises(BadRun, match=r"keykind 0\.9\.0 \(run schema 9\)"):
        train(out=later, resume=True)


def test_a_finished_run_of_an_earlier_version_can_still_be_exported(trained, tmp_path, capsys):
    old = as_written_by_0_6_0(trained[0].path, tmp_path / "run")
    out = tmp_path / "again.tflite"
    assert main.main(["export", str(old), "--out", str(out)]) == 0
    assert Recogniser.load(out).kinds == Recogniser.load(trained[0].model).kinds


def test_a_finished_run_with_another_version_s_choices_for_the_detector_can_be_exported(trained, tmp_path):
    old = shutil.copytree(trained[0].path, tmp_path / "run")
    record = json.loads((old / "recipe.json").read_text("utf-8"))
    record["recipe"]["detector"]["mosaic_share"] = 0.2
    (old / "recipe.json").write_text(json.dumps(record | {"schema": 2, "keykind": "0.7.0"}))
    assert main.main(["export", str(old), "--out", str(tmp_path / "again.tflite")]) == 0


def as_written_by_0_6_0(run, out):
    """Return a copy of a run whose recipe.json and metrics.json lack what 0.6.0 did not write."""
    shutil.copytree(run, out)
    for name in ("recipe.json", "metrics.json"):
        content = json.loads((out / name).read_text("utf-8"))
        for key in ("schema", "options"):
            content.pop(key, None)
        if name == "recipe.json":
            del content["keykind"]
        recipe = content["recipe"]
        old = {"all_layers_epochs", "all_layers_learning_rate"}
        for key in [key for key in recipe if key.startswith("all_layers") and key not in old]:
            del recipe[key]
        del recipe["detector"]
        (out / name).write_text(json.dumps(content))
    return out
