"""Backbone and photos -> all of its layers trained together with a head.

In:    Backbone, crops (n, s, s, 3) uint8 and labels, DeepRecipe, a folder for what is half done
Out:   FullFineTuning: Backbone, Head, the epochs; or a Head alone on the frozen network, for comparison
Needs: keras, tensorflow                                                                   [train]

The head is trained first, on the frozen network: a random one would pull the pretrained layers out of shape,
which costs most on photos unlike the training's (Kumar et al. 2022, arXiv:2202.10054).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keykind.core.cache import Cache
from keykind.core.parallel import ordered
from keykind.core.progress import progress
from keykind.detect.align import SLIM
from keykind.model.card import SIZE
from keykind.model.head import Floats, Head, Labels
from keykind.model.preprocess import to_unit
from keykind.train.augment import straight_view, strong_view
from keykind.train.backbone import Backbone, to_network
from keykind.train.bn_folding import STEP, fold, unfold
from keykind.train.crossval import Fold
from keykind.train.devices import ONE, Devices, Shared
from keykind.train.features import Network
from keykind.train.head_training import Task, read_head, train_head
from keykind.train.loop import Step, adamw, on_batch, run_epoch, train_epochs
from keykind.train.recipe import REPORT, Recipe

STATE = "state.npz"  # all that the next epoch needs
HEAD_STEP, NETWORK_STEP = 0, 1  # streams of random numbers that never meet


@dataclass(frozen=True, slots=True)
class DeepRecipe:
    """How all layers are trained. The defaults suit thousands of rendered photos on two cores."""

    sizes: tuple[int, ...] = (SIZE,) * 5  # side of the views in each epoch, px
    batch: int = 32  # views a step
    learning_rate: float = 1.5e-4  # AdamW's at its peak; it falls to 0 along a cosine
    warm_up: float = 0.1  # share of all steps in which the rate rises
    weight_decay: float = 0.02  # AdamW's, of kernels
    smoothing: float = 0.1  # share of each label spread over all kinds
    units: int = 64  # of the head's hidden layer
    dropout: float = 0.3  # share of hidden units
    head_views: int = 2  # strong views of each photo that the head is trained on first
    head_epochs: int = 20  # at most
    head_learning_rate: float = 1e-3  # Adam's
    devices: Devices = ONE  # that share a batch

    @property
    def head(self) -> Recipe:
        """Return the recipe of the head on the frozen network."""
        return replace(
            REPORT,
            views=("plain",),
            units=self.units,
            dropout=self.dropout,
            optimizer="adam",
            learning_rate=self.head_learning_rate,
            epochs=self.head_epochs,
            restore_best=True,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """What is trained on."""

    crops: NDArray[np.uint8]  # (n, s, s, 3); may be mapped from the disk
    labels: Labels  # (n,)
    kinds: int
    straight: bool = False  # crops of keys that lie straight, WIDER times as wide as what is shown of them

    def views(self, photo: int, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return a strong view of a photo, (size, size, 3)."""
        crop = np.asarray(self.crops[photo])
        return straight_view(crop, size, SLIM, rng) if self.straight else strong_view(crop, size, rng)


@dataclass(frozen=True, slots=True, eq=False)
class FullFineTuning:
    """What training all layers gave."""

    backbone: Backbone  # sees pixels in 0..1
    head: Head
    epochs: tuple[dict[str, float], ...]  # size, loss, accuracy, seconds of each


def train_all(
    backbone: Backbone, photos: Photos, recipe: DeepRecipe, folder: Path, cache: Cache, seed: int
) -> FullFineTuning:
    """Train every kernel and bias of the network and its head on strong views, drawn anew each epoch.

    Batch normalisation keeps its statistics (folded, see folding.py). Each finished epoch is kept in
    `folder`; the next call with the same arguments goes on from there, with the same result; the devices may
    be others. `backbone` does not change.
    Raises BadRecipe for another network than MobileNetV2, ValueError for sizes that are no multiples of STEP.
    """
    if any(size % STEP for size in recipe.sizes):
        raise ValueError(f"sizes {recipe.sizes} are not all multiples of {STEP} px")
    weights = f"{backbone.weights}, all layers trained"
    with recipe.devices.scope():
        network = fold(backbone)
        trainer = _Trainer(network, photos, recipe, seed)

    def give_head() -> None:
        trainer.set_head(train_frozen(unfold(network, weights), photos, recipe, cache, seed))

    epochs = train_epochs(trainer.model, folder / STATE, len(recipe.sizes), trainer.run, give_head)
    return FullFineTuning(unfold(network, weights), read_head(trainer.model), tuple(epochs))


