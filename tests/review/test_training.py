"""Tests of review/training.py, comparison.py, current_run.py and predictions.py: train again and compare."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

import keykind
from keykind.core.errors import BadRun
from keykind.review.catalogue import Catalogue
from keykind.review.comparison import compare
from keykind.review.current_run import find_run, fit_run
from keykind.review.predictions import read_run
from keykind.train.recipe import REPORT
from small_runs import read_rows

SUPPORT = Path(__file__).parents[1] / "support"
TINY = (
    f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n"
    "from tiny_backbone import tiny_registered\n"
    "from keykind.cli.main import main\n"
    "with tiny_registered():\n    sys.exit(main(sys.argv[1:]))"
)
TINY_DEFAULT = (
    "from dataclasses import replace\n"
    "from keykind.experiment import train\n"
    "from keykind.train.recipe import BUILT_IN, REPORT\n"
    "BUILT_IN['default'] = replace(REPORT, backbone='tiny', views=('plain',), epochs=1, folds=2)\n"
    f"train.DEFAULT_WEIGHTS = 'random'\n{TINY}"
)
PROGRAM = (sys.executable, "-c", TINY)
ENDLESS = (sys.executable, "-c", "import sys, time; print('keykind: begun', flush=True); time.sleep(600)")


@pytest.fixture(scope="module")
def trained(many_drawn, tiny_backbone, tmp_path_factory):
    """A folder with drawn photos and the run on them."""
    folder = tmp_path_factory.mktemp("loop")
    shutil.copytree(many_drawn, folder / "keys")
    recipe = replace(REPORT, name="tiny", backbone=tiny_backbone, views=("plain",), epochs=2, folds=2)
    keykind.train(folder / "keys", recipe=recipe, out=folder / "keys-run", weights="random")
    return folder


@pytest.fixture
def loop(trained, tmp_path, monkeypatch):
    """A copy of it, in the current folder."""
    shutil.copytree(trained, tmp_path / "loop")
    monkeypatch.chdir(tmp_path / "loop")
    return tmp_path / "loop"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_newest_run_on_the_photos_is_found_and_said(open_desk, loop):
    shutil.copytree(loop / "keys-run", loop / "keys-run-2")
    desk = open_desk(loop / "keys", model=None)
    state = desk.state()
    assert (state["run"]["name"], "keys-run-2" in desk.desk.notes[0]) == ("keys-run-2", True)
    metrics = json.loads((loop / "keys-run" / "metrics.json").read_text())
    assert state["run"]["f1"] == metrics["test"]["plain"]["weighted_f1"]
    assert state["problems"] == []


def test_the_label_queue_is_ready_before_the_scan_by_the_tables_of_the_run(open_desk, loop):
    desk = open_desk(loop / "keys", model=None)
    desk.wait_until(lambda: desk.queues()["label-errors"]["state"] == "ready")
    rows = read_rows(loop / "keys-run" / "out_of_fold.csv")
    wrong = {row["photo"] for row in rows if row["true"] != row["answer"]}
    names = {desk.photo(item["photos"][0])["name"] for item in desk.items("label-errors")}
    assert wrong <= names
    for item in desk.items("label-errors"):
        photo = desk.photo(item["photos"][0])
        assert f"Labelled {photo['kind']}; the model, which never saw this photo" in item["reason"]
        assert item["suggestion"]["kind"] != photo["kind"]
        probability = photo["prediction"]["probabilities"][item["suggestion"]["kind"]]
        assert f"({probability:.2f})." in item["reason"]
        assert photo["prediction"]["source"] == "the run, which did not train on this photo"


def test_training_again_compares_on_the_same_test_photos_and_is_kept(open_desk, loop):
    before = files_of(loop / "keys-run")
    desk = open_desk(loop / "keys", model=None, program=PROGRAM)
    photo = desk.id_of("train/dimple/drawn-01.png")
    desk.decide({"photo": photo, "kind": "mortice"})
    assert desk.post("/api/training").json()["state"] == "running"
    assert desk.post("/api/training").status_code == 409
    desk.wait_until(lambda: desk.get("/api/training").json()["state"] != "running", "training")
    training = desk.state()["training"]
    assert training["state"] == "finished", training
    result = training["result"]
    test_photos = {row["photo"] for row in read_rows(loop / "keys-run" / "predictions.csv")}
    assert {row["photo"] for row in read_rows(loop / "keys-run-2" / "predictions.csv")} == test_photos
    assert result["photos"] == len(test_photos)
    assert result["interval"][0] <= result["difference"] <= result["interval"][1]
    assert result["difference"] == pytest.approx(result["after"]["f1"] - result["before"]["f1"])
    rows = read_rows(loop / "keys-run-2" / "out_of_fold.csv")
    assert {row["photo"]: row["true"] for row in rows}["train/dimple/drawn-01.png"] == "mortice"
    assert desk.post("/api/training/keep").json()["decision"] == "kept"
    assert desk.state()["run"]["name"] == "keys-run-2"
    for name, judged in read_run(loop / "keys-run-2").judged.items():
        shown = desk.photo(desk.id_of(name))["prediction"]["probabilities"].values()
        assert list(shown) == pytest.approx(judged.probabilities.tolist(), abs=1e-4)
    assert files_of(loop / "keys-run") == before
    assert desk.post("/api/training/discard").status_code == 409
    assert (loop / "keys-run-2" / "keys.tflite").is_file()


def test_a_discarded_run_is_deleted_and_nothing_else(open_desk, loop):
    desk = open_desk(loop / "keys", model=None, program=PROGRAM)
    before = files_of(loop)
    desk.post("/api/training")
    desk.wait_until(lambda: desk.get("/api/training").json()["state"] == "finished", "training")
    (loop / "keys-run-3").mkdir()
    assert desk.post("/api/training/discard").json()["decision"] == "discarded"
    assert desk.state()["run"]["name"] == "keys-run"
    assert files_of(loop) == before
    assert not (loop / "keys-run-2").exists()
    assert (loop / "keys-run-3").exists()


def test_the_first_run_has_nothing_to_be_compared_with(open_desk, loop):
    shutil.rmtree(loop / "keys-run")
    shutil.copytree(loop / "keys" / "train", loop / "flat")
    desk = open_desk(loop / "flat", program=(sys.executable, "-c", TINY_DEFAULT))
    assert desk.state()["run"] is None
    desk.post("/api/training")
    desk.wait_until(lambda: desk.get("/api/training").json()["state"] != "running", "training")
    training = desk.get("/api/training").json()
    assert training["state"] == "finished", training
    assert (training["result"]["before"], training["result"]["difference"]) == (None, None)
    assert training["result"]["photos"] > 0
    desk.post("/api/training/keep")
    assert desk.state()["run"]["name"] == "flat-run"


def test_a_training_that_fails_says_why_and_leaves_nothing(open_desk, loop):
    desk = open_desk(loop / "keys", model=None)  # keykind itself, which knows no tiny backbone
    desk.post("/api/training")
    desk.wait_until(lambda: desk.get("/api/training").json()["state"] != "running", "training")
    training = desk.get("/api/training").json()
    assert training["state"] == "failed"
    assert "tiny" in " ".join(training["log"])
    assert not (loop / "keys-run-2").exists()
    assert desk.post("/api/training/keep").status_code == 409


@pytest.mark.parametrize("end", ["stop", "close"])
def test_a_training_that_is_stopped_ends_with_its_process(open_desk, loop, end):
    desk = open_desk(loop / "keys", model=None, program=ENDLESS)
    desk.post("/api/training")
    desk.wait_until(lambda: desk.get("/api/training").json()["log"] == ["begun"], "training")
    process = desk.desk.training._process
    if end == "stop":
        assert desk.post("/api/training/stop").json()["state"] == "idle"
    else:
        desk.desk.close()
    assert process.poll() is not None
    assert not (loop / "keys-run-2").exists()


def test_files_that_somebody_put_into_the_run_stay(open_desk, loop):
    desk = open_desk(loop / "keys", model=None, program=PROGRAM)
    desk.post("/api/training")
    desk.wait_until(lambda: desk.get("/api/training").json()["state"] == "finished", "training")
    (loop / "keys-run-2" / "my-notes.txt").write_text("mine")
    desk.post("/api/training/discard")
    assert (loop / "keys-run-2" / "my-notes.txt").read_text() == "mine"


def test_a_comparison_counts_corrected_labels_and_leaves_out_excluded_photos(loop):
    catalogue, facts = Catalogue(loop / "keys"), read_run(loop / "keys-run")
    same = compare(facts, facts, catalogue)
    assert (same.difference, same.improved, same.worsened) == (0, (), ())
    assert same.interval[0] <= 0 <= same.interval[1]
    tested = [name for name, judged in facts.judged.items() if judged.in_test]
    answers = {name: facts.kinds[int(facts.judged[name].probabilities.argmax())] for name in tested}
    rows = "".join(f"{name},{answers[name]},\n" for name in tested[1:]) + f"{tested[0]},,blurred\n"
    (loop / "keys" / "labels.csv").write_text(f"path,kind,excluded\n{rows}")
    catalogue.refresh()
    corrected = compare(facts, facts, catalogue)
    assert (corrected.photos, corrected.after.f1) == (len(tested) - 1, 1)


def test_a_run_of_other_photos_or_kinds_is_refused_with_numbers(loop, photos, tmp_path):
    with pytest.raises(BadRun, match=r"was trained on other photos: none of its \d+ are in "):
        find_run(Catalogue(photos), loop / "keys-run")
    for name in ("train", "test"):
        for folder in list((loop / "keys" / name).iterdir()):
            folder.rename(folder.with_name(f"other_{folder.name}"))
    with pytest.raises(BadRun, match="none of its"):
        find_run(Catalogue(loop / "keys"), loop / "keys-run")
    assert find_run(Catalogue(loop / "keys"), None)[0] is None


def test_a_run_on_some_of_the_photos_is_used_and_the_numbers_are_said(loop):
    shutil.rmtree(loop / "keys" / "train" / "mortice")
    shutil.rmtree(loop / "keys" / "test" / "mortice")
    run = fit_run(Catalogue(loop / "keys"), read_run(loop / "keys-run"))
    count = len(run.facts.judged)
    assert run.problems == (
        f"keys-run: {len(run.judged)} of the run's {count} photos are here; the others are left out.",
    )
    assert 0 < len(run.judged) < count


@pytest.mark.parametrize("damage", ["missing", "metrics.json", "out_of_fold.csv"])
def test_a_damaged_run_is_refused_if_it_was_asked_for_and_passed_over_otherwise(loop, damage):
    run = loop / "keys-run"
    if damage == "missing":
        shutil.rmtree(run)
    else:
        (run / damage).write_text("photo\nx\n" if damage.endswith("csv") else "{")
    with pytest.raises(BadRun, match="keys-run"):
        find_run(Catalogue(loop / "keys"), run)
    found, notes = find_run(Catalogue(loop / "keys"), None)
    assert (found, len(notes)) == (None, 0 if damage == "missing" else 1)


def test_predictions_of_test_photos_are_calibrated_like_the_others(loop):
    facts = read_run(loop / "keys-run")
    assert facts.has_out_of_fold
    assert {judged.in_test for judged in facts.judged.values()} == {True, False}
    for judged in facts.judged.values():
        assert judged.probabilities.sum() == pytest.approx(1, abs=1e-4)
    temperature = json.loads((loop / "keys-run" / "metrics.json").read_text())["temperature"]
    row = read_rows(loop / "keys-run" / "predictions.csv")[0]
    values = [float(row[f"p({kind})"]) ** (1 / temperature) for kind in facts.kinds]
    expected = [value / sum(values) for value in values]
    assert facts.judged[row["photo"]].probabilities.tolist() == pytest.approx(expected, abs=1e-3)
