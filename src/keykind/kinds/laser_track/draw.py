"""High-security car keys: wavy tracks milled into the faces of a straight blade ("laser-cut", "sidewinder").

In:    random generator
Out:   Solid of kind "laser_track"
Needs: numpy, manifold3d    [render]

Wafers follow a track at 7-16 positions, in 4-6 depths (Brandt, "Sidewinder Key Bitting", 2014 edition:
2-track and 4-track keys, internal and external, 7 to 16 cuts; facts only). End mills of 1-2 mm leave vertical
walls and a floor 0.6-1.5 mm deep. The key is reversible, so both faces have the same tracks.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from manifold3d import CrossSection, JoinType

from keykind.render.keys.blades import Blade, draw_blade, stepped
from keykind.render.keys.blanks import assemble
from keykind.render.keys.bows import choose_style, draw_head
from keykind.render.keys.milling import (
    ball_milled,
    flipped,
    groove,
    milled,
    opened,
    ribbon,
    section,
    shifted,
    wave,
    wedge,
)
from keykind.render.solids import Point, Solid, polygon

KIND = "laser_track"
STYLES = {  # shares of heads
    "metal": 0.06, "plastic": 0.04, "car": 0.28, "remote": 0.18, "flip": 0.29, "half_open": 0.06,
    "smart": 0.02, "emergency": 0.05, "motorcycle": 0.02,
}  # fmt: skip
LENGTHS, HEIGHTS, THICKNESSES = (29.0, 46.0), (6.6, 10.0), (2.2, 3.6)  # mm
DEPTHS = (0.27, 0.43)  # share of the thickness; the tracks of both faces must not meet
PITCHES = (2.0, 3.1)  # mm between adjacent positions
RIM = 0.9  # mm, minimum width of metal on both sides of an internal track and between external ones
STEEPEST = 1.7  # slope of a ramp between two positions; about 60 degrees
CUTTERS = (0.5, 0.95)  # mm, radius of the end mill, left in inner corners
BALL_SHARE = 0.4  # of keys cut by a ball end mill, with a fillet at the floor; the others by a flat one
FLAT_SHARE = 0.04  # of keys with independent random codes, whose tracks may be nearly straight

Tracks = Callable[[Blade, np.random.Generator], list[CrossSection]]


def draw(rng: np.random.Generator) -> Solid:
    """Return a key with milled tracks of a random code, in mm.

    Raises DegenerateSolid if the tracks split it.
    """
    style = choose_style(STYLES, rng)
    blade = draw_shape(style, rng)
    head = draw_head(style, blade.neck, blade.thickness, rng)
    areas = TRACKS[int(rng.choice(len(TRACKS), p=TRACK_SHARES))](blade, rng)
    depth = blade.thickness * rng.uniform(*DEPTHS)
    mill = ball_milled if rng.random() < BALL_SHARE else milled
    upper = [mill(area, blade.face, depth) for area in areas]
    if rng.random() < 0.25:
        shelf, down = rng.uniform(0.2, 0.5), depth * rng.uniform(0.2, 0.5)
        upper += [
            milled(area.offset(shelf, JoinType.Round, circular_segments=16), blade.face, down)
            for area in areas
        ]
    if rng.random() < 0.25:
        profile = section("flat", rng.uniform(0.5, 1.2), blade.thickness * rng.uniform(0.08, 0.2))
        y = blade.middle + blade.height * rng.uniform(-0.4, 0.4)
        upper.append(groove(profile, blade.face, y, rng.uniform(-1.0, 3.0), blade.length + 2.0, 2.0))
    if rng.random() < 0.6:
        upper.append(
            wedge(blade.length, blade.face, blade.thickness * rng.uniform(0.08, 0.3), rng.uniform(0.5, 1.2))
        )
    return assemble(KIND, blade, head, [*upper, *(flipped(tool, blade.middle) for tool in upper)], rng)


def draw_shape(style: str, rng: np.random.Generator) -> Blade:
    """Return a straight, uncut blade."""
    height = rng.uniform(*HEIGHTS)
    size = (rng.uniform(*LENGTHS), height, rng.uniform(*THICKNESSES))
    both = height * rng.uniform(0.04, 0.2)
    stops: Point = [(both, both), (both, 0.0), (0.0, both), (0.0, 0.0)][
        int(rng.choice(4, p=[0.35, 0.1, 0.1, 0.45]))
    ]
    tips = ["squared", "pointed", "rounded", "notched"]
    blade = draw_blade(size, stops, str(rng.choice(tips, p=[0.5, 0.17, 0.2, 0.13])), rng)
    if rng.random() < 0.35:
        blade = stepped(blade, rng)
    if style != "metal" and rng.random() < 0.35:
        blade = replace(blade, collar=(rng.uniform(1.0, 6.0), rng.uniform(0.15, 0.5)))
    return blade


def code(start: float, blade: Blade, span: float, rng: np.random.Generator) -> np.ndarray:
    """Return one wavy wall from `start` past the tip: a line (n, 2) of x and height 0..span, mm."""
    pitch, depths = rng.uniform(*PITCHES), int(rng.integers(4, 7))
    flat = pitch * rng.uniform(0.15, 0.5)
    positions = np.arange(start + pitch, blade.length - rng.uniform(1.0, 3.0), pitch)
    codes = rng.integers(0, depths, len(positions))
    if rng.random() >= FLAT_SHARE:
        codes = np.cumsum(codes % (depths - 1) + 1) % depths  # no two adjacent codes are equal
    steepest = STEEPEST * (pitch - flat)
    heights = [float(codes[0]) * span / (depths - 1)]
    for depth in codes[1:]:
        target = depth * span / (depths - 1)
        heights.append(float(np.clip(target, heights[-1] - steepest, heights[-1] + steepest)))
    line = wave(positions, np.array(heights), flat)
    ends = [(start, line[0, 1])], [(blade.length + 4.0, span * rng.uniform(0.3, 0.7))]
    return np.concatenate([ends[0], line, ends[1]])


def begin(blade: Blade, rng: np.random.Generator) -> float:
    """Return x in mm where the tracks begin; the blade is plain up to there."""
    share = rng.choice([rng.uniform(0.08, 0.3), rng.uniform(0.3, 0.45)], p=[0.75, 0.25])
    return max(blade.length * float(share), blade.collar[0] + 1.5)


def internal(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return one wide channel along the middle of the face, with a code on one wall or both."""
    start = begin(blade, rng)
    narrow = blade.height * rng.uniform(0.14, 0.26)
    space = (blade.height - narrow) / 2 - RIM
    span = min(space, blade.height * rng.uniform(0.16, 0.26))
    centre = blade.middle + (space - span) * rng.uniform(-0.8, 0.8)
    upper = shifted(code(start, blade, span, rng), centre + narrow / 2)
    lower = shifted(code(start, blade, span, rng) * (1.0, -1.0), centre - narrow / 2)
    straight = rng.random()
    if straight < 0.35:
        lower[:, 1] = centre - narrow / 2 - span * rng.uniform(0.0, 1.0)
    elif straight < 0.5:
        lower = shifted(upper, -narrow - span * rng.uniform(0.2, 0.6))
    area = polygon(np.concatenate([lower, upper[::-1]]))
    return [opened(area, min(rng.uniform(*CUTTERS), narrow * 0.45))]


