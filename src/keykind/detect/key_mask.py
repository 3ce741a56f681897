"""Aligned crop of a key -> which of its pixels are key: the interface of segmentation.

In:    Crop: head left, tip right
Out:   KeyMask
Needs: numpy
"""

from collections.abc import Callable
from dataclasses import dataclass

from keykind.core.geometry import Mask
from keykind.model.preprocess import Crop


@dataclass(frozen=True, slots=True, eq=False)
class KeyMask:
    """The pixels of the key in an aligned crop."""

    key: Mask  # (h, w) of the crop
    blade: Mask  # (h, w), the part of it that is blade


Segmenter = Callable[[Crop], KeyMask]  # a crop (h, w, 3), in its own proportions or stretched


def load_segmenter() -> Segmenter | None:
    """Return the segmenter that keykind uses; None: this version has none."""
    return None
