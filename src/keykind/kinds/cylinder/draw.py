"""Pin-tumbler keys: house, padlock and edge-cut car keys.

In:    random generator
Out:   Solid of kind "cylinder"
Needs: numpy, manifold3d    [render]

Cuts follow published code data: spacing 2.3-4.2 mm, 4-10 cuts, depth increments of 0.38-0.71 mm, included
angle 90-112 degrees, maximum adjacent cut specification (MACS). Sources (facts only): lockreference.com "Key
bitting specifications"; locksafesystems.com "Key depth and spacing information"; definitions/ of
choller/autokey3d on GitHub. CAR and the last entry of HOUSE are typical values, not the data of one
manufacturer.
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold

from keykind.render.keys.blades import Blade, draw_blade, draw_stops, edge_rebate, profile_grooves
from keykind.render.keys.blanks import assemble
from keykind.render.keys.bows import choose_style, draw_head
from keykind.render.keys.milling import flipped, notches
from keykind.render.solids import Point, Solid, plate

KIND = "cylinder"
CAR_SHARE = 0.5  # of edge-cut car and motorcycle keys, the most common keys in everyday photos
UNCUT_SHARE = {False: 0.08, True: 0.16}  # whether a car key -> share of blanks
STYLES: dict[bool, dict[str, float]] = {  # whether a car key -> shares of heads
    False: {"metal": 0.74, "plastic": 0.22, "car": 0.03, "motorcycle": 0.01},
    True: {
        "metal": 0.07, "plastic": 0.05, "car": 0.33, "remote": 0.19, "flip": 0.13, "half_open": 0.04,
        "smart": 0.02, "emergency": 0.05, "motorcycle": 0.12,
    },
}  # fmt: skip
GROOVES = (0.18, 0.42)  # share of the thickness
PLAIN = (0.0, 9.0)  # mm, by which the cuts of a car key start farther from its head
MIN_HEIGHT = 0.42  # share of the height that remains below the deepest cut


@dataclass(frozen=True, slots=True)
class Spec:
    """Code data of a family of locks, mm."""

    height: float  # of the uncut blade
    first: float  # shoulder to the centre of the first cut
    spacing: float  # between the centres of adjacent cuts
    step: float  # depth increment
    depths: int
    macs: int  # depths, largest difference between adjacent cuts
    flat: float  # length of the floor of a cut
    angle: float  # degrees, between the flanks
    cuts: tuple[int, int]  # smallest and largest number


HOUSE = (
    Spec(8.5, 5.87, 3.97, 0.38, 10, 7, 0.8, 100.0, (5, 6)),
    Spec(8.5, 6.27, 3.81, 0.58, 6, 4, 2.1, 90.0, (5, 6)),
    Spec(8.3, 5.49, 3.97, 0.51, 9, 7, 1.2, 90.0, (5, 6)),
    Spec(8.7, 6.35, 3.96, 0.71, 6, 4, 1.2, 94.0, (5, 7)),
    Spec(8.25, 4.42, 4.0, 0.43, 9, 7, 0.1, 112.0, (5, 6)),
    Spec(9.0, 5.08, 4.19, 0.48, 10, 7, 0.8, 92.0, (5, 6)),
    Spec(8.4, 4.4, 3.7, 0.43, 9, 7, 0.3, 110.0, (5, 6)),
    Spec(8.25, 4.62, 3.1, 0.54, 7, 4, 0.3, 90.0, (4, 6)),
    Spec(7.0, 4.7, 3.2, 0.39, 8, 6, 0.8, 90.0, (4, 5)),
)
CAR = (
    Spec(8.5, 7.0, 2.35, 0.6, 4, 3, 1.0, 90.0, (9, 10)),
    Spec(8.0, 6.0, 2.5, 0.62, 4, 3, 1.0, 90.0, (8, 10)),
    Spec(7.6, 5.5, 2.6, 0.5, 5, 3, 0.9, 100.0, (7, 9)),
    Spec(8.2, 5.0, 3.2, 0.62, 5, 3, 1.4, 90.0, (6, 8)),
)


def draw(rng: np.random.Generator) -> Solid:
    """Return a pin-tumbler key with a random bitting, in mm.

    Raises DegenerateSolid if the cuts split it.
    """
    car = bool(rng.random() < CAR_SHARE)
    spec = (CAR if car else HOUSE)[int(rng.integers(len(CAR if car else HOUSE)))]
    if car:
        spec = replace(spec, first=spec.first + rng.uniform(*PLAIN))
    count = int(rng.integers(spec.cuts[0], spec.cuts[1] + 1))
    blade = draw_shape(spec, count, car, rng)
    style = choose_style(STYLES[car], rng)
    head = draw_head(style, blade.neck, blade.thickness, rng)
    tools = warded(blade, car, rng)
    if rng.random() >= UNCUT_SHARE[car]:
        tools.append(bitting(blade, spec, count, bool(rng.random() < (0.65 if car else 0.1)), rng))
    return assemble(KIND, blade, head, tools, rng)


def draw_shape(spec: Spec, count: int, car: bool, rng: np.random.Generator) -> Blade:
    """Return an uncut blade long enough for `count` cuts."""
    height = spec.height * rng.uniform(0.96, 1.05)
    length = spec.first + (count - 1) * spec.spacing + rng.uniform(2.5, 5.0)
    thickness = rng.uniform(1.8, 2.8) if car else rng.uniform(1.8, 2.5)
    tips = ["pointed", "sloped", "squared", "rounded", "notched"]
    tip = str(rng.choice(tips, p=[0.45, 0.3, 0.12, 0.09, 0.04]))
    return draw_blade((length, height, thickness), draw_stops(height, rng), tip, rng)


def warded(blade: Blade, car: bool, rng: np.random.Generator) -> list[Manifold]:
    """Return the profile grooves of both faces; car keys have fewer, the same on both faces."""
    if car:
        upper = profile_grooves(blade, int(rng.choice([0, 1, 1, 1, 2])), GROOVES, rng)
        return upper + [flipped(tool, blade.middle) for tool in upper]
    tools = profile_grooves(blade, int(rng.integers(1, 5)), GROOVES, rng)
    lower = profile_grooves(blade, int(rng.integers(1, 4)), GROOVES, rng)
    if rng.random() < 0.3:
        (tools if rng.random() < 0.5 else lower).append(edge_rebate(blade, rng))
    return tools + [flipped(tool, blade.middle) for tool in lower]


def bitting(blade: Blade, spec: Spec, count: int, both: bool, rng: np.random.Generator) -> Manifold:
    """Return the tool that cuts one edge, or both edges of a reversible key."""
    deepest = blade.height * (1 - MIN_HEIGHT) / (2 if both else 1)
    worn = float(rng.choice([0.05, 0.15, rng.uniform(0.3, 0.9)], p=[0.45, 0.35, 0.2]))
    positions = spec.first + spec.spacing * np.arange(count)
    area = CrossSection()
    alike = bool(rng.random() < 0.5)
    first = code(spec, count, rng)
    for edge in (1.0, -1.0)[: 2 if both else 1]:
        depths = np.minimum(
            (first if alike or edge > 0 else code(spec, count, rng)) * spec.step + 0.15, deepest
        )
        cuts: list[Point] = list(zip(positions.tolist(), depths.tolist(), strict=True))
        side = notches(-blade.height / 2, cuts, spec.flat * rng.uniform(0.8, 1.3), spec.angle)
        area += side.scale((1.0, edge)).translate((0.0, blade.middle))
    area = area.offset(worn, JoinType.Round, circular_segments=24).offset(
        -worn, JoinType.Round, circular_segments=24
    )
    area ^= CrossSection.square((blade.length, 40.0)).translate((0.6, -20.0))
    return plate(area, blade.thickness + 1.0)


def code(spec: Spec, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the depth code of each cut (count,), 0 the shallowest, within the MACS."""
    codes = [int(rng.integers(spec.depths))]
    while len(codes) < count:
        low, high = max(0, codes[-1] - spec.macs), min(spec.depths - 1, codes[-1] + spec.macs)
        codes.append(int(rng.integers(low, high + 1)))
    return np.array(codes, dtype=np.float64)
