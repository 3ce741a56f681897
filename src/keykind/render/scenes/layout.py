"""Place solids on a table, so that they lie, lean and overlap without intersecting.

In:    Solids in their own coordinates, mm
Out:   Body: triangles of each part, and the pose on the table (z = 0)
Needs: numpy, pillow, manifold3d    [render]
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import Manifold
from PIL import Image, ImageDraw

from keykind.render.solids import CREASE, Solid, Triangles, triangles

SKIN_CREASE = 80.0  # degrees; a hand has no sharp edges
CELL = 1.0  # mm, of the height map
RADIUS = 220  # cells from the middle of the height map to its edges
MAX_ROLLS = 40  # faces that a body may roll over before it must rest


@dataclass(frozen=True, slots=True)
class Body:
    """A solid with its triangles and pose: world = points @ rotation.T + position."""

    solid: Solid
    parts: tuple[Triangles, ...]
    rotation: np.ndarray  # (3, 3)
    position: np.ndarray  # (3,) mm

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 3) points of the solid in world coordinates, mm."""
        return np.asarray(np.asarray(points, dtype=np.float64) @ self.rotation.T + self.position)

    def vertices(self) -> np.ndarray:
        """Return all vertices in world coordinates, (n, 3) mm."""
        return self.to_world(np.concatenate([part.vertices for part in self.parts]))

    def triangle_corners(self) -> np.ndarray:
        """Return the corners of all triangles in world coordinates, (n, 3, 3) mm."""
        return np.concatenate([self.to_world(part.vertices)[part.faces] for part in self.parts])

    def translated(self, offset: np.ndarray) -> "Body":
        """Return the body moved by (3,) mm."""
        return replace(self, position=self.position + offset)

    def rotated(self, rotation: np.ndarray) -> "Body":
        """Return the body rotated about the origin of the world by a (3, 3) matrix."""
        return replace(self, rotation=rotation @ self.rotation, position=rotation @ self.position)


def rotation_matrix(axis: str, degrees: float) -> np.ndarray:
    """Return the (3, 3) rotation about x, y or z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


def make_body(solid: Solid) -> Body:
    """Return a solid with its triangles, in its own coordinates."""
    parts = tuple(
        triangles(part, SKIN_CREASE if part.surface.finish == "skin" else CREASE) for part in solid.parts
    )
    return Body(solid, parts, np.eye(3), np.zeros(3))


def settle(body: Body) -> Body:
    """Return the body rolled until it is stable, centred on the origin, with its lowest point at z = 0."""
    points = body.vertices()
    hull = Manifold.hull_points(points).to_mesh()
    corners = np.asarray(hull.vert_properties, dtype=np.float64)[:, :3][np.asarray(hull.tri_verts)]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    corners, normals = corners[areas > 0], normals[areas > 0] / areas[areas > 0, None]
    heights = np.sum(normals * corners[:, 0], axis=1)
    down = _resting_face(normals, heights, _centre_of_mass(body))
    resting = body.rotated(_rotation_to_ground(down))
    low, high = resting.vertices().min(axis=0), resting.vertices().max(axis=0)
    return resting.translated(-np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]))


def _centre_of_mass(body: Body) -> np.ndarray:
    volume, moment = 0.0, np.zeros(3)
    for part in body.parts:
        a, b, c = np.moveaxis(body.to_world(part.vertices)[part.faces], 1, 0)
        six = np.sum(a * np.cross(b, c), axis=1)
        volume += float(six.sum())
        moment += np.sum(six[:, None] * (a + b + c), axis=0) / 4
    return moment / volume


def _resting_face(normals: np.ndarray, heights: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the (3,) unit normal of the face that a convex hull comes to rest on, rolling over its faces.

    normals (n, 3) and heights (n,): planes of the hull; centre (3,): centre of mass, mm.
    """
    down = np.array([0.0, 0.0, -1.0])
    for _ in range(MAX_ROLLS):
        cosine = normals @ down
        facing = cosine > 1e-9
        distance = np.full(len(normals), np.inf)
        distance[facing] = (heights[facing] - normals[facing] @ centre) / cosine[facing]
        face = normals[int(np.argmin(distance))]
        if face @ down > 1 - 1e-9:
            break
        down = face
    return down


def _rotation_to_ground(down: np.ndarray) -> np.ndarray:
    """Return the smallest rotation that takes a unit vector to -z."""
    target = np.array([0.0, 0.0, -1.0])
    axis, cosine = np.cross(down, target), float(down @ target)
    if cosine < -1 + 1e-9:
        return rotation_matrix("x", 180.0)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation: np.ndarray = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return rotation


class Table:
    """The height map of a table on which bodies are put down one after another."""

    def __init__(self) -> None:
        self.heights = np.zeros((2 * RADIUS, 2 * RADIUS), dtype=np.float32)  # mm

    def put(self, body: Body) -> Body:
        """Return the body lowered until it touches the table or another body; update the height map."""
        lowered = self.lowered(body)
        self.cover(lowered)
        return lowered

    def lowered(self, body: Body) -> Body:
        """Return the body lowered until it touches the table or another body."""
        lowest = float(body.vertices()[:, 2].min())
        bottom = self.relief(body, upwards=False)
        below = np.isfinite(bottom)
        shift = float((self.heights[below] - bottom[below]).max()) if below.any() else -lowest
        return body.translated(np.array([0.0, 0.0, max(shift, -lowest)]))

    def cover(self, body: Body) -> None:
        """Update the height map with a body where it is."""
        top = self.relief(body, upwards=True)
        covered = np.isfinite(top)
        self.heights[covered] = np.maximum(self.heights[covered], top[covered])

    def overlap(self, body: Body) -> float:
        """Return the share of the body's footprint that is already occupied, 0..1."""
        footprint = np.isfinite(self.relief(body, upwards=True))
        return float((self.heights[footprint] > 0).mean()) if footprint.any() else 0.0

    @staticmethod
    def relief(body: Body, upwards: bool) -> np.ndarray:
        """Return the highest (or lowest) point of the body in each cell, mm; NaN outside its footprint."""
        corners = body.triangle_corners()
        levels = corners[..., 2].max(axis=1) if upwards else corners[..., 2].min(axis=1)
        order = np.argsort(levels if upwards else -levels)
        image = Image.new("F", (2 * RADIUS, 2 * RADIUS), float("nan"))
        draw = ImageDraw.Draw(image)
        polygons = (corners[..., :2] / CELL + RADIUS).reshape(-1, 6)[order].tolist()
        for polygon, level in zip(polygons, levels[order].tolist(), strict=True):
            draw.polygon(polygon, fill=level)
        return np.asarray(image)
