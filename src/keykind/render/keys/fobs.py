"""Flip fobs, with buttons, chrome and a blade that swings out: open and half open.

In:    height and thickness of the blade in mm, random generator
Out:   Head; Fob, whose parts a folded key shares
Needs: numpy, manifold3d    [render]

Flip fobs are 33-40 mm wide, 62-76 mm long and 14-18 mm thick (dimensions of replacement shells).
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import bail, chrome_surface, dark_colour, inset_into, plastic_surface
from keykind.render.keys.outlines import box
from keykind.render.keys.shells import Shell, dress, mould_shell, shell_colour
from keykind.render.keys.sweeps import filleted, moulded
from keykind.render.solids import Head, Part, Point, Stamp, Surface, placed, plate, polygon

HINGE = 8.0  # mm, length of the metal block that holds the blade
HALF_OPEN = (30.0, 150.0)  # degrees between fob and blade


@dataclass(frozen=True, slots=True)
class Fob:
    """A flip fob, placed as if its blade were open: the shoulder at the origin, the blade along +x."""

    parts: tuple[Part, ...]
    block: Part  # holds the blade, turns with it
    pivot: Point  # mm, the axis of the blade
    end: Point  # mm, the end with the loop
    hole: Point
    side: float  # +1 or -1: the side along y at which the blade folds in
    slot: float  # mm, length of the slot for the blade, from the pivot
    thick: float  # mm


def fob_outline(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return an oblong outline with curved sides around the origin, narrower at its far end."""
    near, far = across / 2 * rng.uniform(0.88, 1.0), across / 2 * rng.uniform(0.74, 1.0)
    u = np.linspace(-1.0, 1.0, 9)
    arch = 1 - u**2
    y = far + (near - far) * (u + 1) / 2 + rng.uniform(0.0, 2.0) * arch
    x = np.full(9, -along / 2) - rng.uniform(0.0, 3.0) * arch
    sides = [np.column_stack([u * along / 2, -y]), np.column_stack([-u * along / 2, y[::-1]])]
    line = np.concatenate([*sides, np.column_stack([x, -u * far])[1:-1]])
    return filleted(polygon(line), rng.uniform(4.5, 9.0))


def draw_fob(neck: float, thickness: float, rng: np.random.Generator) -> Fob:
    """Return a flip fob for a blade `neck` mm high, its hinge near one side."""
    along, across, thick = rng.uniform(58.0, 74.0), rng.uniform(32.0, 39.0), rng.uniform(13.0, 17.0)
    side = float(rng.choice([-1, 1]))
    aside = side * (across / 2 - neck * 0.5 - rng.uniform(2.0, 4.0))
    near = -rng.uniform(3.0, 6.0)
    middle = -aside
    edge, crown = rng.uniform(2.2, 3.8), rng.uniform(0.4, 1.4)
    outline = filleted(fob_outline(along, across, rng), edge * 1.05).translate((near - along / 2, middle))
    pivot, slot = (near - HINGE - 0.5, 0.0), along - 18.0
    field = ((near - along / 2 - 4.0, middle), along - 26.0, across * 0.74)
    shell = Shell(outline, thick, edge, crown, field)
    high = max(thick * 0.45, thickness + 2.5)
    body = mould_shell(shell, True) - _room(pivot, near, neck, high)
    body -= _slot(pivot, slot, side, (neck, thickness))
    button = CrossSection.circle(rng.uniform(3.6, 4.8), 32).translate(pivot)
    body, release = inset_into(body, button, thick / 2)
    body, parts, stamps = dress(body, shell, int(rng.choice([0, 2, 3, 4], p=[0.08, 0.27, 0.45, 0.2])), rng)
    trims, end, hole = far_trim(outline, thick, rng)
    bright = chrome_surface(rng)
    mark = Stamp(brands.logo(rng), pivot, 5.0, 90.0, 0.1)
    cover = bright if rng.random() < 0.7 else plastic_surface(dark_colour(rng), rng)
    fob = (
        Part(body, "fob", plastic_surface(shell_colour(rng), rng, stamps)),
        Part(release.translate((0.0, 0.0, 0.6)), "release", _stamped(cover, mark)),
        *(*parts, *trims),
    )
    return Fob(fob, _block(pivot, neck, high, rng), pivot, end, hole, side, slot, thick)


