"""Photo -> one answer from several views of it (test-time augmentation).

In:    crops (size, size, 3) uint8, a network and its head
Out:   probabilities of each view (n, views, c); their mean is the answer
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Callable, Iterable

import numpy as np

from keykind.core.parallel import ordered
from keykind.model.head import Floats, Head, softmax
from keykind.model.preprocess import Crop, to_unit
from keykind.photo.decode import resize
from keykind.train.features import Network

EDGE = 0.1  # share of the side that is cut off at each edge, or added to it


def nearer(crop: Crop) -> Crop:
    """Return the middle of the crop, grown to its size."""
    side = len(crop)
    edge = round(side * EDGE)
    return resize(crop[edge : side - edge, edge : side - edge], side)


def farther(crop: Crop) -> Crop:
    """Return the crop continued by its mirror image, shrunk to its size."""
    edge = round(len(crop) * EDGE)
    return resize(np.pad(crop, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric"), len(crop))


VIEWS: dict[str, Callable[[Crop], Crop]] = {
    "whole": lambda crop: crop,
    "mirrored": lambda crop: crop[:, ::-1],
    "quarter": np.rot90,
    "half": lambda crop: np.rot90(crop, 2),
    "three_quarters": lambda crop: np.rot90(crop, 3),
    "nearer": nearer,
    "farther": farther,
}
"""The views that are averaged; `whole` is the photo as every other part of keykind sees it."""


def predict_views(network: Network, head: Head, crops: Iterable[Crop]) -> Floats:
    """Return the probabilities (n, views, c) of each of VIEWS, in their order, for each crop.

    crops: (size, size, 3) uint8 of the network's size. `[:, 0]` is the answer to the photo as it is,
    `.mean(axis=1)` that of all views together.
    """

    def answers(crop: Crop) -> Floats:
        pooled = [network.run(to_unit(np.ascontiguousarray(view(crop))))[0] for view in VIEWS.values()]
        return softmax(head.logits(np.stack(pooled)))

    return np.stack(list(ordered(answers, crops)))
