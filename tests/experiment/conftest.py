"""A small experiment with a tiny backbone, and the context of its stages."""

from dataclasses import replace

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.cache import Cache
from keykind.core.timer import Timer
from keykind.dataset.dataset import read_dataset
from keykind.experiment.context import Context
from keykind.experiment.experiment import Experiment
from keykind.experiment.run_folder import RunFolder
from keykind.train.backbone import load_backbone
from keykind.train.crossval import make_folds
from keykind.train.devices import ONE_DEVICE
from keykind.train.recipe import REPORT
from small_runs import Halves


@pytest.fixture(scope="session")
def small_experiment(many_drawn, tiny_backbone, tmp_path_factory):
    """An experiment that trains in a second or two."""
    recipe = replace(REPORT, backbone=tiny_backbone, views=("plain",), epochs=2, folds=2, bootstrap=100)
    return Experiment(read_dataset(many_drawn), recipe, "random", 0, tmp_path_factory.mktemp("small") / "run")


@pytest.fixture
def make_context(small_experiment, tmp_path):
    """Return the context of the small experiment, with other values of the recipe."""
    with Cache(tmp_path / "cache") as cache:

        def make(name="run", devices=ONE_DEVICE, **recipe):
            out = tmp_path / name
            experiment = replace(small_experiment, recipe=replace(small_experiment.recipe, **recipe), out=out)
            folder = RunFolder(out)
            folder.claim({"schema": 0}, resume=True)
            return Context(experiment, folder, cache, devices, Timer())

        yield make


@pytest.fixture
def initial():
    """Return the initial backbone and the folds of a context's experiment."""

    def make(context):
        recipe, experiment = context.recipe, context.experiment
        backbone = load_backbone(recipe.backbone, "random", scaling=recipe.scaling, seed=0)
        return backbone, make_folds(context.training_photos, recipe.folds, experiment.seed_for("folds"))

    return make


@pytest.fixture
def half_detected(monkeypatch):
    """Detect a key in every other photo."""
    for module in ("experiment.run", "export.from_run"):
        monkeypatch.setattr(f"keykind.{module}.load_detector", Halves)


@pytest.fixture
def no_figures(monkeypatch):
    """Leave the report empty, to save time where it is not tested."""
    monkeypatch.setattr("keykind.experiment.artifacts.write_report", lambda *_: "")