def _stamped(surface: Surface, stamp: Stamp) -> Surface:
    return replace(surface, stamps=(stamp,))


def _room(pivot: Point, near: float, neck: float, high: float) -> Manifold:
    """Return the cavity in which the block turns, open towards the blade."""
    wide = neck + 3.3
    straight = CrossSection.square((near + 2.0 - pivot[0], wide)).translate((pivot[0], -wide / 2))
    return plate(straight + CrossSection.circle(wide / 2, 32).translate(pivot), high + 0.8)


def _slot(pivot: Point, long: float, side: float, size: Point) -> Manifold:
    """Return the slot along one side into which the blade folds; size: height and thickness of the blade."""
    neck, thickness = size
    wide = neck + 40.0
    area = CrossSection.square((long, wide)).translate((pivot[0] - long, -neck / 2 - 0.8))
    return plate(area.scale((1.0, side)), thickness + 1.2)


def _block(pivot: Point, neck: float, high: float, rng: np.random.Generator) -> Part:
    wide = neck + 2.5
    arm = box(-pivot[0], wide, 1.0).translate((pivot[0] / 2, 0.0))
    outline = arm + CrossSection.circle(wide / 2, 32).translate(pivot)
    cover = chrome_surface(rng) if rng.random() < 0.75 else plastic_surface(dark_colour(rng), rng)
    return Part(moulded(outline, high, 0.8), "hinge", cover)


def draw_flip(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return an open flip fob, the blade near one side."""
    return _unfolded(draw_fob(neck, thickness, rng), neck, 180.0)


def draw_half_open(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return a flip fob at 30 to 150 degrees to the blade."""
    return _unfolded(draw_fob(neck, thickness, rng), neck, float(rng.uniform(*HALF_OPEN)))


def _unfolded(fob: Fob, neck: float, degrees: float) -> Head:
    """Return the head of a flip key whose blade is at this angle to the fob; 180 is open."""
    turn = -fob.side * (180.0 - degrees)
    c, s = float(np.cos(np.radians(turn))), float(np.sin(np.radians(turn)))

    def about_pivot(point: Point) -> Point:
        x, y = point[0] - fob.pivot[0], point[1] - fob.pivot[1]
        return (fob.pivot[0] + c * x - s * y, fob.pivot[1] + s * x + c * y)

    away = about_pivot((0.0, 0.0))
    tang = CrossSection.square((HINGE + 0.4, neck)).translate((-HINGE, -neck / 2))
    parts = (*(placed(part, turn, away) for part in fob.parts), fob.block)
    return Head(tang, parts, about_pivot(fob.end), about_pivot(fob.hole), (), fob.thick)


def far_trim(
    outline: CrossSection, thick: float, rng: np.random.Generator
) -> tuple[list[Part], Point, Point]:
    """Return the trim at the far end of a fob, the end of the fob, and the centre of the eye for a ring."""
    left, low, _, high = outline.bounds()
    middle = (low + high) / 2
    parts, bright = [], chrome_surface(rng)
    if rng.random() < 0.4:
        reach = rng.uniform(6.0, 22.0)
        band = outline.offset(0.5) - outline.offset(-1.5)
        band ^= CrossSection.square((reach + 1.0, 100.0)).translate((left - 1.0, middle - 50.0))
        parts.append(Part(plate(band, rng.uniform(2.0, 4.5)), "trim", bright))
    reach, span = rng.uniform(3.5, 7.0), (high - low) * rng.uniform(0.35, 0.6)
    wire = rng.uniform(1.2, min(2.0, thick / 7))
    eye = bail((left + 2.0, middle), span, reach + 2.0, wire)
    parts.append(Part(eye, "loop", bright if rng.random() < 0.75 else plastic_surface(dark_colour(rng), rng)))
    return parts, (left - reach - wire, middle), (left - reach / 2 + wire / 2, middle)
