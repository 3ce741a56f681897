"""Tests of train.py and finetune.py."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.model.head import Head, softmax  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.crossval import Fold  # noqa: E402
from keykind.train.head_training import (  # noqa: E402
    Batches,
    Task,
    class_weights,
    count_parameters,
    train_head,
    whole_model,
)
from keykind.train.partial_finetune import fine_tune, stalled  # noqa: E402
from keykind.train.recipe import REPORT  # noqa: E402

PHOTOS, KINDS, CHANNELS = 60, 3, 16


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    labels = np.arange(PHOTOS) % KINDS
    centres = 3 * rng.standard_normal((KINDS, CHANNELS))
    features = (centres[labels][:, None] + rng.standard_normal((PHOTOS, 4, CHANNELS))).astype(np.float32)
    fold = Fold(np.arange(0, 40), np.arange(40, 60))
    recipe = replace(REPORT, epochs=30, learning_rate=1e-2)
    return Task(lambda photos, views: features[photos, views], labels, KINDS, fold, recipe)


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)


def random_head(channels=1280, units=64, kinds=4):
    rng = np.random.default_rng(0)
    shapes = (channels, units), (units,), (units, kinds), (kinds,)
    return Head(*(0.1 * rng.standard_normal(shape).astype(np.float32) for shape in shapes))


def test_the_report_model_has_the_parameters_of_the_report(backbone):
    model = whole_model(backbone, random_head(), REPORT)
    assert count_parameters(model) == {"total": 2_340_228, "trainable": 82_244}


def test_the_whole_model_is_the_network_with_the_head_on_top(backbone):
    head = random_head()
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3)).astype(np.float32)
    pooled = np.asarray(backbone.apply(pixels / 255)).mean(axis=(1, 2))
    answers = np.asarray(whole_model(backbone, head, REPORT)(pixels))
    np.testing.assert_allclose(answers, softmax(head.logits(pooled)), atol=1e-5)


def test_a_head_learns_what_can_be_learned(task):
    trained = train_head(task, CHANNELS, seed=0)
    assert trained.val_accuracy > 0.95
    assert trained.history["loss"][-1] < trained.history["loss"][0]


def test_the_same_seed_gives_the_same_head(task):
    first, again, other = (train_head(task, CHANNELS, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first.head.arrays(), again.head.arrays(), strict=True))
    assert first.history == again.history
    assert not np.array_equal(first.head.w1, other.head.w1)


def test_the_validation_result_is_that_of_the_head_without_dropout(task):
    trained = train_head(task, CHANNELS, seed=0)
    rows = np.repeat(task.fold.validation, 4)
    features = task.fetch(rows, np.tile(np.arange(4), len(task.fold.validation)))
    answers = softmax(trained.head.logits(features))
    assert trained.val_accuracy == pytest.approx(np.mean(answers.argmax(axis=1) == task.labels[rows]))
    likely = answers[np.arange(len(rows)), task.labels[rows]]
    assert trained.val_loss == pytest.approx(-np.log(likely).mean(), rel=1e-4)


def test_training_stops_after_epochs_without_gain(task):
    hopeless = replace(task, labels=np.random.default_rng(0).integers(0, KINDS, PHOTOS))
    history = train_head(hopeless, CHANNELS, seed=0).history
    assert len(history["loss"]) < task.recipe.epochs
    assert stalled(history["val_loss"], task.recipe.patience)
    assert not stalled(history["val_loss"][:-1], task.recipe.patience)


def test_the_best_epoch_is_kept_where_the_recipe_says_so(task):
    hopeless = replace(task, labels=np.random.default_rng(0).integers(0, KINDS, PHOTOS))
    kept = replace(hopeless, recipe=replace(task.recipe, restore_best=True))
    trained = train_head(kept, CHANNELS, seed=0)
    assert trained.val_loss == pytest.approx(min(trained.history["val_loss"]), rel=1e-5)


def test_every_view_of_every_training_photo_comes_once_an_epoch_in_a_new_order(task):
    seen = []
    watched = replace(
        task,
        fetch=lambda photos, views: seen.extend(zip(photos, views, strict=True)) or task.fetch(photos, views),
    )
    batches = watched.training(0)
    epochs = []
    for _ in range(2):
        seen.clear()
        for step in range(len(batches)):
            batches[step]
        epochs.append(list(seen))
        batches.on_epoch_end()
    wanted = {(photo, view) for photo in task.fold.train for view in range(4)}
    assert all(len(epoch) == len(wanted) and set(epoch) == wanted for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_validation_batches_keep_their_order(task):
    batches = Batches(task, task.fold.validation, None)
    before = [batches[step][1].tolist() for step in range(len(batches))]
    batches.on_epoch_end()
    assert before == [batches[step][1].tolist() for step in range(len(batches))]


def test_class_weights_make_every_kind_count_alike():
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights(labels)
    assert all(weights[kind] * np.sum(labels == kind) == pytest.approx(len(labels) / 3) for kind in range(3))


def test_class_weights_lift_the_rare_kind(task):
    rng = np.random.default_rng(0)
    labels = np.array([0] * 54 + [1] * 6)[rng.permutation(60)]
    noise = rng.standard_normal((60, 4, CHANNELS)).astype(np.float32)
    features = noise + 0.5 * labels[:, None, None]
    unsure = Task(
        lambda photos, views: features[photos, views].astype(np.float32), labels, 2, task.fold, task.recipe
    )
    weighted = replace(unsure, recipe=replace(task.recipe, class_weights=True))
    shares = []
    for one in (unsure, weighted):
        head = train_head(one, CHANNELS, seed=0).head
        shares.append(softmax(head.logits(features.reshape(-1, CHANNELS)))[:, 1].mean())
    assert shares[1] > shares[0]


@pytest.fixture(scope="module")
def pixel_task():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (6, 224, 224, 3)).astype(np.float32)
    recipe = replace(REPORT, views=("plain",), batch=2, fine_tune_layers=4, fine_tune_epochs=2, dropout=0.3)
    return Task(
        lambda rows, _: photos[rows], np.arange(6) % 4, 4, Fold(np.arange(4), np.arange(4, 6)), recipe
    )


@pytest.mark.slow
def test_fine_tuning_moves_the_last_layers_but_no_batch_normalisation_and_no_other(
    backbone, pixel_task, tmp_path
):
    before = backbone.digest
    tuned = fine_tune(backbone, random_head(), pixel_task, tmp_path, seed=0)
    assert backbone.digest == before
    assert len(tuned.history["loss"]) == 2
    moved = {
        layer.name
        for old, layer in zip(backbone.network.layers, tuned.backbone.network.layers, strict=True)
        if any(not np.array_equal(a, b) for a, b in zip(old.get_weights(), layer.get_weights(), strict=True))
    }
    assert moved
    assert moved == {"Conv_1"}  # the one of the last four that has weights and is no batch normalisation
    assert not np.array_equal(tuned.head.w2, random_head().w2)


@pytest.mark.slow
def test_fine_tuning_weighs_kinds_where_the_recipe_says_so(backbone, pixel_task, tmp_path):
    lopsided = replace(pixel_task, labels=np.array([0, 0, 0, 1, 0, 1]))
    weighted = replace(lopsided, recipe=replace(pixel_task.recipe, class_weights=True, fine_tune_epochs=1))
    plain = replace(weighted, recipe=replace(weighted.recipe, class_weights=False))
    losses = [
        fine_tune(backbone, random_head(), task, tmp_path / name, seed=0).history["loss"]
        for name, task in (("weighted", weighted), ("plain", plain))
    ]
    assert losses[0] != losses[1]


@pytest.mark.slow
def test_fine_tuning_goes_on_after_a_kill_with_the_same_result(backbone, pixel_task, tmp_path):
    straight = fine_tune(backbone, random_head(), pixel_task, tmp_path / "a", seed=0)
    shorter = replace(pixel_task, recipe=replace(pixel_task.recipe, fine_tune_epochs=1))
    fine_tune(backbone, random_head(), shorter, tmp_path / "b", seed=0)
    (tmp_path / "b" / "epoch-0002.keras").write_bytes(b"torn")
    resumed = fine_tune(backbone, random_head(), pixel_task, tmp_path / "b", seed=0)
    assert resumed.history == straight.history
    assert resumed.backbone.digest == straight.backbone.digest
    assert all(
        np.array_equal(a, b) for a, b in zip(resumed.head.arrays(), straight.head.arrays(), strict=True)
    )
