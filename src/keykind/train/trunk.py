"""Images -> the features of a network's frozen trunk, computed by LiteRT.

In:    the trunk as a LiteRT file; images (h, w, 3) uint8
Out:   its feature maps of each, float16; the inputs of a training batch
Needs: numpy, ai-edge-litert. Not TensorFlow: the processes that make training views import this module
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keykind.model.interpreter import InterpreterPool

Features = list[NDArray[np.float16]]  # in the order of their layers


class Trunk:
    """The frozen part of a network."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreters = InterpreterPool(flatbuffer)

    def __call__(self, image: NDArray[np.uint8]) -> Features:
        """Return the feature maps of an image."""
        # LiteRT may return them in any order; deeper ones are coarser, or have more channels.
        maps = sorted(self._interpreters.run(image), key=lambda output: (-output.shape[1], output.shape[-1]))
        return [values[0].astype(np.float16) for values in maps]


def batch_inputs(images: Sequence[NDArray[np.uint8]], trunk: Trunk | None) -> list[NDArray[np.generic]]:
    """Return the inputs of a network for n images: their feature maps (n, ...), or the images themselves."""
    if trunk is None:
        return [np.stack(images)]
    features = [trunk(image) for image in images]
    return [np.stack(maps) for maps in zip(*features, strict=True)]
