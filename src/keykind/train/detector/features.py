"""Views -> the features of a frozen trunk, computed by LiteRT.

In:    the trunk as a LiteRT file (see network.py); images (HEIGHT, WIDTH, 3) uint8
Out:   four feature maps of each, float16
Needs: numpy, ai-edge-litert. Not TensorFlow: the processes that make training views import this module
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.detect.postprocess import HEIGHT, WIDTH
from keykind.model.interpreter import InterpreterPool

TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project")  # layers of MobileNetV2
FEATURE_SHAPES = (  # of their outputs; the first is average-pooled by 2
    (HEIGHT // 8, WIDTH // 8, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
    (HEIGHT // 32, WIDTH // 32, 320),
)

Features = list[NDArray[np.float16]]  # one map per tap


class Trunk:
    """The frozen part of the network."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreters = InterpreterPool(flatbuffer)

    def __call__(self, image: NDArray[np.uint8]) -> Features:
        """Return the feature maps of an image (HEIGHT, WIDTH, 3)."""
        maps: dict[tuple[int, ...], NDArray[Any]] = {
            output.shape[1:]: output[0] for output in self._interpreters.run(image)
        }  # LiteRT may return them in any order
        return [maps[shape].astype(np.float16) for shape in FEATURE_SHAPES]
