"""Pretrained MobileNetV2 -> the refiner's network: a trunk, and heads for values and masks on its features.

In:    Backbone: MobileNetV2
Out:   the trunk as a Keras model and as a LiteRT file; the heads; both together as a LiteRT file
Needs: keras, tensorflow                                                                   [train]

The trunk is the first two thirds of MobileNetV2, with batch normalisation folded into its convolutions. The
heads are trained on its features first, then both together.
"""

from collections.abc import Callable
from typing import Any

from keykind.core.quiet import quiet
from keykind.detect.refiner import CONTEXT, HEAD, HEIGHT, OUTPUTS, TIP, WIDTH
from keykind.train.backbone import Backbone, converter
from keykind.train.backend import keras, tf
from keykind.train.bn_folding import fold
from keykind.train.detection_recipes import RefinerRecipe
from keykind.train.refiner.features import FEATURE_SHAPES, TAPS

FEATURE_SCALES = (6.0, 6.4, 2.2)  # standard deviations of ImageNet's features, which are divided by them
FINE_CHANNELS, POSITION_CHANNELS = 32, 8  # of the masks' last layers; of the features kept with their places
DROPOUT = 0.1
OUTPUT_STD = 0.01  # standard deviation of the initial kernel of the values
OFFSET_SCALE = 0.2  # crop widths: unit of the ends' offsets, so that the outputs are of the order of 1
FIRST_END = 0.5 - 0.5 / CONTEXT  # x of the head where a candidate is exact, crop widths
_ENDS = (FIRST_END, HEIGHT / WIDTH / 2, 1 - FIRST_END, HEIGHT / WIDTH / 2)


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
    return _convert(lambda pixels: trunk(tf.cast(pixels, tf.float32) / 255, training=False))


def convert_refiner(refiner: Any) -> bytes:
    """Return the refiner as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> values, masks as probabilities."""

    def outputs(pixels: Any) -> tuple[Any, Any]:
        values, masks = refiner(tf.cast(pixels, tf.float32) / 255, training=False)
        return values, tf.sigmoid(masks)

    return _convert(outputs)


def _convert(function: Callable[[Any], Any]) -> bytes:
    lite = converter(function, tf.uint8, (HEIGHT, WIDTH))
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.target_spec.supported_types = [tf.float16]
    with quiet():
        return bytes(lite.convert())


def _values(deep: Any, medium: Any, recipe: RefinerRecipe) -> Any:
    """Return the values (n, 9) for the deep and the medium features."""
    places = _convolve(_convolve(medium, POSITION_CHANNELS, 1, "places_in"), POSITION_CHANNELS, 3, "places")
    summary = keras.layers.Concatenate()(
        [
            keras.layers.GlobalAveragePooling2D()(deep),
            keras.layers.GlobalMaxPooling2D()(deep),
            keras.layers.Flatten()(places),
            keras.layers.GlobalAveragePooling2D()(medium),
        ]
    )
    hidden = keras.layers.Dense(recipe.hidden, name="hidden")(keras.layers.Dropout(DROPOUT)(summary))
    initializer = keras.initializers.RandomNormal(stddev=OUTPUT_STD)
    raw = keras.layers.Dense(len(OUTPUTS), kernel_initializer=initializer, name="values")(
        keras.layers.ReLU(6.0)(hidden)
    )
    before, after = HEAD.start, len(OUTPUTS) - TIP.stop
    scale = [*[1.0] * before, *[OFFSET_SCALE] * len(_ENDS), *[1.0] * after]
    offset = [*[0.0] * before, *_ENDS, *[0.0] * after]
    return keras.layers.Rescaling(scale, offset, name="ends")(raw)


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
