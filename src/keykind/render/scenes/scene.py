"""What is in front of the lens, as plain values.

In:    bodies, ground, light, camera, the look of the finished photo
Out:   Scene
Needs: numpy
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keykind.render.paint.grounds import Ground
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.layout import Body


@dataclass(frozen=True, slots=True)
class Look:
    """What lens, sensor and file do to the light; lengths are shares of the longer side."""

    exposure: float  # brightness at which `share` of the pixels stay darker
    share: float  # 0..1
    burnt: float  # what the brightest places of the things may reach: 1 is white
    cast: tuple[float, float, float]  # gain of red, green, blue
    contrast: float  # 1 leaves it, above is steeper
    saturation: float  # 1 leaves it, 0 is grey
    vignette: float  # loss of light in the corners, 0..1
    blur: float  # sigma of the defocus
    shake: tuple[float, float]  # length of the motion, and its angle in degrees
    noise: float  # standard deviation at middle grey, of 1
    sharpening: float  # strength of the camera's halo, 0 none
    quality: int  # of the JPEG, 1..95
    reduction: float  # the photo was once this much smaller, 0.3..1
    cut_out: bool  # the ground was replaced by pure white
    graphics: bool  # a watermark, a caption or a frame


@dataclass(frozen=True, slots=True)
class Scene:
    """One photo before it is taken."""

    name: str  # product, phone, multi, nothing
    things: tuple[Body, ...]
    ground: Ground
    ground_turn: float  # degrees about z
    ground_depth: float  # mm below z = 0
    light: np.ndarray  # (128, 256, 3) radiance, row 0 is the zenith
    light_turn: np.ndarray  # (3, 3)
    camera: Camera
    look: Look
    facts: dict[str, Any] = field(default_factory=dict)  # what was drawn, for the label

    def places_of_keys(self) -> list[int]:
        """Return the places in `things` that hold keys."""
        return [place for place, thing in enumerate(self.things) if thing.solid.kind is not None]

    def parts(self) -> list[tuple[int, str]]:
        """Return (place in `things`, name of the part) of every part, in the order of the map of parts."""
        return [(place, part.name) for place, thing in enumerate(self.things) for part in thing.solid.parts]
