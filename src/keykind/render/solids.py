"""Solids of keys and props, and their triangle meshes.

In:    2D outlines and 3D solids of manifold3d, mm
Out:   Part (one solid with one surface), Head, Solid; triangles with normals, split at sharp edges
Needs: numpy, manifold3d    [render]

The axis of a key is x: the shoulder (where the blade meets the head) is at x = 0, the tip at the largest x,
the bow at negative x. z is the thickness, centred on 0; the bitting of a single-sided key points towards -y.
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, Manifold

CREASE = 35.0  # degrees between two faces, from which their edge is sharp
MIN_VOLUME = 1e-3  # mm3; a smaller solid would be invisible

Point = tuple[float, float]
Colour = tuple[float, float, float]  # linear RGB reflectance, 0..1


class DegenerateSolid(ValueError):
    """A cut emptied or split a randomly drawn solid, or left it self-touching; it has to be redrawn."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Text, a logo or a frame stamped into a surface or printed on it, seen from above (+z)."""

    text: str  # literal, or the name of a shape: "logo:NAME", "frame:round", "frame:outline", "icon:lock"
    centre: Point  # mm
    height: float  # mm, of a capital letter or of the shape
    angle: float = 0.0  # degrees, counter-clockwise
    depth: float = -0.15  # mm; negative: recessed, positive: raised, 0: printed only
    colour: Colour | None = None  # of the paint; None: that of the surface


@dataclass(frozen=True, slots=True)
class Surface:
    """The material of a part; paint.surfaces.paint draws its textures."""

    metal: bool
    colour: Colour
    roughness: float  # 0 mirror .. 1 matt
    finish: str = "satin"  # polished, satin, brushed, cast, ground, moulded, painted, woven, skin, printed
    wear: float = 0.0  # 0 new .. 1 scratched and dull all over
    rust: float = 0.0  # 0 none .. 1 covered; tarnish on brass and nickel silver
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True, slots=True)
class Triangles:
    """The triangle mesh of a part; vertices are duplicated at sharp edges."""

    vertices: np.ndarray  # (n, 3) float32, mm
    normals: np.ndarray  # (n, 3) float32, unit length
    faces: np.ndarray  # (m, 3) uint32
    cut: np.ndarray  # (m,) bool, made by a cutting tool
    uvs: np.ndarray | None = None  # (n, 2) mm on the texture; None: projected along z


@dataclass(frozen=True, slots=True)
class Part:
    """One solid with one surface; faces that a cutting tool made get `cut_surface` (bare metal)."""

    solid: Manifold
    name: str  # "blade" or "bow" of a key; of others e.g. "ring", "tag", "coin", "hand"
    surface: Surface
    cut_surface: Surface | None = None
    original_id: int = -1  # Manifold's original_id of the uncut blank; -1: no face counts as cut
    mesh: Triangles | None = None  # shown instead of the solid's own triangles


@dataclass(frozen=True, slots=True)
class Head:
    """The part of a key that is held: the metal outline (x <= 0) and the parts attached to it."""

    outline: CrossSection  # of the metal, meets the blade at x = 0; hidden in a plastic head
    parts: tuple[Part, ...]  # plastic shell, buttons, inlay, fob; empty for a plain metal bow
    end: Point  # mm, the point farthest from the shoulder
    hole: Point | None  # mm, centre of the hole for a ring
    stamps: tuple[Stamp, ...] = ()  # on the metal
    thickness: float = 2.0  # mm, of the thickest part


@dataclass(frozen=True, slots=True)
class Solid:
    """One object of a scene: a key, or a prop, which has no kind."""

    kind: str | None  # None: not a key
    parts: tuple[Part, ...]
    head: Point  # mm, end of the head; of a prop, one end of its longest axis
    tip: Point  # mm; of a prop, the other end
    hole: Point | None = None  # mm, centre of the hole for a ring
    thickness: float = 2.0  # mm, height when lying flat
    bladeless: bool = False  # a remote or a folded flip key: a key whose blade is hidden, without a kind


def check_solid(solid: Manifold, name: str, pieces: int = 1) -> Manifold:
    """Return the solid; raise DegenerateSolid if it is invalid, empty or not in this number of pieces."""
    if str(solid.status()) != "Error.NoError":
        raise DegenerateSolid(f"{name}: {solid.status()}")
    if solid.is_empty() or solid.volume() < MIN_VOLUME:
        raise DegenerateSolid(f"{name}: is empty")
    count = len(solid.decompose())
    if count != pieces:
        raise DegenerateSolid(f"{name}: cut into {count} pieces, {pieces} expected")
    return solid


def placed(part: Part, degrees: float, offset: Point) -> Part:
    """Return a part with its stamps, rotated about z through the origin, then moved by (x, y) mm."""
    c, s = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    stamps = tuple(
        replace(
            stamp,
            centre=(
                c * stamp.centre[0] - s * stamp.centre[1] + offset[0],
                s * stamp.centre[0] + c * stamp.centre[1] + offset[1],
            ),
            angle=stamp.angle + degrees,
        )
        for stamp in part.surface.stamps
    )
    solid = part.solid.rotate((0.0, 0.0, degrees)).translate((*offset, 0.0))
    return replace(part, solid=solid, surface=replace(part.surface, stamps=stamps))


def triangles(part: Part, crease: float = CREASE) -> Triangles:
    """Return the mesh of a part, smooth across edges of less than `crease` degrees.

    Raises DegenerateSolid if there are no faces or a vertex is not finite, which would crash Mitsuba.
    """
    if part.mesh is not None:
        return part.mesh
    mesh = part.solid.calculate_normals(0, crease).to_mesh(0)
    properties = np.asarray(mesh.vert_properties, dtype=np.float32)
    faces = np.asarray(mesh.tri_verts, dtype=np.uint32)
    cut = np.zeros(len(faces), dtype=bool)
    if part.original_id >= 0 and part.cut_surface is not None:
        starts = np.asarray(mesh.run_index) // 3
        for run, original in enumerate(mesh.run_original_id):
            cut[starts[run] : starts[run + 1]] = original != part.original_id
    vertices = np.ascontiguousarray(properties[:, :3])
    if not len(faces) or not np.isfinite(vertices).all():
        raise DegenerateSolid(f"{part.name}: {len(faces)} faces, or a vertex that is not finite")
    return Triangles(vertices, _normals(vertices, faces), faces, cut)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return vertex normals weighted by face area, so that slivers next to a flat face do not tilt it."""
    corners = vertices[faces].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros(vertices.shape)
    np.add.at(normals, faces.ravel(), np.repeat(areas, 3, axis=0))
    lengths = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return np.asarray(normals / lengths, dtype=np.float32)


def polygon(points: np.ndarray | list[Point]) -> CrossSection:
    """Return the area inside a polygon of (n, 2) points in mm, in either orientation."""
    line = np.asarray(points, dtype=np.float64)
    ahead = np.roll(line, -1, axis=0)
    area = float(np.sum(line[:, 0] * ahead[:, 1] - ahead[:, 0] * line[:, 1]))
    return CrossSection([line if area > 0 else line[::-1]])


def plate(outline: CrossSection, thickness: float) -> Manifold:
    """Return an outline extruded to this thickness in mm, centred on z = 0."""
    return Manifold.extrude(outline, thickness).translate((0.0, 0.0, -thickness / 2))
