"""Test-time augmentation: predict a photo from several views of it.

In:    crops (size, size, 3) uint8, a network and its head
Out:   probabilities of each view (n, views, c); their mean is the prediction
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Callable, Iterable

import numpy as np

from keykind.core.parallel import parallel_map
from keykind.model.head import Floats, Head, softmax
from keykind.model.preprocess import Crop, to_unit
from keykind.photo.decode import resize
from keykind.train.features import Network

MARGIN = 0.1  # share of the side that is cropped from each edge, or added to it


def zoom_in(crop: Crop) -> Crop:
    """Return the centre of the crop, resized to the crop's size."""
    side = len(crop)
    margin = round(side * MARGIN)
    return resize(crop[margin : side - margin, margin : side - margin], side)


def zoom_out(crop: Crop) -> Crop:
    """Return the crop padded by reflection, resized to the crop's size."""
    margin = round(len(crop) * MARGIN)
    return resize(np.pad(crop, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric"), len(crop))


VIEWS: dict[str, Callable[[Crop], Crop]] = {
    "whole": lambda crop: crop,
    "mirrored": lambda crop: crop[:, ::-1],
    "quarter": np.rot90,
    "half": lambda crop: np.rot90(crop, 2),
    "three_quarters": lambda crop: np.rot90(crop, 3),
    "nearer": zoom_in,
    "farther": zoom_out,
}
"""The views that are averaged; `whole` is the crop itself, as everywhere else."""


def predict_views(network: Network, head: Head, crops: Iterable[Crop]) -> Floats:
    """Return the probabilities (n, views, c) of each of VIEWS, in that order, for each crop.

    crops: (size, size, 3) uint8 of the network's size. `[:, 0]` is the prediction without augmentation,
    `.mean(axis=1)` that of all views.
    """

    def predict(crop: Crop) -> Floats:
        pooled = [network.run(to_unit(np.ascontiguousarray(view(crop))))[0] for view in VIEWS.values()]
        return softmax(head.logits(np.stack(pooled)))

    return np.stack(list(parallel_map(predict, crops)))
