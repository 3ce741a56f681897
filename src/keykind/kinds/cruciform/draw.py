"""Cruciform keys: a blade with three or four wings, each cut at its edge.

In:    random generator
Out:   Solid of kind "cruciform"
Needs: numpy, manifold3d    [render]

Blanks can be turned from 9.5 mm (3/8 in) rod, and the wings milled (hobby-machinist.com, "Making a Cruciform
Key"). Estimated: wings 1.8-2.5 mm thick and 7-9 mm across, a blade of 20-32 mm, 4-6 cuts per wing.
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys.blanks import BEVEL, bevelled, draw_metal
from keykind.render.keys.bows import draw_head
from keykind.render.keys.mortice_shanks import assemble_solid
from keykind.render.keys.rounded import turned_shank
from keykind.render.solids import Solid, plate, polygon

ANGLES = (
    (0.0, 90.0, 180.0, 270.0),
    (0.0, 90.0, 180.0),
    (0.0, 120.0, 240.0),
)  # degrees, positions of the wings about x
ANGLE_SHARES = (0.8, 0.1, 0.1)
STYLES = ("metal", "plastic")


@dataclass(frozen=True, slots=True)
class CutRange:
    """The cut section of a wing along x, and its thickness, mm."""

    first: float
    last: float
    wing: float


def draw(rng: np.random.Generator) -> Solid:
    """Return a cruciform key with a metal or plastic bow. Raises DegenerateSolid if the cuts split it."""
    length, radius, wing = rng.uniform(20, 32), rng.uniform(3.5, 4.5), rng.uniform(1.8, 2.5)
    collar = rng.uniform(1.0, 4.0)
    angles = ANGLES[int(rng.choice(3, p=ANGLE_SHARES))]
    turn = 0.0 if rng.random() < 0.7 else 45.0
    thickness = rng.uniform(2.0, 3.0)
    head = draw_head(str(rng.choice(STYLES)), rng.uniform(1.5, 1.9) * radius, thickness, rng)
    blade = winged(length, radius, wing, angles) - grooves(length, radius, wing, angles, rng)
    blade = (blade ^ envelope(length, radius, rng)).rotate((turn, 0.0, 0.0))
    key = blade + stop(radius, collar, rng) + bevelled(head.outline, thickness, rng.uniform(*BEVEL))
    key = key.as_original()
    body = key.original_id()
    tools = [
        cut.rotate((turn, 0.0, 0.0))
        for cut in cuts(radius, CutRange(collar + 1.5, length - 1.0, wing), angles, rng)
    ]
    key = Manifold.batch_boolean([key, *tools], OpType.Subtract)
    return assemble_solid("cruciform", key, draw_metal(rng), body, head, length)


def winged(length: float, radius: float, wing: float, angles: tuple[float, ...]) -> Manifold:
    """Return the uncut blade from x = 0 to its tip, the first wing towards +y."""
    wing_section = CrossSection.square((wing, radius)).translate((-wing / 2, 0.0))
    core = CrossSection.circle(wing * 0.62, 24)
    section = CrossSection.batch_boolean(
        [core, *(wing_section.rotate(angle) for angle in angles)], OpType.Add
    )
    return Manifold.extrude(section, length).rotate((0.0, 90.0, 0.0))


def envelope(length: float, radius: float, rng: np.random.Generator) -> Manifold:
    """Return the rod from which the blade is milled; it rounds the edges of the wings and tapers the tip."""
    taper = rng.uniform(0.8, 2.2)
    knots = [(0.0, radius), (length - taper, radius), (length, radius - taper * rng.uniform(0.5, 0.9))]
    return turned_shank(np.array(knots), [], 40)


def stop(radius: float, collar: float, rng: np.random.Generator) -> Manifold:
    """Return the collar that stops the key in the lock; it extends back into the bow; mm."""
    out = radius + rng.uniform(-0.2, 1.6)
    edge, back = 0.25, rng.uniform(0.0, 2.5)
    knots = [(-back - edge, out - edge), (-back, out), (collar - edge, out), (collar, out - edge)]
    return turned_shank(np.array(knots), [], 40)


def grooves(
    length: float, radius: float, wing: float, angles: tuple[float, ...], rng: np.random.Generator
) -> Manifold:
    """Return the tools of grooves along the sides of some wings, which fit the keyway."""
    tools = [Manifold()]
    for angle in angles:
        if rng.random() < 0.35:
            wide, deep = rng.uniform(0.7, 1.2), wing * rng.uniform(0.15, 0.3)
            position, side = radius * rng.uniform(0.45, 0.65), float(rng.choice([-1.0, 1.0]))
            box = Manifold.cube((length + 2, wide, 2 * deep), True).translate(
                (length / 2, position, side * wing / 2)
            )
            tools.append(box.rotate((angle, 0.0, 0.0)))
    return Manifold.batch_boolean(tools, OpType.Add)


def cuts(
    radius: float, cut_range: CutRange, angles: tuple[float, ...], rng: np.random.Generator
) -> list[Manifold]:
    """Return the tools of the cuts: a row of V cuts with flat floors in the edge of each wing."""
    tools = []
    for angle in angles:
        count = int(rng.integers(4, 7))
        pitch = (cut_range.last - cut_range.first) / count
        root, slope = pitch * rng.uniform(0.12, 0.25), np.tan(np.radians(rng.uniform(38, 52)))
        for i in range(count):
            deep = radius * 0.4 * rng.integers(0, 6) / 5
            if deep > 0:
                x = cut_range.first + (i + 0.5) * pitch
                wide = root + (deep + 1.0) * slope
                line = [
                    (x - root, radius - deep),
                    (x + root, radius - deep),
                    (x + wide, radius + 1),
                    (x - wide, radius + 1),
                ]
                tools.append(plate(polygon(line), cut_range.wing + 1.0).rotate((angle, 0.0, 0.0)))
    return tools
