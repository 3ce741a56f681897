"""Rendered datasets -> the key detector's network.

In:    rendered photos with their labels; pretrained MobileNetV2
Out:   the network as a LiteRT file with float16 weights; metrics of each epoch
Needs: keras, tensorflow                                                                   [train]

MobileNetV2 features at four scales, up to its last but one block. At the coarsest scale, large convolutions
and global pooling add context; from there, each scale is upsampled and added to the next finer one, as in a
feature pyramid network. Batch normalisation is folded (see bn_folding.py). The first layers are frozen; the
other pretrained ones have a lower learning rate than the new ones.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.parallel import parallel_map
from keykind.core.quiet import quiet
from keykind.detect.postprocess import HEATMAPS, OUTPUTS, SIDE
from keykind.train.backbone import Backbone, converter
from keykind.train.backend import keras, tf
from keykind.train.bn_folding import fold
from keykind.train.detector.scenes import Scene, read_scene
from keykind.train.detector.targets import training_view
from keykind.train.loop import EpochMetrics, adamw, run_epoch, train_epochs, training_step
from keykind.train.recipe import DetectorRecipe

TAPS = (  # backbone layers at 1/4, 1/8 and 1/16 of the input's sides, and the channels of the pyramid there
    ("block_3_expand_relu", 48),
    ("block_6_expand_relu", 64),
    ("block_13_expand_relu", 96),
)
DEEPEST_TAP, CONTEXT_CHANNELS = "block_15_add", 96  # at 1/32
OFFSET_CHANNELS = 64  # of the scale, 1/8, that predicts offsets and hidden shares, which vary slowly
CONTEXT_BLOCKS = 3  # separable blocks at 1/32: the receptive field then covers a key that fills the image
STATE = "detector-state.npz"
PEAK_PRIOR = 0.01  # initial probability of a heatmap peak (Lin et al. 2017, arXiv:1708.02002)
EPSILON = 1e-6
GROUPS = (len(HEATMAPS), 2, 4, 2)  # channels of OUTPUTS: heatmaps, masks, offsets, hidden shares


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A rendered photo and its label."""

    photo: Path
    label: Path

    def read(self) -> Scene:
        """Return the photo and its label."""
        return read_scene(self.photo, self.label)


def labelled_photos(folder: str | Path) -> list[LabelledPhoto]:
    """Return the photos of a rendered dataset with their labels, sorted."""
    folder = Path(folder)
    labels = sorted((folder / "labels").glob("*.json"))
    return [
        LabelledPhoto(folder / label.stem.rpartition("-")[0] / f"{label.stem}.jpg", label) for label in labels
    ]


def build_detector(backbone: Backbone) -> Any:
    """Return the trainable Keras model from pixels 0..255 (n, h, w, 3) to OUTPUTS (n, h / 4, w / 4, 11).

    All outputs are logits except the offsets.
    """
    network = fold(backbone)
    features = keras.Model(
        network.inputs,
        [network.get_layer(name).output for name in (DEEPEST_TAP, *(tap for tap, _ in TAPS))],
    )
    pixels = keras.Input((None, None, 3), dtype="uint8", name="pixels")
    deepest, *taps = features(keras.layers.Rescaling(1 / 255, name="unit")(pixels))
    merged = _context(_pointwise(deepest, CONTEXT_CHANNELS, "join_32"))
    for (_, channels), tap in reversed(list(zip(TAPS, taps, strict=True))):
        name = f"join_{channels}"
        coarser = _upsample(_pointwise(merged, channels, f"{name}_above", active=False), name)
        lateral = _pointwise(tap, channels, f"{name}_beside", active=False)
        both = keras.layers.Add(name=f"{name}_add")([coarser, lateral])
        merged = _separable_block(keras.layers.ReLU(6.0, name=f"{name}_relu")(both), channels, name)
        if channels == OFFSET_CHANNELS:
            coarse = merged
    peak_logit = -float(np.log((1 - PEAK_PRIOR) / PEAK_PRIOR))
    fine = _separable_block(merged, TAPS[0][1], "last")
    maps = _output_head(fine, [peak_logit] * len(HEATMAPS) + [0.0, 0.0], "maps")
    coarse = _separable_block(coarse, OFFSET_CHANNELS, "coarse")
    offsets = _output_head(coarse, [0.0] * (len(OUTPUTS) - len(HEATMAPS) - 2), "offsets")
    outputs = keras.layers.Concatenate(name="channels")([maps, _upsample(offsets, "offsets")])
    return keras.Model(pixels, keras.layers.Activation("linear", dtype="float32", name="outputs")(outputs))


