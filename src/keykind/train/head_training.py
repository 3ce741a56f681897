"""Features -> a trained head; backbone and head -> one Keras model.

In:    features (n, views, k) float32, labels, the photos of a fold
Out:   TrainedHead: head, learning curves, validation loss and accuracy; the Keras classifier
Needs: keras, tensorflow                                                                   [train]
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keykind.model.card import SIZE
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone
from keykind.train.backend import keras
from keykind.train.crossval import Fold, Rows
from keykind.train.recipe import Recipe

OPTIMIZERS = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
}
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
Curves = dict[str, list[float]]  # for each of CURVES one value per epoch


@dataclass(frozen=True, slots=True, eq=False)
class TrainedHead:
    """The result of training on one fold."""

    head: Head
    history: Curves
    val_loss: float  # over all views of the validation photos
    val_accuracy: float


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (input, label) over every view of some photos; only one batch is in memory."""

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
        rows = self._order[step * batch : (step + 1) * batch]
        photos = self._photos[rows]
        return self._task.fetch(photos, self._views[rows]), self._task.labels[photos]

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch; without `rng` the order stays."""
        if self._rng is not None:
            self._order = self._rng.permutation(len(self._order))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be learned on one fold."""

    fetch: Callable[[Rows, Rows], Floats]  # (indices of photos, indices of views) -> inputs
    labels: Labels  # (n,)
    kinds: int
    fold: Fold
    recipe: Recipe

    def training(self, seed: int) -> Batches:
        """Return the views of the training photos, shuffled in each epoch."""
        return Batches(self, self.fold.train, np.random.default_rng(seed))

    def validation(self) -> Batches:
        """Return the views of the validation photos."""
        return Batches(self, self.fold.validation, None)


def train_head(task: Task, channels: int, seed: int) -> TrainedHead:
    """Train a head on features, which is equivalent to training it on top of the frozen backbone.

    `task.fetch` returns pooled features (b, channels) float32. The same seed gives the same head.
    """
    keras.utils.set_random_seed(seed)
    recipe = task.recipe
    model = keras.Sequential([keras.Input((channels,)), *_layers(recipe, task.kinds)])
    compile_model(model, OPTIMIZERS[recipe.optimizer](recipe.learning_rate))
    early_stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.patience, restore_best_weights=recipe.restore_best
    )
    history = fit(model, task, recipe.epochs, seed, [early_stopping])
    loss, accuracy = model.evaluate(task.validation(), verbose=0)
    return TrainedHead(read_head(model), history, float(loss), float(accuracy))


def compile_model(model: Any, optimizer: Any) -> None:
    """Compile the model with cross-entropy and accuracy."""
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
    """Return for each label the weight that gives all kinds the same influence; the mean over photos is 1."""
    present, counts = np.unique(labels, return_counts=True)
    return {
        int(label): len(labels) / (len(present) * int(count))
        for label, count in zip(present, counts, strict=True)
    }


def build_classifier(backbone: Backbone, head: Head, recipe: Recipe) -> Any:
    """Return the Keras model from pixels 0..255 (n, 224, 224, 3) to probabilities (n, c); backbone frozen.

    The photo is resized to 224 x 224, without keeping its aspect ratio; scaling is part of the model.
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
    """Return the backbone's network inside a model from `build_classifier`."""
    return next(layer for layer in model.layers if hasattr(layer, "layers"))


def count_parameters(model: Any) -> dict[str, int]:
    """Return the number of all parameters of a model, and of those that are trainable."""
    trainable = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    return {"total": int(model.count_params()), "trainable": trainable}


def _layers(recipe: Recipe, kinds: int) -> list[Any]:
    return [
        keras.layers.Dense(recipe.units, activation="relu", name="hidden"),
        keras.layers.Dropout(recipe.dropout, name="dropout"),
        keras.layers.Dense(kinds, activation="softmax", name="probabilities"),
    ]
