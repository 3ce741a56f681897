"""High-security car keys: wavy tracks milled into the faces of a straight blade ("laser-cut", "sidewinder").

In:    rng
Out:   Solid of kind "laser_track"
Needs: numpy, manifold3d    [render]

A track is followed by wafers at 7-16 places, in 4-6 depths (Brandt, "Sidewinder Key Bitting", 2014 edition:
2-track and 4-track keys, internal and external, 7- to 16-cut; facts only). End mills of 1-2 mm leave upright
walls and a floor 0.6-1.5 mm deep; the key fits either way round, so both faces carry the same tracks.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from manifold3d import CrossSection, JoinType

from keykind.render.keys.blades import Blade, draw_blade, stepped
from keykind.render.keys.blanks import assemble
from keykind.render.keys.bows import draw_head
from keykind.render.keys.milling import (
    ball_milled,
    groove,
    milled,
    raised,
    ribbon,
    section,
    swept,
    turned,
    wave,
    wedge,
)
from keykind.render.solids import Point, Solid, polygon

KIND = "laser_track"
STYLES = (0.10, 0.05, 0.40, 0.45)  # of metal, plastic, car, flip
LENGTHS, HEIGHTS, THICKNESSES = (27.0, 45.0), (6.6, 10.0), (2.2, 3.6)  # mm
DEPTHS = (0.27, 0.43)  # of the thickness; the tracks of both faces must not meet
PITCHES = (2.0, 3.1)  # mm from place to place
RIM = 0.9  # mm, least metal beside an internal track and within external ones
STEEPEST = 1.7  # slope of a ramp between two places; about 60 degrees
CUTTERS = (0.5, 0.95)  # mm, radius that the end mill leaves in inner corners
BALL_SHARE = 0.4  # of keys whose tracks have a rounded foot; the others were cut by a flat end mill
DULL_SHARE = 0.04  # of keys whose code happens to wave little

Tracks = Callable[[Blade, np.random.Generator], list[CrossSection]]


def draw(rng: np.random.Generator) -> Solid:
    """Return a key with milled tracks of a code of its own, in mm.

    Raises DegenerateSolid when the tracks split it.
    """
    style = str(rng.choice(["metal", "plastic", "car", "flip"], p=STYLES))
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
    return assemble(KIND, blade, head, [*upper, *(turned(tool, blade.middle) for tool in upper)], rng)


def draw_shape(style: str, rng: np.random.Generator) -> Blade:
    """Return the straight blade that the tracks fit on."""
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
    """Return one wavy wall from `start` to beyond the tip as a line (n, 2) of x and of height 0..span, mm."""
    pitch, depths = rng.uniform(*PITCHES), int(rng.integers(4, 7))
    flat = pitch * rng.uniform(0.15, 0.5)
    places = np.arange(start + pitch, blade.length - rng.uniform(1.0, 3.0), pitch)
    numbers = rng.integers(0, depths, len(places))
    if rng.random() >= DULL_SHARE:
        numbers = np.cumsum(numbers % (depths - 1) + 1) % depths  # no two neighbours alike
    steepest = STEEPEST * (pitch - flat)
    heights = [float(numbers[0]) * span / (depths - 1)]
    for number in numbers[1:]:
        wanted = number * span / (depths - 1)
        heights.append(float(np.clip(wanted, heights[-1] - steepest, heights[-1] + steepest)))
    line = wave(places, np.array(heights), flat)
    ends = [(start, line[0, 1])], [(blade.length + 4.0, span * rng.uniform(0.3, 0.7))]
    return np.concatenate([ends[0], line, ends[1]])


def begin(blade: Blade, rng: np.random.Generator) -> float:
    """Return x in mm where the tracks begin: the first part of the blade stays plain."""
    share = rng.choice([rng.uniform(0.08, 0.3), rng.uniform(0.3, 0.45)], p=[0.75, 0.25])
    return max(blade.length * float(share), blade.collar[0] + 1.5)


def internal(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return one wide channel along the middle of the face, with a code on one wall or on both."""
    start = begin(blade, rng)
    narrow = blade.height * rng.uniform(0.14, 0.26)
    room = (blade.height - narrow) / 2 - RIM
    span = min(room, blade.height * rng.uniform(0.16, 0.26))
    centre = blade.middle + (room - span) * rng.uniform(-0.8, 0.8)
    upper = raised(code(start, blade, span, rng), centre + narrow / 2)
    lower = raised(code(start, blade, span, rng) * (1.0, -1.0), centre - narrow / 2)
    straight = rng.random()
    if straight < 0.35:
        lower[:, 1] = centre - narrow / 2 - span * rng.uniform(0.0, 1.0)
    elif straight < 0.5:
        lower = raised(upper, -narrow - span * rng.uniform(0.2, 0.6))
    area = polygon(np.concatenate([lower, upper[::-1]]))
    return [swept(area, min(rng.uniform(*CUTTERS), narrow * 0.45))]


