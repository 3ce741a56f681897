"""Pretrained MobileNetV2 -> the key detector's network: a trunk; neck and heads on its features.

In:    Backbone: MobileNetV2
Out:   trainable Keras models: trunk, neck with heads, both; the trunk and the detector as LiteRT files
Needs: keras, tensorflow                                                                   [train]

The trunk is MobileNetV2 up to its last bottleneck; four of its feature maps are the features. While it is not
trained, the processes that make the training views run it with LiteRT. The neck aggregates them top-down and
bottom-up (PAN: Liu et al. 2018, arXiv:1803.01534), and a head of two branches, for scores and for geometry,
follows at each of three strides. Their convolutions are dense with standardised kernels (Qiao et al. 2019,
arXiv:1903.10520) and without batch normalisation: on a CPU such a step takes a third of the time. At export,
standardisation is folded into the kernels.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.detect.postprocess import CLASSES, HEIGHT, OUTPUTS, WIDTH
from keykind.train.backbone import Backbone, to_litert
from keykind.train.backend import keras, tf
from keykind.train.bn_folding import fold
from keykind.train.detection_recipes import DetectorRecipe

TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project")  # layers of MobileNetV2
FEATURE_SHAPES = (  # of their outputs; the first is average-pooled by 2
    (HEIGHT // 8, WIDTH // 8, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
    (HEIGHT // 32, WIDTH // 32, 320),
)
FEATURE_SCALES = (6.0, 6.4, 2.2, 1.5)  # standard deviations of ImageNet's features, which are divided by them
KERNEL_GAIN = 1.6  # of standardised kernels: keeps the variance of activations through ReLU6 (measured)
VARIANCE_EPSILON = 1e-6
POOLS, POOL_SIZE = 3, 5  # chained max pools at stride 32 (SPPF of YOLOv5): context of up to 13 cells
SCORE_PRIOR = -4.6  # initial logit of the scores, probability 0.01 (Lin et al. 2017, arXiv:1708.02002)
OUTPUT_STD = 0.01  # standard deviation of the initial kernels of the outputs
MIXED = "mixed_bfloat16"  # compute in bfloat16, variables in float32

Convolution = Callable[..., Any]  # channels, kernel size, stride, name -> layer


class StandardisedConv2D(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A convolution whose kernel has mean 0 and a fixed variance for each output channel, times a gain."""

    def __init__(self, channels: int, size: int, stride: int, **options: Any) -> None:
        super().__init__(**options)
        self.channels, self.size, self.stride = channels, size, stride

    def build(self, shape: Sequence[Any]) -> None:
        """Create the variables for an input of shape (n, h, w, channels)."""
        self.kernel = self.add_weight(
            shape=(self.size, self.size, shape[-1], self.channels), initializer="he_normal", name="kernel"
        )
        self.gain = self.add_weight(shape=(self.channels,), initializer="ones", name="gain")
        self.bias = self.add_weight(shape=(self.channels,), initializer="zeros", name="bias")

    def standardised_kernel(self) -> Any:
        """Return the kernel that the convolution applies, float32."""
        kernel = tf.cast(self.kernel, tf.float32)
        mean, variance = tf.nn.moments(kernel, (0, 1, 2))
        fan_in = self.size**2 * kernel.shape[2]
        scale = tf.math.rsqrt(tf.maximum(variance * fan_in, VARIANCE_EPSILON)) * KERNEL_GAIN
        return (kernel - mean) * scale * tf.cast(self.gain, tf.float32)

    def call(self, inputs: Any) -> Any:
        """Return the convolution of inputs (n, h, w, channels)."""
        kernel = tf.cast(self.standardised_kernel(), inputs.dtype)
        outputs = tf.nn.conv2d(inputs, kernel, self.stride, "SAME")
        return tf.nn.bias_add(outputs, tf.cast(self.bias, inputs.dtype))

    def compute_output_shape(self, shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return the shape of the outputs."""
        return (shape[0], -(-shape[1] // self.stride), -(-shape[2] // self.stride), self.channels)


def build_network(recipe: DetectorRecipe) -> Any:
    """Return the trainable Keras model from features (see FEATURE_SHAPES) to (n, LOCATIONS, 10) float32.

    It computes in bfloat16.
    """
    with _policy(MIXED):
        return _network(recipe, StandardisedConv2D)


def fold_network(network: Any, recipe: DetectorRecipe) -> Any:
    """Return the same network with plain convolutions, in float32."""
    with _policy("float32"):
        folded = _network(recipe, _plain)
    for layer in network.layers:
        weights = layer.get_weights()
        if isinstance(layer, StandardisedConv2D):
            weights = [layer.standardised_kernel().numpy(), layer.bias.numpy()]
        if weights:
            folded.get_layer(layer.name).set_weights(weights)
    return folded


def build_trunk(backbone: Backbone) -> Any:
    """Return the Keras model from pixels 0..1 (n, HEIGHT, WIDTH, 3) to the four feature maps."""
    folded = fold(backbone)
    taps = keras.Model(folded.inputs, [folded.get_layer(name).output for name in TAPS])
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="photo")
    first, *others = taps(pixels)
    return keras.Model(pixels, [keras.layers.AveragePooling2D(2)(first), *others], name="trunk")


def build_detector(trunk: Any, network: Any) -> Any:
    """Return the Keras model from pixels 0..1 (n, HEIGHT, WIDTH, 3) to (n, LOCATIONS, 10)."""
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="pixels")
    return keras.Model(pixels, network(trunk(pixels)))


def convert_trunk(trunk: Any) -> bytes:
    """Return the trunk as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> the four feature maps, float32."""
    return to_litert(lambda pixels: trunk(pixels, training=False), (HEIGHT, WIDTH), float16=True)


def convert_detector(
    trunk: Any, network: Any, recipe: DetectorRecipe, inputs: Sequence[NDArray[np.uint8]] = ()
) -> bytes:
    """Return the detector as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> OUTPUTS (1, LOCATIONS, 10).

    inputs: (HEIGHT, WIDTH, 3) each, to calibrate an int8 network; without, its weights are 16-bit floats.
    """
    detector = build_detector(trunk, fold_network(network, recipe))
    return to_litert(
        lambda pixels: detector(pixels, training=False), (HEIGHT, WIDTH), float16=True, images=inputs
    )


@contextmanager
def _policy(name: str) -> Iterator[None]:
    """Give the layers that are created in the block a policy of number formats."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _plain(channels: int, size: int, stride: int, name: str) -> Any:
    return keras.layers.Conv2D(channels, size, stride, padding="same", name=name)


def _network(recipe: DetectorRecipe, convolution: Convolution) -> Any:
    """Return the graph of neck and heads with that kind of convolution."""
    graph = _Graph(convolution)
    features = [keras.Input(shape, dtype="float32") for shape in FEATURE_SHAPES]
    scaled = [
        keras.layers.Rescaling(1 / scale, name=f"scale_{i}")(values)
        for i, (scale, values) in enumerate(zip(FEATURE_SCALES, features, strict=True))
    ]
    maps = _neck(graph, scaled, recipe.neck_channels)
    outputs = [_head(graph, values, recipe.head_channels, f"head_{i}") for i, values in enumerate(maps)]
    joined = keras.layers.Concatenate(axis=1, name="locations")(outputs)
    outputs = keras.layers.Activation("linear", dtype="float32", name="outputs")(joined)
    return keras.Model(features, outputs, name="neck")


def _neck(graph: "_Graph", features: Sequence[Any], width: int) -> tuple[Any, Any, Any]:
    """Return the features at strides 8, 16 and 32, each with context from the other two."""
    fine, medium, deep = 4 * width, 8 * width, 12 * width  # channels
    f4, f8, f16, f32 = features
    f8 = graph.convolve(graph.join(f4, f8), fine, 1, name="in_8")
    f16 = graph.convolve(f16, medium, 1, name="in_16")
    pools = [graph.convolve(f32, medium, 1, name="in_32")]
    for i in range(POOLS):
        pools.append(keras.layers.MaxPooling2D(POOL_SIZE, 1, "same", name=f"pool_{i}")(pools[-1]))
    p32 = graph.block(graph.convolve(graph.join(*pools), deep, 1, name="pooled"), deep, 1, "down_32")
    p32 = graph.with_global_context(p32, deep)
    above = graph.upsample(graph.convolve(p32, medium, 1, name="above_16"), "up_16")
    p16 = graph.block(graph.join(above, f16), medium, 2, "down_16")
    above = graph.upsample(graph.convolve(p16, fine, 1, name="above_8"), "up_8")
    p8 = graph.block(graph.join(above, f8), fine, 2, "down_8")
    below = graph.convolve(p8, fine, 3, stride=2, name="below_16")
    n16 = graph.block(graph.join(below, p16), medium, 1, "out_16")
    below = graph.convolve(n16, medium, 3, stride=2, name="below_32")
    n32 = graph.block(graph.join(below, p32), deep, 1, "out_32")
    return p8, n16, n32


def _head(graph: "_Graph", values: Any, channels: int, name: str) -> Any:
    """Return the outputs (n, h * w, 10) for features (n, h, w, channels)."""
    classes = CLASSES.stop
    scores, geometry = (
        graph.convolve(
            graph.convolve(values, channels, 1, name=f"{name}_{part}_in"), channels, 3, name=f"{name}_{part}"
        )
        for part in ("score", "geometry")
    )
    initializer = keras.initializers.RandomNormal(stddev=OUTPUT_STD)
    prior = keras.initializers.Constant(SCORE_PRIOR)
    both = keras.layers.Concatenate(name=f"{name}_outputs")(
        [
            keras.layers.Conv2D(
                classes, 1, kernel_initializer=initializer, bias_initializer=prior, name=f"{name}_scores"
            )(scores),
            keras.layers.Conv2D(
                len(OUTPUTS) - classes, 1, kernel_initializer=initializer, name=f"{name}_values"
            )(geometry),
        ]
    )
    return keras.layers.Reshape((-1, len(OUTPUTS)), name=f"{name}_locations")(both)


@dataclass(frozen=True, slots=True)
class _Graph:
    """Building blocks with one kind of convolution."""

    convolution: Convolution

    def convolve(self, values: Any, channels: int, size: int = 3, *, stride: int = 1, name: str) -> Any:
        """Return a convolution followed by ReLU6."""
        layer = self.convolution(channels, size, stride, name=name)
        return keras.layers.ReLU(6.0, name=f"{name}_relu")(layer(values))

    def block(self, values: Any, channels: int, depth: int, name: str) -> Any:
        """Return residual blocks of half the channels, whose inputs and outputs are all concatenated.

        As C2f of YOLOv8, but for the branch that skips the blocks.
        """
        half = channels // 2
        parts = [self.convolve(values, half, 1, name=f"{name}_in")]
        for i in range(depth):
            inner = self.convolve(parts[-1], half, name=f"{name}_{i}_a")
            inner = self.convolve(inner, half, name=f"{name}_{i}_b")
            parts.append(keras.layers.Add(name=f"{name}_{i}_sum")([parts[-1], inner]))
        return self.convolve(self.join(*parts), channels, 1, name=f"{name}_out")

    def with_global_context(self, values: Any, channels: int) -> Any:
        """Return values plus a projection of their mean over the image."""
        mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name="global")(values)
        context = keras.layers.Conv2D(channels, 1, name="global_context")(mean)
        return keras.layers.Add(name="global_sum")([values, context])

    def join(self, *values: Any) -> Any:
        """Return the values concatenated along their channels."""
        return keras.layers.Concatenate()(list(values))

    def upsample(self, values: Any, name: str) -> Any:
        """Return values of twice the height and width; bilinear upsampling is slow on a CPU."""
        return keras.layers.UpSampling2D(interpolation="nearest", name=name)(values)
