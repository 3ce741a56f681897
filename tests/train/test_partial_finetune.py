"""Tests of partial_finetune.py."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.model.head import Head
from keykind.train.backbone import load_backbone
from keykind.train.crossval import Fold
from keykind.train.head_training import Task
from keykind.train.partial_finetune import fine_tune_last_layers
from keykind.train.recipe import REPORT
from tiny_backbone import CHANNELS


@pytest.fixture(scope="module")
def backbone(tiny_backbone):
    return load_backbone(tiny_backbone, "random", scaling="unit", seed=0)


def random_head(channels=CHANNELS, units=64, kinds=4):
    rng = np.random.default_rng(0)
    shapes = (channels, units), (units,), (units, kinds), (kinds,)
    return Head(*(0.1 * rng.standard_normal(shape).astype(np.float32) for shape in shapes))


@pytest.fixture(scope="module")
def pixel_task():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (6, 224, 224, 3)).astype(np.float32)
    recipe = replace(REPORT, views=("plain",), batch=2, fine_tune_layers=4, fine_tune_epochs=2, dropout=0.3)
    return Task(
        lambda rows, _: photos[rows], np.arange(6) % 4, 4, Fold(np.arange(4), np.arange(4, 6)), recipe
    )


def test_fine_tuning_changes_the_last_layers_but_no_batch_normalisation_and_no_other(
    backbone, pixel_task, tmp_path
):
    before = backbone.digest
    tuned = fine_tune_last_layers(backbone, random_head(), pixel_task, tmp_path, seed=0)
    assert backbone.digest == before
    assert len(tuned.history["loss"]) == 2
    changed = {
        layer.name
        for old, layer in zip(backbone.network.layers, tuned.backbone.network.layers, strict=True)
        if any(not np.array_equal(a, b) for a, b in zip(old.get_weights(), layer.get_weights(), strict=True))
    }
    assert changed == {"conv_2"}  # the only one of the last four with weights that are trained
    assert not np.array_equal(tuned.head.w2, random_head().w2)


def test_fine_tuning_weights_kinds_if_the_recipe_says_so(backbone, pixel_task, tmp_path):
    imbalanced = replace(pixel_task, labels=np.array([0, 0, 0, 1, 0, 1]))
    weighted = replace(imbalanced, recipe=replace(pixel_task.recipe, class_weights=True, fine_tune_epochs=1))
    plain = replace(weighted, recipe=replace(weighted.recipe, class_weights=False))
    losses = [
        fine_tune_last_layers(backbone, random_head(), task, tmp_path / name, seed=0).history["loss"]
        for name, task in (("weighted", weighted), ("plain", plain))
    ]
    assert losses[0] != losses[1]


def test_fine_tuning_resumes_after_a_kill_with_the_same_result(backbone, pixel_task, tmp_path):
    undisturbed = fine_tune_last_layers(backbone, random_head(), pixel_task, tmp_path / "a", seed=0)
    shorter = replace(pixel_task, recipe=replace(pixel_task.recipe, fine_tune_epochs=1))
    fine_tune_last_layers(backbone, random_head(), shorter, tmp_path / "b", seed=0)
    (tmp_path / "b" / "epoch-0002.keras").write_bytes(b"torn")
    resumed = fine_tune_last_layers(backbone, random_head(), pixel_task, tmp_path / "b", seed=0)
    assert resumed.history == undisturbed.history
    assert resumed.backbone.digest == undisturbed.backbone.digest
    assert all(
        np.array_equal(a, b) for a, b in zip(resumed.head.arrays(), undisturbed.head.arrays(), strict=True)
    )