def external(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return a wavy rebate along one edge; the other face's lies along the other edge."""
    side = float(rng.choice([-1.0, 1.0]))
    reach = blade.height * rng.uniform(0.32, 0.48)
    return [rebate(blade, side, reach, begin(blade, rng), rng)]


def four_track(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return wavy rebates along both edges of the face, which leave a rib between them."""
    reach = (blade.height - RIM * rng.uniform(1.2, 2.5)) / 2
    start = begin(blade, rng)
    starts = (start, start) if rng.random() < 0.5 else (start, begin(blade, rng))
    return [rebate(blade, side, reach, x, rng) for side, x in zip((-1.0, 1.0), starts, strict=True)]


def rebate(blade: Blade, side: float, reach: float, start: float, rng: np.random.Generator) -> CrossSection:
    """Return the area from an edge (side 1 upper, -1 lower) to a wavy wall up to `reach` mm within it."""
    least = rng.uniform(0.4, 1.1)
    line = raised(code(start, blade, max(reach - least, 1.0), rng), least)
    outside = 4.0  # mm beyond the edge, so that the cutter's radius shows only at the wall
    area = polygon(np.concatenate([[(start - least, -outside)], line, [(blade.length + 4.0, -outside)]]))
    area = swept(area, rng.uniform(*CUTTERS))
    return area.scale((1.0, -side)).translate((0.0, blade.middle + side * blade.height / 2))


def winding(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return one groove of even width that winds along the face, or two side by side."""
    start = begin(blade, rng)
    twin = bool(rng.random() < 0.35)
    width = rng.uniform(1.5, 2.0) if twin else rng.uniform(1.6, 2.8)
    lane = blade.height / (2 if twin else 1)
    span = max(lane - width - (RIM * 0.8 if twin else 2 * RIM), 0.8)
    span = min(span, blade.height * 0.38)
    found = []
    for side in (-1.0, 1.0) if twin else (0.0,):
        line = raised(code(start, blade, span, rng), blade.middle + side * lane / 2 - span / 2)
        found.append(ribbon(line, width))
    return found


def mixed(blade: Blade, rng: np.random.Generator) -> list[CrossSection]:
    """Return a rebate at one edge and a groove of even width within the face."""
    side, start = float(rng.choice([-1.0, 1.0])), begin(blade, rng)
    width, span = rng.uniform(1.3, 1.8), blade.height * rng.uniform(0.12, 0.18)
    y = blade.middle - side * (blade.height / 2 - RIM - width / 2) - (span if side < 0 else 0.0)
    edge = rebate(blade, side, blade.height * rng.uniform(0.22, 0.32), start, rng)
    return [edge, ribbon(raised(code(start, blade, span, rng), y), width)]


TRACKS: tuple[Tracks, ...] = (internal, external, four_track, winding, mixed)
TRACK_SHARES = (0.38, 0.2, 0.2, 0.14, 0.08)
