"""Crops -> the features of a frozen trunk, computed by LiteRT.

In:    the trunk as a LiteRT file (see network.py); crops (HEIGHT, WIDTH, 3) uint8
Out:   three feature maps of each, float16
Needs: numpy, ai-edge-litert. Not TensorFlow: the processes that make training crops import this module
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.detect.refiner import HEIGHT, WIDTH
from keykind.model.interpreter import InterpreterPool

TAPS = ("block_2_add", "block_5_add", "block_12_add")  # layers of MobileNetV2
FEATURE_SHAPES = (
    (HEIGHT // 4, WIDTH // 4, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
)


class Trunk:
    """The frozen part of the network."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreters = InterpreterPool(flatbuffer)

    def __call__(self, crop: NDArray[np.uint8]) -> list[NDArray[np.float16]]:
        """Return the feature maps of a crop (HEIGHT, WIDTH, 3)."""
        maps: dict[tuple[int, ...], NDArray[Any]] = {
            output.shape[1:]: output[0] for output in self._interpreters.run(crop)
        }  # LiteRT may return them in any order
        return [maps[shape].astype(np.float16) for shape in FEATURE_SHAPES]
