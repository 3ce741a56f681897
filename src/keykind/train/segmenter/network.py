"""The refiner's trunk -> the segmenter's network: a decoder with skip connections on its features.

In:    the refiner, whose trunk is the first two thirds of MobileNetV2
Out:   the trunk as a Keras model and as a LiteRT file; the decoder; both together as a LiteRT file
Needs: keras, tensorflow                                                                   [train]

The refiner has learned what a key is; its trunk's features at a stride of 2 px say where its edges are.
Source: U-Net, Ronneberger et al. 2015, arXiv:1505.04597.
"""

from typing import Any

from keykind.detect.refiner import HEIGHT, WIDTH
from keykind.train.backbone import to_litert
from keykind.train.backend import keras, tf

TAPS = ("expanded_conv_project", "block_2_add", "block_5_add", "block_12_add")  # layers of MobileNetV2
FEATURE_SHAPES = (  # of their outputs
    (HEIGHT // 2, WIDTH // 2, 16),
    (HEIGHT // 4, WIDTH // 4, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
)
FEATURE_SCALES = (6.0, 6.0, 6.4, 2.2)  # about their standard deviations, by which they are divided
CHANNELS = (16, 32, 64, 128)  # of the decoder, at strides 2, 4, 8 and 16


def build_trunk(refiner_trunk: Any) -> Any:
    """Return the Keras model from pixels 0..1 (n, HEIGHT, WIDTH, 3) to the feature maps, FEATURE_SHAPES.

    refiner_trunk: the refiner's, with which it shares its weights.
    """
    taps = next(layer for layer in refiner_trunk.layers if isinstance(layer, keras.Model))
    inner = keras.Model(taps.inputs, [taps.get_layer(name).output for name in TAPS])
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="crop")
    return keras.Model(pixels, inner(pixels), name="trunk")


def build_decoder() -> Any:
    """Return the Keras model from feature maps to the logits of the mask (n, HEIGHT / 2, WIDTH / 2, 1)."""
    features = [keras.Input(shape) for shape in FEATURE_SHAPES]
    scaled = [
        keras.layers.Rescaling(1 / scale)(values)
        for scale, values in zip(FEATURE_SCALES, features, strict=True)
    ]
    values = _convolve(scaled[-1], CHANNELS[-1], 1, "deepest_in")
    values = _with_context(values, CHANNELS[-1])
    values = _residual(_residual(values, CHANNELS[-1], "deepest_0"), CHANNELS[-1], "deepest_1")
    for i in reversed(range(len(CHANNELS) - 1)):
        channels = CHANNELS[i]
        above = _convolve(values, channels, 1, f"above_{i}")
        above = keras.layers.UpSampling2D(interpolation="bilinear")(above)
        joined = keras.layers.Concatenate()([above, _convolve(scaled[i], channels, 1, f"in_{i}")])
        values = _residual(_convolve(joined, channels, 3, f"joined_{i}"), channels, f"block_{i}")
    return keras.Model(features, keras.layers.Conv2D(1, 1, name="mask")(values), name="decoder")


def build_segmenter(trunk: Any, decoder: Any) -> Any:
    """Return the Keras model from crops (n, HEIGHT, WIDTH, 3) 0..1 to the logits of masks."""
    pixels = keras.Input((HEIGHT, WIDTH, 3), name="pixels")
    return keras.Model(pixels, decoder(trunk(pixels)))


def convert_segmenter(segmenter: Any) -> bytes:
    """Return the segmenter as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> probabilities."""
    return to_litert(
        lambda pixels: tf.sigmoid(segmenter(pixels, training=False)), (HEIGHT, WIDTH), float16=True
    )


def convert_trunk(trunk: Any) -> bytes:
    """Return the trunk as a LiteRT file: uint8 (1, HEIGHT, WIDTH, 3) -> the feature maps, float32."""
    return to_litert(lambda pixels: trunk(pixels, training=False), (HEIGHT, WIDTH), float16=True)


def _with_context(values: Any, channels: int) -> Any:
    """Return features plus a function of their mean over the crop."""
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(values)
    return keras.layers.Add()([values, keras.layers.Conv2D(channels, 1, name="context")(mean)])


def _residual(values: Any, channels: int, name: str) -> Any:
    return keras.layers.Add()([values, _convolve(values, channels, 3, name)])


def _convolve(values: Any, channels: int, size: int, name: str) -> Any:
    """Return a convolution followed by ReLU6."""
    layer = keras.layers.Conv2D(channels, size, padding="same", kernel_initializer="he_normal", name=name)
    return keras.layers.ReLU(6.0)(layer(values))
