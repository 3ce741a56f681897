"""A thin-lens camera and its projection.

In:    positions in mm, angles in degrees
Out:   Camera; pixel coordinates of the photo, y downwards
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, FillRule

MIN_DISTANCE = 15.0  # mm from the lens to its target; any closer and the lens is inside the keys


@dataclass(frozen=True, slots=True)
class Camera:
    """A thin-lens camera that looks at a target."""

    origin: np.ndarray  # (3,) mm
    target: np.ndarray  # (3,) mm
    up: np.ndarray  # (3,)
    fov: float  # degrees, field of view along the longer side of the photo
    aperture: float  # mm, radius of the lens; 0.01 is sharp everywhere
    focus: float  # mm, focus distance
    size: tuple[int, int]  # px, width and height of the photo

    def axes(self) -> np.ndarray:
        """Return the (3, 3) unit vectors right, down, forward as rows."""
        forward = self.target - self.origin
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, self.up)
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return (x, y, depth) of points: (n, 3) mm -> (n, 3) px, px, mm."""
        local = (points - self.origin) @ self.axes().T
        depth = np.maximum(local[:, 2], 1e-3)
        width, height = self.size
        scale = max(width, height) / 2 / np.tan(np.radians(self.fov) / 2)
        return np.stack(
            [width / 2 + scale * local[:, 0] / depth, height / 2 + scale * local[:, 1] / depth, local[:, 2]],
            axis=1,
        )


def frame_points(camera: Camera, points: np.ndarray, fill: float) -> Camera:
    """Return the camera moved along its line of sight until the points fill this share of the frame.

    fill: of the width or the height, whichever is larger; above 1 the frame crops the points.
    """
    axes = camera.axes()
    local = (points - camera.target) @ axes.T
    half = np.tan(np.radians(camera.fov) / 2)
    longer = max(camera.size)
    extent = np.array([camera.size[0] / longer, camera.size[1] / longer]) * half * fill
    distance = float(np.max(np.abs(local[:, :2]) / extent - local[:, 2:3]))
    distance = max(distance, MIN_DISTANCE)
    origin = camera.target - axes[2] * distance
    return replace(camera, origin=origin, focus=distance)


def projected_area(triangles: np.ndarray, camera: Camera) -> tuple[float, float]:
    """Return the area in px that (n, 3, 3) triangles in mm cover: in total, and within the frame."""
    flat = camera.project(triangles.reshape(-1, 3))[:, :2].reshape(-1, 3, 2)
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    front = a[:, 0] * b[:, 1] < a[:, 1] * b[:, 0]  # y points down
    shape = CrossSection(list(flat[front].astype(np.float64)), FillRule.NonZero)
    frame = CrossSection.square(camera.size)
    return float(shape.area()), float((shape ^ frame).area())
