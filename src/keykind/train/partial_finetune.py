"""Partial fine-tuning: train the last layers of the backbone together with a trained head.

In:    Backbone and Head of the best fold; the fold's photos as pixels
Out:   PartialFineTuning: Backbone, Head, learning curves
Needs: keras, tensorflow                                                                   [train]
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.files import READ_ERRORS, atomic_write, write_json
from keykind.core.progress import progress
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone
from keykind.train.backend import keras
from keykind.train.devices import ONE_DEVICE, DataParallel, Devices
from keykind.train.head_training import (
    CURVES,
    Batches,
    Curves,
    Task,
    build_classifier,
    class_weights,
    compile_model,
    count_parameters,
    fit,
    network_of,
    read_head,
)


@dataclass(frozen=True, slots=True, eq=False)
class PartialFineTuning:
    """The result of partial fine-tuning."""

    backbone: Backbone
    head: Head
    history: Curves
    trainable: int  # number of trained parameters


def fine_tune_last_layers(
    backbone: Backbone, head: Head, task: Task, checkpoints: Path, seed: int, devices: Devices = ONE_DEVICE
) -> PartialFineTuning:
    """Train the last `fine_tune_layers` layers of the backbone together with the head, with Adam.

    `task.fetch` returns pixels (b, 224, 224, 3) float32 in 0..255. Each finished epoch is saved in the folder
    `checkpoints`; the next call resumes there, with the same result on any number of devices.
    `backbone` is not changed.
    """
    recipe = task.recipe
    epochs = range(1, recipe.fine_tune_epochs + 1)
    with devices.scope():
        model = _initial_model(backbone, head, task, seed)
    history: Curves = {curve: [] for curve in CURVES}
    for epoch in progress(epochs, len(epochs), "fine-tuning"):
        if stalled(history["val_loss"], recipe.patience):
            break
        with devices.scope():
            saved = _load(checkpoints, epoch)
        if saved:
            model, history = saved
            continue
        devices.seed_dropout(model, seed, epoch)  # a saved model does not keep it
        new = (_fit_parallel if devices.strategy else _fit)(model, task, seed + epoch, devices)
        history = {curve: history[curve] + new[curve] for curve in CURVES}
        _save(checkpoints, epoch, model, history)
    trainable = count_parameters(model)["trainable"]
    losses = history["val_loss"]
    chosen = 1 + losses.index(min(losses)) if recipe.restore_best else len(losses)
    model = keras.models.load_model(_file(checkpoints, chosen, ".keras"))  # on one device again
    tuned = replace(backbone, network=network_of(model), weights=f"{backbone.weights}, fine-tuned")
    tuned.network.trainable = False
    return PartialFineTuning(tuned, read_head(model), history, trainable)


def _initial_model(backbone: Backbone, head: Head, task: Task, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    model = build_classifier(_copy(backbone), head, task.recipe)
    _unfreeze(model, task.recipe.fine_tune_layers)
    compile_model(model, keras.optimizers.Adam(task.recipe.fine_tune_learning_rate))
    return model


def _fit(model: Any, task: Task, seed: int, _: Devices) -> Curves:
    return fit(model, task, 1, seed)


def _fit_parallel(model: Any, task: Task, seed: int, devices: Devices) -> Curves:
    """Train for one epoch as `fit` does, with each batch split over the devices."""
    parallel = DataParallel(model, devices.strategy)
    weights = np.ones(task.kinds, np.float32)
    if task.recipe.class_weights:
        for label, weight in class_weights(task.labels[task.fold.train]).items():
            weights[label] = weight
    targets = np.eye(task.kinds, dtype=np.float32)

    def train(pixels: Floats, labels: Labels) -> dict[str, float]:
        return parallel.train(pixels, targets[labels], weights[labels])

    def test(pixels: Floats, labels: Labels) -> dict[str, float]:
        return parallel.test(pixels, targets[labels])

    batches = task.training(seed)
    batches.on_epoch_end()  # as `fit` does before it starts, so that the order is the same on any devices
    training, validation = _mean_metrics(train, batches), _mean_metrics(test, task.validation())
    return {
        curve: [(validation if curve.startswith("val_") else training)[curve.removeprefix("val_")]]
        for curve in CURVES
    }


def _mean_metrics(step: Callable[[Floats, Labels], dict[str, float]], batches: Batches) -> dict[str, float]:
    """Return the mean over all photos of the metrics that `step` returns for each batch."""
    sizes, metrics = [], []
    for i in range(len(batches)):
        inputs, labels = batches[i]
        metrics.append(step(inputs, labels))
        sizes.append(len(labels))
    return {name: float(np.average([batch[name] for batch in metrics], weights=sizes)) for name in metrics[0]}


def _save(checkpoints: Path, epoch: int, model: Any, history: Curves) -> None:
    write_json(_file(checkpoints, epoch, ".json"), history)
    with atomic_write(_file(checkpoints, epoch, ".keras")) as temporary:
        model.save(temporary)


def _load(checkpoints: Path, epoch: int) -> tuple[Any, Curves] | None:
    """Return the model and history after an epoch, or None if they are absent or damaged."""
    model, history = _file(checkpoints, epoch, ".keras"), _file(checkpoints, epoch, ".json")
    if not model.exists():
        return None
    try:
        return keras.models.load_model(model), json.loads(history.read_text("utf-8"))
    except READ_ERRORS:
        return None


def stalled(losses: list[float], patience: int) -> bool:
    """Return whether the lowest loss is `patience` epochs old: early stopping without state of its own."""
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def _copy(backbone: Backbone) -> Backbone:
    # Keras lists the weights of a layer that was created frozen as non-trainable for good.
    network = keras.models.clone_model(
        backbone.network,
        clone_function=lambda layer: type(layer).from_config(layer.get_config() | {"trainable": True}),
    )
    network.set_weights(backbone.network.get_weights())
    return replace(backbone, network=network)


def _unfreeze(model: Any, layers: int) -> None:
    network = network_of(model)
    network.trainable = True
    first = len(network.layers) - layers
    for i, layer in enumerate(network.layers):
        # Keras's batch normalisation keeps its statistics only if the layer is frozen, however it is called.
        layer.trainable = i >= first and not isinstance(layer, keras.layers.BatchNormalization)


def _file(folder: Path, epoch: int, suffix: str) -> Path:
    return folder / f"epoch-{epoch:04}{suffix}"
