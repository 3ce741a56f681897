"""Dimple keys: pits drilled or milled into the faces and edges of a thick, straight blade.

In:    random generator
Out:   Solid of kind "dimple"
Needs: numpy, manifold3d    [render]

1-3 rows of 4-7 pits; with the same drill, a deeper pit is wider (LASM, "Mul T Lock Classic rekeying guide": 5
positions, 4 depths, an inner pit in each outer one; facts only). Drills have included angles of 80-110
degrees, blades are 2.4-3.5 mm thick, and most keys are reversible (catalogues of key blanks, facts only).
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import Manifold, OpType

from keykind.render.keys.blades import Blade, draw_blade, draw_stops, edge_rebate, profile_grooves, stepped
from keykind.render.keys.blanks import STEEL, assemble
from keykind.render.keys.bows import choose_style, draw_head
from keykind.render.keys.milling import (
    ball,
    cone,
    elongated,
    flipped,
    groove,
    milled,
    opened,
    section,
    wave,
    wedge,
)
from keykind.render.solids import Part, Point, Solid, Surface, check_solid, polygon

KIND = "dimple"
STYLES = {"metal": 0.62, "plastic": 0.29, "car": 0.04, "remote": 0.02, "flip": 0.03}  # shares of heads
LENGTHS, HEIGHTS, THICKNESSES = (25.0, 38.0), (7.0, 10.0), (2.4, 3.5)  # mm
SPACINGS = (2.6, 4.3)  # mm between adjacent pits of a row
DEPTHS = (0.2, 0.42)  # share of the thickness; opposite pits must not meet
GROOVES = (0.08, 0.24)  # share of the thickness; a deeper groove would swallow the pits in it
PROFILE_SHARE = 0.4  # of faces with deep, narrow profile grooves, as most European keys have
PROFILE_DEPTHS = (0.14, 0.36)  # share of the thickness; these grooves avoid the rows of pits
LANE = 0.62  # largest radius of a pit, as a share of its row's lane; pits of adjacent rows just overlap
FLOOR = 0.47  # share of the thickness, greatest depth of all
TIPS = ("squared", "pointed", "sloped", "rounded", "notched")
TIP_SHARES = (0.45, 0.2, 0.1, 0.15, 0.1)


@dataclass(frozen=True, slots=True)
class Drill:
    """The tool that makes the pits of a row, mm."""

    shape: str  # "cone", "ball", "ring": a pit within a flat-bottomed pit
    tip: float  # radius of the flat tip, or of the ball
    angle: float  # degrees
    along: float  # travel to either side along the blade while cutting
    across: float  # the same across the blade


def draw(rng: np.random.Generator) -> Solid:
    """Return a dimple key with a random code, in mm.

    Raises DegenerateSolid if the cuts split it.
    """
    style = choose_style(STYLES, rng)
    blade = draw_shape(style, rng)
    head = draw_head(style, blade.neck, blade.thickness, rng)
    upper = face(blade, rng)
    if rng.random() < 0.35:
        upper += edge_pits(blade, rng)
    above = Manifold.batch_boolean(upper, OpType.Add)  # once for both faces, because the union is expensive
    below = above if rng.random() < 0.85 else Manifold.batch_boolean(face(blade, rng), OpType.Add)
    key = assemble(KIND, blade, head, [above, flipped(below, blade.middle)], rng)
    return inlaid(key, blade, rng) if rng.random() < 0.1 else key


def draw_shape(style: str, rng: np.random.Generator) -> Blade:
    """Return a thick, straight, uncut blade."""
    height = rng.uniform(*HEIGHTS)
    size = (rng.uniform(*LENGTHS), height, rng.uniform(*THICKNESSES))
    blade = draw_blade(size, draw_stops(height, rng), str(rng.choice(TIPS, p=TIP_SHARES)), rng)
    if rng.random() < 0.55:
        blade = stepped(blade, rng)
    if style != "metal" and rng.random() < 0.3:
        blade = replace(blade, collar=(rng.uniform(1.0, 5.0), rng.uniform(0.15, 0.5)))
    return blade


def face(blade: Blade, rng: np.random.Generator) -> list[Manifold]:
    """Return the tools of one face: profile grooves, rows of pits, sometimes a wavy side track."""
    tools: list[Manifold] = []
    deep = rng.random() < PROFILE_SHARE
    count = int(rng.choice([1, 2, 3], p=[0.7, 0.25, 0.05] if deep else [0.45, 0.4, 0.15]))
    lines, lane = rows(blade, count, rng), blade.height / count
    if deep:
        grooves = int(rng.integers(3, 7))
        tools += profile_grooves(blade, grooves, PROFILE_DEPTHS, rng, lines)
        lane = min(lane, blade.height / 3 * rng.uniform(0.8, 1.4))
    elif rng.random() < 0.5:
        tools += profile_grooves(blade, int(rng.choice([1, 2, 3, 4], p=[0.35, 0.35, 0.2, 0.1])), GROOVES, rng)
    if rng.random() < 0.25:
        tools.append(edge_rebate(blade, rng))
    for y in lines:
        tools += row(blade, y, lane, rng)
    if rng.random() < 0.08:
        tools.append(side_track(blade, rng))
    if rng.random() < 0.55:
        tools.append(
            wedge(blade.length, blade.face, blade.thickness * rng.uniform(0.1, 0.35), rng.uniform(0.5, 1.2))
        )
    return tools


def rows(blade: Blade, count: int, rng: np.random.Generator) -> list[float]:
    """Return y of each row of pits; a single row may be at an edge, which halves its pits."""
    if count == 1:
        offset = float(rng.choice([0.0, rng.uniform(0.12, 0.3), 0.47], p=[0.37, 0.54, 0.09]))
        return [blade.middle + offset * float(rng.choice([-1.0, 1.0])) * blade.height]
    reach = blade.height * rng.uniform(0.18, 0.34) * (1.0 if count == 2 else 1.15)
    return [blade.middle + float(side) * reach for side in np.linspace(-1.0, 1.0, count)]


def row(blade: Blade, y: float, lane: float, rng: np.random.Generator) -> list[Manifold]:
    """Return the tools of one row: its pits, often with a channel that joins them; lane: its width, mm."""
    drill = draw_drill(rng)
    opening = np.tan(np.radians(drill.angle / 2))
    widest = (LANE * lane - drill.tip) / opening  # mm, depth at which a pit fills the lane
    deepest = float(np.clip(widest, 0.3 * blade.thickness, DEPTHS[1] * blade.thickness))
    first, count = blade.collar[0] + rng.uniform(2.5, 6.0), int(rng.integers(4, 8))
    reach = blade.length - first - rng.uniform(1.5, 6.0)
    spacing = float(np.clip(reach / (count - 1), *SPACINGS))
    count = min(count, int(reach / spacing) + 1)
    levels = np.linspace(blade.thickness * DEPTHS[0], deepest, int(rng.integers(3, 6)))
    depths = rng.choice(levels, max(count, 1))
    depths[rng.integers(len(depths))] = deepest
    positions = [(float(first + spacing * i), y) for i in range(len(depths))]
    tools = [
        pit(drill, position, blade, float(depth)) for position, depth in zip(positions, depths, strict=True)
    ]
    if rng.random() < 0.35:
        profile = section(
            "vee" if rng.random() < 0.5 else "flat", rng.uniform(1.0, 3.0), float(levels[0]) * 0.7
        )
        start = first if rng.random() < 0.5 else rng.uniform(-2.0, first)
        tools.append(groove(profile, blade.face, y, start, blade.length + 2.0, rng.uniform(1.0, 5.0)))
    return tools


def draw_drill(rng: np.random.Generator) -> Drill:
    """Return the tool for the pits of a row."""
    shape = str(rng.choice(["cone", "ball", "ring"], p=[0.68, 0.2, 0.12]))
    tip = {"cone": rng.uniform(0.15, 0.6), "ball": rng.uniform(1.0, 2.2), "ring": rng.uniform(0.7, 1.0)}[
        shape
    ]
    along, across = ((0.0, 0.0), (rng.uniform(0.2, 0.7), 0.0), (0.0, rng.uniform(0.2, 0.7)))[
        int(rng.choice(3, p=[0.6, 0.28, 0.12]))
    ]
    return Drill(shape, float(tip), float(rng.uniform(80.0, 110.0)), float(along), float(across))


def pit(drill: Drill, position: Point, blade: Blade, depth: float) -> Manifold:
    """Return the tool of one pit at x, y, `depth` deep; mm."""
    if drill.shape == "ball":
        tool = ball(position, blade.face, min(depth, drill.tip * 0.9), drill.tip)
    else:
        tool = cone(position, blade.face, depth, drill.tip, drill.angle)
    if drill.along or drill.across:
        tool = elongated(tool, drill.along, drill.across)
    if drill.shape == "ring":
        deeper = min(depth + 0.35, blade.thickness * FLOOR)
        tool += cone(position, blade.face, deeper, drill.tip * 0.3, 40.0)
    return tool


def edge_pits(blade: Blade, rng: np.random.Generator) -> list[Manifold]:
    """Return pits drilled into one edge, or notches milled across it."""
    depth, tip = blade.height * rng.uniform(0.06, 0.13), rng.uniform(0.1, 0.4)
    spacing, first = rng.uniform(*SPACINGS), rng.uniform(4.0, 8.0)
    tools = []
    for i in range(int(rng.integers(2, 6))):
        tool = cone((first + spacing * i, 0.0), blade.height / 2, depth, tip, rng.uniform(70.0, 100.0))
        # Extended upwards, in case a step widens the blade.
        through = Manifold.batch_hull([tool, tool.translate((0.0, 0.0, 5.0))])
        tools.append(through.rotate((-90.0, 0.0, 0.0)).translate((0.0, blade.middle, 0.0)))
    return tools


def side_track(blade: Blade, rng: np.random.Generator) -> Manifold:
    """Return a short, shallow, wavy rebate along one edge, as read by a sidebar."""
    start, count = rng.uniform(0.35, 0.5) * blade.length, int(rng.integers(3, 6))
    positions = start + np.arange(count) * rng.uniform(1.8, 2.6)
    line = wave(positions, rng.uniform(0.5, 1.5, count), 0.8)
    ends = [(start - 1.5, -3.0)], [(float(positions[-1]) + 1.5, -3.0)]
    area = opened(polygon(np.concatenate([ends[0], line, ends[1]])), 0.5)
    return milled(area.translate((0.0, blade.low)), blade.face, blade.thickness * rng.uniform(0.15, 0.3))


def inlaid(key: Solid, blade: Blade, rng: np.random.Generator) -> Solid:
    """Return the key with a disc of another metal, as of a magnet, in each face of its blade."""
    radius, depth = rng.uniform(0.9, 1.6), 0.3 * blade.thickness
    x, y = blade.length * rng.uniform(0.2, 0.8), blade.middle + blade.height * rng.uniform(-0.2, 0.2)
    metal = Surface(True, STEEL, float(rng.uniform(0.1, 0.4)), "polished")
    disc = Manifold.cylinder(depth, radius, radius, 24).translate((x, y, blade.face - depth - 0.05))
    hole = Manifold.cylinder(depth + 1.0, radius, radius, 24).translate((x, y, blade.face - depth - 0.05))
    parts = list(key.parts)
    for tool, insert in ((hole, disc), (flipped(hole, blade.middle), flipped(disc, blade.middle))):
        parts[0] = replace(parts[0], solid=check_solid(parts[0].solid - tool, KIND))
        parts.append(Part(insert, "blade", metal))
    return replace(key, parts=tuple(parts))
