"""Double-bitted keys, as used for safes: a bit on either side of the shank.

In:    random generator
Out:   Solid of kind "double_bit"
Needs: numpy, manifold3d    [render]

Double-bitted safe keys are 40 to over 75 mm long (rosslocks.com.au, "Additional keys"), solid or hollow
(savoysafes.com, "Antique safe keys") or flat. Estimated: a shank of 6-8 mm, and 5-8 steps per bit.
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.blanks import BEVEL, bevelled, draw_metal
from keykind.render.keys.bows import draw_head
from keykind.render.keys.mortice_bits import stepped
from keykind.render.keys.mortice_bows import draw_bow
from keykind.render.keys.mortice_metals import draw_old
from keykind.render.keys.mortice_shanks import SHORT, Sizes, assemble_solid, drilled, rooted, shank
from keykind.render.keys.rounded import Turning, turned_shank
from keykind.render.solids import Head, Solid, plate

OLD_BOWS = {"framed": 0.6, "pierced": 0.25, "rings": 0.15}
FLAT = 0.3  # share of keys stamped from sheet
OLD = 0.35  # share of round keys with a forged bow


def draw(rng: np.random.Generator) -> Solid:
    """Return a double-bitted key with a round or flat shank. Raises DegenerateSolid if a cut splits it."""
    radius, width = rng.uniform(2.8, 4.0), rng.uniform(11.0, 25.0)
    pin = rng.uniform(1.0, 5.0) if rng.random() < 0.5 else 0.0
    length = width + pin + rng.uniform(18.0, 55.0)
    sizes = Sizes(length, radius, radius, pin, width, rng.uniform(5.0, 9.5), rng.uniform(2.2, 3.6))
    draw_form = draw_flat if rng.random() < FLAT else draw_round
    return draw_form(sizes, rng)


def bits(sizes: Sizes, rng: np.random.Generator) -> tuple[CrossSection, CrossSection]:
    """Return the outlines of the bits on both sides, before and after cutting."""
    count = int(rng.integers(5, 9))
    lower = stepped(sizes.width, sizes.height, count, rng)
    upper = lower if rng.random() < 0.45 else stepped(sizes.width, sizes.height, count, rng)
    sides = rooted(lower, sizes) + rooted(upper, sizes).mirror((0.0, 1.0))
    out = sizes.radius + sizes.height
    blank = CrossSection.square((sizes.width, 2 * out)).translate(
        (sizes.length - sizes.pin - sizes.width, -out)
    )
    return blank, sides


def waste(blank: CrossSection, cut: CrossSection, sizes: Sizes) -> Manifold:
    """Return the tool that removes everything outside the cut bits, except the shank."""
    left, _, right, _ = blank.bounds()
    core = CrossSection.square((right - left + 4, 2.04 * sizes.radius)).translate(
        (left - 2, -1.02 * sizes.radius)
    )
    return plate(blank.offset(1.0) - cut - core, 2 * sizes.radius + 4)


def draw_round(sizes: Sizes, rng: np.random.Generator) -> Solid:
    """Return a key with a round shank and a forged or flat bow. Raises DegenerateSolid if a cut splits it."""
    blank, cut = bits(sizes, rng)
    surfaces = draw_metal(rng)
    if rng.random() < OLD:
        style = str(rng.choice(list(OLD_BOWS), p=list(OLD_BOWS.values())))
        bow = draw_bow(style, rng.uniform(22, 34), rng)
        head = Head(CrossSection(), (), bow.end, bow.hole, (), bow.thickness)
        key = bow.solid + shank(sizes, bow.bite, bow.stem, rng)
        surfaces = surfaces if rng.random() < 0.5 else (draw_old(rng), surfaces[1])
    else:
        thickness = rng.uniform(2.0, 3.2)
        head = draw_head("metal", 2 * sizes.radius, thickness, rng)
        key = bevelled(head.outline, thickness, rng.uniform(*BEVEL)) + plain_shank(sizes, rng)
    key = (key + plate(blank, sizes.thickness)).as_original()
    body = key.original_id()
    key -= waste(blank, cut, sizes)
    if sizes.pin <= SHORT and rng.random() < 0.5:
        key = drilled(key, sizes.length, rng.uniform(8.0, 20.0), sizes.radius * 0.6)
    return assemble_solid("double_bit", key, surfaces, body, head, sizes.length)


def plain_shank(sizes: Sizes, rng: np.random.Generator) -> Manifold:
    """Return a round shank, often with a collar."""
    r, edge = sizes.radius, rng.uniform(0.2, 0.6)
    knots = [(-rng.uniform(0.2, 3.0), r), (sizes.length - edge, r), (sizes.length, r - edge)]
    turnings = []
    if rng.random() < 0.6:
        half = rng.uniform(0.6, 2.4)
        turnings.append(Turning(rng.uniform(0.0, 6.0) + half, half, rng.uniform(0.6, 1.8), "ring"))
    return turned_shank(np.array(knots), turnings)


def draw_flat(sizes: Sizes, rng: np.random.Generator) -> Solid:
    """Return a key stamped from sheet. Raises DegenerateSolid if a cut splits it."""
    thickness = rng.uniform(1.8, 3.0)
    blank, cut = bits(sizes, rng)
    bar = CrossSection.square((sizes.length, 2 * sizes.radius)).translate((0.0, -sizes.radius))
    head = draw_head("metal", 2 * sizes.radius, thickness, rng)
    key = bevelled(head.outline + bar + blank, thickness, rng.uniform(*BEVEL)).as_original()
    body = key.original_id()
    key -= waste(blank, cut, sizes)
    return assemble_solid("double_bit", key, draw_metal(rng), body, head, sizes.length)
