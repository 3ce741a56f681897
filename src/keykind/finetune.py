"""A trained head and its network -> both, trained on together.

In:    Backbone and Head of the best fold; the fold's photos as pixels
Out:   a Backbone and a Head whose last layers have moved, and the curves
Needs: keras, tensorflow                                                                   [train]
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from keykind.backbone import Backbone
from keykind.files import whole_file, write_json
from keykind.head import Head
from keykind.train import CURVES, LOSS, Task, read_head, whole_model

Curves = dict[str, list[float]]


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """What fine-tuning gave."""

    backbone: Backbone
    head: Head
    history: Curves


def fine_tune(backbone: Backbone, head: Head, task: Task, checkpoints: Path, seed: int) -> FineTuned:
    """Train the last `fine_tune_layers` layers of the network together with the head, Adam, few epochs.

    `task.fetch` gives pixels (b, 224, 224, 3) float32 in 0..255. Each finished epoch is kept in the folder
    `checkpoints`; the next call goes on from there, with the same result. `backbone` does not change.
    """
    recipe = task.recipe
    history: Curves = {curve: [] for curve in CURVES}
    done = len(list(checkpoints.glob("epoch-*.keras")))
    if done:
        history = json.loads(_file(checkpoints, done, ".json").read_text("utf-8"))
        model = keras.models.load_model(_file(checkpoints, done, ".keras"))
    else:
        keras.utils.set_random_seed(seed)
        model = whole_model(_copy(backbone), head, recipe)
        _unfreeze(model, recipe.fine_tune_layers)
        model.compile(keras.optimizers.Adam(recipe.fine_tune_learning_rate), loss=LOSS, metrics=["accuracy"])
    while done < recipe.fine_tune_epochs and not stalled(history["val_loss"], recipe.patience):
        done += 1
        model.get_layer("dropout").seed_generator.state.assign([seed, done])  # a saved model forgets it
        epoch = model.fit(
            task.training(seed + done), validation_data=task.validation(), shuffle=False, verbose=0
        ).history
        history = {curve: [*history[curve], *map(float, epoch[curve])] for curve in CURVES}
        write_json(_file(checkpoints, done, ".json"), history)
        with whole_file(_file(checkpoints, done, ".keras")) as temporary:
            model.save(temporary)
    if recipe.restore_best:
        best = 1 + min(range(done), key=history["val_loss"].__getitem__)
        model = keras.models.load_model(_file(checkpoints, best, ".keras"))
    network = replace(backbone, network=_network(model), weights=f"{backbone.weights}, fine-tuned")
    network.network.trainable = False
    return FineTuned(network, read_head(model), history)


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
    network = _network(model)
    network.trainable = True
    for layer in network.layers[:-layers]:
        layer.trainable = False


def _network(model: Any) -> Any:
    return next(layer for layer in model.layers if hasattr(layer, "layers"))


def _file(folder: Path, epoch: int, ending: str) -> Path:
    return folder / f"epoch-{epoch:04}{ending}"
