"""Heads of car and motorcycle keys beyond the plain moulded one: remotes, motorcycle heads, emergency keys.

In:    height and thickness of the blade in mm, random generator
Out:   Head
Needs: numpy, manifold3d    [render]

Remote heads are 32-44 mm wide, 45-66 mm long and 10-15 mm thick; heads of motorcycle keys 18-27 mm wide and
22-32 mm long; emergency blades sit in a block 10-18 mm wide (photos of replacement shells).
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import bail, chrome_surface, plastic_surface
from keykind.render.keys.heads import (
    COLLAR,
    clear_field,
    egg,
    far_end,
    ring_hole,
    tang,
    trapezoid,
    with_collar,
)
from keykind.render.keys.outlines import BOWS, box, centre
from keykind.render.keys.remotes import draw_smart
from keykind.render.keys.shells import Shell, chrome_rim, dress, mould_shell, shell_colour
from keykind.render.keys.sweeps import bore, filleted
from keykind.render.solids import Head, Part, Stamp, placed, polygon

MOTORCYCLE_BOWS = ("round", "oval", "square", "sided", "shield", "fan", "keystone")
EAR = 5.0  # mm, radius of an eyelet at the corner of a remote head
EYE = 2.4  # mm, radius of its hole


def draw_remote_head(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return the large head of a car key with two to five buttons."""
    count = int(rng.choice([2, 3, 4, 5], p=[0.3, 0.4, 0.22, 0.08]))
    along, across = rng.uniform(40.0, 50.0) + 3.5 * count, rng.uniform(32.0, 43.0)
    outline = _remote_outline(along, across, rng)
    outline = with_collar(outline, neck, rng.uniform(0.5, 3.0), rng)
    thick = max(rng.uniform(10.0, 15.0), thickness + 5.0)
    edge, crown = rng.uniform(2.0, 3.6), rng.uniform(0.3, 1.6)
    outline = filleted(outline, edge * 1.05)
    outline, hole, eared = _ear(outline, rng) if rng.random() < 0.35 else (*_far_hole(outline, rng), False)
    field = _face_field(outline, hole, eared)
    shell = Shell(outline, thick, edge, crown, field)
    body = mould_shell(shell, rng.random() < 0.8) - bore(hole, thick, 0.8)
    body, parts, stamps = dress(body, shell, count, rng)
    if not eared and rng.random() < 0.15:
        parts.append(chrome_rim(shell, rng))
    parts = [Part(body, "head", plastic_surface(shell_colour(rng), rng, stamps)), *parts]
    return Head(tang(neck), tuple(parts), far_end(outline), centre(hole), (), thick)


