"""The first blocks of MobileNetV2, up to stride 16, followed by dense convolutions.

In:    as keras.applications.MobileNetV2
Out:   a Keras model, pictures (n, h, w, 3) -> features (n, h / 32, w / 32, CHANNELS)
Needs: keras                                                                               [train]

The last blocks of MobileNetV2 are replaced by dense 3x3 convolutions: on a CPU they take the same time at
several times the multiplications, and can be trained on the features of the first blocks, which are
computed once a view while these stay frozen.
"""

from typing import Any

from keykind.train.backend import keras

TAPS = ("block_5_add", "block_12_add")  # layers of MobileNetV2 whose maps the dense part reads
SCALES = (6.4, 2.2)  # standard deviations of ImageNet's features at these, which are divided by them
FINE, MEDIUM, WIDE = 64, 128, 256  # channels: of the finer map, at stride 16, at stride 32
BLOCKS = 2  # residual blocks at each stride
NECK = "dense_"  # start of the names of its layers
CHANNELS = 640  # of the features


def dense_mobilenet(*, include_top: bool, weights: str | None, **options: Any) -> Any:
    """Return the network; options as for MobileNetV2, whose weights the first blocks get."""
    base = keras.applications.MobileNetV2(include_top=include_top, weights=weights, **options)
    fine, medium = (
        keras.layers.Rescaling(1 / scale, name=f"{tap}_scaled")(base.get_layer(tap).output)
        for tap, scale in zip(TAPS, SCALES, strict=True)
    )
    parts = [_convolve(fine, FINE, 3, "dense_fine", stride=2), _convolve(medium, MEDIUM, 1, "dense_medium")]
    values = _convolve(keras.layers.Concatenate(name="dense_joined")(parts), MEDIUM, 1, "dense_in")
    for i in range(BLOCKS):
        values = _residual(values, MEDIUM, f"dense_16_{i}")
    values = _convolve(values, WIDE, 3, "dense_down", stride=2)
    for i in range(BLOCKS):
        values = _residual(values, WIDE, f"dense_32_{i}")
    return keras.Model(base.input, _convolve(values, CHANNELS, 1, "dense_out"), name="mobilenet_v2_dense")


def _residual(values: Any, channels: int, name: str) -> Any:
    inner = _convolve(_convolve(values, channels // 2, 1, f"{name}_a"), channels, 3, f"{name}_b")
    return keras.layers.Add(name=f"{name}_sum")([values, inner])


def _convolve(values: Any, channels: int, size: int, name: str, stride: int = 1) -> Any:
    """Return a convolution followed by ReLU6."""
    layer = keras.layers.Conv2D(
        channels, size, stride, padding="same", kernel_initializer="he_normal", name=name
    )
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(layer(values))
