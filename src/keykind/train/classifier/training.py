"""Train the bundled classifier: its top on frozen features first, then the whole network.

In:    what the detector's training views are made of; the initial backbone; a recipe
Out:   the trained Backbone and Head; OUT/top.* and OUT/whole.*: weights, curves and states, from which a
       training that was interrupted is resumed
Needs: keras, tensorflow, opencv                                                           [train]
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from keykind.core.errors import BadDataset
from keykind.core.kinds import NAMES
from keykind.model.head import Head
from keykind.train.backbone import Backbone
from keykind.train.backend import keras, tf
from keykind.train.checkpoint import identity_of
from keykind.train.classifier.batches import PrepareBatches
from keykind.train.classifier.network import build_network
from keykind.train.classifier.views import find_keys
from keykind.train.detector.batches import Sources
from keykind.train.recipe import Recipe
from keykind.train.two_stages import Stage, Training

PARTS = ("keys", "negatives", "accuracy")  # mean losses of views with and without a key; share that is right
KEY_TARGET = 0.5  # a view whose largest probability is above it shows a key


def train_classifier(
    sources: Sources, backbone: Backbone, recipe: Recipe, out: Path, seed: int
) -> tuple[Backbone, Head]:
    """Train the classifier on views of all NAMES by `recipe.classifier`; return its backbone and head.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset if a kind has no key that shows it, BadRecipe, CannotWrite, and KeykindError if `out`
    holds a training by another recipe, start or seed.
    """
    found = find_keys(sources.open())
    if missing := [name for i, name in enumerate(NAMES) if i not in found.kinds]:
        fault = f"shows 0 keys of {', '.join(missing)}"
        raise BadDataset("the datasets", fault=fault, remedy="render scenes with keys of all kinds")
    keras.utils.set_random_seed(seed)
    network = build_network(backbone, recipe, len(NAMES))
    table = recipe.classifier
    training = training_of(sources, backbone, recipe, out, seed)
    steps = table.views // table.batch
    training.train_once(Stage("top", network.top, network.convert_trunk(), steps, table.learning_rate))
    steps = table.fine_tune_views // table.batch
    training.train_once(Stage("whole", network.whole, None, steps, table.fine_tune_rate))
    return network.trained(f"{backbone.weights}, trained on rendered keys")


def training_of(sources: Sources, backbone: Backbone, recipe: Recipe, out: Path, seed: int) -> Training:
    """Return what the stages of the classifier's training share."""
    table = recipe.classifier

    def loss(logits: Any, targets: Any) -> tuple[Any, Any]:
        return _losses(logits, targets, table.label_smoothing)

    return Training(
        "the classifier",
        loss,
        PARTS,
        table,
        lambda trunk, batch_seed: PrepareBatches(sources, trunk, table, batch_seed),
        out,
        seed,
        identity_of(asdict(table), backbone.digest, seed),
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
