"""Feature map -> where in the crop the evidence for a kind stands (Grad-CAM), drawn over it.

In:    feature map (7, 7, k) of the last layer, and the head; or the class maps that a model file gives
Out:   class maps (7, 7, c); overlays and the scale of their colours, (h, w, 3) uint8; Explanation
Needs: numpy, pillow
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.model.head import Floats, Head

# Dark blue, teal, green, yellow: readable in grey print and by the colour-blind (anchors of viridis).
COLOURS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a photo got its answer."""

    photo: str  # its name
    answer: str  # a kind, or why it is none: not sure, not a key
    probabilities: dict[str, float]  # kind -> 0..1, in the model's order
    maps: dict[str, Floats]  # kind -> (7, 7), >= 0, in logits
    pixels: NDArray[np.uint8]  # (h, w, 3), the upright photo, perhaps reduced; what the maps lie on

    @property
    def best(self) -> str:
        """Return the most probable kind, whether or not that is the answer."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def class_maps(features: Floats, head: Head) -> Floats:
    """Return the evidence for each kind at each place of the crop (Grad-CAM, closed form).

    features (h, w, k) float32 -> (h, w, c) float32, >= 0, in logits: the gradient of a logit with respect to
    the map is the same at every place, so the average that Grad-CAM takes is that gradient itself.
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
    """Tell whether no place speaks for the kind: such a map is said, not drawn."""
    return not float(class_map.max(initial=0)) > 0


def overlay(
    crop: NDArray[np.uint8], class_map: Floats, strength: float = 0.55, *, top: float | None = None
) -> NDArray[np.uint8]:
    """Return the crop with the map laid over it: bright where the evidence is, dark where there is none.

    crop (h, w, 3) uint8, class_map (7, 7) >= 0 -> (h, w, 3) uint8.
    top: the evidence that is full brightness, for maps that are to be compared; None: the map's largest.
    Raises ValueError for an empty map: it has nothing to show.
    """
    if is_empty(class_map):
        raise ValueError("the map is empty: no place of the crop speaks for this kind")
    height, width = crop.shape[:2]
    small = Image.fromarray((class_map / (top or class_map.max())).astype(np.float32))
    colour = colours(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)))
    drawn: NDArray[np.uint8] = np.rint(crop * (1 - strength) + colour * strength).astype(np.uint8)
    return drawn


def colours(level: Floats) -> Floats:
    """Return the colour of each level: (h, w), 0 (or below) to 1 (or above) -> (h, w, 3) in 0..255."""
    place = np.clip(level, 0, 1) * (len(COLOURS) - 1)
    left = np.minimum(place.astype(int), len(COLOURS) - 2)
    share = (place - left)[..., None]
    blended: Floats = COLOURS[left] * (1 - share) + COLOURS[left + 1] * share
    return blended
