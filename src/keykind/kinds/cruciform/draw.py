"""Cruciform keys: a blade of three or four wings, each cut on its edge.

In:    rng
Out:   Solid of kind "cruciform"
Needs: numpy, manifold3d    [render]

Blanks can be turned from rod of 9.5 mm (3/8 in) and milled to wings (hobby-machinist.com, "Making a
Cruciform Key"). By estimate: wings 1.8-2.5 mm thick and 7-9 mm over all, a blade of 20-32 mm, 4-6 cuts a
wing.
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys.blanks import BEVEL, bevelled, draw_metal
from keykind.render.keys.bows import draw_head
from keykind.render.keys.mortice_shanks import in_one_piece
from keykind.render.keys.rounded import turned
from keykind.render.solids import Solid, plate, polygon

ANGLES = ((0.0, 90.0, 180.0, 270.0), (0.0, 90.0, 180.0), (0.0, 120.0, 240.0))  # degrees of the wings about x
ANGLE_SHARES = (0.8, 0.1, 0.1)
STYLES = ("metal", "plastic")


@dataclass(frozen=True, slots=True)
class OrientedCrop:
    """Where a wing is cut, mm along the blade, and how thick it is."""

    first: float
    last: float
    wing: float


def draw(rng: np.random.Generator) -> Solid:
    """Return a cruciform key with a metal or plastic bow. Raises DegenerateSolid when the cuts split it."""
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
        for cut in cuts(radius, OrientedCrop(collar + 1.5, length - 1.0, wing), angles, rng)
    ]
    key = Manifold.batch_boolean([key, *tools], OpType.Subtract)
    return in_one_piece("cruciform", key, draw_metal(rng), body, head, length)


def winged(length: float, radius: float, wing: float, angles: tuple[float, ...]) -> Manifold:
    """Return the blade before cutting, from x = 0 to its tip, its first wing toward +y."""
    one = CrossSection.square((wing, radius)).translate((-wing / 2, 0.0))
    core = CrossSection.circle(wing * 0.62, 24)
    section = CrossSection.batch_boolean([core, *(one.rotate(angle) for angle in angles)], OpType.Add)
    return Manifold.extrude(section, length).rotate((0.0, 90.0, 0.0))


def envelope(length: float, radius: float, rng: np.random.Generator) -> Manifold:
    """Return the round bar that the blade was milled from: it rounds the wings' edges and tapers the tip."""
    taper = rng.uniform(0.8, 2.2)
    knots = [(0.0, radius), (length - taper, radius), (length, radius - taper * rng.uniform(0.5, 0.9))]
    return turned(np.array(knots), [], 40)


def stop(radius: float, collar: float, rng: np.random.Generator) -> Manifold:
    """Return the collar that stops the blade in the lock, reaching back into the bow; mm."""
    out = radius + rng.uniform(-0.2, 1.6)
    edge, back = 0.25, rng.uniform(0.0, 2.5)
    knots = [(-back - edge, out - edge), (-back, out), (collar - edge, out), (collar, out - edge)]
    return turned(np.array(knots), [], 40)


def grooves(
    length: float, radius: float, wing: float, angles: tuple[float, ...], rng: np.random.Generator
) -> Manifold:
    """Return what is milled along the sides of some wings to fit the keyway."""
    tools = [Manifold()]
    for angle in angles:
        if rng.random() < 0.35:
            wide, deep = rng.uniform(0.7, 1.2), wing * rng.uniform(0.15, 0.3)
            place, side = radius * rng.uniform(0.45, 0.65), float(rng.choice([-1.0, 1.0]))
            box = Manifold.cube((length + 2, wide, 2 * deep), True).translate(
                (length / 2, place, side * wing / 2)
            )
            tools.append(box.rotate((angle, 0.0, 0.0)))
    return Manifold.batch_boolean(tools, OpType.Add)


def cuts(
    radius: float, sizes: OrientedCrop, angles: tuple[float, ...], rng: np.random.Generator
) -> list[Manifold]:
    """Return the cutters: a row of V cuts with flat bottoms in the edge of each wing."""
    tools = []
    for angle in angles:
        count = int(rng.integers(4, 7))
        pitch = (sizes.last - sizes.first) / count
        root, slope = pitch * rng.uniform(0.12, 0.25), np.tan(np.radians(rng.uniform(38, 52)))
        for i in range(count):
            deep = radius * 0.4 * rng.integers(0, 6) / 5
            if deep > 0:
                x = sizes.first + (i + 0.5) * pitch
                wide = root + (deep + 1.0) * slope
                line = [
                    (x - root, radius - deep),
                    (x + root, radius - deep),
                    (x + wide, radius + 1),
                    (x - wide, radius + 1),
                ]
                tools.append(plate(polygon(line), sizes.wing + 1.0).rotate((angle, 0.0, 0.0)))
    return tools
