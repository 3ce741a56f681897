"""A tiny backbone for tests: it is built, converted and trained in a fraction of MobileNetV2's time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

TINY = "tiny"  # its name in a recipe
CHANNELS = 64
LAST_KERNEL = 3 * 3 * 24 * CHANNELS  # parameters of its last convolution


@contextmanager
def tiny_registered() -> Iterator[str]:
    """Make the backbone available by its name, with random weights only, while the block runs."""
    from keykind.train.backbone import ARCHITECTURES, Architecture

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, TINY, Architecture(build_tiny, CHANNELS, (2.0, -1.0)))
        yield TINY


def build_tiny(*, include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> Any:
    """Return the network (n, 224, 224, 3) -> (n, 7, 7, CHANNELS), called like those of keras.applications."""
    from keykind.train.backend import keras

    assert not include_top
    assert weights is None
    pixels = values = keras.Input(input_shape)
    for i, (channels, stride) in enumerate([(12, 4), (24, 4), (CHANNELS, 2)]):
        convolution = keras.layers.Conv2D(channels, 3, stride, "same", use_bias=False, name=f"conv_{i}")
        values = keras.layers.BatchNormalization(name=f"norm_{i}")(convolution(values))
        values = keras.layers.ReLU(6.0, name=f"relu_{i}")(values)
    return keras.Model(pixels, values, name=TINY)


def first_blocks(**options: Any) -> Any:
    """Return MobileNetV2 with one convolution after its first blocks in place of the rest, to save time."""
    from keykind.train.backend import keras

    network = keras.applications.MobileNetV2(**options)
    values = network.get_layer("block_3_project_BN").output
    values = keras.layers.Conv2D(32, 3, strides=4, padding="same", use_bias=False, name="last")(values)
    return keras.Model(network.input, keras.layers.BatchNormalization(name="last_BN")(values))


@contextmanager
def mobilenet_shortened() -> Iterator[Any]:
    """Reduce MobileNetV2, all that full fine-tuning supports, to its first blocks; yield the complete one."""
    from dataclasses import replace

    from keykind.train.backbone import ARCHITECTURES

    with pytest.MonkeyPatch.context() as patch:
        complete = ARCHITECTURES["mobilenet_v2"]
        patch.setitem(ARCHITECTURES, "mobilenet_v2", replace(complete, build=first_blocks, channels=32))
        yield complete
