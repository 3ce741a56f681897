"""Feature maps of several views of each of many keys -> the layers that make features of them.

In:    for each key, maps (views, 7, 7, k) of its views; a random seed
Out:   FeatureHead: features of one key are alike, those of different keys are not
Needs: keras, tensorflow                                                                   [train]

The layers are linear. The loss is the supervised contrastive one (Khosla et al. 2020, arXiv:2004.11362):
in a batch, each view is to be closer to the other views of its key than to those of all other keys.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.model.feature_head import FeatureHead
from keykind.train.backend import keras, tf

CHANNELS, MULTIPLIER, FEATURES = 64, 2, 64  # after the 1 x 1 convolution; per channel, over the rows; output
KEYS, VIEWS = 40, 6  # of a batch; views of one key at most
ALIKE = 2  # groups of KEYS / 4 keys of one kind each in a batch: hard to tell apart
TEMPERATURE = 0.1  # of the contrastive loss
STEPS, LEARNING_RATE = 8000, 3e-3
DROPOUT, WEIGHT_DECAY = 0.1, 1e-4
MIN_DEVIATION = 1e-3  # of a channel, before it is divided by its standard deviation

Maps = NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingKey:
    """The views of one key."""

    kind: str
    maps: Maps  # (views, 7, 7, k)


def train_head(
    several: Sequence[TrainingKey], single: Sequence[TrainingKey], seed: int, report: Callable[[str], None]
) -> FeatureHead:
    """Return the layers fitted to keys with several photos, and to further keys with one photo each.

    Raises ValueError without keys that have several photos.
    """
    if not several:
        raise ValueError("no key has several photos")
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    sample = np.concatenate([key.maps[::3] for key in (*several, *single)]).astype(np.float32)
    mean, deviation = sample.mean(axis=(0, 1, 2)), sample.std(axis=(0, 1, 2)) + MIN_DEVIATION
    network = _network(len(mean))
    step = _step(network)
    by_kind: dict[str, list[TrainingKey]] = defaultdict(list)
    for key in single:
        by_kind[key.kind].append(key)
    for i in range(STEPS):
        maps, labels = _batch(several, by_kind, rng)
        loss = float(step((maps.astype(np.float32) - mean) / deviation, labels))
        if i % (STEPS // 8) == 0 or i == STEPS - 1:
            report(f"step {i + 1} of {STEPS}: loss {loss:.3f}")
    return _head(network, mean, deviation)


def _network(channels: int) -> Any:
    regularizer = keras.regularizers.L2(WEIGHT_DECAY)
    maps = keras.Input((7, 7, channels))
    x = keras.layers.Dropout(DROPOUT, noise_shape=(None, 1, 1, channels))(maps)
    x = keras.layers.Conv2D(CHANNELS, 1, name="point", kernel_regularizer=regularizer)(x)
    start = keras.initializers.RandomNormal(1 / 7, 0.05)
    rows = keras.layers.DepthwiseConv2D(
        (7, 1), depth_multiplier=MULTIPLIER, use_bias=False, depthwise_initializer=start, name="rows"
    )
    x = keras.layers.Reshape((7 * CHANNELS * MULTIPLIER,))(rows(x))
    x = keras.layers.Dropout(DROPOUT)(x)
    features = keras.layers.Dense(FEATURES, name="mix", kernel_regularizer=regularizer)(x)
    return keras.Model(maps, features)


def _step(network: Any) -> Callable[[Any, Any], Any]:
    """Return the function that trains on one batch: maps, number of the key of each -> loss."""
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, STEPS)
    optimizer = keras.optimizers.Adam(schedule)

    @tf.function  # type: ignore[untyped-decorator]
    def step(maps: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = contrastive_loss(network(maps, training=True), labels)
            total = loss + tf.add_n(network.losses)
        gradients = tape.gradient(total, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return step  # type: ignore[no-any-return]


def contrastive_loss(features: Any, labels: Any) -> Any:
    """Return the supervised contrastive loss of features (n, k) of the keys labels (n,)."""
    units = tf.math.l2_normalize(features, axis=-1)
    itself = tf.eye(tf.shape(units)[0])
    logits = tf.matmul(units, units, transpose_b=True) / TEMPERATURE - 1e9 * itself
    positive = tf.cast(labels[:, None] == labels[None], tf.float32) - itself
    log_shares = logits - tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    counts = tf.maximum(tf.reduce_sum(positive, axis=-1), 1.0)
    return -tf.reduce_mean(tf.reduce_sum(positive * log_shares, axis=-1) / counts)


def _batch(
    several: Sequence[TrainingKey], single: dict[str, list[TrainingKey]], rng: np.random.Generator
) -> tuple[Maps, NDArray[np.int64]]:
    """Return maps (n, 7, 7, k) and the number of the key of each."""
    count = min(KEYS // 2 if single else KEYS, len(several))
    keys = [several[i] for i in rng.choice(len(several), count, replace=False)]
    kinds = sorted(single)
    for kind in rng.choice(len(kinds), min(ALIKE, len(kinds)), replace=False):
        group = single[kinds[kind]]
        keys += [group[i] for i in rng.choice(len(group), min(KEYS // 4, len(group)), replace=False)]
    maps = [key.maps[rng.choice(len(key.maps), min(VIEWS, len(key.maps)), replace=False)] for key in keys]
    labels = np.repeat(np.arange(len(keys)), [len(views) for views in maps])
    return np.concatenate(maps), labels


def _head(network: Any, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> FeatureHead:
    """Return the layers, with the scaling of the channels folded into the first."""
    kernel, bias = network.get_layer("point").get_weights()
    point = kernel[0, 0].T / deviation
    (rows,) = network.get_layer("rows").get_weights()  # (7, 1, channels, multiplier)
    mix, mix_bias = network.get_layer("mix").get_weights()
    return FeatureHead(point, bias - point @ mean, rows.reshape(7, -1), mix.T, mix_bias)
