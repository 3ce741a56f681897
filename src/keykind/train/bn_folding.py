"""Backbone -> the same network with batch normalisation folded into its convolutions, and back.

In:    Backbone of MobileNetV2
Out:   a Keras model of any picture size with a kernel and a bias a convolution; a Backbone of such arrays
Needs: keras, tensorflow                                                                   [train]

Batch normalisation that keeps its statistics is a factor and an offset a channel. Folded, a training step
computes the same in half the time, and TensorFlow joins convolution, bias and ReLU6 into one operation.
"""

from typing import Any

import keras
import numpy as np

from keykind.core.errors import BadRecipe
from keykind.model.shipped import Arrays
from keykind.train.backbone import ARCHITECTURES, Backbone, normalised, set_folded

STEP = 32  # sides of pictures are multiples of it, px: only then do all sizes pad their maps alike


def fold(backbone: Backbone) -> Any:
    """Return a trainable Keras model (n, h, w, 3) in 0..1 -> (n, h / 32, w / 32, channels).

    h and w: multiples of STEP. The scaling of the pixels is folded in too, so it sees 0..1 whatever the
    backbone sees. Where that was another scaling, the first map's last row and column differ, because the
    zeros beyond the picture's edge are black now and were grey before: training gets used to it.
    Raises BadRecipe for a network whose batch normalisation does not follow a convolution.
    """
    if backbone.architecture != "mobilenet_v2":
        raise BadRecipe(
            backbone.architecture, fault="cannot be trained as a whole", remedy="use mobilenet_v2"
        )
    folded = keras.models.clone_model(
        backbone.network,
        input_tensors=keras.Input((None, None, 3), name="pictures"),
        clone_function=_with_bias,
        call_function=_without_norm,
    )
    for convolution, norm in normalised(backbone.network):
        kernel, bias = _merged(convolution, norm)
        if backbone.scaling == "native" and convolution.name == folded.layers[1].name:
            factor, offset = ARCHITECTURES[backbone.architecture].native
            bias = bias + offset * kernel.sum(axis=(0, 1, 2))
            kernel = factor * kernel
        folded.get_layer(convolution.name).set_weights([kernel, bias])
    return folded


def folded_arrays(folded: Any) -> Arrays:
    """Return every kernel and bias of a folded network by its path, float32."""
    return {variable.path: variable.numpy() for variable in folded.weights}


def unfold(folded: Any, weights: str) -> Backbone:
    """Return the Backbone that computes what a folded network computes; it sees pixels in 0..1.

    weights: where they came from, for people.
    """
    network = ARCHITECTURES["mobilenet_v2"].build(include_top=False, weights=None)
    set_folded(network, folded_arrays(folded))
    network.trainable = False
    return Backbone("mobilenet_v2", "unit", weights, network)


def _with_bias(layer: Any) -> Any:
    settings = layer.get_config() | {"trainable": True}
    return type(layer).from_config(settings | ({"use_bias": True} if "use_bias" in settings else {}))


def _without_norm(layer: Any, *inputs: Any, **settings: Any) -> Any:
    return inputs[0] if isinstance(layer, keras.layers.BatchNormalization) else layer(*inputs, **settings)


def _merged(convolution: Any, norm: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel and bias that do what a convolution and its batch normalisation do."""
    kernel = convolution.kernel.numpy().astype(np.float64)
    gamma, beta, mean, variance = (array.astype(np.float64) for array in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    # A depthwise kernel is (h, w, channels, 1), any other (h, w, inputs, channels).
    depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
    return kernel * (factor[:, None] if depthwise else factor), beta - mean * factor
