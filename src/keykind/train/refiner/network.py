"""Pretrained MobileNetV2 -> the refiner's network: a trunk, and heads for values and masks on its features.

In:    Backbone: MobileNetV2
Out:   the trunk as a Keras model and as a LiteRT file; the heads; both together as a LiteRT file
Needs: keras, tensorflow                                                                   [train]

The trunk is the first two thirds of MobileNetV2, with batch normalisation folded into its convolutions. The
heads are trained on its features first, then both together.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keykind.detect.refiner import HEAD, HEIGHT, OUTPUTS, TIP, WIDTH
from keykind.train.backbone import Backbone, to_litert
from keykind.train.backend import keras, tf
from keykind.train.bn_folding import fold
from keykind.train.detection_recipes import RefinerRecipe

TAPS = ("block_2_add", "block_5_add", "block_12_add")  # layers of MobileNetV2
FEATURE_SHAPES = (  # of their outputs
    (HEIGHT // 4, WIDTH // 4, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
)
FEATURE_SCALES = (6.0, 6.4, 2.2)  # standard deviations of ImageNet's features, which are divided by them
FINE_CHANNELS, PLACE_CHANNELS = 32, 8  # of the masks' last layers; of deep features kept with their places
DROPOUT = 0.1
OUTPUT_STD = 0.01  # standard deviation of the initial kernels of the values
OFFSET_SCALE = 0.2  # crop widths: unit of the corrections of ends, so that they are of the order of 1


class ExpectedPlaces(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Heatmaps of logits (n, h, w, k) -> their expected places x, y (n, 2k), in widths of the crop.

    Source: integral regression, Sun et al. 2018, arXiv:1711.08229.
    """

    def call(self, heatmaps: Any) -> Any:
        """Return the places."""
        _, rows, columns, count = heatmaps.shape
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / columns)
        cells = tf.constant(np.stack([x.ravel(), y.ravel()], axis=1), tf.float32)
        probabilities = tf.nn.softmax(tf.reshape(heatmaps, (-1, rows * columns, count)), axis=1)
        places = tf.matmul(tf.transpose(probabilities, (0, 2, 1)), cells)
        return tf.reshape(places, (-1, 2 * count))

    def compute_output_shape(self, shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return the shape of the places."""
        return (shape[0], 2 * shape[-1])


def build_trunk(backbone: Backbone) -> Any:
    """Return the Keras model from pixels 0..1 (n, HEIGHT, WIDTH, 3) to the feature maps, FEATURE_SHAPES."""
    folded = fold(backbone)
    taps = keras.Model(folded.inputs, [folded.get_layer(name).output for name in TAPS])
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="crop")
    return keras.Model(pixels, taps(pixels), name="trunk")


def build_heads(recipe: RefinerRecipe) -> Any:
    """Return the Keras model from feature maps to values (n, 9), see OUTPUTS, and logits of the masks."""
    width = recipe.channels
    features = [keras.Input(shape) for shape in FEATURE_SHAPES]
    fine, medium, deep = (
        keras.layers.Rescaling(1 / scale)(values)
        for scale, values in zip(FEATURE_SCALES, features, strict=True)
    )
    deep = _convolve(_convolve(deep, 2 * width, 1, "deep_in"), 2 * width, 3, "deep")
    deep = _residual(deep, 2 * width, "deep_block")
    joined = _joined(deep, medium, width, "medium")
    medium = _residual(_convolve(joined, width, 3, "medium"), width, "medium_block")
    joined = _joined(medium, fine, FINE_CHANNELS, "fine")
    masks = keras.layers.Conv2D(2, 1, name="masks")(_convolve(joined, FINE_CHANNELS, 3, "fine"))
    return keras.Model(features, [_values(deep, medium, recipe), masks], name="heads")


def build_refiner(trunk: Any, heads: Any) -> Any:
    """Return the Keras model from crops (n, HEIGHT, WIDTH, 3) 0..1 to values and logits of the masks."""
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="pixels")
    return keras.Model(pixels, heads(trunk(pixels)))


def convert_trunk(trunk: Any) -> bytes:
    """Return the trunk as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> the feature maps, float32."""
    return to_litert(lambda pixels: trunk(pixels, training=False), (HEIGHT, WIDTH), float16=True)


def convert_refiner(refiner: Any) -> bytes:
    """Return the refiner as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> values, masks as probabilities."""

    def outputs(pixels: Any) -> tuple[Any, Any]:
        values, masks = refiner(pixels, training=False)
        return values, tf.sigmoid(masks)

    return to_litert(outputs, (HEIGHT, WIDTH), float16=True)


def _values(deep: Any, medium: Any, recipe: RefinerRecipe) -> Any:
    """Return the values (n, 9) for the deep and the medium features.

    Ends are the expected places under two heatmaps, plus a correction that can move them out of the crop.
    """
    places = keras.layers.Flatten()(_convolve(deep, PLACE_CHANNELS, 1, "places"))
    summary = keras.layers.Concatenate()(
        [
            keras.layers.GlobalAveragePooling2D()(deep),
            keras.layers.GlobalMaxPooling2D()(deep),
            keras.layers.GlobalAveragePooling2D()(medium),
            places,
        ]
    )
    # Without normalisation a step changes the sum of so many positive inputs that units die.
    summary = keras.layers.LayerNormalization(name="summary")(summary)
    hidden = keras.layers.Dense(recipe.hidden, name="hidden")(keras.layers.Dropout(DROPOUT)(summary))
    hidden = keras.layers.ReLU(6.0)(hidden)
    initializer = keras.initializers.RandomNormal(stddev=OUTPUT_STD)

    def outputs(count: int, name: str) -> Any:
        return keras.layers.Dense(count, kernel_initializer=initializer, name=name)(hidden)

    correction = keras.layers.Rescaling(OFFSET_SCALE)(outputs(TIP.stop - HEAD.start, "correction"))
    expected = ExpectedPlaces(name="places_of_ends")(keras.layers.Conv2D(2, 1, name="heatmaps")(medium))
    ends = keras.layers.Add(name="ends")([expected, correction])
    attributes = outputs(len(OUTPUTS) - TIP.stop, "attributes")
    return keras.layers.Concatenate(name="values")([outputs(HEAD.start, "classes"), ends, attributes])


def _joined(coarse: Any, fine: Any, channels: int, name: str) -> Any:
    """Return coarse features, at twice their height and width, and fine ones beside each other."""
    above = keras.layers.UpSampling2D(interpolation="nearest")(
        _convolve(coarse, channels, 1, f"{name}_above")
    )
    return keras.layers.Concatenate()([above, _convolve(fine, channels, 1, f"{name}_in")])


def _residual(values: Any, channels: int, name: str) -> Any:
    return keras.layers.Add()([values, _convolve(values, channels, 3, name)])


def _convolve(values: Any, channels: int, size: int, name: str) -> Any:
    """Return a convolution followed by ReLU6."""
    layer = keras.layers.Conv2D(channels, size, padding="same", kernel_initializer="he_normal", name=name)
    return keras.layers.ReLU(6.0)(layer(values))
