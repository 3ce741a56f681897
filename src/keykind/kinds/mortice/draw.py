"""Mortice keys: lever and warded keys with a round shank and a bit at its tip.

In:    random generator
Out:   Solid of kind "mortice"
Needs: numpy, manifold3d    [render]

Estimated from photos: door keys are 60-150 mm long overall with a shank 4.5-8 mm in diameter, furniture keys
40-75 mm with 3.5-5.5 mm. Furniture keys have a bore (busseslocks.com, "Barrel key") or a pin beyond the bit
(english-classics.net, "Antique Furniture Keys"); keys of five-lever locks have seven peaks
(als-locksmiths.co.uk).
"""

from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.kinds.mortice.show import draw_show
from keykind.render.keys.blanks import BEVEL, bevelled, draw_metal
from keykind.render.keys.bows import draw_head
from keykind.render.keys.mortice_bits import draw_bit
from keykind.render.keys.mortice_bows import draw_bow
from keykind.render.keys.mortice_metals import draw_old
from keykind.render.keys.mortice_shanks import (
    SHORT,
    Sizes,
    assemble_solid,
    drilled,
    forged_bit,
    rooted,
    shank,
)
from keykind.render.keys.rounded import Turning, turned_shank
from keykind.render.solids import Head, Solid, plate

BOWS = {"framed": 0.46, "hearted": 0.08, "rings": 0.12, "scrolled": 0.16, "pierced": 0.18}
BITS = {"warded": 0.3, "plain": 0.24, "ornate": 0.24, "levered": 0.22}
BORE = 0.62  # radius of the bore of a pipe key, as a share of that of its tip
MIRRORED = 0.04  # share of old keys with the same bit on both sides
SHARES = {"old": 0.74, "modern": 0.18, "show": 0.08}
NEWER_SHARE = 0.25  # of old keys that are made of the metals of modern keys


def draw(rng: np.random.Generator) -> Solid:
    """Return an old or modern mortice key, or a showpiece. Raises DegenerateSolid if a cut splits it."""
    return FAMILIES[pick(SHARES, rng)](rng)


def pick(shares: dict[str, float], rng: np.random.Generator) -> str:
    """Return one of the names, with these probabilities."""
    return str(rng.choice(list(shares), p=list(shares.values())))


def old_sizes(rng: np.random.Generator) -> Sizes:
    """Return the sizes of an old key, for furniture or for a door."""
    small = rng.random() < 0.32
    length = rng.uniform(24, 42) if small else rng.uniform(40, 92)
    radius = rng.uniform(1.7, 2.8) if small else float(np.clip(length * rng.uniform(0.035, 0.068), 2.2, 4.2))
    end = radius * (rng.uniform(0.75, 0.97) if rng.random() < 0.35 else 1.0)
    height = 2 * radius * rng.uniform(1.1, 2.6) + 1.5
    width = float(np.clip(height * rng.uniform(0.6, 1.35), 5.0, length * 0.4))
    pin = rng.uniform(0.6, 7.0) * radius / 3 if rng.random() < 0.5 else rng.uniform(0.0, 0.4)
    return Sizes(length, radius, end, pin, width, height, radius * rng.uniform(0.6, 1.15))


def draw_old_key(rng: np.random.Generator) -> Solid:
    """Return a forged or cast key with an open bow. Raises DegenerateSolid if a cut splits it."""
    sizes = old_sizes(rng)
    bow = draw_bow(pick(BOWS, rng), float(np.clip(sizes.length * rng.uniform(0.4, 0.8), 15, 46)), rng)
    outline = rooted(draw_bit(pick(BITS, rng), sizes.width, sizes.height, rng), sizes)
    bit = forged_bit(outline, sizes, rng)
    if rng.random() < MIRRORED:
        bit += bit.mirror((0.0, 1.0, 0.0))
    key = bow.solid + shank(sizes, bow.bite, bow.stem, rng) + bit
    if sizes.pin <= SHORT and rng.random() < 0.55:
        key = drilled(key, sizes.length, rng.uniform(6.0, 20.0), sizes.end * BORE)
    head = Head(CrossSection(), (), bow.end, bow.hole, (), bow.thickness)
    return assemble_solid(
        "mortice",
        key,
        (draw_metal(rng)[0] if rng.random() < NEWER_SHARE else draw_old(rng), None),
        -1,
        head,
        sizes.length,
    )


def modern_sizes(rng: np.random.Generator) -> Sizes:
    """Return the sizes of a modern lever key."""
    radius = rng.uniform(2.3, 3.6)
    pin = rng.uniform(2.0, 7.0) if rng.random() < 0.5 else rng.uniform(0.6, 1.0)
    height, width = rng.uniform(7.0, 12.5), rng.uniform(7.0, 13.0)
    return Sizes(rng.uniform(34, 62) + pin, radius, radius, pin, width, height, rng.uniform(2.0, 3.2))


def modern_shank(sizes: Sizes, rng: np.random.Generator) -> Manifold:
    """Return a plain shank, often with a collar and a thinner pin."""
    r, last = sizes.radius, sizes.length - sizes.pin
    tip = r * rng.uniform(0.5, 0.8) if sizes.pin > SHORT and rng.random() < 0.6 else r
    knots = [(-0.3, r * 0.9), (0.0, r), (last, r), (last + 0.1, tip), (sizes.length - 0.4, tip)]
    knots.append((sizes.length, tip - 0.4))
    turnings = []
    if rng.random() < 0.6:
        half = rng.uniform(0.6, 2.2)
        turnings.append(Turning(rng.uniform(0.0, 9.0) + half, half, rng.uniform(0.6, 1.6), "ring"))
    return turned_shank(np.array(knots), turnings)


def draw_modern(rng: np.random.Generator) -> Solid:
    """Return a lever key with a flat stamped bow. Raises DegenerateSolid if a cut splits it."""
    sizes = modern_sizes(rng)
    thickness = rng.uniform(2.0, 3.2)
    head = draw_head("metal", min(2 * sizes.radius, 7.0), thickness, rng)
    bit = draw_bit("levered" if rng.random() < 0.75 else "warded", sizes.width, sizes.height, rng)
    start, out = sizes.length - sizes.pin - sizes.width, sizes.radius + sizes.height
    blank = CrossSection.square((sizes.width, out)).translate((start, -out))
    bow = bevelled(head.outline, thickness, rng.uniform(*BEVEL))
    key = (bow + modern_shank(sizes, rng) + plate(blank, sizes.thickness)).as_original()
    body = key.original_id()
    waste = blank.offset(1.0) - rooted(bit, sizes)
    waste ^= CrossSection.square((sizes.width + 4, 40.0)).translate((start - 2, -40.0 - sizes.radius * 1.02))
    key -= plate(waste, sizes.thickness + 2)
    if sizes.pin <= SHORT and rng.random() < 0.2:
        key = drilled(key, sizes.length, rng.uniform(6.0, 15.0), sizes.end * BORE)
    return assemble_solid("mortice", key, draw_metal(rng), body, head, sizes.length)


FAMILIES: dict[str, Callable[[np.random.Generator], Solid]] = {
    "old": draw_old_key,
    "modern": draw_modern,
    "show": draw_show,
}
