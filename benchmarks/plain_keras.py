"""The report's method in plain Keras: the peer that keykind is compared with.

In:    the views of all photos as one array, labels, folds, the recipe's values, weights
Out:   Fitted: the best fold's model, and how long training took; predictions for other images
Needs: keras, tensorflow

Every image passes through the frozen network in every epoch and every fold, as in most tutorials.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keykind.dataset.samples import Sample
from keykind.experiment.experiment import Experiment
from keykind.train.features import read_crop
from keykind.train.head_training import Task
from keykind.train.recipe import Recipe

SIZE = 224  # px


@dataclass(frozen=True)
class Fitted:
    """The models of all folds."""

    best: Any  # keras.Model of the fold with the best validation accuracy
    accuracies: list[float]  # validation accuracy of each fold
    seconds: float  # building, compiling and fitting all of them


def load_views(experiment: Experiment, samples: Sequence[Sample], views: Sequence[str]) -> np.ndarray:
    """Return views of the photos, (n, views, 224, 224, 3) float32 in 0..1: the pixels that keykind sees."""
    plan, images = experiment.plan, np.empty((len(samples), len(views), SIZE, SIZE, 3), np.float32)
    for row, sample in zip(images, samples, strict=True):
        crop = read_crop(sample, SIZE)
        row[:] = [plan.picture(view, crop, sample.sha256) for view in views]
    return images


def build_model(weights: str, kinds: int, recipe: Recipe, seed: int) -> Any:
    """Return MobileNetV2 without its top, frozen, with a small head, compiled."""
    base = keras.applications.MobileNetV2(
        include_top=False, weights=None if weights == "random" else weights, input_shape=(SIZE, SIZE, 3)
    )
    base.trainable = False
    keras.utils.set_random_seed(seed)  # of the head's initial weights and of dropout
    head = [
        keras.layers.Dense(recipe.units, activation="relu"),
        keras.layers.Dropout(recipe.dropout),
        keras.layers.Dense(kinds, activation="softmax"),
    ]
    images = keras.Input((SIZE, SIZE, 3))
    x = base(images, training=False)  # batch normalisation in inference mode
    x = keras.layers.GlobalAveragePooling2D()(x)
    for layer in head:
        x = layer(x)
    model = keras.Model(images, x)
    model.compile(
        keras.optimizers.RMSprop(recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def fit_folds(tasks: Sequence[Task], seeds: Sequence[int], weights: str) -> Fitted:
    """Train a model on each fold. A task yields batches of images, in an order drawn from its seed."""
    models, accuracies = [], []
    start = time.monotonic()
    for task, seed in zip(tasks, seeds, strict=True):
        recipe = task.recipe
        model = build_model(weights, task.kinds, recipe, seed)
        history = model.fit(
            task.training(seed),
            validation_data=task.validation(),
            epochs=recipe.epochs,
            callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience)],
            shuffle=False,  # the task has shuffled them
            verbose=0,
        ).history
        models.append(model)
        accuracies.append(float(history["val_accuracy"][-1]))
    return Fitted(models[int(np.argmax(accuracies))], accuracies, time.monotonic() - start)


def predict(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the index of the most probable kind of each image (n, 224, 224, 3)."""
    return np.asarray(model.predict(images, verbose=0)).argmax(axis=1)
