"""Full fine-tuning: train all layers of the backbone together with a head.

In:    Backbone; ViewTask: crops (n, s, s, 3) uint8, labels, recipe; a folder for checkpoints
Out:   FullFineTuning: Backbone, Head, metrics of each epoch; or a Head alone, on the frozen backbone
Needs: keras, tensorflow                                                                   [train]

The head is trained first, on the frozen backbone: gradients of a random head would distort the pretrained
features, which costs most on photos unlike the training photos (Kumar et al. 2022, arXiv:2202.10054).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.cache import Cache
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.detect.align import ASPECT_RATIO
from keykind.model.head import Floats, Head, Labels
from keykind.model.preprocess import to_unit
from keykind.train.augment import aligned_view, strong_view
from keykind.train.backbone import Backbone, to_network
from keykind.train.backend import keras
from keykind.train.bn_folding import fold, unfold
from keykind.train.crossval import Fold
from keykind.train.devices import ONE_DEVICE, DataParallel, Devices
from keykind.train.features import Network
from keykind.train.head_training import Task, read_head, train_head
from keykind.train.loop import EpochMetrics, TrainingStep, adamw, run_epoch, train_epochs, training_step
from keykind.train.recipe import STRIDE, Recipe

STATE = "state.npz"  # checkpoint of the last finished epoch
HEAD_STREAM, NETWORK_STREAM = 0, 1  # independent streams of random numbers
LARGE_CROP = 320  # px of the crops that strong views are taken from
HELD_OUT = 10  # one photo in ten is held out for early stopping of the head


@dataclass(frozen=True, slots=True, eq=False)
class ViewTask:
    """Photos to train on, seen through augmented views."""

    crops: NDArray[np.uint8]  # (n, s, s, 3); may be memory-mapped
    labels: Labels  # (n,)
    kinds: int
    recipe: Recipe
    aligned: bool = False  # crops of aligned keys, with CONTEXT_SCALE times the width of a view
    whole: NDArray[np.uint8] | None = None  # (n, s, s, 3) the photos themselves, for loosely framed views

    def view(self, photo: int, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return a strongly augmented view of a photo, (size, size, 3)."""
        if self.whole is not None and rng.random() < self.recipe.all_layers_loose_share:
            return strong_view(np.asarray(self.whole[photo]), size, rng)
        crop = np.asarray(self.crops[photo])
        return aligned_view(crop, size, ASPECT_RATIO, rng) if self.aligned else strong_view(crop, size, rng)

    @property
    def head_recipe(self) -> Recipe:
        """Return the recipe for the head on the frozen backbone."""
        recipe = self.recipe
        return replace(
            recipe,
            views=("plain",),
            optimizer="adam",
            learning_rate=recipe.all_layers_head_learning_rate,
            batch=recipe.all_layers_head_batch,
            epochs=recipe.all_layers_head_epochs,
            patience=recipe.all_layers_head_patience,
            restore_best=True,
            class_weights=False,  # as in training all layers
        )


@dataclass(frozen=True, slots=True, eq=False)
class FullFineTuning:
    """The result of full fine-tuning."""

    backbone: Backbone  # expects pixels in 0..1
    head: Head
    epochs: tuple[EpochMetrics, ...]  # size, loss, accuracy, seconds


def fine_tune_all_layers(
    backbone: Backbone,
    task: ViewTask,
    checkpoints: Path,
    cache: Cache,
    seed: int,
    devices: Devices = ONE_DEVICE,
) -> FullFineTuning:
    """Train every kernel and bias of the backbone and its head on strong views, redrawn in each epoch.

    Batch normalisation keeps its statistics (see bn_folding.py). Each finished epoch is saved in the folder
    `checkpoints`; the next call with the same arguments resumes there, with the same result on any devices.
    `backbone` is not changed.
    Raises BadRecipe for a backbone other than MobileNetV2, ValueError if sizes are not multiples of STRIDE.
    """
    sizes = task.recipe.full_fine_tuning_sizes
    if any(size % STRIDE for size in sizes):
        raise ValueError(f"sizes {sizes} are not all multiples of {STRIDE} px")
    weights = f"{backbone.weights}, all layers trained"
    with devices.scope():
        network = fold(backbone)
        trainer = _Trainer(network, task, seed, devices)

    def train_head_first() -> None:
        trainer.set_head(
            train_head_on_views(unfold(network, weights, backbone.architecture), task, cache, seed)
        )

    epochs = train_epochs(trainer.model, checkpoints / STATE, len(sizes), trainer.run_epoch, train_head_first)
    return FullFineTuning(
        unfold(network, weights, backbone.architecture), read_head(trainer.model), tuple(epochs)
    )