def _context(values: Any) -> Any:
    """Return the features with context from their surroundings and from the whole image."""
    for i in range(CONTEXT_BLOCKS):
        values = _separable_block(values, CONTEXT_CHANNELS, f"context_{i}")
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name="global")(values)
    context = _pointwise(pooled, CONTEXT_CHANNELS, "global_point")
    return keras.layers.Add(name="global_add")([values, context])


def _upsample(values: Any, name: str) -> Any:
    return keras.layers.UpSampling2D(interpolation="bilinear", name=f"{name}_upsampled")(values)


def _output_head(values: Any, bias: Sequence[float], name: str) -> Any:
    """Return a 1 x 1 convolution whose outputs are initially close to `bias` everywhere."""
    return keras.layers.Conv2D(
        len(bias),
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(bias),
        name=name,
    )(values)


def _pointwise(values: Any, channels: int, name: str, *, active: bool = True) -> Any:
    activation = "relu6" if active else None
    return keras.layers.Conv2D(channels, 1, activation=activation, kernel_initializer="he_normal", name=name)(
        values
    )


def _separable_block(values: Any, channels: int, name: str) -> Any:
    """Return a depthwise 5 x 5 and a pointwise convolution with a residual connection."""
    inner = keras.layers.DepthwiseConv2D(5, padding="same", activation="relu6", name=f"{name}_depth")(values)
    return keras.layers.Add(name=f"{name}_sum")([values, _pointwise(inner, channels, f"{name}_point")])


def detector_loss(recipe: DetectorRecipe) -> Any:
    """Return the loss of outputs (n, h, w, 11) against targets (n, h, w, 12), see targets.py."""

    def loss(targets: Any, outputs: Any) -> Any:
        heatmaps, masks, offsets, hidden, weight = tf.split(targets, (*GROUPS, 1), axis=-1)
        heatmap_logits, mask_logits, predicted_offsets, hidden_logits = tf.split(outputs, GROUPS, axis=-1)
        total = tf.reduce_sum(weight) + EPSILON
        offset_loss = tf.reduce_sum(weight * tf.abs(predicted_offsets - offsets)) / total
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(hidden, hidden_logits)
        return (
            _focal_loss(heatmaps, heatmap_logits)
            + _mask_loss(masks, mask_logits)
            + recipe.keypoint_weight * offset_loss
            + recipe.occlusion_weight * tf.reduce_sum(weight * cross_entropy) / total
        )

    return loss


def _focal_loss(targets: Any, logits: Any) -> Any:
    """Return the focal loss per peak, summed over heatmaps (Law and Deng 2018, arXiv:1808.01244)."""
    probability = tf.clip_by_value(tf.sigmoid(logits), 1e-4, 1 - 1e-4)
    is_peak = tf.cast(targets >= 1, tf.float32)
    positive = is_peak * (1 - probability) ** 2 * tf.math.log(probability)
    negative = (1 - is_peak) * (1 - targets) ** 4 * probability**2 * tf.math.log(1 - probability)
    counts = tf.maximum(tf.reduce_sum(is_peak, axis=(0, 1, 2)), 1)
    return -tf.reduce_sum(tf.reduce_sum(positive + negative, axis=(0, 1, 2)) / counts)


