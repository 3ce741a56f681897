"""Cutting tools for flat keys: grooves, dimples, pockets, notches, bevels.

In:    positions, widths and depths in mm
Out:   Manifold to subtract from a blank; CrossSection seen from above (+z)
Needs: numpy, manifold3d    [render]

Tools cut the upper face (z = `face`) and extend above it; `flipped` moves them to the lower face.
"""

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold, OpType

from keykind.render.solids import Point, polygon

CLEARANCE = 0.3  # mm by which a tool extends beyond the face that it cuts

# inset from the wall and depth, as shares of the depth: steps of a quarter circle
BALL_STEPS = ((0.0, 0.45), (0.13, 0.7), (0.33, 0.9), (0.6, 1.0))


def flipped(tool: Manifold, middle: float) -> Manifold:
    """Return a tool rotated to the other face: by 180 degrees about the axis of the blade at y = middle."""
    return tool.translate((0.0, -middle, 0.0)).rotate((180.0, 0.0, 0.0)).translate((0.0, middle, 0.0))


def section(shape: str, width: float, depth: float) -> np.ndarray:
    """Return the convex section (n, 2) of a groove, y and z in mm: `width` at z = 0, and `depth`.

    shape: "flat" with steep flanks, "vee" with a narrow floor, "round" as cut by a disc with a rounded edge.
    """
    if shape == "round":
        turn = np.linspace(0.0, np.pi, 9)
        line = np.stack([-np.cos(turn) * width / 2, -np.sin(turn) * depth], axis=1)
    else:
        floor = 0.84 if shape == "flat" else 0.2
        line = np.array([(-0.5, 0.0), (-floor / 2, -1.0), (floor / 2, -1.0), (0.5, 0.0)]) * (width, depth)
    lean = (width - abs(line[1, 0]) * 2) / 2 / abs(line[1, 1])  # the flanks continue above the face
    rise = depth + CLEARANCE
    top = width / 2 + lean * rise
    return np.concatenate([[(-top, rise)], line, [(top, rise)]])


def groove(profile: np.ndarray, face: float, y: float, start: float, end: float, run: float) -> Manifold:
    """Return a straight groove along x at y, mm, with a run-out of `run` mm before `start`.

    profile (n, 2): from `section`. The run-out is that of a disc cutter, pointed if the flanks are inclined.
    """
    depth = -float(profile[:, 1].min())
    stations = [(start - run, depth + 0.05), (start - 0.45 * run, 0.3 * depth), (start, 0.0), (end, 0.0)]
    points = [(x, y + side, face + up + lift) for x, lift in stations for side, up in profile]
    return Manifold.hull_points(np.array(points))


def cone(position: Point, face: float, depth: float, tip: float, angle: float) -> Manifold:
    """Return the tip of a drill at x, y in mm: radius `tip` at `depth`, included angle in degrees."""
    height = depth + CLEARANCE
    wide = tip + height * np.tan(np.radians(angle / 2))
    return Manifold.cylinder(height, tip, wide, 20).translate((*position, face - depth))


def ball(position: Point, face: float, depth: float, radius: float) -> Manifold:
    """Return a ball cutter of this radius at x, y, `depth` deep; mm."""
    return Manifold.sphere(radius, 20).translate((*position, face - depth + radius))


def elongated(tool: Manifold, along: float, across: float) -> Manifold:
    """Return the hull of a tool moved by (along, across) mm to either side while cutting."""
    ends = [tool.translate((sign * along, sign * across, 0.0)) for sign in (-1.0, 1.0)]
    return Manifold.batch_hull(ends)


def milled(area: CrossSection, face: float, depth: float) -> Manifold:
    """Return a pocket with vertical walls, `depth` mm deep."""
    return Manifold.extrude(area, depth + CLEARANCE).translate((0.0, 0.0, face - depth))


def ball_milled(area: CrossSection, face: float, depth: float) -> Manifold:
    """Return a pocket `depth` mm deep with a fillet at its floor, as cut by a ball end mill."""
    steps = [milled(area, face, depth * BALL_STEPS[0][1])]
    for inset, share in BALL_STEPS[1:]:
        inner = area.offset(-inset * depth, JoinType.Round, circular_segments=16)
        if not inner.is_empty():
            steps.append(milled(inner, face, depth * share))
    return Manifold.batch_boolean(steps, OpType.Add)


def wave(positions: np.ndarray, heights: np.ndarray, flat: float) -> np.ndarray:
    """Return the line (2n, 2) that is level for `flat` mm around each position and straight in between."""
    x = np.stack([positions - flat / 2, positions + flat / 2], axis=1).ravel()
    return np.stack([x, np.repeat(heights, 2)], axis=1)


def shifted(line: np.ndarray, by: float) -> np.ndarray:
    """Return a line (n, 2) moved along y by this many mm."""
    moved: np.ndarray = line + np.array([0.0, by])
    return moved


def opened(area: CrossSection, radius: float) -> CrossSection:
    """Return the part of an area that an end mill of this radius in mm can clear (morphological opening)."""
    inner = area.offset(-radius, JoinType.Round, circular_segments=16)
    return inner.offset(radius, JoinType.Round, circular_segments=16).simplify(0.01)


def ribbon(line: np.ndarray, width: float) -> CrossSection:
    """Return the area that an end mill of this diameter in mm clears along a line (n, 2)."""
    path = polygon(np.concatenate([shifted(line, 0.01), shifted(line[::-1], -0.01)]))
    return path.offset(width / 2 - 0.01, JoinType.Round, circular_segments=16).simplify(0.01)


def notches(edge: float, cuts: list[Point], flat: float, angle: float) -> CrossSection:
    """Return the area of V-shaped cuts of (x, depth) mm into an edge at y = edge, towards +y.

    flat: length of their floors, mm; angle: between their flanks, degrees.
    """
    lean, out = float(np.tan(np.radians(angle / 2))), 0.6  # mm beyond the edge, for a clean cut
    areas = []
    for x, depth in cuts:
        half = flat / 2 + (depth + out) * lean
        low, high = edge - out, edge + depth
        areas.append(polygon([(x - half, low), (x + half, low), (x + flat / 2, high), (x - flat / 2, high)]))
    return CrossSection.batch_boolean(areas, OpType.Add)


def wedge(end: float, face: float, down: float, slope: float) -> Manifold:
    """Return the tool that bevels a face towards the tip: `down` mm at x = end, `slope` times as long."""
    back, out, wide = down * slope, CLEARANCE, 20.0  # mm; wider than any blade
    line = [
        (end - back, face),
        (end + out, face - down - out / slope),
        (end + out, face + 1.0),
        (end - back, face + 1.0),
    ]
    return Manifold.hull_points(np.array([(x, y, z) for x, z in line for y in (-wide, wide)]))
