"""A trained network, its head and prototypes -> the bytes of one LiteRT graph.

In:    InferenceModel: backbone, head, prototypes, temperature, view
Out:   a TFLite flatbuffer: uint8 pixels -> probabilities, class maps, novelty
Needs: keras, tensorflow                                                                   [train]

Everything between the pixels of a crop and the answer is in the graph, so that no constant lives outside it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keykind.core.quiet import quiet
from keykind.model.card import PRECISIONS
from keykind.model.head import Floats, Head
from keykind.model.ood import LEAST
from keykind.model.preprocess import GREY, Crop
from keykind.train.backbone import Backbone, converter


@dataclass(frozen=True, slots=True, eq=False)
class InferenceModel:
    """All that decides an answer."""

    backbone: Backbone
    head: Head
    prototypes: Floats  # (c, k), length 1
    temperature: float  # of the logits
    view: str  # plain or edge: what is made of the pixels first


def convert(
    whole: InferenceModel, precision: str, crops: Callable[[], Iterable[Crop]], *, maps: bool = True
) -> bytes:
    """Return the graph as a TFLite flatbuffer of a batch of one.

    precision: fp32; fp16, weights of half the size; int8, weights and activations, calibrated on `crops`,
    (224, 224, 3) uint8 each, which no other precision asks for. Without `maps`: probabilities alone.
    Raises ValueError for another precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r}; known are {', '.join(PRECISIONS)}")
    chosen = converter(lambda pixels: answer(whole, pixels, maps=maps), tf.uint8)
    if precision != "fp32":
        chosen.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        chosen.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        chosen.representative_dataset = lambda: ([crop[None]] for crop in crops())
    with quiet():
        return bytes(chosen.convert())


def answer(whole: InferenceModel, pixels: Any, *, maps: bool) -> Any:
    """Return the TensorFlow graph from pixels (1, 224, 224, 3) uint8 to the model file's outputs."""
    pictures = tf.cast(pixels, tf.float32) / 255
    if whole.view == "edge":
        pictures = edges(pictures)
    feature_map = whole.backbone.apply(pictures)
    pooled = tf.reduce_mean(feature_map, axis=(1, 2))
    w1, b1, w2, b2 = (tf.constant(array) for array in whole.head.arrays())
    hidden = tf.nn.relu(pooled @ w1 + b1)
    probabilities = tf.nn.softmax((hidden @ w2 + b2) / whole.temperature)
    if not maps:
        return probabilities
    return probabilities, class_maps(feature_map, hidden, w1, w2), novelty(pooled, whole.prototypes)


def class_maps(feature_map: Any, hidden: Any, w1: Any, w2: Any) -> Any:
    """Return explain.class_maps as a graph: (1, h, w, k) -> (1, h, w, c)."""
    _, height, width, channels = feature_map.shape
    weights = (w1 * tf.cast(hidden > 0, tf.float32)) @ w2 / (height * width)
    # A product of batches: to one of matrices the converter joins the ReLU, and there XNNPACK forgets it.
    flat = tf.reshape(feature_map, (1, height * width, channels)) @ tf.expand_dims(weights, 0)
    return tf.reshape(tf.nn.relu(flat), (1, height, width, w2.shape[1]))


def novelty(pooled: Any, prototypes: Floats) -> Any:
    """Return novelty.ood_scores as a graph: (1, k) -> (1, 1)."""
    length = tf.sqrt(tf.reduce_sum(pooled * pooled, axis=1, keepdims=True))
    cosines = pooled @ tf.constant(prototypes.T) / tf.maximum(length, LEAST)
    return 1.0 - tf.reduce_max(cosines, axis=1, keepdims=True)


def edges(pictures: Any) -> Any:
    """Return views.sobel_edges as a graph: (1, h, w, 3) -> (1, h, w, 3), in 0..1."""
    grey = tf.reduce_sum(pictures * tf.constant(GREY), axis=-1, keepdims=True)
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    kernel = tf.constant(np.stack([across.T, across], axis=-1)[:, :, None, :])
    framed = tf.pad(grey, [(0, 0), (1, 1), (1, 1), (0, 0)], "REFLECT")
    slopes = tf.nn.conv2d(framed, kernel, 1, "VALID")
    strength = tf.minimum(tf.sqrt(tf.reduce_sum(slopes * slopes, axis=-1, keepdims=True)), 1.0)
    return tf.concat([strength] * 3, axis=-1)
