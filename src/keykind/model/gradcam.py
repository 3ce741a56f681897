"""Grad-CAM: where in a crop the evidence for each kind is, and overlays that show it.

In:    feature map (7, 7, k) of the last layer, and the head; or the class maps that a model file outputs
Out:   class maps (7, 7, c); overlays (h, w, 3) uint8; Explanation
Needs: numpy, pillow
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.model.head import Floats, Head

# Anchors of viridis, from dark blue to yellow: readable in greyscale and by the colour-blind.
COLOUR_MAP = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The evidence behind a prediction."""

    photo: str  # its name
    answer: str  # a kind, or "not sure" or "not a key"
    probabilities: dict[str, float]  # kind -> 0..1, in the model's order
    maps: dict[str, Floats]  # kind -> (7, 7), >= 0, in logits
    pixels: NDArray[np.uint8]  # (h, w, 3), the area that the maps cover: the upright photo, perhaps reduced
    reason: str | None = None  # for "not sure": one of keykind.model.decision.REASONS
    undetected: bool = False  # whether nothing was detected, so that the maps cover the whole photo

    @property
    def best(self) -> str:
        """The most probable kind, whether or not it is the answer."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def class_maps(features: Floats, head: Head) -> Floats:
    """Return the evidence for each kind at each position of the crop (Grad-CAM in closed form).

    features (h, w, k) float32 -> (h, w, c) float32, >= 0, in logits. The gradient of a logit with respect to
    the feature map is the same at every position, so it equals the average that Grad-CAM takes.
    Raises ValueError if the channels differ from the head's.
    Source: Selvaraju et al. 2017, arXiv:1610.02391, eq. 1-2.
    """
    if features.ndim != 3 or features.shape[2] != head.w1.shape[0]:
        raise ValueError(f"expected a map (h, w, {head.w1.shape[0]}), got {features.shape}")
    height, width, channels = features.shape
    active = head.hidden(features.reshape(-1, channels).mean(axis=0)) > 0
    weights = (head.w1 * active) @ head.w2 / np.float32(height * width)
    return np.maximum(features @ weights, np.float32(0))


def is_empty(class_map: Floats) -> bool:
    """Return whether a map has no evidence for its kind anywhere; it is reported as text, not drawn."""
    return not float(class_map.max(initial=0)) > 0


def overlay(
    crop: NDArray[np.uint8], class_map: Floats, strength: float = 0.55, *, vmax: float | None = None
) -> NDArray[np.uint8]:
    """Return the crop blended with the colours of the map: bright where there is evidence, dark elsewhere.

    crop (h, w, 3) uint8, class_map (7, 7) >= 0 -> (h, w, 3) uint8.
    strength: the weight of the colours, 0 to 1. vmax: the value of the brightest colour, to compare several
    maps; None: the maximum of the map. Raises ValueError for an empty map.
    """
    if is_empty(class_map):
        raise ValueError("the map is empty: the crop has no evidence for this kind")
    height, width = crop.shape[:2]
    scaled = Image.fromarray((class_map / (vmax or class_map.max())).astype(np.float32))
    colours = apply_colour_map(np.asarray(scaled.resize((width, height), Image.Resampling.BICUBIC)))
    blended: NDArray[np.uint8] = np.rint(crop * (1 - strength) + colours * strength).astype(np.uint8)
    return blended


def apply_colour_map(values: Floats) -> Floats:
    """Return the colour of each value, clipped to 0..1: (h, w) -> (h, w, 3) in 0..255."""
    position = np.clip(values, 0, 1) * (len(COLOUR_MAP) - 1)
    anchor = np.minimum(position.astype(int), len(COLOUR_MAP) - 2)
    weight = (position - anchor)[..., None]
    colours: Floats = COLOUR_MAP[anchor] * (1 - weight) + COLOUR_MAP[anchor + 1] * weight
    return colours
