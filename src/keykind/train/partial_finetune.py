"""A trained head and its network -> both, trained on together.

In:    Backbone and Head of the best fold; the fold's photos as pixels
Out:   a Backbone and a Head whose last layers have moved, and the curves
Needs: keras, tensorflow                                                                   [train]
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keykind.core.files import DAMAGE, whole_file, write_json
from keykind.core.progress import progress
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone
from keykind.train.devices import ONE, Devices, Shared
from keykind.train.head_training import (
    CURVES,
    Batches,
    Curves,
    Task,
    class_weights,
    compile_model,
    count_parameters,
    fit,
    network_of,
    read_head,
    whole_model,
)


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """What fine-tuning gave."""

    backbone: Backbone
    head: Head
    history: Curves
    trainable: int  # numbers that it could change


def fine_tune(
    backbone: Backbone, head: Head, task: Task, checkpoints: Path, seed: int, devices: Devices = ONE
) -> FineTuned:
    """Train the last `fine_tune_layers` layers of the network together with the head, Adam, few epochs.

    `task.fetch` gives pixels (b, 224, 224, 3) float32 in 0..255. Each finished epoch is kept in the folder
    `checkpoints`; the next call goes on from there, with the same result, and on any number of devices.
    `backbone` does not change.
    """
    recipe = task.recipe
    epochs = range(1, recipe.fine_tune_epochs + 1)
    with devices.scope():
        model = _begin(backbone, head, task, seed)
    history: Curves = {curve: [] for curve in CURVES}
    for epoch in progress(epochs, len(epochs), "fine-tuning"):
        if stalled(history["val_loss"], recipe.patience):
            break
        with devices.scope():
            kept = _load(checkpoints, epoch)
        if kept:
            model, history = kept
            continue
        devices.seed_dropout(model, seed, epoch)  # a saved model forgets it
        new = (_fit_shared if devices.strategy else _fit)(model, task, seed + epoch, devices)
        history = {curve: history[curve] + new[curve] for curve in CURVES}
        _keep(checkpoints, epoch, model, history)
    trainable = count_parameters(model)["trainable"]
    losses = history["val_loss"]
    chosen = 1 + losses.index(min(losses)) if recipe.restore_best else len(losses)
    model = keras.models.load_model(_file(checkpoints, chosen, ".keras"))  # on one device, however trained
    tuned = replace(backbone, network=network_of(model), weights=f"{backbone.weights}, fine-tuned")
    tuned.network.trainable = False
    return FineTuned(tuned, read_head(model), history, trainable)


def _begin(backbone: Backbone, head: Head, task: Task, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    model = whole_model(_copy(backbone), head, task.recipe)
    _unfreeze(model, task.recipe.fine_tune_layers)
    compile_model(model, keras.optimizers.Adam(task.recipe.fine_tune_learning_rate))
    return model


def _fit(model: Any, task: Task, seed: int, _: Devices) -> Curves:
    return fit(model, task, 1, seed)


def _fit_shared(model: Any, task: Task, seed: int, devices: Devices) -> Curves:
    """Do what `fit` does in an epoch, each batch shared out."""
    shared = Shared(model, devices.strategy)
    weights = np.ones(task.kinds, np.float32)
    if task.recipe.class_weights:
        for label, weight in class_weights(task.labels[task.fold.train]).items():
            weights[label] = weight
    targets = np.eye(task.kinds, dtype=np.float32)

    def train(pixels: Floats, labels: Labels) -> dict[str, float]:
        return shared.train(pixels, targets[labels], weights[labels])

    def test(pixels: Floats, labels: Labels) -> dict[str, float]:
        return shared.test(pixels, targets[labels])

    photos = task.training(seed)
    photos.on_epoch_end()  # as `fit` does before it begins: the order is the same on any number of devices
    trained, tested = _mean(train, photos), _mean(test, task.validation())
    return {
        curve: [(tested if curve.startswith("val_") else trained)[curve.removeprefix("val_")]]
        for curve in CURVES
    }


def _mean(told: Callable[[Floats, Labels], dict[str, float]], batches: Batches) -> dict[str, float]:
    """Return the means over all photos of what is told of each batch."""
    sizes, values = [], []
    for number in range(len(batches)):
        inputs, labels = batches[number]
        values.append(told(inputs, labels))
        sizes.append(len(labels))
    return {name: float(np.average([one[name] for one in values], weights=sizes)) for name in values[0]}


def _keep(checkpoints: Path, epoch: int, model: Any, history: Curves) -> None:
    write_json(_file(checkpoints, epoch, ".json"), history)
    with whole_file(_file(checkpoints, epoch, ".keras")) as temporary:
        model.save(temporary)


def _load(checkpoints: Path, epoch: int) -> tuple[Any, Curves] | None:
    """Return what an epoch left, or None where there is nothing, or something damaged."""
    model, history = _file(checkpoints, epoch, ".keras"), _file(checkpoints, epoch, ".json")
    if not model.exists():
        return None
    try:
        return keras.models.load_model(model), json.loads(history.read_text("utf-8"))
    except DAMAGE:
        return None


def stalled(losses: list[float], patience: int) -> bool:
    """Tell whether the best loss is `patience` epochs old: early stopping that needs no memory of its own."""
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def _copy(backbone: Backbone) -> Backbone:
    # A layer that Keras makes frozen stays so for ever: its weights are filed as such.
    network = keras.models.clone_model(
        backbone.network,
        clone_function=lambda layer: type(layer).from_config(layer.get_config() | {"trainable": True}),
    )
    network.set_weights(backbone.network.get_weights())
    return replace(backbone, network=network)


def _unfreeze(model: Any, layers: int) -> None:
    network = network_of(model)
    network.trainable = True
    for place, layer in enumerate(network.layers, start=layers - len(network.layers)):
        # Keras's batch normalisation keeps its statistics only where it is frozen, however it is called.
        layer.trainable = place >= 0 and not isinstance(layer, keras.layers.BatchNormalization)


def _file(folder: Path, epoch: int, ending: str) -> Path:
    return folder / f"epoch-{epoch:04}{ending}"
