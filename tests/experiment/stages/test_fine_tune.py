"""Tests of stages/fine_tune.py: which photos and layers each kind of fine-tuning trains."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.experiment.stages import fine_tune as module
from keykind.experiment.stages.fine_tune import fine_tune
from keykind.experiment.stages.heads import train_heads
from keykind.train.augment import CONTEXT_SCALE
from small_runs import Halves
from tiny_backbone import CHANNELS, LAST_KERNEL, mobilenet_shortened

SHORT = {"backbone": "mobilenet_v2", "all_layers_epochs": 1, "all_layers_sizes": (32,)}


def test_without_fine_tuning_the_best_head_and_the_initial_backbone_are_the_result(make_context, initial):
    context = make_context()
    heads = train_heads(context, *initial(context))
    result = fine_tune(context, heads)
    assert not result.is_fine_tuned
    assert (result.backbone, result.network, result.head) == (heads.backbone, heads.network, heads.head)


def test_partial_fine_tuning_trains_the_last_layers_and_the_head(make_context, initial):
    context = make_context(fine_tune_layers=3, fine_tune_epochs=1)
    heads = train_heads(context, *initial(context))
    result = fine_tune(context, heads)
    assert result.is_fine_tuned
    assert result.full is None
    # The last three layers: a convolution, its batch normalisation, which stays frozen, and an activation.
    units, kinds = context.recipe.units, len(context.experiment.dataset.kinds)
    assert result.partial.trainable == LAST_KERNEL + (CHANNELS + 1) * units + (units + 1) * kinds
    assert result.network.digest == result.backbone.digest != heads.backbone.digest
    assert not np.array_equal(result.head.w2, heads.head.w2)


@pytest.mark.slow
def test_full_fine_tuning_trains_on_the_best_fold_and_on_rendered_photos(make_context, initial, monkeypatch):
    tasks = []
    train = module.fine_tune_all_layers
    monkeypatch.setattr(module, "fine_tune_all_layers", lambda *call: tasks.append(call[1]) or train(*call))
    with mobilenet_shortened():
        context = make_context(**SHORT)
        renders = context.test_photos[:3]
        context = replace(context, experiment=replace(context.experiment, renders=renders))
        heads = train_heads(context, *initial(context))
        result = fine_tune(context, heads)
    (task,) = tasks
    photos = [context.training_photos[i] for i in heads.best_fold.train]
    assert task.labels.tolist() == context.experiment.labels([*photos, *renders]).tolist()
    assert not task.aligned
    assert [epoch["size"] for epoch in result.full.epochs] == [32]
    assert result.network.digest == result.backbone.digest != heads.backbone.digest


@pytest.mark.slow
def test_after_full_fine_tuning_the_last_layers_can_be_fine_tuned_further(make_context, initial):
    with mobilenet_shortened():
        context = make_context(**SHORT, fine_tune_layers=3, fine_tune_epochs=1)
        result = fine_tune(context, train_heads(context, *initial(context)))
    assert result.full.backbone.digest != result.partial.backbone.digest == result.network.digest
    assert result.head is result.partial.head


def test_aligned_crops_of_keys_leave_room_for_rotations(make_context, initial, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "store_crops", lambda *call: calls.append(call) or 1 / 0)
    context = make_context(crop="key", all_layers_epochs=1)
    context = replace(context, experiment=context.experiment.crop_keys(Halves()))
    with pytest.raises(ZeroDivisionError):
        fine_tune(context, train_heads(context, *initial(context)))
    assert calls[0][3] == CONTEXT_SCALE
