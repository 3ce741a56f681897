"""Train the bundled classifier: what is not frozen first, then the whole network.

In:    what the detector's training views are made of; the initial backbone; a recipe
Out:   the trained Backbone and Head; OUT/pools, OUT/*.weights.h5 and OUT/*-state.npz, from which a training
       that was interrupted is resumed; OUT/curves-*.json
Needs: keras, tensorflow, opencv                                                           [train]

A new head on frozen features first: its gradients would distort pretrained features (Kumar et al. 2022,
arXiv:2202.10054).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keykind.core.errors import BadDataset
from keykind.core.files import atomic_write, write_json
from keykind.core.kinds import NAMES
from keykind.core.parallel import cpu_count
from keykind.model.head import Head
from keykind.train.backbone import Backbone
from keykind.train.backend import keras, tf
from keykind.train.by_steps import Schedule, Trainee, train_by_steps
from keykind.train.classifier.batches import Batch, PrepareBatches
from keykind.train.classifier.network import ClassifierNetwork, build_network
from keykind.train.classifier.views import find_keys
from keykind.train.detector.batches import Sources
from keykind.train.recipe import Recipe
from keykind.train.workers import in_workers

STAGES = "top", "whole"  # names of their files
PARTS = ("keys", "negatives", "accuracy")  # mean losses of views with and without a key; share that is right
KEY_TARGET = 0.5  # a view whose largest probability is above it shows a key


def train_classifier(
    sources: Sources, backbone: Backbone, recipe: Recipe, out: Path, seed: int
) -> tuple[Backbone, Head]:
    """Train the classifier on views of all NAMES by `recipe.classifier`; return its backbone and head.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset if a kind has no key that shows it, BadRecipe, CannotWrite, and KeykindError if `out`
    holds a training by another recipe, backbone or seed.
    """
    found = find_keys(sources.open())
    if missing := [name for i, name in enumerate(NAMES) if i not in found.kinds]:
        fault = f"shows 0 keys of {', '.join(missing)}"
        raise BadDataset("the datasets", fault=fault, remedy="render scenes with keys of all kinds")
    keras.utils.set_random_seed(seed)
    network = build_network(backbone, recipe, len(NAMES))
    run = _Run(network, sources, recipe, out, f"{backbone.digest} {seed}", seed)
    run.train(0, network.convert_frozen())
    run.train(1, None)
    return network.trained(f"{backbone.weights}, trained on rendered keys")


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """The two stages of a training."""

    network: ClassifierNetwork
    sources: Sources
    recipe: Recipe
    out: Path
    identity: str
    seed: int

    def train(self, stage: int, frozen: bytes | None) -> None:
        """Train the top on features of the frozen part (a LiteRT file), or the whole; unless that is done."""
        name = STAGES[stage]
        weights = self.out / f"{name}.weights.h5"
        trainee = self._trainee(name, frozen=frozen is not None)
        if weights.exists():
            trainee.model.load_weights(weights)
            return
        recipe = self.recipe.classifier
        # Odd and even seeds of the batches: the second stage sees other views than the first.
        prepare = PrepareBatches(self.sources, frozen, recipe, 2 * self.seed + stage)

        def batches(numbers: range) -> Iterator[Batch]:
            return in_workers(prepare, numbers, cpu_count())

        identity = json.dumps([asdict(recipe), self.recipe.backbone, self.identity])
        state = self.out / f"{name}-state.npz"
        curves = train_by_steps(trainee, batches, self._schedule(stage), state, identity)
        write_json(self.out / f"curves-{name}.json", curves)
        with atomic_write(weights) as temporary:
            trainee.model.save_weights(temporary)

    def _trainee(self, name: str, *, frozen: bool) -> Trainee:
        network, smoothing = self.network, self.recipe.classifier.label_smoothing

        def loss(*batch: Any) -> tuple[Any, Any]:
            *inputs, targets = batch
            if frozen:
                logits = network.top([tf.cast(values, tf.float32) for values in inputs], training=True)
            else:
                logits = network.whole(tf.cast(inputs[0], tf.float32) / 255, training=True)
            return _losses(logits, targets, smoothing)

        return Trainee(f"the classifier ({name})", network.top if frozen else network.whole, loss, PARTS)

    def _schedule(self, stage: int) -> Schedule:
        recipe = self.recipe.classifier
        views, rate = (
            (recipe.views, recipe.learning_rate),
            (recipe.fine_tune_views, recipe.fine_tune_rate),
        )[stage]
        return Schedule(
            max(views // recipe.batch, 1),
            rate,
            recipe.final_rate,
            recipe.warm_up,
            recipe.weight_decay,
            recipe.clip_norm,
            recipe.averaging,
        )


def _losses(logits: Any, targets: Any, smoothing: float) -> tuple[Any, Any]:
    """Return the mean cross-entropy for logits and targets (n, kinds), and PARTS."""
    kinds = targets.shape[1]
    losses = tf.nn.softmax_cross_entropy_with_logits((1 - smoothing) * targets + smoothing / kinds, logits)
    is_key = tf.cast(tf.reduce_max(targets, axis=1) > KEY_TARGET, tf.float32)
    right = tf.cast(tf.argmax(logits, axis=1) == tf.argmax(targets, axis=1), tf.float32)

    def mean(values: Any, weights: Any) -> Any:
        return tf.reduce_sum(values * weights) / tf.maximum(tf.reduce_sum(weights), 1)

    parts = tf.stack([mean(losses, is_key), mean(losses, 1 - is_key), mean(right, is_key)])
    return tf.reduce_mean(losses), parts
