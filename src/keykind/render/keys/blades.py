"""Uncut blades of flat keys: size, shoulder, tip, profile grooves.

In:    sizes in mm, random generator
Out:   Blade; cutting tools for grooves
Needs: numpy, manifold3d    [render]

Profile grooves (warding) are milled with disc cutters and differ between the sides (catalogues of key
blanks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.milling import groove, section
from keykind.render.solids import Point, polygon

SECTIONS = ("flat", "vee", "round")
SECTION_SHARES = (0.55, 0.25, 0.2)
GROOVE_STARTS = (-4.0, 1.5)  # mm, where a groove reaches its full depth; negative: within the bow
RUN_OUTS = (2.0, 7.0)  # mm, run-out of a disc cutter 30-60 mm in diameter

Tip = Callable[[float, np.random.Generator], list[Point]]


@dataclass(frozen=True, slots=True)
class Blade:
    """The part of a flat key that enters the lock, before cutting; lengths in mm."""

    outline: CrossSection  # x from 0 to length, seen from above
    length: float  # from the shoulder
    height: float  # along y
    thickness: float  # along z
    middle: float  # y of its axis; 0 if both edges step back equally from the neck
    neck: float  # height of the metal at the shoulder
    collar: Point = (0.0, 0.0)  # length of a thicker part at the shoulder, and its extra height on each face

    @property
    def face(self) -> float:
        """Return z of the upper face."""
        return self.thickness / 2

    @property
    def low(self) -> float:
        """Return y of the edge in which a single-sided key is cut."""
        return self.middle - self.height / 2

    @property
    def high(self) -> float:
        """Return y of the opposite edge."""
        return self.middle + self.height / 2


def draw_blade(size: tuple[float, float, float], stops: Point, tip: str, rng: np.random.Generator) -> Blade:
    """Return a blade of this (length, height, thickness) in mm.

    stops: mm by which the lower and upper edge step back from the neck; tip: one of TIPS.
    """
    length, height, thickness = size
    below, above = stops
    middle = (below - above) / 2
    end = [(x + length, y) for x, y in TIPS[tip](height, rng)]
    outline = polygon([(0.0, -height / 2), *end, (0.0, height / 2)]).translate((0.0, middle))
    return Blade(outline, length, height, thickness, middle, height + below + above)


def draw_stops(height: float, rng: np.random.Generator) -> Point:
    """Return by how many mm the shoulder projects below and above a blade of this height.

    Most keys stop at a shoulder on one or both edges; keys that stop at the tip have none.
    """
    sides = str(rng.choice(["both", "below", "above", "none"], p=[0.5, 0.2, 0.15, 0.15]))
    step = rng.uniform(0.08, 0.25) * height
    below = step if sides in ("both", "below") else 0.0
    above = step * rng.uniform(0.6, 1.2) if sides in ("both", "above") else 0.0
    return float(below), float(above)


def stepped(blade: Blade, rng: np.random.Generator) -> Blade:
    """Return the blade with one or two more steps in its edges, past the shoulder."""
    outline, room = blade.outline, (blade.neck - blade.height) / 2
    step = max(room * rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.8))
    for edge in rng.permutation([-1.0, 1.0])[: int(rng.integers(1, 3))]:
        long = blade.length * rng.uniform(0.08, 0.3)
        tall = blade.height / 2 + step
        side = polygon(
            [(0.0, 0.0), (long + rng.uniform(0.0, 1.0), 0.0), (long, edge * tall), (0.0, edge * tall)]
        )
        outline += side.translate((0.0, blade.middle))
    return replace(blade, outline=outline)


def profile_grooves(
    blade: Blade, count: int, depths: Point, rng: np.random.Generator, free: Sequence[float] = ()
) -> list[Manifold]:
    """Return the tools of the profile of one face: parallel grooves from the shoulder through the tip.

    depths: smallest and largest share of the thickness; opposite grooves must not meet. free: y in mm of
    lines that no groove may touch.
    """
    start, run = rng.uniform(*GROOVE_STARTS), rng.uniform(*RUN_OUTS)
    slot = blade.height / max(count, 1)
    tools = []
    for i in range(count):
        shape = str(rng.choice(SECTIONS, p=SECTION_SHARES))
        width = slot * rng.uniform(0.25, 0.8) if count > 1 else blade.height * rng.uniform(0.15, 0.45)
        depth = blade.thickness * rng.uniform(*depths)
        y = blade.low + slot * (i + rng.uniform(0.3, 0.7))
        begin = start + rng.uniform(-0.8, 0.8)
        if any(abs(y - line) < width / 2 for line in free):
            continue
        tools.append(groove(section(shape, width, depth), blade.face, y, begin, blade.length + 2.0, run))
    return tools


def edge_rebate(blade: Blade, rng: np.random.Generator) -> Manifold:
    """Return the tool of a rebate along one edge of the face, over the whole blade."""
    width = blade.height * rng.uniform(0.2, 0.5)
    depth = blade.thickness * rng.uniform(0.12, 0.3)
    y = blade.low if rng.random() < 0.5 else blade.high
    profile = section("flat", 2 * width, depth)
    return groove(
        profile, blade.face, y, rng.uniform(*GROOVE_STARTS), blade.length + 2.0, rng.uniform(*RUN_OUTS)
    )


def pointed(height: float, rng: np.random.Generator) -> list[Point]:
    """Return a point whose corner is anywhere but at the edges."""
    nose, half = height * rng.uniform(-0.35, 0.35), height / 2
    flat = height * rng.uniform(0.03, 0.1)
    slope = rng.uniform(0.5, 1.1)  # length / height
    return [
        (-(half + nose) * slope, -half),
        (0.0, nose - flat),
        (0.0, nose + flat),
        ((nose - half) * slope, half),
    ]


def sloped(height: float, rng: np.random.Generator) -> list[Point]:
    """Return a long slope at the cut edge, on which the pins ride up, and a short one opposite."""
    half = height / 2
    nose, short = half * rng.uniform(0.1, 0.6), half * rng.uniform(0.08, 0.3)
    return [(-(half + nose) * rng.uniform(0.6, 1.1), -half), (0.0, nose), (0.0, half - short), (-short, half)]


def squared(height: float, rng: np.random.Generator) -> list[Point]:
    """Return a square end with chamfered corners."""
    half = height / 2
    low, high = (half * rng.uniform(0.08, 0.4) for _ in range(2))
    return [(-low, -half), (0.0, low - half), (0.0, half - high), (-high, half)]


def rounded(height: float, rng: np.random.Generator) -> list[Point]:
    """Return a round or oval end."""
    reach = height * rng.uniform(0.2, 0.5)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 15)
    return [(float(reach * (np.cos(angle) - 1)), float(height / 2 * np.sin(angle))) for angle in turn]


def notched(height: float, rng: np.random.Generator) -> list[Point]:
    """Return a square end with a notch."""
    first, second, third, last = squared(height, rng)
    wide, deep = height * rng.uniform(0.08, 0.18), rng.uniform(0.8, 2.2)
    middle, floor = height * rng.uniform(-0.1, 0.1), wide * rng.uniform(0.05, 0.7)
    dent = [(0.0, -wide), (-deep, -floor), (-deep, floor), (0.0, wide)]
    return [first, second, *((x, y + middle) for x, y in dent), third, last]


TIPS: dict[str, Tip] = {
    "pointed": pointed,
    "sloped": sloped,
    "squared": squared,
    "rounded": rounded,
    "notched": notched,
}
