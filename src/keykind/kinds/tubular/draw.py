"""Tubular keys: a short barrel with cuts around its open end.

In:    random generator
Out:   Solid of kind "tubular"
Needs: numpy, manifold3d    [render]

Estimated: barrels have an outside diameter of 9.3-10.2 mm, or 7.0-8.2 mm for small locks, and seven or eight
cuts. Cuts are up to 3.15 mm deep, in eight steps of 0.0155 in (cctalk 2018, depths of Ace locks). A nib at
the end engages the keyway.
"""

import numpy as np
from manifold3d import Manifold, OpType

from keykind.render.keys.blanks import BEVEL, bevelled, draw_metal
from keykind.render.keys.bows import draw_head
from keykind.render.keys.mortice_shanks import assemble_solid, drilled
from keykind.render.keys.rounded import Turning, turned_shank
from keykind.render.solids import Solid

STEP = 0.394  # mm (0.0155 in), depth increment of the cuts
STYLES = ("metal", "plastic")


def draw(rng: np.random.Generator) -> Solid:
    """Return a tubular key with a metal or plastic bow. Raises DegenerateSolid if the cuts split it."""
    radius = float(rng.choice([rng.uniform(3.5, 4.1), rng.uniform(4.6, 5.2)], p=[0.45, 0.55]))
    wall, length = rng.uniform(1.0, 1.45), rng.uniform(8.0, 20.0)
    thickness = rng.uniform(2.0, 2.8)
    head = draw_head(str(rng.choice(STYLES)), 2 * radius * rng.uniform(0.75, 1.0), thickness, rng)
    key = bevelled(head.outline, thickness, rng.uniform(*BEVEL)) + barrel(radius, length, rng)
    key = drilled(key, length, rng.uniform(5.0, max(5.5, length - 2.0)), radius - wall)
    key = (key + nibs(radius, wall, length, rng)).as_original()
    body = key.original_id()
    key = Manifold.batch_boolean([key, *cuts(radius, wall, length, rng)], OpType.Subtract)
    return assemble_solid("tubular", key, draw_metal(rng), body, head, length)


def barrel(radius: float, length: float, rng: np.random.Generator) -> Manifold:
    """Return the barrel, still solid, from inside the bow to its tip, sometimes with a collar."""
    back, edge = rng.uniform(0.2, 4.0), rng.uniform(0.1, 0.35)
    knots = [(-back, radius - 0.4), (-back + 0.4, radius), (length - edge, radius), (length, radius - edge)]
    turnings = []
    if rng.random() < 0.5:
        half = rng.uniform(0.5, 1.6)
        turnings.append(Turning(rng.uniform(-1.0, 1.5) + half, half, rng.uniform(0.4, 1.4), "ring"))
    if rng.random() < 0.2:
        turnings.append(Turning(length * 0.55, 0.5, -0.25))
    return turned_shank(np.array(knots), turnings, 40)


def nibs(radius: float, wall: float, length: float, rng: np.random.Generator) -> Manifold:
    """Return the nib outside the barrel near its end, at +y, sometimes extended to the inside."""
    wide, long, out = rng.uniform(1.4, 2.4), rng.uniform(1.8, 4.5), rng.uniform(0.6, 1.1)
    inner = rng.uniform(0.4, 0.9) if rng.random() < 0.6 else -wall / 2
    back = 0.0 if rng.random() < 0.6 else rng.uniform(0.3, 1.2)
    nib = Manifold.cube((long, wall + out + inner, wide))
    return nib.translate((length - back - long, radius - wall - inner, -wide / 2))


def cuts(radius: float, wall: float, length: float, rng: np.random.Generator) -> list[Manifold]:
    """Return the tools of the cuts: round cutters that plunge axially into the end of the wall."""
    count = int(rng.choice([8, 8, 8, 8, 7, 10]))
    across = np.pi * (radius - wall / 2) / count * rng.uniform(0.62, 0.8)
    middle = radius - wall * rng.uniform(0.0, 0.5)
    cutters = []
    for i in range(1, count):
        deep = STEP * rng.integers(1, 9)
        tool = Manifold.cylinder(deep + 1, across, circular_segments=18).rotate((0.0, 90.0, 0.0))
        angle = 360.0 * i / count
        cutters.append(tool.translate((length - deep, middle, 0.0)).rotate((angle, 0.0, 0.0)))
    return cutters
