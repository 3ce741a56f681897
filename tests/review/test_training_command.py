"""Tests of review/training_command.py: the next run is trained as the one before it."""

import json
import tomllib
from dataclasses import replace
from itertools import pairwise

import pytest

from keykind.core.errors import BadRun
from keykind.review.training_command import command, next_out, toml
from keykind.train.recipe import DEFAULT, load_recipe


@pytest.fixture
def make_run(tmp_path):
    def make_run(**options):
        run = tmp_path / "run"
        run.mkdir()
        record = {"recipe": DEFAULT.as_json(), "seed": 7, "options": {"cwd": str(tmp_path)} | options}
        (run / "recipe.json").write_text(json.dumps(record))
        return run

    return make_run


def test_a_recipe_is_the_same_after_toml(tmp_path):
    recipe = replace(DEFAULT, name="mine", learning_rate=1e-5, views=("plain",))
    (tmp_path / "mine.toml").write_text(toml(recipe.as_json()))
    assert tomllib.loads((tmp_path / "mine.toml").read_text())["learning_rate"] == 1e-5
    assert load_recipe(tmp_path / "mine.toml") == recipe


def test_the_options_of_the_run_are_given_again(make_run, tmp_path):
    run = make_run(
        recipe="default",
        weights="random",
        kinds=["a", "b"],
        group_pattern="-(.*)$",
        keep_leaks=True,
        negatives="others",
        test="/elsewhere",
    )
    arguments = command(tmp_path / "photos", tmp_path / "run-2", run, tmp_path)
    assert arguments[:4] == ["train", str(tmp_path / "photos"), "--out", str(tmp_path / "run-2")]
    pairs = dict(pairwise(arguments))
    assert (pairs["--split-of"], pairs["--seed"]) == (str(run), "7")
    assert (pairs["--weights"], pairs["--negatives"]) == ("random", str(tmp_path / "others"))
    assert pairs["--test"] == "/elsewhere"
    assert {"--kinds=a,b", "--group-pattern=-(.*)$", "--keep-leaks"} <= set(arguments)
    assert load_recipe(pairs["--recipe"]) == DEFAULT


def test_the_command_is_one_that_train_understands(make_run, tmp_path):
    from keykind.cli.main import parser

    run = make_run(weights="weights.h5", devices="cpu:2", engine="local")
    arguments = command(tmp_path / "photos", tmp_path / "run-2", run, tmp_path)
    options = parser(["train"]).parse_args(arguments)
    assert (options.split_of, options.weights, options.devices) == (
        run,
        str(tmp_path / "weights.h5"),
        "cpu:2",
    )


def test_the_first_run_is_trained_with_the_defaults(tmp_path):
    assert command(tmp_path, tmp_path / "out", None, tmp_path) == [
        *("train", str(tmp_path), "--out", str(tmp_path / "out"))
    ]


def test_a_run_without_a_readable_recipe_is_refused(tmp_path):
    (tmp_path / "recipe.json").write_text("{")
    with pytest.raises(BadRun, match=r"recipe\.json"):
        command(tmp_path, tmp_path / "out", tmp_path, tmp_path)


def test_runs_are_numbered_and_none_is_replaced(tmp_path):
    run = tmp_path / "keys-run"
    run.mkdir()
    assert next_out(tmp_path / "keys", run) == tmp_path / "keys-run-2"
    (tmp_path / "keys-run-2").mkdir()
    assert next_out(tmp_path / "keys", tmp_path / "keys-run-2") == tmp_path / "keys-run-3"
