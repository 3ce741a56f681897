"""Details of moulded heads and fobs: pockets, badges, seams, loops.

In:    positions and sizes in mm, random generator
Out:   Part, shells with pockets
Needs: numpy, manifold3d    [render]
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.outlines import ellipse
from keykind.render.keys.sweeps import moulded, wire
from keykind.render.solids import Colour, Part, Point, Stamp, Surface, plate

GAP = 0.35  # mm, around a button, and width of the seam between two half shells
SEAT = 1.6  # mm by which a button or badge is sunk into the shell
VIVID: tuple[Colour, ...] = (
    (0.01, 0.06, 0.45), (0.5, 0.015, 0.02), (0.01, 0.22, 0.04), (0.75, 0.5, 0.01),
    (0.8, 0.2, 0.01), (0.25, 0.25, 0.26), (0.8, 0.8, 0.78), (0.02, 0.3, 0.5), (0.12, 0.01, 0.02),
)  # fmt: skip


def dark_colour(rng: np.random.Generator) -> Colour:
    """Return black or dark grey, as of a moulded shell."""
    shade = float(rng.choice([rng.uniform(0.006, 0.024), rng.uniform(0.024, 0.08)], p=[0.78, 0.22]))
    tint = rng.uniform(-0.08, 0.08)
    return (shade * (1 - tint), shade, shade * (1 + tint))


def plastic_surface(colour: Colour, rng: np.random.Generator, stamps: tuple[Stamp, ...] = ()) -> Surface:
    """Return the surface of moulded plastic with random gloss and wear."""
    rough, wear = rng.uniform(0.22, 0.6), rng.uniform(0.0, 1.0) ** 2
    return Surface(False, colour, float(rough), "moulded", float(wear), stamps=stamps)


def chrome_surface(rng: np.random.Generator, stamps: tuple[Stamp, ...] = ()) -> Surface:
    """Return the chromed surface of trims, loops and badges."""
    shade = rng.uniform(0.6, 0.85)
    finish = str(rng.choice(["polished", "satin"]))
    return Surface(True, (shade, shade, shade * 0.98), float(rng.uniform(0.1, 0.3)), finish, stamps=stamps)


def with_seam(shell: Manifold, outline: CrossSection) -> Manifold:
    """Return a shell with the groove where its two halves meet; outline: of the shell."""
    around = plate(outline.offset(2.0), GAP) - plate(outline.offset(-GAP * 1.2), GAP * 2)
    return shell - around


def inset_into(shell: Manifold, outline: CrossSection, top: float) -> tuple[Manifold, Manifold]:
    """Return a shell with a pocket, and a part that fits in it and rises to about z = `top` mm."""
    pocket = Manifold.extrude(outline.offset(GAP), 20.0).translate((0.0, 0.0, top - SEAT))
    body = moulded(outline, SEAT * 2, 0.45, 0.25).trim_by_plane((0.0, 0.0, 1.0), 0.0)
    return shell - pocket, body.translate((0.0, 0.0, top - SEAT))


def badge(
    shell: Manifold, position: Point, radius: float, top: float, rng: np.random.Generator
) -> tuple[Manifold, Part]:
    """Return a shell with a pocket, and the round or oval badge in it, with a logo."""
    shape = ellipse(2 * radius * rng.choice([1.0, 1.0, 0.7]), 2 * radius).translate(position)
    shell, body = inset_into(shell, shape, top)
    stamp = Stamp(brands.logo(rng), position, 1.2 * radius, float(rng.choice([0.0, 90.0, -90.0])), -0.15)
    bright = (
        chrome_surface(rng, (stamp,))
        if rng.random() < 0.7
        else plastic_surface(VIVID[rng.integers(len(VIVID))], rng, (stamp,))
    )
    return shell, Part(body, "badge", bright)


def bail(position: Point, span: float, reach: float, radius: float) -> Manifold:
    """Return a U-shaped wire that projects by `reach` towards -x, its ends `span` apart; mm."""
    turns = np.linspace(-np.pi / 2, np.pi / 2, 15)
    bend = np.sign(turns) * np.abs(np.sin(turns)) ** 0.6 * span / 2
    path = np.column_stack([position[0] - reach * np.cos(turns) ** 0.5, position[1] + bend, np.zeros(15)])
    feet = [[(position[0] + 5.0, position[1] + sign * span / 2, 0.0)] for sign in (-1, 1)]
    return wire(np.concatenate([feet[0], path, feet[1]]), radius)
