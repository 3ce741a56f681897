"""Tests of run_folder.py."""

import csv
import json
import shutil

import numpy as np
import pytest

from keykind import __version__
from keykind.core.errors import BadRun, CannotWrite
from keykind.experiment.run_folder import RunFolder

IDENTITY = {
    "schema": 2,
    "recipe": {"units": 64, "views": ["plain"], "dropout": 0.3, "detector": {"batch": 32}},
    "weights": "random",
    "seed": 0,
}
NOTES = {"options": {"photos": "photos"}}
ARRAYS = {
    "w1": np.arange(12, dtype=np.float32).reshape(3, 4),
    "loss": np.array([1.5, 0.25]),
    "nothing": np.zeros((0, 4), np.float32),
    "number": np.array(7),
}


@pytest.fixture
def run(tmp_path):
    """The folder of a run that was claimed and left unfinished."""
    folder = RunFolder(tmp_path / "run")
    assert folder.claim(IDENTITY, NOTES, resume=False) is None
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_run_records_what_determines_it(run):
    record = json.loads((run.path / "recipe.json").read_text("utf-8"))
    assert record == IDENTITY | NOTES | {"keykind": __version__}
    assert run.read_record(2) == record
    assert run.work.is_dir()


@pytest.mark.parametrize("resume", [True, False])
def test_an_empty_folder_counts_as_absent(tmp_path, resume):
    assert RunFolder(tmp_path).claim(IDENTITY, resume=resume) is None
    assert names(tmp_path) == ["recipe.json", "work"]


def test_a_folder_that_is_not_empty_is_not_changed_unless_resumed(run):
    before = names(run.path)
    with pytest.raises(BadRun, match=r"not empty.*--resume"):
        run.claim(IDENTITY, resume=False)
    assert names(run.path) == before


@pytest.mark.parametrize("resume", [True, False])
def test_a_folder_of_other_files_never_counts_as_a_run(tmp_path, resume):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("years")
    with pytest.raises(BadRun, match="another folder"):
        RunFolder(tmp_path).claim(IDENTITY, resume=resume)
    assert names(tmp_path) == ["work", "work/thesis.txt"]


@pytest.mark.parametrize("resume", [True, False])
def test_a_file_never_counts_as_a_run(tmp_path, resume):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(BadRun):
        RunFolder(tmp_path / "run").claim(IDENTITY, resume=resume)
    assert (tmp_path / "run").read_text() == "a file"


def test_a_run_killed_before_it_recorded_anything_can_be_started_again(tmp_path):
    (tmp_path / ".unfinished-1.json").write_text("{")
    assert RunFolder(tmp_path).read_record(2) is None
    assert RunFolder(tmp_path).claim(IDENTITY, resume=False) is None
    assert names(tmp_path) == ["recipe.json", "work"]


def test_the_same_run_is_resumed(run):
    run.save_step("fold-0", ARRAYS)
    assert run.claim(IDENTITY, resume=True) is None
    assert run.load_step("fold-0").keys() == ARRAYS.keys()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"seed": 1, "weights": "imagenet"}, "weights, seed"),
        ({"photos": "abc"}, "photos"),
        ({"recipe": IDENTITY["recipe"] | {"units": 8, "dropout": 0}}, r"recipe \(units, dropout\)"),
        ({"recipe": IDENTITY["recipe"] | {"detector": {"batch": 8}}}, r"recipe \(detector \(batch\)\)"),
        ({"recipe": 7}, "recipe;"),
    ],
)
def test_another_run_is_refused_and_the_differences_are_named(run, other, named):
    with pytest.raises(BadRun, match=f"with other {named}"):
        run.claim(IDENTITY | other, resume=True)
    assert run.claim(IDENTITY, {"options": {}}, resume=True) is None


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({"schema": None, "keykind": None}, r"keykind 0\.6\.0 or earlier \(run schema 1\)"),
        ({"schema": 3, "keykind": "0.9.1"}, r"keykind 0\.9\.1 \(run schema 3\)"),
    ],
)
def test_a_run_of_another_schema_is_refused_with_the_version_that_wrote_it(run, changes, version):
    record = json.loads((run.path / "recipe.json").read_text("utf-8")) | changes
    record = {key: value for key, value in record.items() if value is not None}
    (run.path / "recipe.json").write_text(json.dumps(record))
    message = f"holds a run of {version}; keykind .* resumes schema 2 only; train anew into another folder"
    with pytest.raises(BadRun, match=message):
        run.read_record(2)
    with pytest.raises(BadRun, match=message):
        run.claim(IDENTITY, resume=True)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "7", "\udcff"])
