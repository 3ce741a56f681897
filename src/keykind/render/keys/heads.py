"""Heads moulded over a metal tang: plastic grips of house keys, heads of car keys.

In:    height and thickness of the blade in mm, random generator
Out:   Head
Needs: numpy, manifold3d    [render]

Car heads are 25-45 mm wide, 30-50 mm long and 8-14 mm thick; plastic grips of house keys 20-30 mm wide and
5-9 mm thick (catalogues of blanks and shells).
"""

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys import brands
from keykind.render.keys.fittings import (
    VIVID,
    badge,
    dark_colour,
    inset_into,
    plastic_surface,
    with_seam,
)
from keykind.render.keys.outlines import BOWS, box, centre, ellipse
from keykind.render.keys.sweeps import bore, filleted, moulded
from keykind.render.solids import Colour, DegenerateSolid, Head, Part, Point, Stamp, polygon

TANG = 9.0  # mm of metal hidden in the moulding
RIM = 2.6  # mm of plastic around a ring hole
COLLAR = 7.0  # mm next to the blade, too narrow for buttons or text
GRIPS = ("round", "oval", "square", "clover", "sided", "keystone", "shield", "fan", "fan")


def tang(neck: float) -> CrossSection:
    """Return the end of the blank that is hidden in the moulding, meeting the blade at x = 0."""
    return CrossSection.square((TANG + 0.4, neck)).translate((-TANG, -neck / 2))


def ring_hole(outline: CrossSection, wide: bool, rng: np.random.Generator) -> CrossSection:
    """Return a hole near the far end of a moulded outline: round, a slot, or parallel to the edge."""
    left, low, right, high = outline.bounds()
    middle, across = (low + high) / 2, high - low
    if rng.random() < (0.2 if wide else 0.6):
        radius = rng.uniform(2.4, 3.8)
        hole = CrossSection.circle(radius, 32).translate((left + RIM + radius, middle))
    elif rng.random() < 0.55:
        deep = rng.uniform(4.5, 7.0)
        hole = box(deep, across * rng.uniform(0.35, 0.55), deep / 2).translate(
            (left + RIM + deep / 2, middle)
        )
    else:
        deep = min(rng.uniform(6.0, 11.0), 0.35 * (right - left))
        near = across * rng.uniform(0.12, 0.4)
        wedge = [
            (left, -across / 2),
            (left + RIM + deep, -near),
            (left + RIM + deep, near),
            (left, across / 2),
        ]
        hole = polygon(wedge).translate((0.0, middle))
    pieces = filleted(hole ^ outline.offset(-RIM), 1.2).decompose()
    if pieces:
        return max(pieces, key=lambda piece: piece.area())
    return CrossSection.circle(2.2, 24).translate((left + RIM + 3.0, middle))


def with_collar(bow: CrossSection, neck: float, reach: float, rng: np.random.Generator) -> CrossSection:
    """Return a bow moved behind the shoulder, with a plastic collar around the root of the blade."""
    gap, wide = rng.uniform(0.0, 1.5), neck + rng.uniform(1.6, 5.0)
    bow = bow.translate((-reach - gap - bow.bounds()[2], 0.0))
    start = bow.bounds()[2] - 7.0
    collar = CrossSection.square((-gap - start, wide)).translate((start, -wide / 2))
    return (bow + collar).offset(2.5).offset(-2.5)