def train_head_on_views(backbone: Backbone, task: ViewTask, cache: Cache, seed: int) -> Head:
    """Train a head on features of strong views of each photo; the backbone stays frozen.

    One photo in HELD_OUT is held out for early stopping.
    """
    network = to_network(backbone, cache)
    views, count = task.recipe.all_layers_head_views, len(task.labels)
    features = np.stack(list(progress(_features(network, task, views, seed), count, "features")))
    order = np.random.default_rng([seed, HEAD_STREAM]).permutation(count)
    held_out = max(count // HELD_OUT, 1)
    rows = np.arange(count * views).reshape(count, views)
    head_task = Task(
        fetch=lambda chosen, _: features.reshape(count * views, -1)[chosen],
        labels=np.repeat(task.labels, views),
        kinds=task.kinds,
        fold=Fold(rows[order[held_out:]].ravel(), rows[order[:held_out]].ravel()),
        recipe=task.head_recipe,
    )
    return train_head(head_task, backbone.channels, seed).head


def _features(network: Network, task: ViewTask, views: int, seed: int) -> Iterator[Floats]:
    """Yield the pooled features (views, k) of each photo."""

    def photo_features(photo: int) -> Floats:
        rngs = [np.random.default_rng([seed, HEAD_STREAM, photo, view]) for view in range(views)]
        pictures = [to_unit(task.view(photo, network.size, rng)) for rng in rngs]
        return np.stack([network.run(picture)[0] for picture in pictures])

    return parallel_map(photo_features, range(len(task.labels)))


class _Trainer:
    """The backbone with its head and optimizer, and the batches that they are trained on."""

    def __init__(self, network: Any, task: ViewTask, seed: int, devices: Devices) -> None:
        keras.utils.set_random_seed(seed)
        recipe = task.recipe
        self._task, self._seed, self._devices = task, seed, devices
        self._sizes = recipe.full_fine_tuning_sizes
        self._batch = min(recipe.all_layers_batch, len(task.labels))
        self._repeats = repeats(len(task.labels) // self._batch, recipe)
        self._steps = len(task.labels) * self._repeats // self._batch  # per epoch
        self.model = _model(network, recipe, task.kinds)
        optimizer = adamw(
            recipe.all_layers_learning_rate,
            recipe.all_layers_warm_up,
            recipe.all_layers_weight_decay,
            len(self._sizes) * self._steps,
        )
        optimizer.build(self.model.trainable_variables)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.all_layers_label_smoothing)
        self.model.compile(optimizer, loss=loss, metrics=["accuracy"])
        self._step = self._parallel_step() if devices.strategy else training_step(self.model)

    def set_head(self, head: Head) -> None:
        """Set the weights of the last two layers to those of a trained head."""
        self.model.get_layer("hidden").set_weights(head.arrays()[:2])
        self.model.get_layer("probabilities").set_weights(head.arrays()[2:])

    def run_epoch(self, epoch: int) -> EpochMetrics:
        """Train for one epoch and return its metrics."""
        size = self._sizes[epoch - 1]
        self._devices.seed_dropout(self.model, self._seed, epoch)
        return {"size": size} | run_epoch(
            self._step, self._batches(epoch, size), self._steps, f"epoch {epoch}"
        )

    def _parallel_step(self) -> TrainingStep:
        parallel = DataParallel(self.model, self._devices.strategy)
        share = self._task.recipe.all_layers_label_smoothing
        return lambda pixels, targets: parallel.train(
            pixels, (1 - share) * targets + share / targets.shape[1]
        )

    def _batches(self, epoch: int, size: int) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
        """Yield full batches of views (b, size, size, 3) and labels (b, c), in a new random order."""
        stream = [self._seed, NETWORK_STREAM, epoch]
        count = len(self._task.labels)
        order = np.random.default_rng(stream).permutation(count * self._repeats)
        targets = np.eye(self._task.kinds, dtype=np.float32)[self._task.labels]

        def batch(first: int) -> tuple[NDArray[np.uint8], Floats]:
            drawn = order[first : first + self._batch]
            photos = drawn % count
            rngs = [np.random.default_rng([*stream, number]) for number in drawn]
            views = [self._task.view(photo, size, rng) for photo, rng in zip(photos, rngs, strict=True)]
            return np.stack(views), targets[photos]

        return parallel_map(batch, range(0, len(order) - self._batch + 1, self._batch))


def repeats(steps: int, recipe: Recipe) -> int:
    """Return how often each photo is seen per epoch, so that there are `all_layers_min_steps` in all.

    steps: of an epoch that sees each photo once; at least 1.
    """
    return max(math.ceil(recipe.all_layers_min_steps / (steps * recipe.all_layers_epochs)), 1)


def _model(network: Any, recipe: Recipe, kinds: int) -> Any:
    """Return the Keras model from pixels 0..255 (n, h, w, 3) to probabilities (n, c)."""
    pixels = keras.Input((None, None, 3), dtype="uint8", name="pixels")
    feature_map = network(keras.layers.Rescaling(1 / 255, name="unit")(pixels))
    hidden = keras.layers.Dense(recipe.units, activation="relu", name="hidden")
    values = hidden(keras.layers.GlobalAveragePooling2D(name="pooled")(feature_map))
    values = keras.layers.Dropout(recipe.dropout, name="dropout")(values)
    return keras.Model(pixels, keras.layers.Dense(kinds, activation="softmax", name="probabilities")(values))
