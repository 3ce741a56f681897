"""Lofted, swept and lathed solids with rounded edges.

In:    2D outlines, paths of points, mm
Out:   Manifold
Needs: numpy, manifold3d    [render]

A moulded solid is a stack of rings with the same number of points, so that its edges are shaded smoothly.
"""

from collections.abc import Sequence

import numpy as np
from manifold3d import CrossSection, Manifold, Mesh, triangulate

from keykind.render.solids import DegenerateSolid, Point, polygon

SPACING = 1.4  # mm between the points of a ring
RING_POINTS = (32, 96)  # smallest and largest number of points around a moulded solid
WIRE_SIDES = 12  # of the section of a wire
CROWN_STEPS = (0.85, 0.65, 0.4, 0.15)  # scales of the rings on an arched face
TOLERANCE = 0.02  # mm, tolerance when simplifying an outline; finer corners are invisible
EDGE_STEPS = 4  # rings on a rounded edge
OVERSHOOT = 1.0  # mm by which a cutter extends beyond the solid


def resampled(outline: CrossSection) -> np.ndarray:
    """Return (n, 2) points in mm, evenly spaced along the longest contour of an outline.

    Raises DegenerateSolid if the outline is empty, e.g. a hole that did not fit.
    """
    if outline.is_empty():
        raise DegenerateSolid("outline is empty")
    contour = max(outline.to_polygons(), key=len)
    line = np.vstack([contour, contour[:1]]).astype(np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = int(np.clip(along[-1] / SPACING, *RING_POINTS))
    positions = np.linspace(0.0, along[-1], count, endpoint=False)
    return np.stack([np.interp(positions, along, line[:, axis]) for axis in (0, 1)], axis=1)


def walls(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Return the (m, 3) triangles between stacked rings of n points each."""
    index = np.arange(len(rings) * len(rings[0])).reshape(len(rings), -1)
    ahead = np.roll(index, -1, axis=1)
    low, low_ahead, high, high_ahead = index[:-1], ahead[:-1], index[1:], ahead[1:]
    sides = [np.stack([low, low_ahead, high_ahead], -1), np.stack([low, high_ahead, high], -1)]
    return np.concatenate([side.reshape(-1, 3) for side in sides])


def loft(rings: Sequence[np.ndarray], flat: np.ndarray | None = None) -> Manifold:
    """Return the solid through rings of (n, 3) points, bottom to top, counter-clockwise from above.

    flat (n, 2): shape of the ends, if they are not in the xy plane.
    """
    last = (len(rings) - 1) * len(rings[0])
    bottom = np.asarray(triangulate([rings[0][:, :2] if flat is None else flat]))
    top = bottom if flat is not None else np.asarray(triangulate([rings[-1][:, :2]]))
    faces = np.concatenate([walls(rings), bottom[:, ::-1], top + last])
    points = np.concatenate(rings).astype(np.float32)
    return Manifold(Mesh(vert_properties=points, tri_verts=faces.astype(np.uint32)))


def filleted(outline: CrossSection, radius: float) -> CrossSection:
    """Return an outline with convex and concave corners rounded to this radius in mm."""
    return outline.offset(radius).offset(-2 * radius).offset(radius).simplify(TOLERANCE)


def inward_normals(points: np.ndarray) -> np.ndarray:
    """Return the inward unit normals (n, 2) of a counter-clockwise polygon."""
    tangent = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    inward = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    return np.asarray(inward / (np.linalg.norm(inward, axis=1, keepdims=True) + 1e-9))


def mirrored(layers: list[tuple[np.ndarray, float]]) -> Manifold:
    """Return the solid through flat rings at heights z > 0, bottom to top, and their mirror images."""
    top = [np.column_stack([flat, np.full(len(flat), height)]) for flat, height in layers]
    return loft([ring * (1.0, 1.0, -1.0) for ring in reversed(top)] + top)


def moulded(outline: CrossSection, thickness: float, edge: float, crown: float = 0.0) -> Manifold:
    """Return a plate centred on z = 0 with edges of radius `edge` and faces arched by `crown`; mm."""
    crown = crown if outline.hull().area() < 1.06 * outline.area() else crown / 3  # or a waist would fold
    edge = min(edge, thickness / 2 - crown - 0.05)
    points = resampled(filleted(outline, edge * 1.05))
    inward, middle = inward_normals(points), points.mean(axis=0)
    layers: list[tuple[np.ndarray, float]] = []
    for turn in np.linspace(0.0, np.pi / 2, EDGE_STEPS + 1):
        height = thickness / 2 - crown - edge + edge * np.sin(turn)
        layers.append((points + inward * edge * (1 - np.cos(turn)), float(height)))
    rim = layers[-1][0]
    arched = CROWN_STEPS if crown > 0 else ()
    layers += [(middle + (rim - middle) * scale, thickness / 2 - crown * scale**2) for scale in arched]
    return mirrored(layers)


def bore(hole: CrossSection, thickness: float, edge: float) -> Manifold:
    """Return the cutter of a hole through a plate centred on z = 0, with edges of radius `edge`; mm."""
    points = resampled(hole)
    outward = -inward_normals(points)
    layers = [(points + outward * edge, thickness / 2 + OVERSHOOT)]
    for turn in np.linspace(0.0, np.pi / 2, EDGE_STEPS):
        height = thickness / 2 - edge * (1 - np.cos(turn))
        layers.append((points + outward * edge * (1 - np.sin(turn)), height))
    return mirrored(layers[::-1])


def circle_points(radius: float, sides: int) -> list[Point]:
    """Return the corners of a regular polygon around the origin, counter-clockwise, mm."""
    turns = np.arange(sides) * 2 * np.pi / sides
    return [(float(radius * np.cos(t)), float(radius * np.sin(t))) for t in turns]


def swept(path: np.ndarray, section: CrossSection, closed: bool = False) -> Manifold:
    """Return a section swept along a path of (n, 3) points in mm, its y axis as close to z as possible.

    No segment of the path may be vertical.
    """
    path = np.asarray(path, dtype=np.float64)
    flat = np.asarray(section.to_polygons()[0])
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    up = np.array([0.0, 0.0, 1.0]) - along * along[:, 2:]
    up /= np.linalg.norm(up, axis=1, keepdims=True) + 1e-9
    side = np.cross(along, up)
    rings = [
        position + flat[:, :1] * across + flat[:, 1:] * over
        for position, across, over in zip(path, -side, up, strict=True)
    ]
    if not closed:
        return loft(rings, flat)
    faces = walls([*rings, rings[0]]) % (len(rings) * len(flat))
    return Manifold(
        Mesh(vert_properties=np.concatenate(rings).astype(np.float32), tri_verts=faces.astype(np.uint32))
    )


def wire(path: np.ndarray, radius: float, closed: bool = False, sides: int = WIRE_SIDES) -> Manifold:
    """Return a round wire of this radius along a path of (n, 3) points; mm."""
    return swept(path, polygon(circle_points(radius, sides)), closed)


def lathed(profile: Sequence[Point], segments: int = 32) -> Manifold:
    """Return the solid of revolution about x of a closed profile of (x, radius) points, mm."""
    turned = polygon([(radius, x) for x, radius in profile]).revolve(segments)
    return turned.rotate((0.0, 90.0, 0.0))
