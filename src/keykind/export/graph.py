"""A trained network, its head and prototypes -> the bytes of one LiteRT graph.

In:    InferenceModel: backbone, head, prototypes, temperature, view
Out:   a TFLite flatbuffer: uint8 pixels -> probabilities, class maps, out-of-distribution (OOD) score
Needs: keras, tensorflow                                                                   [train]

The graph contains every step from the pixels of a crop to the outputs, so clients need no constants.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keykind.core.quiet import quiet
from keykind.export.int8_weights import quantise_weights
from keykind.model.card import PRECISIONS
from keykind.model.head import Floats, Head
from keykind.model.ood import EPSILON
from keykind.model.preprocess import GREY, Crop
from keykind.train.backbone import Backbone, converter
from keykind.train.backend import tf

# The OOD score stays float in an int8 network. Lengths of features differ more between photos than 256 levels
# can tell apart: that of weak features would be 0, and LiteRT fails where it would divide by 0.
FLOAT_OPERATORS = ("DIV", "MAXIMUM", "REDUCE_MAX", "SQRT", "SUB", "SUM")
SQUARES, PRODUCTS = "ood_squares", "ood_products"  # its multiplications; others, of the class maps, are int8


@dataclass(frozen=True, slots=True, eq=False)
class InferenceModel:
    """The parts of the inference graph."""

    backbone: Backbone
    head: Head
    prototypes: Floats  # (c, k), unit length
    temperature: float  # of the logits
    view: str  # plain or edge: the preprocessing of the pixels


def convert(
    model: InferenceModel, precision: str, crops: Callable[[], Iterable[Crop]] | None, *, maps: bool = True
) -> bytes:
    """Return the model as a TFLite flatbuffer with a batch size of one.

    precision: fp32; fp16, weights of half the size; int8, weights and activations, calibrated on `crops`,
    (224, 224, 3) uint8 each, which only int8 reads, or, without crops, weights only. Without `maps`:
    probabilities only.
    Raises ValueError for another precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(PRECISIONS)}")
    lite = converter(lambda pixels: inference_graph(model, pixels, maps=maps), tf.uint8)
    weights_only = precision == "int8" and crops is None
    if precision != "fp32":
        lite.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16" or weights_only:
        lite.target_spec.supported_types = [tf.float16]
    elif crops is not None and precision == "int8":
        lite.representative_dataset = lambda: ([crop[None]] for crop in crops())
    with quiet():
        data = bytes(lite.convert() if lite.representative_dataset is None else _quantise(lite))
    return quantise_weights(data) if weights_only else data


def _quantise(lite: Any) -> bytes:
    """Return the network of a converter with int8 weights and activations, but for the OOD score."""
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=list(FLOAT_OPERATORS), denylisted_nodes=[SQUARES, PRODUCTS]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it makes a tf.lite.Interpreter, which is deprecated
        # Whatever its name says, this is the only public way to choose what is quantised.
        debugger = tf.lite.experimental.QuantizationDebugger(converter=lite, debug_options=options)
    return bytes(debugger.get_nondebug_quantized_model())


def inference_graph(model: InferenceModel, pixels: Any, *, maps: bool) -> Any:
    """Return the TensorFlow graph from pixels (1, 224, 224, 3) uint8 to the model file's outputs."""
    images = tf.cast(pixels, tf.float32) / 255
    if model.view == "edge":
        images = sobel_edges(images)
    feature_map = model.backbone.apply(images)
    pooled = tf.reduce_mean(feature_map, axis=(1, 2))
    w1, b1, w2, b2 = (tf.constant(array) for array in model.head.arrays())
    hidden = tf.nn.relu(pooled @ w1 + b1)
    probabilities = tf.nn.softmax((hidden @ w2 + b2) / model.temperature)
    if not maps:
        return probabilities
    return probabilities, class_maps(feature_map, hidden, w1, w2), ood_score(pooled, model.prototypes)


def class_maps(feature_map: Any, hidden: Any, w1: Any, w2: Any) -> Any:
    """Return gradcam.class_maps as a graph: (1, h, w, k) -> (1, h, w, c)."""
    _, height, width, channels = feature_map.shape
    weights = (w1 * tf.cast(hidden > 0, tf.float32)) @ w2 / (height * width)
    # Batched matmul: for a plain one the converter fuses the ReLU, which XNNPACK then drops.
    flat = tf.reshape(feature_map, (1, height * width, channels)) @ tf.expand_dims(weights, 0)
    return tf.reshape(tf.nn.relu(flat), (1, height, width, w2.shape[1]))


def ood_score(pooled: Any, prototypes: Floats) -> Any:
    """Return ood.ood_scores as a graph: (1, k) -> (1, 1)."""
    squares = tf.multiply(pooled, pooled, name=SQUARES)
    length = tf.sqrt(tf.reduce_sum(squares, axis=1, keepdims=True))
    # No matmul, which int8 would quantise: a fully connected layer cannot be told from those of the head.
    directions = pooled / tf.maximum(length, EPSILON)
    products = tf.multiply(directions, tf.constant(prototypes), name=PRODUCTS)  # (c, k)
    return 1.0 - tf.reduce_max(tf.reduce_sum(products, axis=1, keepdims=True), axis=0, keepdims=True)


def sobel_edges(images: Any) -> Any:
    """Return preprocess.sobel_edges as a graph: (1, h, w, 3) -> (1, h, w, 3), in 0..1."""
    grey = tf.reduce_sum(images * tf.constant(GREY), axis=-1, keepdims=True)
    horizontal = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    kernel = tf.constant(np.stack([horizontal.T, horizontal], axis=-1)[:, :, None, :])
    padded = tf.pad(grey, [(0, 0), (1, 1), (1, 1), (0, 0)], "REFLECT")
    gradients = tf.nn.conv2d(padded, kernel, 1, "VALID")
    magnitude = tf.minimum(tf.sqrt(tf.reduce_sum(gradients * gradients, axis=-1, keepdims=True)), 1.0)
    return tf.concat([magnitude] * 3, axis=-1)
