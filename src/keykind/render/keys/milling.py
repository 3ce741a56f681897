"""Cutting tools for flat keys: grooves, dimples, wavy walls, bevels.

In:    places, widths and depths in mm
Out:   Manifold to be taken away from a blank; CrossSection seen from above (+z)
Needs: numpy, manifold3d    [render]

Tools cut the upper face (z = `face`) and stand out of it; `turned` carries them to the lower face.
"""

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold, OpType

from keykind.render.solids import Point, polygon

CLEAR = 0.3  # mm by which a tool stands out of the face it cuts

# how far in from the wall, and how deep, as shares of the depth: a quarter circle in steps
BALL_STEPS = ((0.0, 0.45), (0.13, 0.7), (0.33, 0.9), (0.6, 1.0))


def turned(tool: Manifold, middle: float) -> Manifold:
    """Return a tool on the other face: turned by 180 degrees about the blade's long axis at y = middle."""
    return tool.translate((0.0, -middle, 0.0)).rotate((180.0, 0.0, 0.0)).translate((0.0, middle, 0.0))


def section(shape: str, width: float, depth: float) -> np.ndarray:
    """Return a groove's convex section (n, 2) of y and z in mm: `width` wide at z = 0, `depth` deep.

    shape "flat": steep flanks; "vee": flanks that meet in a narrow floor; "round": a disc's rounded edge.
    """
    if shape == "round":
        turn = np.linspace(0.0, np.pi, 9)
        line = np.stack([-np.cos(turn) * width / 2, -np.sin(turn) * depth], axis=1)
    else:
        floor = 0.84 if shape == "flat" else 0.2
        line = np.array([(-0.5, 0.0), (-floor / 2, -1.0), (floor / 2, -1.0), (0.5, 0.0)]) * (width, depth)
    lean = (width - abs(line[1, 0]) * 2) / 2 / abs(line[1, 1])  # the flank goes on above the face
    rise = depth + CLEAR
    top = width / 2 + lean * rise
    return np.concatenate([[(-top, rise)], line, [(top, rise)]])


def groove(profile: np.ndarray, face: float, y: float, start: float, end: float, run: float) -> Manifold:
    """Return a straight groove along x at y, mm, rising out of the face over `run` mm before `start`.

    profile (n, 2) as from `section`. A disc cutter leaves that run-out, pointed where the flanks lean.
    """
    depth = -float(profile[:, 1].min())
    stations = [(start - run, depth + 0.05), (start - 0.45 * run, 0.3 * depth), (start, 0.0), (end, 0.0)]
    points = [(x, y + side, face + up + lift) for x, lift in stations for side, up in profile]
    return Manifold.hull_points(np.array(points))


def cone(place: Point, face: float, depth: float, tip: float, angle: float) -> Manifold:
    """Return a drill's point at x, y in mm: of radius `tip` at `depth`, opening by `angle` degrees in all."""
    height = depth + CLEAR
    wide = tip + height * np.tan(np.radians(angle / 2))
    return Manifold.cylinder(height, tip, wide, 20).translate((*place, face - depth))


def ball(place: Point, face: float, depth: float, radius: float) -> Manifold:
    """Return a ball cutter of this radius, `depth` deep at x, y, mm."""
    return Manifold.sphere(radius, 20).translate((*place, face - depth + radius))


def lengthened(tool: Manifold, along: float, across: float) -> Manifold:
    """Return a tool moved while it cuts, by (along, across) mm to either side of its place."""
    ends = [tool.translate((sign * along, sign * across, 0.0)) for sign in (-1.0, 1.0)]
    return Manifold.batch_hull(ends)


def milled(area: CrossSection, face: float, depth: float) -> Manifold:
    """Return a pocket with upright walls, `depth` mm deep."""
    return Manifold.extrude(area, depth + CLEAR).translate((0.0, 0.0, face - depth))


def ball_milled(area: CrossSection, face: float, depth: float) -> Manifold:
    """Return a pocket `depth` mm deep whose walls curve into its floor in steps, as of a ball end mill."""
    steps = [milled(area, face, depth * BALL_STEPS[0][1])]
    for inset, share in BALL_STEPS[1:]:
        inner = area.offset(-inset * depth, JoinType.Round, circular_segments=16)
        if not inner.is_empty():
            steps.append(milled(inner, face, depth * share))
    return Manifold.batch_boolean(steps, OpType.Add)


def wave(places: np.ndarray, heights: np.ndarray, flat: float) -> np.ndarray:
    """Return the line (2n, 2) that is level for `flat` mm around each place and runs straight between."""
    x = np.stack([places - flat / 2, places + flat / 2], axis=1).ravel()
    return np.stack([x, np.repeat(heights, 2)], axis=1)


def raised(line: np.ndarray, by: float) -> np.ndarray:
    """Return a line (n, 2) moved along y, mm."""
    moved: np.ndarray = line + np.array([0.0, by])
    return moved


def swept(area: CrossSection, radius: float) -> CrossSection:
    """Return what an end mill of this radius in mm can clear of an area without leaving it."""
    inner = area.offset(-radius, JoinType.Round, circular_segments=16)
    return inner.offset(radius, JoinType.Round, circular_segments=16).simplify(0.01)


def ribbon(line: np.ndarray, width: float) -> CrossSection:
    """Return the track of an end mill `width` mm wide along a line (n, 2)."""
    path = polygon(np.concatenate([raised(line, 0.01), raised(line[::-1], -0.01)]))
    return path.offset(width / 2 - 0.01, JoinType.Round, circular_segments=16).simplify(0.01)


def notches(edge: float, cuts: list[Point], flat: float, angle: float) -> CrossSection:
    """Return what cuts of (place x, depth) take from an edge at y = edge, mm, towards +y.

    Each has a floor `flat` mm long and flanks that open by `angle` degrees in all.
    """
    lean, out = float(np.tan(np.radians(angle / 2))), 0.6  # mm beyond the edge, to cut it cleanly
    areas = []
    for x, depth in cuts:
        half = flat / 2 + (depth + out) * lean
        low, high = edge - out, edge + depth
        areas.append(polygon([(x - half, low), (x + half, low), (x + flat / 2, high), (x - flat / 2, high)]))
    return CrossSection.batch_boolean(areas, OpType.Add)


def wedge(end: float, face: float, down: float, slope: float) -> Manifold:
    """Return what bevels a face towards the tip: `down` mm at x = end, `slope` times as long."""
    back, out, wide = down * slope, CLEAR, 20.0  # mm; wider than any blade
    line = [
        (end - back, face),
        (end + out, face - down - out / slope),
        (end + out, face + 1.0),
        (end - back, face + 1.0),
    ]
    return Manifold.hull_points(np.array([(x, y, z) for x, z in line for y in (-wide, wide)]))