def _remote_outline(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a drop, a trapezoid or a hexagon with its narrow end at the blade."""
    choice = rng.random()
    if choice < 0.35:
        return egg(along, across, rng)
    if choice < 0.7:
        return trapezoid(along, across, rng)
    half, near, far = across / 2, across * rng.uniform(0.16, 0.32), across * rng.uniform(0.3, 0.48)
    waist = along * rng.uniform(-0.15, 0.2)
    right = [(along / 2, near), (waist, half), (-along / 2, far)]
    return filleted(polygon([(x, -y) for x, y in right] + right[::-1]), rng.uniform(3.0, 7.0))


def _far_hole(outline: CrossSection, rng: np.random.Generator) -> tuple[CrossSection, CrossSection]:
    return outline, ring_hole(outline, True, rng)


def _ear(outline: CrossSection, rng: np.random.Generator) -> tuple[CrossSection, CrossSection, bool]:
    """Return the outline with an eyelet at a far corner, its hole, and True."""
    left, low, right, high = outline.bounds()
    side = float(rng.choice([-1.0, 1.0]))
    middle = (low + high) / 2
    corner = (left + (right - left) * rng.uniform(0.02, 0.12), middle + side * (high - low) * 0.42)
    eye = CrossSection.circle(EAR, 32).translate(corner)
    joined = (outline + eye).offset(1.5).offset(-1.5)
    return filleted(joined, 0.8), CrossSection.circle(EYE, 24).translate(corner), True


def _face_field(
    outline: CrossSection, hole: CrossSection, eared: bool
) -> tuple[tuple[float, float], float, float]:
    """Return the free middle, length and width of the face, mm."""
    if not eared:
        return clear_field(outline, hole)
    left, low, right, high = outline.bounds()
    start, stop = left + 7.0, right - COLLAR
    return ((start + stop) / 2, (low + high) / 2), stop - start, (high - low) * 0.62


def draw_motorcycle(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return the small moulded head of a motorcycle key, mostly black."""
    width = rng.uniform(18.0, 27.0)
    bow = BOWS[str(rng.choice(MOTORCYCLE_BOWS))](width, rng).scale((rng.uniform(0.95, 1.25), 1.0))
    outline = with_collar(bow, neck, rng.uniform(0.5, 4.0), rng)
    thick = max(rng.uniform(5.5, 9.0), thickness + 2.5)
    edge, crown = rng.uniform(1.2, 2.4), rng.uniform(0.1, 0.7)
    outline = filleted(outline, edge * 1.05)
    hole = ring_hole(outline, False, rng)
    shell = Shell(outline, thick, edge, crown, clear_field(outline, hole))
    body = mould_shell(shell, rng.random() < 0.4) - bore(hole, thick, 0.6)
    (x, y), long, wide = shell.field
    logo = Stamp(brands.logo(rng), (x, y), min(long, wide) * 0.75, float(rng.choice([90.0, -90.0])), 0.3)
    text = Stamp(brands.brand(rng), (x, y), min(long * 0.4, wide * 0.18), 90.0, 0.25)
    stamp = logo if rng.random() < 0.6 else text
    parts = (Part(body, "head", plastic_surface(shell_colour(rng), rng, (stamp,))),)
    return Head(tang(neck), parts, far_end(outline), centre(hole), (), thick)


def draw_emergency(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return the small block at the end of an emergency blade, which is kept inside a remote."""
    along, across = rng.uniform(10.0, 26.0), max(rng.uniform(9.0, 18.0), neck + 1.5)
    thick = max(rng.uniform(4.0, 8.0), thickness + 1.5)
    gap = rng.uniform(0.0, 1.0)
    outline = box(along, across, rng.uniform(1.0, 3.5)).translate((-gap - along / 2, 0.0))
    collar = box(8.0, neck + 1.0, 0.5).translate((-gap - 4.0, 0.0))
    shell = Shell(filleted(outline + collar, 0.6), thick, rng.uniform(0.6, 1.4), 0.0, ((0.0, 0.0), 0.0, 0.0))
    body, colour = mould_shell(shell, False), plastic_surface(shell_colour(rng), rng)
    left = -gap - along
    if rng.random() < 0.5:
        radius = rng.uniform(1.6, min(3.0, across * 0.28))
        hole = CrossSection.circle(radius, 24).translate((left + 1.8 + radius, 0.0))
        body -= bore(hole, thick, 0.4)
        return Head(tang(neck), (Part(body, "head", colour),), (left, 0.0), centre(hole), (), thick)
    reach, wire = rng.uniform(3.5, 7.0), rng.uniform(1.0, 1.6)
    loop = bail((left + 1.5, 0.0), across * rng.uniform(0.55, 0.8), reach + 1.5, wire)
    parts = (Part(body, "head", colour), Part(loop, "loop", chrome_surface(rng)))
    return Head(tang(neck), parts, (left - reach - wire, 0.0), (left - reach / 2, 0.0), (), thick)


def draw_smart_head(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return a smart remote whose emergency blade is pushed in at its end."""
    smart = draw_smart(rng)
    block = box(6.0, neck + 2.5, 1.0).translate((-3.1, 0.0))
    collar = Part(Manifold.extrude(block, thickness + 2.0).translate((0.0, 0.0, -thickness / 2 - 1.0)),
                  "collar", plastic_surface(shell_colour(rng), rng))  # fmt: skip
    away = (-smart.tip[0] - 4.0, -smart.tip[1])
    hole = smart.hole or smart.head
    return Head(
        tang(neck),
        (*(placed(part, 0.0, away) for part in smart.parts), collar),
        (smart.head[0] + away[0], smart.head[1] + away[1]),
        (hole[0] + away[0], hole[1] + away[1]),
        (),
        smart.thickness,
    )
