"""Features -> a trained head; photos -> a fine-tuned network.

In:    features (n, views, k) float32, labels, which rows train and validate
Out:   Trained: head, history, validation loss and accuracy; the whole Keras model
Needs: keras, tensorflow                                                                   [train]
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keykind.model.card import SIZE
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone
from keykind.train.crossval import Fold, Rows
from keykind.train.recipe import Recipe

OPTIMIZERS = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
}
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
Curves = dict[str, list[float]]  # each of CURVES, a number an epoch


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What one fold gave."""

    head: Head
    history: Curves
    val_loss: float  # over all views of the validation photos
    val_accuracy: float


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (input, label) over every view of some photos; nothing else is held in memory."""

    def __init__(self, task: "Task", photos: Rows, rng: np.random.Generator | None) -> None:
        super().__init__()
        views = len(task.recipe.views)
        self._task, self._rng = task, rng
        self._photos = np.repeat(photos, views)
        self._views = np.tile(np.arange(views), len(photos))
        self._order = np.arange(len(self._photos))
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._task.recipe.batch)

    def __getitem__(self, step: int) -> tuple[Floats, Labels]:
        batch = self._task.recipe.batch
        chosen = self._order[step * batch : (step + 1) * batch]
        photos = self._photos[chosen]
        return self._task.fetch(photos, self._views[chosen]), self._task.labels[photos]

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order; without `rng` the order stays."""
        if self._rng is not None:
            self._order = self._rng.permutation(len(self._order))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What one fold has to learn."""

    fetch: Callable[[Rows, Rows], Floats]  # (photos, views), as numbers -> inputs
    labels: Labels  # (n,)
    kinds: int
    fold: Fold
    recipe: Recipe

    def training(self, seed: int) -> Batches:
        """Return the training photos' views, in an order drawn anew each epoch."""
        return Batches(self, self.fold.train, np.random.default_rng(seed))

    def validation(self) -> Batches:
        """Return the validation photos' views."""
        return Batches(self, self.fold.validation, None)


def train_head(task: Task, channels: int, seed: int) -> Trained:
    """Train a head on features: the same mathematics as the frozen network with the head on top.

    `task.fetch` gives pooled features (b, channels) float32. The same seed gives the same head.
    """
    keras.utils.set_random_seed(seed)
    recipe = task.recipe
    model = keras.Sequential([keras.Input((channels,)), *_layers(recipe, task.kinds)])
    compile_model(model, OPTIMIZERS[recipe.optimizer](recipe.learning_rate))
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.patience, restore_best_weights=recipe.restore_best
    )
    history = fit(model, task, recipe.epochs, seed, [stop])
    loss, accuracy = model.evaluate(task.validation(), verbose=0)
    return Trained(read_head(model), history, float(loss), float(accuracy))


def compile_model(model: Any, optimizer: Any) -> None:
    """Give the model the report's loss and measure."""
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def fit(model: Any, task: Task, epochs: int, seed: int, callbacks: Sequence[Any] = ()) -> Curves:
    """Train a compiled model on the fold and return its CURVES."""
    history = model.fit(
        task.training(seed),
        validation_data=task.validation(),
        epochs=epochs,
        callbacks=list(callbacks),
        class_weight=class_weights(task.labels[task.fold.train]) if task.recipe.class_weights else None,
        shuffle=False,
        verbose=0,
    ).history
    return {curve: [float(value) for value in history[curve]] for curve in CURVES}


def class_weights(labels: Labels) -> dict[int, float]:
    """Return for each label the weight that makes all kinds count alike; the mean over photos is 1."""
    present, counts = np.unique(labels, return_counts=True)
    return {
        int(label): len(labels) / (len(present) * int(count))
        for label, count in zip(present, counts, strict=True)
    }


def whole_model(backbone: Backbone, head: Head, recipe: Recipe) -> Any:
    """Return the Keras model from pixels 0..255 (n, 224, 224, 3) to probabilities (n, c); network frozen.

    Stretch the photo to 224 x 224, nothing more: the scaling is inside.
    """
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    pictures = keras.layers.Rescaling(1 / 255, name="unit")(pixels)
    values = keras.layers.GlobalAveragePooling2D(name="pooled")(backbone.apply(pictures))
    layers = _layers(recipe, len(head.b2))
    for layer in layers:
        values = layer(values)
    dense = (layer for layer in layers if layer.weights)
    for layer, weights in zip(dense, (head.arrays()[:2], head.arrays()[2:]), strict=True):
        layer.set_weights(weights)
    return keras.Model(pixels, values, name="keykind")


def read_head(model: Any) -> Head:
    """Return the last two dense layers of a Keras model as a Head."""
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-2:]
    return Head(*(np.asarray(array, np.float32) for layer in dense for array in layer.get_weights()))


def network_of(model: Any) -> Any:
    """Return the pretrained network inside a model that `whole_model` made."""
    return next(layer for layer in model.layers if hasattr(layer, "layers"))


def count_parameters(model: Any) -> dict[str, int]:
    """Return how many numbers the model has, and how many of them training may change."""
    trainable = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    return {"total": int(model.count_params()), "trainable": trainable}


def _layers(recipe: Recipe, kinds: int) -> list[Any]:
    return [
        keras.layers.Dense(recipe.units, activation="relu", name="hidden"),
        keras.layers.Dropout(recipe.dropout, name="dropout"),
        keras.layers.Dense(kinds, activation="softmax", name="probabilities"),
    ]
