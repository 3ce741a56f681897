"""Tests of devices.py: training on virtual devices, in a process of its own, compared with one device."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands import keykind
from keykind.core.errors import BadDevices

pytest.importorskip("keras", reason="the extra train is not installed")

WEIGHTS, CURVES = 1e-6, 1e-5  # largest differences: both are sums of the same numbers in another order
SCRIPT = Path(__file__).parents[1] / "support" / "devices_alike.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    command = [sys.executable, str(SCRIPT), str(tmp_path_factory.mktemp("alike"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("change", ["full 1 then 2", "partial 1 then 2", "partial 2 then 1"])
def test_training_resumed_on_other_devices_gives_the_same_result(results, change):
    assert results["count"] == [1, 2]
    assert results[f"{change.split()[0]} changed"] > 10 * WEIGHTS
    assert results[change]["weights"] < WEIGHTS
    assert results[change]["curves"] < CURVES


@pytest.mark.slow
def test_a_layer_with_a_lower_learning_rate_has_it_on_every_device(results):
    assert results["layerwise rates"] < WEIGHTS


@pytest.mark.slow
def test_each_device_has_its_own_dropout_masks(results):
    assert 0.2 < results["equal masks"] < 0.8


@pytest.mark.slow
def test_missing_devices_are_an_error_that_names_the_existing_ones(results):
    assert "already initialised with 2 virtual CPU device(s)" in results["errors"]["cpu:3"]
    for choice in ("1", "all"):
        error = results["errors"][choice]
        assert error == "" or "needs 1 GPU, TensorFlow sees 0" in error


@pytest.mark.parametrize("choice", ["0", "-1", "two", "cpu:", "cpu:0", "gpu:1"])
def test_an_invalid_choice_is_refused_before_anything_is_read(tmp_path, choice):
    done = keykind("train", tmp_path, f"--devices={choice}", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "is not a number of GPUs, all, or cpu:N" in done.stderr


@pytest.mark.parametrize("choice", ["0", "two", "cpu:0"])
def test_an_invalid_choice_in_python_is_an_error(choice):
    from keykind.train.devices import find_devices

    with pytest.raises(BadDevices, match="is not a number of GPUs, all, or cpu:N"):
        find_devices(choice)


@pytest.mark.slow
def test_a_run_records_its_devices_but_is_the_same_run_on_others(drawn_photos, tmp_path):
    recipe = tmp_path / "quick.toml"
    recipe.write_text(
        'views = ["plain"]\nepochs = 1\nfolds = 2\nfine_tune_layers = 1\nfine_tune_epochs = 1\n'
    )
    out = tmp_path / "run"
    options = "--recipe", recipe, "--weights", "random", "--out", out
    done = keykind("train", drawn_photos, *options, "--devices", "cpu:2")
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "metrics.json").read_text())["devices"] == "2 virtual CPU devices"
    assert "2 virtual CPU devices" in (out / "report.html").read_text("utf-8")
    recorded = json.loads((out / "recipe.json").read_text())
    assert recorded["options"]["devices"] == "cpu:2"
    assert "devices" not in recorded
    assert keykind("train", drawn_photos, *options, "--resume").returncode == 0