def _mask_loss(targets: Any, logits: Any) -> Any:
    """Return cross-entropy plus Dice loss, summed over both masks."""
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
    cross_entropy = tf.reduce_mean(entropy, axis=(0, 1, 2))
    probability = tf.sigmoid(logits)
    intersection = tf.reduce_sum(targets * probability, axis=(0, 1, 2))
    dice = (2 * intersection + 1) / (tf.reduce_sum(targets + probability, axis=(0, 1, 2)) + 1)
    return tf.reduce_sum(2 * cross_entropy + 1 - dice)


def train_detector(
    network: Any, photos: Sequence[LabelledPhoto], recipe: DetectorRecipe, folder: Path, seed: int
) -> list[EpochMetrics]:
    """Train a network from `build_detector` and return the metrics of its epochs.

    An interrupted training is resumed from its state in `folder`.
    """
    steps = len(photos) // recipe.batch
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    for layer in itertools.takewhile(lambda layer: layer.name != recipe.first_trained_layer, backbone.layers):
        layer.trainable = False
    optimizer = adamw(
        recipe.learning_rate,
        recipe.warm_up,
        recipe.weight_decay,
        len(recipe.sizes) * steps,
        rate_factors=dict.fromkeys(
            (variable.path for variable in backbone.trainable_variables), recipe.backbone_rate_factor
        ),
    )
    optimizer.build(network.trainable_variables)
    network.compile(optimizer, loss=detector_loss(recipe))

    traced = 0

    def epoch(number: int) -> dict[str, float]:
        nonlocal traced
        side = recipe.sizes[number - 1]
        if side != traced:  # upsampling layers are traced for one size
            network.make_train_function(force=True)
            traced = side
        batches = _batches(photos, recipe, side, [seed, number])
        label = f"epoch {number} at {side} px"
        return run_epoch(training_step(network), batches, steps, label) | {"size": side}

    return train_epochs(network, folder / STATE, len(recipe.sizes), epoch, lambda: None)


def _batches(
    photos: Sequence[LabelledPhoto], recipe: DetectorRecipe, side: int, seed: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield full batches of images and targets in random order."""
    order = np.random.default_rng(seed).permutation(len(photos))

    def view(i: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        rng = np.random.default_rng([*seed, i])
        choice = rng.random()
        if choice < recipe.mosaic_share:
            return training_view([photos[i].read(), *random_scenes(3, rng)], side, rng)
        if choice < recipe.mosaic_share + recipe.paste_share:
            pasted = random_scenes(int(rng.integers(1, recipe.max_pasted_scenes, endpoint=True)), rng)
            return training_view([photos[i].read()], side, rng, pasted)
        return training_view([photos[i].read()], side, rng)

    def random_scenes(count: int, rng: np.random.Generator) -> list[Scene]:
        return [photos[i].read() for i in rng.integers(len(photos), size=count).tolist()]

    def batch(start: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        images, targets = zip(*map(view, order[start : start + recipe.batch].tolist()), strict=True)
        return np.stack(images), np.stack(targets)

    return parallel_map(batch, range(0, len(order) - recipe.batch + 1, recipe.batch))


def convert_detector(model: Any) -> bytes:
    """Return the network as a LiteRT file: uint8 (1, SIDE, SIDE, 3) -> OUTPUTS (1, GRID, GRID, 11)."""

    def outputs(pixels: Any) -> Any:
        heatmaps, masks, offsets, hidden = tf.split(model(pixels, training=False), GROUPS, axis=-1)
        return tf.concat([tf.sigmoid(heatmaps), tf.sigmoid(masks), offsets, tf.sigmoid(hidden)], axis=-1)

    lite = converter(outputs, tf.uint8, SIDE)
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.target_spec.supported_types = [tf.float16]
    with quiet():
        return bytes(lite.convert())