def test_a_recipe_that_cannot_be_read_is_reported(run, text):
    (run.path / "recipe.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadRun, match=r"recipe\.json: cannot be read"):
        run.claim(IDENTITY, resume=True)


def test_a_finished_run_is_returned_as_it_is(run):
    run.save_step("fold-0", ARRAYS)
    metrics = {"best_fold": 1, "test": {"plain": {"weighted_f1": 0.7068}}}
    run.finish(metrics)
    before = names(run.path)
    assert run.claim(IDENTITY, resume=True) == metrics
    assert names(run.path) == before == ["metrics.json", "recipe.json"]


def test_a_run_killed_while_it_cleaned_up_is_finished(run):
    run.finish({"best_fold": 1})
    run.work.mkdir()
    run.save_step("left", ARRAYS)
    assert run.claim(IDENTITY, resume=True) == {"best_fold": 1}
    assert not run.work.exists()


def test_metrics_that_cannot_be_read_are_reported(run):
    run.finish({"best_fold": 1})
    (run.path / "metrics.json").write_text("{")
    with pytest.raises(BadRun, match=r"metrics\.json: cannot be read"):
        run.claim(IDENTITY, resume=True)


def test_a_run_finishes_although_its_unfinished_steps_are_gone(run):
    shutil.rmtree(run.work)
    run.finish({"best_fold": 1})
    assert run.claim(IDENTITY, resume=True) == {"best_fold": 1}


def test_unfinished_files_are_removed_everywhere_in_the_run(run):
    for folder in (run.path, run.path / "figures", run.work, run.work / "fine-tune"):
        folder.mkdir(exist_ok=True)
        (folder / ".unfinished-1.npz").write_bytes(b"half")
        (folder / "whole.npz").write_bytes(b"whole")
    run.claim(IDENTITY, resume=True)
    left = [name for name in names(run.path) if name.endswith(".npz")]
    assert left == ["figures/whole.npz", "whole.npz", "work/fine-tune/whole.npz", "work/whole.npz"]


def test_arrays_are_loaded_as_they_were_saved(run):
    run.save_step("fold-0", ARRAYS)
    loaded = run.load_step("fold-0")
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_a_step_that_was_not_saved_is_absent(run):
    assert run.load_step("fold-7") is None


def test_a_truncated_step_counts_as_absent_and_can_be_saved_again(run):
    run.save_step("fold-0", ARRAYS)
    path = run.work / "fold-0.npz"
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        assert run.load_step("fold-0") is None
    run.save_step("fold-0", ARRAYS)
    assert run.load_step("fold-0") is not None


def test_a_step_with_damaged_values_counts_as_absent(run):
    run.save_step("fold-0", {"w1": np.zeros(1000)})
    path = run.work / "fold-0.npz"
    whole = path.read_bytes()
    for offset in range(400, 8000, 97):  # among the values, behind the names
        path.write_bytes(whole[:offset] + b"\x01" + whole[offset + 1 :])
        assert run.load_step("fold-0") is None


def test_a_table_is_read_as_it_was_written(run):
    rows = [["a,b", 'say "yes"', "two\nlines", "鍵"], [1, 0.5, "", "x"]]
    run.write_table("t.csv", ("photo", "key", "true", "answer"), rows)
    with (run.path / "t.csv").open(encoding="utf-8", newline="") as stream:
        read = list(csv.reader(stream))
    assert read == [["photo", "key", "true", "answer"], *([str(cell) for cell in row] for row in rows)]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="is a file, not a folder"):
        RunFolder(tmp_path / "file" / "run").claim(IDENTITY, resume=False)


def test_a_file_in_place_of_the_work_folder_is_reported(run):
    run.work.rmdir()
    run.work.write_text("")
    with pytest.raises(CannotWrite, match="work"):
        run.claim(IDENTITY, resume=True)


def test_a_full_disk_is_reported_and_saved_steps_remain(small_disk):
    run = RunFolder(small_disk / "run")
    run.claim(IDENTITY, resume=False)
    run.save_step("fold-0", ARRAYS)
    with pytest.raises(CannotWrite, match=r"fold-1\.npz.*No space"):
        run.save_step("fold-1", {"w1": np.ones(500_000)})
    assert sorted(path.name for path in run.work.iterdir()) == ["fold-0.npz"]
    assert run.load_step("fold-0") is not None