def external(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return a wavy rebate along one edge; on the other face it is along the other edge."""
    side = float(rng.choice([-1.0, 1.0]))
    reach = blade.height * rng.uniform(0.32, 0.48)
    return [rebate(blade, side, reach, begin(blade, rng), rng)]


def four_track(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return wavy rebates along both edges of the face, with a rib between them."""
    reach = (blade.height - RIM * rng.uniform(1.2, 2.5)) / 2
    start = begin(blade, rng)
    starts = (start, start) if rng.random() < 0.5 else (start, begin(blade, rng))
    return [rebate(blade, side, reach, x, rng) for side, x in zip((-1.0, 1.0), starts, strict=True)]


def rebate(blade: Blade, side: float, reach: float, start: float, rng: np.random.Generator) -> CrossSection:
    """Return the area between an edge (side 1 upper, -1 lower) and a wavy wall up to `reach` mm from it."""
    margin = rng.uniform(0.4, 1.1)
    line = shifted(code(start, blade, max(reach - margin, 1.0), rng), margin)
    outside = 4.0  # mm beyond the edge, so that the radius of the cutter affects only the wall
    area = polygon(np.concatenate([[(start - margin, -outside)], line, [(blade.length + 4.0, -outside)]]))
    area = opened(area, rng.uniform(*CUTTERS))
    return area.scale((1.0, -side)).translate((0.0, blade.middle + side * blade.height / 2))


def winding(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return one winding groove of constant width, or two side by side."""
    start = begin(blade, rng)
    twin = bool(rng.random() < 0.35)
    width = rng.uniform(1.5, 2.0) if twin else rng.uniform(1.6, 2.8)
    lane = blade.height / (2 if twin else 1)
    span = max(lane - width - (RIM * 0.8 if twin else 2 * RIM), 0.8)
    span = min(span, blade.height * 0.38)
    areas = []
    for side in (-1.0, 1.0) if twin else (0.0,):
        line = shifted(code(start, blade, span, rng), blade.middle + side * lane / 2 - span / 2)
        areas.append(ribbon(line, width))
    return areas


def mixed(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return a rebate at one edge, and a groove of constant width."""
    side, start = float(rng.choice([-1.0, 1.0])), begin(blade, rng)
    width, span = rng.uniform(1.3, 1.8), blade.height * rng.uniform(0.12, 0.18)
    y = blade.middle - side * (blade.height / 2 - RIM - width / 2) - (span if side < 0 else 0.0)
    edge = rebate(blade, side, blade.height * rng.uniform(0.22, 0.32), start, rng)
    return [edge, ribbon(shifted(code(start, blade, span, rng), y), width)]


TRACKS: tuple[Tracks, ...] = (internal, external, four_track, winding, mixed)
TRACK_SHARES = (0.38, 0.2, 0.2, 0.14, 0.08)
