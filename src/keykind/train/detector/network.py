"""Rendered sets -> the network that finds keys.

In:    rendered photos with their labels; pretrained MobileNetV2
Out:   the network as a LiteRT file of 16-bit floats; curves of each epoch
Needs: keras, tensorflow                                                                   [train]

Features of MobileNetV2, up to its last but one block, at four scales; at the coarsest, places learn of their
surroundings; from there on, each is enlarged and joined to the next finer one. Batch normalisation is folded
(see folding.py). The first layers rest, the other pretrained ones learn more slowly than what is new.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from keykind.core.parallel import parallel_map
from keykind.core.quiet import quiet
from keykind.detect.postprocess import OUTPUTS, HEATMAPS, SIDE
from keykind.train.backbone import Backbone, converter
from keykind.train.bn_folding import fold
from keykind.train.detector.scenes import Scene, read_scene
from keykind.train.detector.targets import training_view
from keykind.train.loop import Curves, adamw, on_batch, run_epoch, train_epochs
from keykind.train.recipe import DetectorRecipe

TAPS = (  # layers at 1/4, 1/8 and 1/16 of the picture's sides, and the channels that join there
    ("block_3_expand_relu", 48),
    ("block_6_expand_relu", 64),
    ("block_13_expand_relu", 96),
)
DEEPEST, WIDEST = "block_15_add", 96  # at 1/32
COARSE = 64  # channels of where ends and hidden shares are told, at 1/8: those of neighbours differ little
CONTEXT = 3  # separable convolutions at 1/32, so that each place knows of a key that fills the picture
STATE = "detector-state.npz"
PEAK_PRIOR = 0.01  # what the network first says of each place's being a centre (Lin et al. 2017, 1708.02002)
TINY = 1e-6
GROUPS = (len(HEATMAPS), 2, 4, 2)  # of OUTPUTS: peaks, masks, ends, hidden shares


@dataclass(frozen=True, slots=True)
class Labelled:
    """A rendered photo and its label."""

    photo: Path
    label: Path

    def read(self) -> Scene:
        """Return both as the detector learns from them."""
        return read_scene(self.photo, self.label)


def labelled_in(folder: Path) -> list[Labelled]:
    """Return the photos of a rendered set with their labels, sorted."""
    labels = sorted((folder / "labels").glob("*.json"))
    return [Labelled(folder / label.stem.rpartition("-")[0] / f"{label.stem}.jpg", label) for label in labels]


def detector_network(backbone: Backbone) -> Any:
    """Return the trainable Keras model from pixels 0..255 (n, h, w, 3) to OUTPUTS (n, h / 4, w / 4, 11).

    All are logits but those of the ends.
    """
    network = fold(backbone)
    deep = keras.Model(
        network.inputs, [network.get_layer(name).output for name in (DEEPEST, *(tap for tap, _ in TAPS))]
    )
    pixels = keras.Input((None, None, 3), dtype="uint8", name="pixels")
    deepest, *taps = deep(keras.layers.Rescaling(1 / 255, name="unit")(pixels))
    joined = _all_around(_point(deepest, WIDEST, "join_32"))
    for (_, width), tap in reversed(list(zip(TAPS, taps, strict=True))):
        name = f"join_{width}"
        larger = _twice(_point(joined, width, f"{name}_above", active=False), name)
        beside = _point(tap, width, f"{name}_beside", active=False)
        both = keras.layers.Add(name=f"{name}_add")([larger, beside])
        joined = _separable(keras.layers.ReLU(6.0, name=f"{name}_relu")(both), width, name)
        if width == COARSE:
            coarse = joined
    prior = [-float(np.log((1 - PEAK_PRIOR) / PEAK_PRIOR))] * len(HEATMAPS)
    maps = _told(_separable(joined, TAPS[0][1], "last"), [*prior, 0.0, 0.0], "maps")
    rest = _told(_separable(coarse, COARSE, "coarse"), [0.0] * (len(OUTPUTS) - len(HEATMAPS) - 2), "ends")
    fields = keras.layers.Concatenate(name="fields")([maps, _twice(rest, "ends")])
    return keras.Model(pixels, keras.layers.Activation("linear", dtype="float32", name="told")(fields))


def _all_around(values: Any) -> Any:
    """Return what each place knows together with its surroundings, and with the whole picture."""
    for number in range(CONTEXT):
        values = _separable(values, WIDEST, f"around_{number}")
    whole = keras.layers.GlobalAveragePooling2D(keepdims=True, name="whole")(values)
    return keras.layers.Add(name="whole_add")([values, _point(whole, WIDEST, "whole_point")])


def _twice(values: Any, name: str) -> Any:
    return keras.layers.UpSampling2D(interpolation="bilinear", name=f"{name}_larger")(values)


def _told(values: Any, prior: Sequence[float], name: str) -> Any:
    """Return what the network first says to be `prior` everywhere."""
    return keras.layers.Conv2D(
        len(prior),
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(prior),
        name=name,
    )(values)


def _point(values: Any, width: int, name: str, *, active: bool = True) -> Any:
    kind = "relu6" if active else None
    return keras.layers.Conv2D(width, 1, activation=kind, kernel_initializer="he_normal", name=name)(values)


def _separable(values: Any, width: int, name: str) -> Any:
    """Return a depthwise 5 x 5 and a pointwise convolution beside a shortcut."""
    inner = keras.layers.DepthwiseConv2D(5, padding="same", activation="relu6", name=f"{name}_depth")(values)
    return keras.layers.Add(name=f"{name}_sum")([values, _point(inner, width, f"{name}_point")])


def detector_loss(recipe: DetectorRecipe) -> Any:
    """Return the loss of told OUTPUTS against targets (n, h, w, 12), see detector_views."""

    def loss(target: Any, told: Any) -> Any:
        peaks, parts, ends, hidden, weight = tf.split(target, (*GROUPS, 1), axis=-1)
        said_peaks, said_parts, said_ends, said_hidden = tf.split(told, GROUPS, axis=-1)
        total = tf.reduce_sum(weight) + TINY
        far = tf.reduce_sum(weight * tf.abs(said_ends - ends)) / total
        unseen = tf.nn.sigmoid_cross_entropy_with_logits(hidden, said_hidden)
        return (
            _focal(peaks, said_peaks)
            + _masks(parts, said_parts)
            + recipe.keypoint_weight * far
            + recipe.occlusion_weight * tf.reduce_sum(weight * unseen) / total
        )

    return loss


def _focal(target: Any, told: Any) -> Any:
    """Return the focal loss a peak, summed over the sorts of peaks (Law and Deng 2018, arXiv:1808.01244)."""
    chance = tf.clip_by_value(tf.sigmoid(told), 1e-4, 1 - 1e-4)
    is_peak = tf.cast(target >= 1, tf.float32)
    hit = is_peak * (1 - chance) ** 2 * tf.math.log(chance)
    miss = (1 - is_peak) * (1 - target) ** 4 * chance**2 * tf.math.log(1 - chance)
    counts = tf.maximum(tf.reduce_sum(is_peak, axis=(0, 1, 2)), 1)
    return -tf.reduce_sum(tf.reduce_sum(hit + miss, axis=(0, 1, 2)) / counts)


def _masks(target: Any, told: Any) -> Any:
    """Return cross-entropy and one minus the Dice coefficient of both masks, summed."""
    crossed = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(target, told), axis=(0, 1, 2))
    chance = tf.sigmoid(told)
    both = tf.reduce_sum(target * chance, axis=(0, 1, 2))
    dice = (2 * both + 1) / (tf.reduce_sum(target + chance, axis=(0, 1, 2)) + 1)
    return tf.reduce_sum(2 * crossed + 1 - dice)


def train_detector(
    network: Any, photos: Sequence[Labelled], recipe: DetectorRecipe, folder: Path, seed: int
) -> Curves:
    """Train what `detector_network` made, and return the curves of its epochs.

    What a stopped call left in `folder` is gone on with.
    """
    steps = len(photos) // recipe.batch
    deep = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    for layer in itertools.takewhile(lambda layer: layer.name != recipe.first_trained_layer, deep.layers):
        layer.trainable = False
    optimizer = adamw(
        recipe.learning_rate,
        recipe.warm_up,
        recipe.weight_decay,
        len(recipe.sizes) * steps,
        slower=dict.fromkeys(
            (variable.path for variable in deep.trainable_variables), recipe.backbone_rate_factor
        ),
    )
    optimizer.build(network.trainable_variables)
    network.compile(optimizer, loss=detector_loss(recipe))

    traced = 0

    def epoch(number: int) -> dict[str, float]:
        nonlocal traced
        side = recipe.sizes[number - 1]
        if side != traced:  # the enlarging layers cannot be traced for any size
            network.make_train_function(force=True)
            traced = side
        batches = _batches(photos, recipe, side, [seed, number])
        return run_epoch(on_batch(network), batches, steps, f"epoch {number} at {side} px") | {"size": side}

    return train_epochs(network, folder / STATE, len(recipe.sizes), epoch, lambda: None)


def _batches(
    photos: Sequence[Labelled], recipe: DetectorRecipe, side: int, stream: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield pictures and targets, whole batches in an order drawn anew."""
    order = np.random.default_rng(stream).permutation(len(photos))

    def view(one: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        rng = np.random.default_rng([*stream, one])
        sort = rng.random()
        if sort < recipe.mosaic_share:
            return training_view([photos[one].read(), *some(3, rng)], side, rng)
        if sort < recipe.mosaic_share + recipe.paste_share:
            keys = some(int(rng.integers(1, recipe.max_pasted_scenes, endpoint=True)), rng)
            return training_view([photos[one].read()], side, rng, keys)
        return training_view([photos[one].read()], side, rng)

    def some(count: int, rng: np.random.Generator) -> list[Scene]:
        return [photos[place].read() for place in rng.integers(len(photos), size=count).tolist()]

    def batch(first: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        pictures, targets = zip(*map(view, order[first : first + recipe.batch].tolist()), strict=True)
        return np.stack(pictures), np.stack(targets)

    return parallel_map(batch, range(0, len(order) - recipe.batch + 1, recipe.batch))


def to_detector_file(model: Any) -> bytes:
    """Return the network as a LiteRT file: uint8 (1, SIDE, SIDE, 3) -> OUTPUTS (1, GRID, GRID, 11)."""

    def told(pixels: Any) -> Any:
        peaks, parts, ends, hidden = tf.split(model(pixels, training=False), GROUPS, axis=-1)
        return tf.concat([tf.sigmoid(peaks), tf.sigmoid(parts), ends, tf.sigmoid(hidden)], axis=-1)

    chosen = converter(told, tf.uint8, SIDE)
    chosen.optimizations = [tf.lite.Optimize.DEFAULT]
    chosen.target_spec.supported_types = [tf.float16]
    with quiet():
        return bytes(chosen.convert())
