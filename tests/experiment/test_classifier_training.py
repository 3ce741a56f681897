"""Tests of classifier_training.py: the run that it leaves is one that can be exported and shipped."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.kinds import NAMES
from keykind.experiment.classifier_training import train_classifier_from_folders
from keykind.experiment.detector_training import TrainingFolders
from keykind.export.from_run import load_trained_model, read_run_dataset
from keykind.model.model import load_model
from keykind.train import two_stages
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.recipe import DEFAULT
from rendered_bars import draw_backgrounds, draw_set
from tiny_backbone import mobilenet_shortened

SMALL = ClassifierRecipe(views=8, fine_tune_views=4, batch=4, warm_up=1)


@pytest.mark.slow
def test_the_run_can_be_exported(tmp_path, monkeypatch):
    monkeypatch.setattr(two_stages, "in_workers", lambda prepare, numbers, _: map(prepare(), numbers))
    sets = [draw_set(tmp_path / "one", 121, by_kind=True), draw_set(tmp_path / "many", 41)]
    folders = TrainingFolders(sets, [draw_backgrounds(tmp_path / "backgrounds")])
    recipe, run = replace(DEFAULT, classifier=SMALL, units=8, bootstrap=100), tmp_path / "run"
    with mobilenet_shortened():
        metrics = train_classifier_from_folders(folders, "random", "unit", recipe, run, 0)
        assert train_classifier_from_folders(folders, "random", "unit", recipe, run, 0) == json.loads(
            json.dumps(metrics)
        )
        trained = load_trained_model(run)
    assert trained.kinds == load_model(run / "keys.tflite").card.kinds == NAMES
    assert trained.crop == "key"
    dataset = read_run_dataset(run)
    assert len(dataset.subset("train")) == 114  # one of 20 is held out; those of several keys are not listed
    assert len(dataset.subset("test")) == 7
    assert sum(metrics["counts"]["held out"].values()) == 10
