"""A hand and what it holds, in the frame of the hand.

In:    posed Hand, keys as Bodies
Out:   Held; tests of overlap between skin and keys
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.render.props.hand import Hand
from keykind.render.props.hand_mesh import hand_mesh
from keykind.render.scenes.layout import CELL, RADIUS, Body, Table, make_body
from keykind.render.solids import Solid, Triangles

SOFTNESS = 0.9  # mm that a key sinks into the skin


@dataclass(frozen=True, slots=True)
class Held:
    """A hand and what it holds, in the frame of the hand."""

    hand: Hand
    keys: tuple[Body, ...]  # and other things that it holds
    up: np.ndarray | None = None  # (3,) against gravity; None: any direction
    others: tuple[Body, ...] = ()  # that the keys hang on
    pinched: bool = False  # else they lie on the hand

    def bodies(self) -> tuple[Body, ...]:
        """Return all that the hand holds."""
        return (*self.keys, *self.others)


@dataclass(frozen=True, slots=True)
class Slab:
    """The top and the bottom of a solid over its own xy plane, for quick tests of overlap."""

    top: np.ndarray  # (n, n) mm, NaN outside
    bottom: np.ndarray

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return bottom and top at (n, 2) points, mm."""
        cells = np.clip(np.round(points / CELL + RADIUS - 0.5).astype(int), 0, 2 * RADIUS - 1)
        return self.bottom[cells[:, 1], cells[:, 0]], self.top[cells[:, 1], cells[:, 0]]

    def depth(self, body: Body, points: np.ndarray) -> np.ndarray:
        """Return how deep (n, 3) points lie inside a body of this shape, mm; 0 outside."""
        local = (points - body.position) @ body.rotation
        bottom, top = self.at(local[:, :2])
        inside = np.maximum(np.minimum(local[:, 2] - bottom, top - local[:, 2]), 0.0)
        return np.asarray(np.nan_to_num(inside))


def slab(solid: Solid) -> Slab:
    """Return the slab of a solid."""
    body = make_body(solid)
    return Slab(Table.relief(body, upwards=True), Table.relief(body, upwards=False))


def skin_body(hand: Hand, without_thumb: bool = False) -> Body:
    """Return the hand's coarse skin as a body; the thumb is left out if nothing lies on it."""
    mesh, vertices = hand_mesh(), hand.vertices()
    faces = mesh.faces
    if without_thumb:
        of_thumb = mesh.weights[:, [n.startswith("thumb-phalanx") for n in mesh.names]].sum(axis=1) > 0.4
        faces = faces[~of_thumb[faces].any(axis=1)]
    triangles = Triangles(vertices, vertices, faces, np.zeros(len(faces), dtype=bool))
    return Body(Solid(None, (), (0.0, 0.0), (0.0, 0.0)), (triangles,), np.eye(3), np.zeros(3))


def overlap(hand: Hand, shapes: Sequence[tuple[Body, Slab]], mine: np.ndarray) -> float:
    """Return how deep the deepest of some vertices of the hand lies in a key, mm."""
    points = hand.vertices()[mine]
    return max(float(shape.depth(key, points).max()) for key, shape in shapes)
