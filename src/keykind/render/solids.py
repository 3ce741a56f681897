"""Blanks, cuts and heads -> Solids: keys and their company as they are made, in millimetres.

In:    2D outlines and 3D tools of manifold3d
Out:   Part (one solid of one surface), Head, Solid; triangles with normals, split at sharp edges
Needs: numpy, manifold3d    [render]

A key lies along x: the shoulder (where the blade leaves the head) at x = 0, the tip at the largest x, the bow
at negative x. z is the thickness, centred on 0; the bitting of a single-sided key points to -y.
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold

CREASE = 35.0  # degrees between faces from which an edge is sharp
LEAST_VOLUME = 1e-3  # mm3; a solid below this has nothing left to see

Point = tuple[float, float]
Colour = tuple[float, float, float]  # linear RGB reflectance, 0..1


class DegenerateSolid(ValueError):
    """A drawn solid that a cut emptied, split or left touching itself: to be drawn again."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Text, a logo or a frame struck into a surface or printed on it, seen from above (+z)."""

    text: str  # what is written; "logo:NAME", "frame:round", "frame:outline", "icon:lock" name drawn shapes
    centre: Point  # mm
    height: float  # mm, of a capital letter or of the shape
    angle: float = 0.0  # degrees, counter-clockwise
    depth: float = -0.15  # mm; negative is struck in, positive stands out, 0 is only printed
    colour: Colour | None = None  # paint in the letters; None: the surface's own


@dataclass(frozen=True, slots=True)
class Surface:
    """What a part is covered with; `surfaces.paint` makes the pictures of it."""

    metal: bool
    colour: Colour
    roughness: float  # 0 mirror .. 1 matt
    finish: str = "satin"  # polished, satin, brushed, cast, ground, moulded, painted, woven, skin, printed
    wear: float = 0.0  # 0 new .. 1 scratched and dulled all over
    rust: float = 0.0  # 0 none .. 1 covered; on brass and nickel silver it is tarnish
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One solid with one surface; faces made by a tool other than `body` get `cut_surface` (fresh metal)."""

    solid: Manifold
    name: str  # "blade", "bow", or what it is: "ring", "tag", "coin", "hand"
    surface: Surface
    cut_surface: Surface | None = None
    body: int = -1  # manifold's original_id of the uncut blank; -1: no face counts as cut


@dataclass(frozen=True, slots=True)
class Head:
    """What a key is held by: the metal outline (x <= 0) and what is put on it."""

    outline: CrossSection  # of the metal, joined to the blade at x = 0; hidden inside a plastic head
    parts: tuple[Part, ...]  # plastic shell, buttons, inlay, fob; none for a plain metal bow
    end: Point  # the farthest point behind the shoulder
    hole: Point | None  # centre of the hole that a ring goes through
    stamps: tuple[Stamp, ...] = ()  # struck into the metal
    thickness: float = 2.0  # mm, of the thickest part, for lying it down


@dataclass(frozen=True, slots=True)
class Solid:
    """One thing to lay into a scene: a key, or company without a kind."""

    kind: str | None  # None: not a key
    parts: tuple[Part, ...]
    head: Point  # mm, end of the head; for company the two ends of its longest axis
    tip: Point
    hole: Point | None = None  # where a ring passes
    thickness: float = 2.0  # mm, height when it lies flat


@dataclass(frozen=True, slots=True)
class Triangles:
    """The surface of a part: vertices are doubled where an edge is sharp."""

    vertices: np.ndarray  # (n, 3) float32, mm
    normals: np.ndarray  # (n, 3) float32, unit length
    faces: np.ndarray  # (m, 3) uint32
    cut: np.ndarray  # (m,) bool: made by a cutting tool


def checked(solid: Manifold, name: str, pieces: int = 1) -> Manifold:
    """Return the solid, or raise DegenerateSolid if a cut emptied it, split it or broke it."""
    if str(solid.status()) != "Error.NoError":
        raise DegenerateSolid(f"{name}: {solid.status()}")
    if solid.is_empty() or solid.volume() < LEAST_VOLUME:
        raise DegenerateSolid(f"{name}: nothing is left of it")
    found = len(solid.decompose())
    if found != pieces:
        raise DegenerateSolid(f"{name}: cut into {found} pieces, {pieces} expected")
    return solid


def triangles(part: Part, crease: float = CREASE) -> Triangles:
    """Return the triangles of a part, smooth across edges flatter than `crease` degrees.

    Raises DegenerateSolid if a vertex is nowhere: it would take the whole process down later.
    """
    mesh = part.solid.calculate_normals(0, crease).to_mesh(0)
    properties = np.asarray(mesh.vert_properties, dtype=np.float32)
    faces = np.asarray(mesh.tri_verts, dtype=np.uint32)
    cut = np.zeros(len(faces), dtype=bool)
    if part.body >= 0 and part.cut_surface is not None:
        starts = np.asarray(mesh.run_index) // 3
        for run, original in enumerate(mesh.run_original_id):
            cut[starts[run] : starts[run + 1]] = original != part.body
    vertices = np.ascontiguousarray(properties[:, :3])
    if not len(faces) or not np.isfinite(vertices).all():
        raise DegenerateSolid(f"{part.name}: {len(faces)} faces, or a vertex that is no number")
    return Triangles(vertices, _normals(vertices, faces), faces, cut)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return normals weighted by the faces' areas: slivers at a groove's end tilt no flat beside it."""
    corners = vertices[faces].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros(vertices.shape)
    np.add.at(normals, faces.ravel(), np.repeat(areas, 3, axis=0))
    lengths = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return np.asarray(normals / lengths, dtype=np.float32)


def polygon(points: np.ndarray | list[Point]) -> CrossSection:
    """Return the area inside a closed line of (n, 2) points in mm, in either direction."""
    line = np.asarray(points, dtype=np.float64)
    turned = np.roll(line, -1, axis=0)
    area = float(np.sum(line[:, 0] * turned[:, 1] - turned[:, 0] * line[:, 1]))
    return CrossSection([line if area > 0 else line[::-1]])


def plate(outline: CrossSection, thickness: float) -> Manifold:
    """Return an outline as a plate of this thickness, centred on z = 0."""
    return Manifold.extrude(outline, thickness).translate((0.0, 0.0, -thickness / 2))
