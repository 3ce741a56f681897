"""Tests of head_training.py."""

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
    build_classifier,
    class_weights,
    count_parameters,
    train_head,
)
from keykind.train.partial_finetune import stalled  # noqa: E402
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
    model = build_classifier(backbone, random_head(), REPORT)
    assert count_parameters(model) == {"total": 2_340_228, "trainable": 82_244}


def test_the_classifier_is_the_backbone_with_the_head_on_top(backbone):
    head = random_head()
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3)).astype(np.float32)
    pooled = np.asarray(backbone.apply(pixels / 255)).mean(axis=(1, 2))
    predictions = np.asarray(build_classifier(backbone, head, REPORT)(pixels))
    np.testing.assert_allclose(predictions, softmax(head.logits(pooled)), atol=1e-5)


def test_a_head_learns_separable_features(task):
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
    predictions = softmax(trained.head.logits(features))
    assert trained.val_accuracy == pytest.approx(np.mean(predictions.argmax(axis=1) == task.labels[rows]))
    of_true_kind = predictions[np.arange(len(rows)), task.labels[rows]]
    assert trained.val_loss == pytest.approx(-np.log(of_true_kind).mean(), rel=1e-4)


def test_training_stops_after_epochs_without_improvement(task):
    random_labels = replace(task, labels=np.random.default_rng(0).integers(0, KINDS, PHOTOS))
    history = train_head(random_labels, CHANNELS, seed=0).history
    assert len(history["loss"]) < task.recipe.epochs
    assert stalled(history["val_loss"], task.recipe.patience)
    assert not stalled(history["val_loss"][:-1], task.recipe.patience)


def test_the_best_epoch_is_restored_if_the_recipe_says_so(task):
    random_labels = replace(task, labels=np.random.default_rng(0).integers(0, KINDS, PHOTOS))
    restored = replace(random_labels, recipe=replace(task.recipe, restore_best=True))
    trained = train_head(restored, CHANNELS, seed=0)
    assert trained.val_loss == pytest.approx(min(trained.history["val_loss"]), rel=1e-5)


def test_every_view_of_every_training_photo_occurs_once_per_epoch_in_a_new_order(task):
    fetched = []
    watched = replace(
        task,
        fetch=lambda photos, views: (
            fetched.extend(zip(photos, views, strict=True)) or task.fetch(photos, views)
        ),
    )
    batches = watched.training(0)
    epochs = []
    for _ in range(2):
        fetched.clear()
        for step in range(len(batches)):
            batches[step]
        epochs.append(list(fetched))
        batches.on_epoch_end()
    expected = {(photo, view) for photo in task.fold.train for view in range(4)}
    assert all(len(epoch) == len(expected) and set(epoch) == expected for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_validation_batches_keep_their_order(task):
    batches = Batches(task, task.fold.validation, None)
    before = [batches[step][1].tolist() for step in range(len(batches))]
    batches.on_epoch_end()
    assert before == [batches[step][1].tolist() for step in range(len(batches))]


def test_class_weights_give_every_kind_the_same_influence():
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights(labels)
    assert all(weights[kind] * np.sum(labels == kind) == pytest.approx(len(labels) / 3) for kind in range(3))


def test_class_weights_raise_the_probability_of_the_rare_kind(task):
    rng = np.random.default_rng(0)
    labels = np.array([0] * 54 + [1] * 6)[rng.permutation(60)]
    noise = rng.standard_normal((60, 4, CHANNELS)).astype(np.float32)
    features = noise + 0.5 * labels[:, None, None]
    unweighted = Task(
        lambda photos, views: features[photos, views].astype(np.float32), labels, 2, task.fold, task.recipe
    )
    weighted = replace(unweighted, recipe=replace(task.recipe, class_weights=True))
    probabilities = []
    for variant in (unweighted, weighted):
        head = train_head(variant, CHANNELS, seed=0).head
        probabilities.append(softmax(head.logits(features.reshape(-1, CHANNELS)))[:, 1].mean())
    assert probabilities[1] > probabilities[0]
