"""Tests of devices.py: what virtual devices learn, compared in a process of its own with what one learns."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands import keykind

pytest.importorskip("keras", reason="the extra train is not installed")

WEIGHTS, CURVES = 1e-6, 1e-5  # apart at most: both are sums of the same numbers in another order
SCRIPT = Path(__file__).parents[1] / "support" / "devices_alike.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    command = [sys.executable, str(SCRIPT), str(tmp_path_factory.mktemp("alike"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("trained", ["all layers 1 then 2", "fine-tuning 1 then 2", "fine-tuning 2 then 1"])
def test_training_that_goes_on_with_other_devices_ends_alike(told, trained):
    name = trained.removesuffix(" 1 then 2").removesuffix(" 2 then 1")
    assert told["count"] == [1, 2]
    assert told[f"{name} moved"] > 10 * WEIGHTS
    assert told[trained]["weights"] < WEIGHTS
    assert told[trained]["curves"] < CURVES


@pytest.mark.slow
def test_a_layer_of_a_slower_rate_is_slower_on_every_device(told):
    assert told["slower"] < WEIGHTS


@pytest.mark.slow
def test_each_device_drops_units_of_its_own(told):
    assert 0.2 < told["masks alike"] < 0.8


@pytest.mark.slow
def test_devices_that_are_not_there_are_an_error_that_says_which_are(told):
    assert "has begun already, with 2 virtual device(s)" in told["refused"]["cpu:3"]
    for choice in ("1", "all"):
        assert told["refused"][choice] == "" or "needs 1 GPU(s), TensorFlow sees 0" in told["refused"][choice]


@pytest.mark.parametrize("choice", ["0", "-1", "two", "cpu:", "cpu:0", "gpu:1"])
def test_what_names_no_devices_is_refused_before_anything_is_read(tmp_path, choice):
    done = keykind("train", tmp_path, f"--devices={choice}", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "is not a number of 1 or more, all, or cpu:" in done.stderr


@pytest.mark.slow
def test_a_run_tells_its_devices_but_is_the_same_run_with_others(drawn_photos, tmp_path):
    recipe = tmp_path / "quick.toml"
    recipe.write_text(
        'views = ["plain"]\nepochs = 1\nfolds = 2\nfine_tune_layers = 1\nfine_tune_epochs = 1\n'
    )
    out = tmp_path / "run"
    options = "--recipe", recipe, "--weights", "random", "--out", out
    done = keykind("train", drawn_photos, *options, "--devices", "cpu:2")
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "metrics.json").read_text())["devices"] == "2 virtual ones of the processor"
    assert "2 virtual ones of the processor" in (out / "report.html").read_text("utf-8")
    assert "devices" not in json.loads((out / "recipe.json").read_text())
    assert keykind("train", drawn_photos, *options, "--resume").returncode == 0
