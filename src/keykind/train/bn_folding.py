"""Fold the batch normalisation of a backbone into its convolutions, and back.

In:    Backbone of MobileNetV2
Out:   a Keras model for any image size, with a kernel and a bias per convolution; the Backbone again
Needs: keras, tensorflow                                                                   [train]

Batch normalisation with fixed statistics is a factor and an offset per channel. After folding, a training
step takes half the time: TensorFlow fuses convolution, bias and ReLU6 into one operation.
"""

from typing import Any

import numpy as np

from keykind.core.errors import BadRecipe
from keykind.model.shipped import Arrays
from keykind.train.backbone import ARCHITECTURES, FOLDABLE, Backbone, batch_norms, set_folded
from keykind.train.backend import keras
from keykind.train.dense_neck import NECK


def fold(backbone: Backbone) -> Any:
    """Return a trainable Keras model (n, h, w, 3) in 0..1 -> (n, h / 32, w / 32, channels).

    h and w: multiples of STRIDE (see recipe.py): only then are feature maps of all sizes padded alike.
    The scaling of pixels is folded as well: the model expects 0..1. If the backbone does not, the last row
    and column of the first feature map differ, because zero padding was grey and is black now; training
    adapts to it.
    Raises BadRecipe for a backbone that is not FOLDABLE.
    """
    if backbone.architecture not in FOLDABLE:
        raise BadRecipe(
            backbone.architecture, fault="does not support full fine-tuning", remedy="use mobilenet_v2"
        )
    folded = keras.models.clone_model(
        backbone.network,
        input_tensors=keras.Input((None, None, 3), name="pictures"),
        clone_function=_with_bias,
        call_function=_without_norm,
    )
    for convolution, norm in batch_norms(backbone.network):
        kernel, bias = _merged(convolution, norm)
        if backbone.scaling == "native" and convolution.name == folded.layers[1].name:
            factor, offset = ARCHITECTURES[backbone.architecture].native
            bias = bias + offset * kernel.sum(axis=(0, 1, 2))
            kernel = factor * kernel
        folded.get_layer(convolution.name).set_weights([kernel, bias])
    for layer in folded.layers:  # those of a dense neck have no batch normalisation
        if layer.name.startswith(NECK) and layer.weights:
            layer.set_weights(backbone.network.get_layer(layer.name).get_weights())
    return folded


def folded_arrays(folded: Any) -> Arrays:
    """Return every kernel and bias of a folded network by its path, float32."""
    return {variable.path: variable.numpy() for variable in folded.weights}


def unfold(folded: Any, weights: str, architecture: str = "mobilenet_v2") -> Backbone:
    """Return the Backbone equivalent to a folded network; it expects pixels in 0..1.

    weights: their origin, for people.
    """
    network = ARCHITECTURES[architecture].build(include_top=False, weights=None)
    set_folded(network, folded_arrays(folded))
    network.trainable = False
    return Backbone(architecture, "unit", weights, network)


def _with_bias(layer: Any) -> Any:
    config = layer.get_config() | {"trainable": True}
    return type(layer).from_config(config | ({"use_bias": True} if "use_bias" in config else {}))


def _without_norm(layer: Any, *inputs: Any, **kwargs: Any) -> Any:
    return inputs[0] if isinstance(layer, keras.layers.BatchNormalization) else layer(*inputs, **kwargs)


def _merged(convolution: Any, norm: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel and bias equivalent to a convolution and its batch normalisation."""
    kernel = convolution.kernel.numpy().astype(np.float64)
    gamma, beta, mean, variance = (array.astype(np.float64) for array in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    # A depthwise kernel is (h, w, channels, 1), any other (h, w, inputs, channels).
    depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
    return kernel * (factor[:, None] if depthwise else factor), beta - mean * factor
