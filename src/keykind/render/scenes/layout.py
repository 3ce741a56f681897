"""Solids -> Bodies that lie, lean and overlap as things on a table do.

In:    Solids in their own millimetres
Out:   Body: triangles of each part, and the pose that takes them to the table (z = 0)
Needs: numpy, pillow, manifold3d    [render]
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import Manifold
from PIL import Image, ImageDraw

from keykind.render.solids import CREASE, Solid, Triangles, triangles

SKIN_CREASE = 80.0  # degrees; a hand has no edges
CELL = 1.0  # mm, of the map of heights
REACH = 220  # cells from the middle of that map to its edge
ROLLS = 40  # faces that a body may roll over before it must lie


@dataclass(frozen=True, slots=True)
class Body:
    """A solid with its triangles, turned and moved: world = points @ turn.T + place."""

    solid: Solid
    parts: tuple[Triangles, ...]
    turn: np.ndarray  # (3, 3)
    place: np.ndarray  # (3,) mm

    def world(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 3) points of the solid in the world, mm."""
        return np.asarray(np.asarray(points, dtype=np.float64) @ self.turn.T + self.place)

    def vertices(self) -> np.ndarray:
        """Return all vertices in the world, (n, 3) mm."""
        return self.world(np.concatenate([part.vertices for part in self.parts]))

    def corners(self) -> np.ndarray:
        """Return the triangles of all parts in the world, (n, 3, 3) mm."""
        return np.concatenate([self.world(shape.vertices)[shape.faces] for shape in self.parts])

    def moved(self, place: np.ndarray) -> "Body":
        """Return the body moved by (3,) mm."""
        return replace(self, place=self.place + place)

    def turned(self, turn: np.ndarray) -> "Body":
        """Return the body turned about the world's origin."""
        return replace(self, turn=turn @ self.turn, place=turn @ self.place)


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Return the (3, 3) turn about x, y or z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    turn[i, i], turn[i, j], turn[j, i], turn[j, j] = c, -s, s, c
    return turn


def body(solid: Solid) -> Body:
    """Return a solid as it was made, not yet laid down."""
    shapes = tuple(
        triangles(part, SKIN_CREASE if part.surface.finish == "skin" else CREASE) for part in solid.parts
    )
    return Body(solid, shapes, np.eye(3), np.zeros(3))


def laid(thing: Body) -> Body:
    """Return the body rolled until it lies, its middle over the origin and its lowest point at z = 0."""
    points = thing.vertices()
    hull = Manifold.hull_points(points).to_mesh()
    corners = np.asarray(hull.vert_properties, dtype=np.float64)[:, :3][np.asarray(hull.tri_verts)]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    corners, normals = corners[areas > 0], normals[areas > 0] / areas[areas > 0, None]
    heights = np.sum(normals * corners[:, 0], axis=1)
    down = _resting_side(normals, heights, _centre_of_mass(thing))
    lying = thing.turned(_turn_to_ground(down))
    low, high = lying.vertices().min(axis=0), lying.vertices().max(axis=0)
    return lying.moved(-np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]))


def _centre_of_mass(thing: Body) -> np.ndarray:
    volume, moment = 0.0, np.zeros(3)
    for part in thing.parts:
        a, b, c = np.moveaxis(thing.world(part.vertices)[part.faces], 1, 0)
        six = np.sum(a * np.cross(b, c), axis=1)
        volume += float(six.sum())
        moment += np.sum(six[:, None] * (a + b + c), axis=0) / 4
    return moment / volume


def _resting_side(normals: np.ndarray, heights: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Roll from face to face until the centre of mass stands above one: (3,) its unit normal."""
    down = np.array([0.0, 0.0, -1.0])
    for _ in range(ROLLS):
        towards = normals @ down
        ahead = towards > 1e-9
        way = np.full(len(normals), np.inf)
        way[ahead] = (heights[ahead] - normals[ahead] @ centre) / towards[ahead]
        face = normals[int(np.argmin(way))]
        if face @ down > 1 - 1e-9:
            break
        down = face
    return down


def _turn_to_ground(down: np.ndarray) -> np.ndarray:
    """Return the smallest turn that takes a direction to -z."""
    target = np.array([0.0, 0.0, -1.0])
    axis, cosine = np.cross(down, target), float(down @ target)
    if cosine < -1 + 1e-9:
        return rotation("x", 180.0)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn: np.ndarray = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return turn


class Table:
    """The map of heights on which things are put down one after another."""

    def __init__(self) -> None:
        self.heights = np.zeros((2 * REACH, 2 * REACH), dtype=np.float32)  # mm

    def put(self, thing: Body) -> Body:
        """Return the body lowered until it touches the table or what lies there, and remember it."""
        lowest = float(thing.vertices()[:, 2].min())
        bottom = self._relief(thing, upwards=False)
        under = np.isfinite(bottom)
        drop = float((self.heights[under] - bottom[under]).max()) if under.any() else -lowest
        put = thing.moved(np.array([0.0, 0.0, max(drop, -lowest)]))
        top = self._relief(put, upwards=True)
        covered = np.isfinite(top)
        self.heights[covered] = np.maximum(self.heights[covered], top[covered])
        return put

    def overlap(self, thing: Body) -> float:
        """Return the share of the body's footprint below which something lies already, 0..1."""
        shape = np.isfinite(self._relief(thing, upwards=True))
        return float((self.heights[shape] > 0).mean()) if shape.any() else 0.0

    def _relief(self, thing: Body, upwards: bool) -> np.ndarray:
        """Return the highest (or lowest) point of the body over each cell, NaN where it is not."""
        corners = thing.corners()
        levels = corners[..., 2].max(axis=1) if upwards else corners[..., 2].min(axis=1)
        order = np.argsort(levels if upwards else -levels)
        picture = Image.new("F", (2 * REACH, 2 * REACH), float("nan"))
        pen = ImageDraw.Draw(picture)
        flat = (corners[..., :2] / CELL + REACH).reshape(-1, 6)[order].tolist()
        for places, level in zip(flat, levels[order].tolist(), strict=True):
            pen.polygon(places, fill=level)
        return np.asarray(picture)
