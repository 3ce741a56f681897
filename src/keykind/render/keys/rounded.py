"""Solids of forged, cast and turned keys: bent rods, turned shanks, cast plates with rounded edges.

In:    lines (n, 2), CrossSections, mm
Out:   Manifold
Needs: numpy, manifold3d    [render]

Meshes are built directly, which is much faster than hulls of spheres.
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold, Mesh, triangulate

from keykind.render.solids import DegenerateSolid, plate

ROUND = 14  # segments around a bent rod; 3 mm thick, it looks smooth from 20 cm
TURNED = 26  # segments around a shank
CAP = 3  # rings on the rounded end of a rod
STEP = 1e-3  # mm along the axis, length of a sharp step in a turned profile
CORNER = 16  # segments per full circle at the corners of a casting
MIN_ROUNDING = 0.05  # mm, smallest visible rounding of an edge
LEAN = 1.5  # radius of convex corners in insets, so that the inset never folds
# Inset and depth of a rounded edge. The first facet is at 40 degrees to the face, which makes a crease and
# keeps the shading of the face flat; the next two turn by 25 degrees each, which looks round.
EDGE = np.array([(1.0, 0.0), (0.35, 0.545), (0.0, 1.3)])

Line = np.ndarray  # (n, 2) float64, mm


def _mesh(vertices: np.ndarray, faces: np.ndarray) -> Manifold:
    return Manifold(Mesh(vertices.astype(np.float32), faces.astype(np.uint32)))


def _strips(rings: int, around: int, closed: bool) -> np.ndarray:
    """Return the triangles (m, 3) between `rings` rings of `around` vertices."""
    first = np.arange(rings if closed else rings - 1)[:, None]
    here, there = first * around, (first + 1) % rings * around
    j, k = np.arange(around)[None], (np.arange(around)[None] + 1) % around
    lower = np.stack(np.broadcast_arrays(here + j, here + k, there + k), -1)
    upper = np.stack(np.broadcast_arrays(here + j, there + k, there + j), -1)
    return np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])


def rod(
    line: Line, width: float | np.ndarray, height: float | np.ndarray | None = None, around: int = ROUND
) -> Manifold:
    """Return a rod with rounded ends along an open line (n, 2) in z = 0.

    width, height: half sizes in the plane and along z, scalar or (n,), mm; height None: as width.
    around: number of segments.
    """
    wide = np.broadcast_to(np.asarray(width, float), len(line))
    high = wide if height is None else np.broadcast_to(np.asarray(height, float), len(line))
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    angle = np.linspace(0, np.pi / 2, CAP + 1)[:-1]
    out, shrink = np.sin(angle), np.cos(angle)
    start = line[0] - along[0] * wide[0] * out[::-1][:, None]
    end = line[-1] + along[-1] * wide[-1] * out[:, None]
    centres = np.concatenate([start, line[1:-1], end])
    tangents = np.concatenate([np.repeat(along[:1], CAP, 0), along[1:-1], np.repeat(along[-1:], CAP, 0)])
    sizes = np.concatenate([shrink[::-1], np.ones(len(line) - 2), shrink])
    index = np.concatenate([np.zeros(CAP, int), np.arange(1, len(line) - 1), np.full(CAP, len(line) - 1)])
    rings = _rings(centres, tangents, np.stack([wide[index], high[index]], 1) * sizes[:, None], around)
    poles = np.zeros((2, 3))
    poles[:, :2] = line[0] - along[0] * wide[0], line[-1] + along[-1] * wide[-1]
    return _skin(rings, poles, around)


def _skin(rings: np.ndarray, poles: np.ndarray, around: int) -> Manifold:
    """Return the solid through rings (n * around, 3), closed at its ends by two poles (2, 3)."""
    count, j = len(rings), np.arange(around)
    k, last = (j + 1) % around, count - around
    start = np.stack([k, j, np.full(around, count)], 1)
    end = np.stack([last + j, last + k, np.full(around, count + 1)], 1)
    return _mesh(
        np.concatenate([rings, poles]), np.concatenate([_strips(count // around, around, False), start, end])
    )


def ring(line: Line, width: float | np.ndarray, height: float | np.ndarray | None = None) -> Manifold:
    """Return a rod along a closed counter-clockwise line (n, 2) in z = 0; sizes as in `rod`."""
    wide = np.broadcast_to(np.asarray(width, float), len(line))
    high = wide if height is None else np.broadcast_to(np.asarray(height, float), len(line))
    along = np.roll(line, -1, 0) - np.roll(line, 1, 0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return _mesh(_rings(line, along, np.stack([wide, high], 1), ROUND), _strips(len(line), ROUND, True))


def _rings(centres: Line, along: Line, sizes: Line, around: int) -> np.ndarray:
    """Return ellipses (n * around, 3) with semi-axes `sizes` around the centres, perpendicular to `along`."""
    angle = np.arange(around) * 2 * np.pi / around
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    rings = np.empty((len(centres), around, 3))
    rings[..., :2] = centres[:, None] + across[:, None] * (sizes[:, :1] * np.cos(angle))[..., None]
    rings[..., 2] = sizes[:, 1:] * np.sin(angle)
    return rings.reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Turning:
    """One ornament of a turned shank; a groove if its height is negative."""

    centre: float  # mm along the shank
    half: float  # mm, half its length
    height: float  # mm above the shank
    form: str = "bead"  # bead (half an ellipse), ring (bevelled rectangle), cone (thick end towards the tip)


def _swelling(turning: Turning, u: np.ndarray) -> np.ndarray:
    """Return the relative height (0..1) of a turning at u in -1..1 along it."""
    if turning.form == "ring":
        return np.asarray(np.minimum(1.0, (1.0 - np.abs(u)) * 5.0 + 0.6))
    if turning.form == "cone":
        return np.clip((1.0 + u) / 2, 0.0, 1.0) ** 1.5
    return np.asarray(np.sqrt(np.maximum(0.0, 1.0 - u * u)))


def turned_shank(knots: Line, turnings: list[Turning], segments: int = TURNED) -> Manifold:
    """Return a solid of revolution about x with ornaments; knots (n, 2): x and radius of its profile, mm."""
    stations = [knots[:, 0]]
    for turning in turnings:
        u = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 9 if turning.form == "bead" else 7))
        stations += [
            turning.centre + turning.half * u,
            turning.centre + np.array([-1.0, 1.0]) * (turning.half + STEP),
        ]
    x = np.unique(np.clip(np.concatenate(stations), knots[0, 0], knots[-1, 0]))
    x = x[np.append(True, np.diff(x) > STEP / 10)]
    base = np.interp(x, knots[:, 0], knots[:, 1])
    radius = base.copy()
    for turning in turnings:
        inside = np.abs(x - turning.centre) <= turning.half + 1e-9
        swollen = base + turning.height * _swelling(turning, (x - turning.centre) / turning.half)
        pick = np.minimum if turning.height < 0 else np.maximum
        radius = np.where(inside, pick(radius, swollen), radius)
    angle = np.arange(segments) * 2 * np.pi / segments
    rings = np.empty((len(x), segments, 3))
    rings[..., 0] = x[:, None]
    rings[..., 1:] = np.maximum(radius, 0.05)[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    poles = np.array([(x[0], 0.0, 0.0), (x[-1], 0.0, 0.0)])
    return _skin(rings.reshape(-1, 3), poles, segments)


def cast(outline: CrossSection, thickness: float, rounding: float) -> Manifold:
    """Return an outline extruded around z = 0, its edges rounded by `rounding` mm as in a casting.

    Webs thinner than three times the rounding are lost. The rounding is reduced if the edge would fold.
    Raises DegenerateSolid if nothing is left.
    """
    smooth = outline.offset(-rounding * LEAN, JoinType.Round, circular_segments=CORNER)
    smooth = smooth.offset(rounding * LEAN, JoinType.Round, circular_segments=CORNER).simplify(2e-3)
    if smooth.is_empty():
        raise DegenerateSolid("casting is thinner than its rounded edges")
    lines = [np.asarray(line) for line in smooth.to_polygons()]
    top = [line + _inward(line) * rounding for line in lines]
    flat = triangulate(top)
    if _folded(np.concatenate(top), flat):
        return (
            cast(outline, thickness, rounding * 0.6) if rounding > MIN_ROUNDING else plate(outline, thickness)
        )
    steps = np.array([*EDGE[:, 0], *EDGE[::-1, 0]]) * rounding
    heights = np.repeat([-0.5, 0.5], 3) * thickness + np.array([*EDGE[:, 1], *-EDGE[::-1, 1]]) * rounding
    layers = [np.concatenate([line + _inward(line) * step for line in lines]) for step in steps]
    total = len(layers[0])
    vertices = np.column_stack([np.concatenate(layers), np.repeat(heights, total)])
    faces, first = [flat[:, ::-1], flat + total * 5], 0
    for line in lines:
        index = np.arange(6)[:, None] * total + first + np.arange(len(line))
        faces.append(index.ravel()[_strips(6, len(line), False)])
        first += len(line)
    return _mesh(vertices, np.concatenate(faces))


def _folded(points: Line, faces: np.ndarray) -> bool:
    """Return whether any triangle (m, 3) of a flat area is inverted."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    areas = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    return bool(areas.min() < -1e-6)


def _inward(line: Line) -> Line:
    """Return the displacement of each corner (n, 2) if the area left of the line shrinks by 1 mm."""
    edge = np.roll(line, -1, 0) - line
    edge /= np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-9)
    left = np.stack([-edge[:, 1], edge[:, 0]], 1)
    both = left + np.roll(left, 1, 0)
    # A corner moves farther than its edges, but at most twice as far, or sharp corners would cross.
    return np.asarray(both / np.maximum((both**2).sum(1, keepdims=True) / 2, 0.5))
