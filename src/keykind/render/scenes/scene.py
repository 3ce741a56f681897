"""The description of a scene, as plain values.

In:    bodies, ground, light, camera, camera style
Out:   Scene
Needs: numpy, pillow, manifold3d    [render]
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keykind.render.paint.grounds import Ground
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.layout import Body


@dataclass(frozen=True, slots=True)
class CameraStyle:
    """Properties of the lens, sensor and file; lengths are shares of the photo's longer side.

    The field names are keys of the label (`parameters.look`).
    """

    exposure: float  # linear level that the quantile `share` of the frame is scaled to
    share: float  # 0..1
    burnt: float  # upper limit for the highlights of the foreground; 1 is white
    cast: tuple[float, float, float]  # gain of red, green, blue
    contrast: float  # 1 is neutral, larger is steeper
    saturation: float  # 1 is neutral, 0 is grey
    vignette: float  # loss of light in the corners, 0..1
    blur: float  # sigma of the defocus
    shake: tuple[float, float]  # length of the motion blur, and its angle in degrees
    noise: float  # standard deviation at middle grey, for a white level of 1
    sharpening: float  # strength of the unsharp mask, 0 for none
    quality: int  # of the JPEG, 1..95
    reduction: float  # scale 0.3..1 to which the photo is reduced before it is enlarged again
    cut_out: bool  # whether the background is replaced by pure white
    graphics: bool  # whether there is a watermark, a caption or a frame


@dataclass(frozen=True, slots=True)
class Scene:
    """One photo before rendering."""

    name: str  # product, phone, multi, nothing
    bodies: tuple[Body, ...]  # keys and props
    ground: Ground
    ground_angle: float  # degrees about z
    ground_depth: float  # mm below z = 0, or behind the camera's target if the ground faces the camera
    light: np.ndarray  # (n, 2 n, 3) radiance, row 0 is the zenith
    light_rotation: np.ndarray  # (3, 3)
    camera: Camera
    style: CameraStyle
    facts: dict[str, Any] = field(default_factory=dict)  # parameters for the label

    def key_indices(self) -> list[int]:
        """Return the indices of the keys in `bodies`."""
        return [i for i, body in enumerate(self.bodies) if body.solid.kind is not None]

    def remote_indices(self) -> list[int]:
        """Return the indices of the remotes and folded flip keys in `bodies`."""
        return [i for i, body in enumerate(self.bodies) if body.solid.bladeless]

    def parts(self) -> list[tuple[int, str]]:
        """Return (index in `bodies`, name of the part) of every part, in the order of the part map."""
        return [(i, part.name) for i, body in enumerate(self.bodies) for part in body.solid.parts]