def train_frozen(backbone: Backbone, photos: Photos, recipe: DeepRecipe, cache: Cache, seed: int) -> Head:
    """Train a head on features of `head_views` strong views of each photo; the network stays as it is.

    A tenth of the photos tells when to stop.
    """
    network = to_network(backbone, cache)
    views, count = recipe.head_views, len(photos.labels)
    features = np.stack(list(progress(_features(network, photos, views, seed), count, "features")))
    order = np.random.default_rng([seed, HEAD_STEP]).permutation(count)
    judges = max(count // 10, 1)
    rows = np.arange(count * views).reshape(count, views)
    task = Task(
        fetch=lambda chosen, _: features.reshape(count * views, -1)[chosen],
        labels=np.repeat(photos.labels, views),
        kinds=photos.kinds,
        fold=Fold(rows[order[judges:]].ravel(), rows[order[:judges]].ravel()),
        recipe=recipe.head,
    )
    return train_head(task, backbone.channels, seed).head


def _features(network: Network, photos: Photos, views: int, seed: int) -> Iterator[Floats]:
    """Yield the pooled features (views, k) of each photo."""

    def row(photo: int) -> Floats:
        rngs = [np.random.default_rng([seed, HEAD_STEP, photo, view]) for view in range(views)]
        pictures = [to_unit(photos.views(photo, network.size, rng)) for rng in rngs]
        return np.stack([network.run(picture)[0] for picture in pictures])

    return ordered(row, range(len(photos.labels)))


class _Trainer:
    """The network with its head and optimizer, and the views that they see."""

    def __init__(self, network: Any, photos: Photos, recipe: DeepRecipe, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        self._photos, self._recipe, self._seed = photos, recipe, seed
        self._batch = min(recipe.batch, len(photos.labels))
        self.model = _model(network, recipe, photos.kinds)
        steps = len(recipe.sizes) * (len(photos.labels) // self._batch)
        optimizer = adamw(recipe.learning_rate, recipe.warm_up, recipe.weight_decay, steps)
        optimizer.build(self.model.trainable_variables)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing)
        self.model.compile(optimizer, loss=loss, metrics=["accuracy"])
        self._step = self._shared() if recipe.devices.strategy else on_batch(self.model)

    def set_head(self, head: Head) -> None:
        """Give the last two layers the weights of a trained head."""
        self.model.get_layer("hidden").set_weights(head.arrays()[:2])
        self.model.get_layer("probabilities").set_weights(head.arrays()[2:])

    def run(self, epoch: int) -> dict[str, float]:
        """Train for one epoch and return its curves."""
        size = self._recipe.sizes[epoch - 1]
        self._recipe.devices.seed_dropout(self.model, self._seed, epoch)
        steps = len(self._photos.labels) // self._batch
        return {"size": size} | run_epoch(self._step, self._batches(epoch, size), steps, f"epoch {epoch}")

    def _shared(self) -> Step:
        shared = Shared(self.model, self._recipe.devices.strategy)
        share = self._recipe.smoothing
        return lambda pixels, targets: shared.train(pixels, (1 - share) * targets + share / targets.shape[1])

    def _batches(self, epoch: int, size: int) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
        """Yield views (b, size, size, 3) and labels (b, c), whole batches in an order drawn anew."""
        stream = [self._seed, NETWORK_STEP, epoch]
        order = np.random.default_rng(stream).permutation(len(self._photos.labels))
        targets = np.eye(self._photos.kinds, dtype=np.float32)[self._photos.labels]

        def batch(first: int) -> tuple[NDArray[np.uint8], Floats]:
            chosen = order[first : first + self._batch]
            views = [
                self._photos.views(photo, size, np.random.default_rng([*stream, photo])) for photo in chosen
            ]
            return np.stack(views), targets[chosen]

        return ordered(batch, range(0, len(order) - self._batch + 1, self._batch))


def _model(network: Any, recipe: DeepRecipe, kinds: int) -> Any:
    """Return the Keras model from pixels 0..255 (n, h, w, 3) to probabilities (n, c)."""
    pixels = keras.Input((None, None, 3), dtype="uint8", name="pixels")
    feature_map = network(keras.layers.Rescaling(1 / 255, name="unit")(pixels))
    hidden = keras.layers.Dense(recipe.units, activation="relu", name="hidden")
    values = hidden(keras.layers.GlobalAveragePooling2D(name="pooled")(feature_map))
    values = keras.layers.Dropout(recipe.dropout, name="dropout")(values)
    return keras.Model(pixels, keras.layers.Dense(kinds, activation="softmax", name="probabilities")(values))
