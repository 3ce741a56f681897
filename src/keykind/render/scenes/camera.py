"""A place to look from -> where a point in the world falls on the photo.

In:    positions in mm, angles in degrees
Out:   Camera; pixels of the photo, y downwards
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, FillRule


@dataclass(frozen=True, slots=True)
class Camera:
    """A thin lens that looks at a point."""

    origin: np.ndarray  # (3,) mm
    target: np.ndarray  # (3,) mm
    up: np.ndarray  # (3,)
    view: float  # degrees, across the longer side of the photo
    aperture: float  # mm, radius of the lens; 0.01 is sharp everywhere
    focus: float  # mm, distance at which it is sharp
    size: tuple[int, int]  # px, width and height of the photo

    def axes(self) -> np.ndarray:
        """Return the (3, 3) rows right, down, forward."""
        forward = self.target - self.origin
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, self.up)
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the (n, 3) column, row and depth of (n, 3) points: px, px, mm."""
        seen = (points - self.origin) @ self.axes().T
        depth = np.maximum(seen[:, 2], 1e-3)
        width, height = self.size
        scale = max(width, height) / 2 / np.tan(np.radians(self.view) / 2)
        return np.stack(
            [width / 2 + scale * seen[:, 0] / depth, height / 2 + scale * seen[:, 1] / depth, seen[:, 2]],
            axis=1,
        )


def frame_points(camera: Camera, points: np.ndarray, fill: float) -> Camera:
    """Return the camera moved along its line of sight until the points fill that share of the frame.

    fill: of the frame's width or height, whichever is fuller; above 1 the frame cuts them.
    """
    axes = camera.axes()
    seen = (points - camera.target) @ axes.T
    half = np.tan(np.radians(camera.view) / 2)
    longer = max(camera.size)
    reach = np.array([camera.size[0] / longer, camera.size[1] / longer]) * half * fill
    distance = float(np.max(np.abs(seen[:, :2]) / reach - seen[:, 2:3]))
    distance = max(distance, 15.0)  # mm; nearer, the lens is among the keys
    origin = camera.target - axes[2] * distance
    return replace(camera, origin=origin, focus=distance)


def seen_area(corners: np.ndarray, camera: Camera) -> tuple[float, float]:
    """Return the area, px of the photo, that triangles (n, 3, 3) in mm cover: in all, and in the frame."""
    flat = camera.project(corners.reshape(-1, 3))[:, :2].reshape(-1, 3, 2)
    one, other = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    facing = one[:, 0] * other[:, 1] < one[:, 1] * other[:, 0]  # y points down
    shape = CrossSection(list(flat[facing].astype(np.float64)), FillRule.NonZero)
    frame = CrossSection.square(camera.size)
    return float(shape.area()), float((shape ^ frame).area())