def draw_plastic(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return the plastic grip of a house key."""
    width = float(np.clip(rng.normal(25.0, 2.2), 20.0, 30.0))
    bow = BOWS[str(rng.choice(GRIPS))](width, rng)
    outline = with_collar(bow, neck, rng.uniform(1.0, 7.0), rng)
    thick = max(rng.uniform(5.0, 9.0), thickness + 2.0)
    edge, crown = rng.uniform(1.0, 2.6), float(rng.choice([0.0, rng.uniform(0.2, 0.8)]))
    outline = filleted(outline, edge * 1.05)
    hole = ring_hole(outline, False, rng)
    colour = dark_colour(rng) if rng.random() < 0.6 else VIVID[rng.integers(len(VIVID))]
    shell = moulded(outline, thick, edge, crown) - bore(hole, thick, 0.6)
    field = clear_field(outline, hole)
    shell, extra, stamps = grip_relief(shell, field, thick - 2 * crown, colour, rng)
    parts = (Part(shell, "head", plastic_surface(colour, rng, stamps)), *extra)
    return Head(tang(neck), parts, far_end(outline), centre(hole), (), thick)


def clear_field(outline: CrossSection, hole: CrossSection) -> tuple[Point, float, float]:
    """Return the middle of the face between hole and collar, and its free length and width in mm."""
    _, low, right, high = outline.bounds()
    start, stop = hole.bounds()[2] + 1.5, right - COLLAR
    return ((start + stop) / 2, (low + high) / 2), max(stop - start, 4.0), (high - low) * 0.7


def grip_relief(
    shell: Manifold, field: tuple[Point, float, float], thick: float, colour: Colour, rng: np.random.Generator
) -> tuple[Manifold, list[Part], tuple[Stamp, ...]]:
    """Return the shell with a recess, ribs or a badge; the parts in it; the stamps."""
    position, long, wide = field
    choice, angle = rng.random(), float(rng.choice([90.0, -90.0, 0.0]))
    across = (long if angle == 0 else wide) * 0.85
    name = brands.brand(rng)
    height = min(across / (0.75 * len(name)), 4.5)
    paint = None if rng.random() < 0.7 else ((0.8, 0.8, 0.8) if max(colour) < 0.4 else (0.02, 0.02, 0.02))
    text = Stamp(name, position, float(height), angle, float(rng.choice([-0.25, 0.3])), paint)
    if choice < 0.25:
        return both(shell, box(long, wide * 0.9, 2.5).translate(position), thick, 0.5), [], (text,)
    if choice < 0.45:
        bars = [
            box(1.0, wide, 0.45).translate((position[0] + (k - 1.5) * long / 4.0, position[1]))
            for k in range(4)
        ]
        for bar in bars:
            shell = both(shell, bar, thick, 0.45)
        return shell, [], ()
    if choice < 0.7:
        shell, part = badge(shell, position, min(long, wide) * rng.uniform(0.32, 0.46), thick / 2 + 0.1, rng)
        return shell, [part], ()
    return shell, [], (text,) if choice < 0.9 else ()


def both(shell: Manifold, outline: CrossSection, thick: float, depth: float) -> Manifold:
    """Return a shell with an outline recessed into both faces by `depth` mm."""
    sunk = Manifold.extrude(outline, 10.0)
    return (
        shell
        - sunk.translate((0.0, 0.0, thick / 2 - depth))
        - sunk.translate((0.0, 0.0, -thick / 2 + depth - 10.0))
    )


def far_end(outline: CrossSection) -> Point:
    """Return the point of an outline farthest from the blade, on its axis."""
    left, low, _, high = outline.bounds()
    return left, (low + high) / 2


def egg(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a drop: round at the far end, narrow at the blade."""
    radius = across / 2
    far = ellipse(min(along * rng.uniform(0.6, 0.9), 2 * radius), across)
    near = box(4.0, across * rng.uniform(0.35, 0.6), 1.9).translate(
        (along - far.bounds()[2] - radius - 2.0, 0.0)
    )
    return CrossSection.batch_hull([far, near])


def trapezoid(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a trapezoid with bulging sides, mostly narrower at the blade."""
    half, near = across / 2, across / 2 * rng.uniform(0.55, 1.0)
    bulge = rng.uniform(0.0, 2.5)
    side = [
        (along / 2 + bulge / 2, 0.0),
        (along / 2, near),
        (0.0, (half + near) / 2 + bulge),
        (-along / 2, half * 0.92),
    ]
    line = [*side, (-along / 2 - bulge, 0.0), *[(x, -y) for x, y in reversed(side[1:])]]
    return filleted(curved(np.array(line)), rng.uniform(4.0, 8.0))


def curved(corners: np.ndarray) -> CrossSection:
    """Return a polygon of (n, 2) corners in mm smoothed three times (Chaikin)."""
    for _ in range(3):
        ahead = np.roll(corners, -1, axis=0)
        corners = np.stack([0.8 * corners + 0.2 * ahead, 0.2 * corners + 0.8 * ahead], axis=1).reshape(-1, 2)
    return polygon(corners)


def cornered(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a disc with an eyelet at its far end."""
    disc = ellipse(along * 0.85, across)
    eye = CrossSection.circle(rng.uniform(6.0, 7.5), 32)
    eye = eye.translate((-along * 0.36, across * rng.uniform(0.0, 0.3) * rng.choice([-1, 1])))
    return (
        CrossSection.batch_hull([disc, eye]) if rng.random() < 0.5 else (disc + eye).offset(4.0).offset(-4.0)
    )


CAR_SHAPES = (egg, egg, trapezoid, trapezoid, trapezoid, cornered)


def draw_car(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return the moulded head of a car key without buttons, as of a transponder key."""
    along, across = rng.uniform(30.0, 44.0), rng.uniform(26.0, 37.0)
    shape = CAR_SHAPES[rng.integers(len(CAR_SHAPES))]
    outline = with_collar(shape(along, across, rng), neck, rng.uniform(0.5, 4.0), rng)
    thick = max(rng.uniform(7.5, 12.5), thickness + 4.0)
    edge, crown = rng.uniform(1.8, 3.2), rng.uniform(0.3, 1.6)
    outline = filleted(outline, edge * 1.05)
    hole = ring_hole(outline, True, rng)
    shell = moulded(outline, thick, edge, crown) - bore(hole, thick, 1.0)
    if rng.random() < 0.7:
        shell = with_seam(shell, outline)
    field = clear_field(outline, hole)
    colour = dark_colour(rng) if rng.random() < 0.88 else VIVID[rng.integers(len(VIVID))]
    shell, extra, stamps = car_face(shell, field, (thick, crown), rng)
    if rng.random() < 0.12:
        shell, far = two_coloured(shell, outline, rng)
        extra.append(far)
    parts = (Part(shell, "head", plastic_surface(colour, rng, stamps)), *extra)
    return Head(tang(neck), parts, far_end(outline), centre(hole), (), thick)


def two_coloured(shell: Manifold, outline: CrossSection, rng: np.random.Generator) -> tuple[Manifold, Part]:
    """Return the part of a shell at the blade, and the far part, which is moulded in another colour."""
    left, _, right, _ = outline.bounds()
    split = left + (right - left) * rng.uniform(0.35, 0.75)
    near, far = shell.split_by_plane((1.0, float(rng.normal(0.0, 0.25)), 0.0), split)
    if near.is_empty() or far.is_empty():
        raise DegenerateSolid("one colour of a two-coloured head is empty")
    colour = VIVID[rng.integers(len(VIVID))] if rng.random() < 0.6 else dark_colour(rng)
    return near, Part(far, "head", plastic_surface(colour, rng))


def car_face(
    shell: Manifold, field: tuple[Point, float, float], arch: tuple[float, float], rng: np.random.Generator
) -> tuple[Manifold, list[Part], tuple[Stamp, ...]]:
    """Return the shell with ribs, a badge, a rubber inlay or a logo; arch: its thickness and crown, mm."""
    (x, y), long, wide = field
    thick, crown = arch
    face = thick - crown * 0.6
    choice, radius = rng.random(), min(long, wide) * rng.uniform(0.26, 0.42)
    if choice < 0.25:
        shell, part = badge(shell, (x, y), radius, thick / 2 - crown * 0.1, rng)
        return shell, [part], ()
    if choice < 0.45:
        ring = CrossSection.circle(radius, 48) - CrossSection.circle(radius - 1.0, 48)
        shell = both(shell, ring.translate((x, y)), face, 0.5)
    elif choice < 0.62:
        shell = both(shell, ribs(long, wide, rng).translate((x, y)), face, 0.6)
    elif choice < 0.72:
        rubber = box(long * 0.9, wide * rng.uniform(0.6, 1.0), 3.5).translate((x, y))
        shell, body = inset_into(shell, rubber, face / 2 + 0.3)
        return shell, [Part(body, "inlay", plastic_surface(dark_colour(rng), rng))], ()
    ink = (0.7, 0.7, 0.7) if rng.random() < 0.25 else None
    logo = Stamp(brands.logo(rng), (x, y), 1.2 * radius, float(rng.choice([90.0, -90.0])), 0.3, ink)
    text = Stamp(brands.brand(rng), (x, y), min(wide * 0.17, long * 0.3), 90.0, 0.25, ink)
    return shell, [], () if rng.random() < 0.25 else (logo if rng.random() < 0.75 else text,)


def ribs(long: float, wide: float, rng: np.random.Generator) -> CrossSection:
    """Return the grooves between ribs, straight or slanted, over part of a face around the origin; mm."""
    count, slant = int(rng.integers(4, 9)), float(rng.choice([0.0, rng.uniform(-40.0, 40.0)]))
    pitch, part = wide / count, rng.uniform(0.35, 0.9)
    bars = [
        box(long * part, 0.35 * pitch, 0.2).translate((0.0, (k - (count - 1) / 2) * pitch))
        for k in range(count)
    ]
    area = CrossSection.batch_boolean(bars, OpType.Add).rotate(90.0 + slant if rng.random() < 0.6 else slant)
    return area ^ box(long, wide, 2.0)
