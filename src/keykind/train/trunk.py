"""Images -> the features of a frozen trunk, computed by LiteRT.

In:    the trunk as a LiteRT file; images (h, w, 3) uint8
Out:   its feature maps of each, float16
Needs: numpy, ai-edge-litert. Not TensorFlow: the processes that make training views import this module
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.model.interpreter import InterpreterPool

Features = list[NDArray[np.float16]]  # one map per tap


class Trunk:
    """The frozen part of a network."""

    def __init__(self, flatbuffer: bytes, shapes: Sequence[tuple[int, ...]]) -> None:
        """Load a LiteRT file. shapes: of its feature maps, in the order in which they are returned."""
        self._interpreters, self._shapes = InterpreterPool(flatbuffer), shapes

    def __call__(self, image: NDArray[np.uint8]) -> Features:
        """Return the feature maps of an image."""
        maps: dict[tuple[int, ...], NDArray[Any]] = {
            output.shape[1:]: output[0] for output in self._interpreters.run(image)
        }  # LiteRT may return them in any order
        return [maps[shape].astype(np.float16) for shape in self._shapes]
