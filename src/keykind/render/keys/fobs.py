"""Flip fobs, with buttons, chrome and a swing-out blade, and remotes.

In:    height and thickness of the blade in mm, random generator
Out:   Head, or the parts of a remote without a blade
Needs: numpy, manifold3d    [render]

Flip fobs are 33-40 mm wide, 62-76 mm long and 14-18 mm thick (dimensions of replacement shells).
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import (
    bail,
    button_shape,
    buttons,
    chrome_surface,
    dark_colour,
    inset_into,
    plastic_surface,
    with_seam,
)
from keykind.render.keys.outlines import box
from keykind.render.keys.sweeps import filleted, moulded
from keykind.render.solids import Head, Part, Point, Stamp, plate, polygon

HINGE = 8.0  # mm, length of the metal block that holds the blade


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


def draw_flip(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return an open flip fob, the blade near one edge."""
    along, across, thick = rng.uniform(58.0, 70.0), rng.uniform(32.0, 38.0), rng.uniform(13.0, 17.0)
    side = float(rng.choice([-1, 1]))
    aside = side * (across / 2 - neck * 0.5 - rng.uniform(2.0, 4.0))
    near = -rng.uniform(3.0, 6.0)
    position = (near - along / 2, -aside)
    edge, crown = rng.uniform(2.2, 3.8), rng.uniform(0.4, 1.4)
    outline = filleted(fob_outline(along, across, rng), edge * 1.05).translate(position)
    shell = with_seam(moulded(outline, thick, edge, crown), outline)
    shell, block = hinged(shell, near, neck, max(thick * 0.5, thickness + 2.5))
    shell, release = inset_into(
        shell, CrossSection.circle(rng.uniform(3.6, 4.6), 32).translate((near - 8.5, 0.0)), thick / 2
    )
    shell, pads = panel(
        shell, (near - 14.0, near - along + 8.0), position[1], (across, thick / 2 - crown * 0.4), rng
    )
    trims, end, hole = far_trim(outline, thick, rng)
    stamps = (
        (Stamp(brands.logo(rng), (near - along + 7.0, position[1]), 6.0, 90.0, 0.2),)
        if rng.random() < 0.3
        else ()
    )
    bright = chrome_surface(rng)
    parts = [
        Part(shell, "fob", plastic_surface(dark_colour(rng), rng, stamps)),
        Part(block, "hinge", bright),
    ]
    parts += [Part(release.translate((0.0, 0.0, 0.6)), "release", bright), *pads, *trims]
    tang = CrossSection.square((HINGE + 0.4, neck)).translate((-HINGE, -neck / 2))
    return Head(tang, tuple(parts), end, hole, (), thick)


def hinged(shell: Manifold, near: float, neck: float, thick: float) -> tuple[Manifold, Manifold]:
    """Return a fob with a notch for the hinge, and the metal block in the notch."""
    wide = neck + 2.5
    room = CrossSection.square((HINGE + 2.0, wide + 0.8)).translate((near - HINGE + 1.0, -wide / 2 - 0.4))
    outline = box(HINGE - near, wide, 1.2).translate(((near - HINGE) / 2, 0.0))
    return shell - plate(room, thick + 0.8), moulded(outline, thick, 0.8)


def panel(
    shell: Manifold, along: Point, middle: float, size: tuple[float, float], rng: np.random.Generator
) -> tuple[Manifold, list[Part]]:
    """Return a fob with pockets, and its buttons.

    along: x of both ends of the panel; middle: y; size: width of the fob, z of the buttons; mm.
    """
    across, top = size
    count = int(rng.choice([2, 3, 3, 4]))
    pitch = (along[0] - along[1]) / count
    close = rng.random() < 0.6  # adjacent buttons that fill one panel
    shape = box(pitch - 0.8, across * rng.uniform(0.5, 0.66), 1.2) if close else None
    if shape is None:
        shape = button_shape(min(pitch * 0.72, 12.0), across * rng.uniform(0.4, 0.6), rng)
    positions = [(along[0] - (k + 0.5) * pitch, middle) for k in range(count)]
    return buttons(shell, positions, shape, top + 0.15, rng)


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


def remote(rng: np.random.Generator) -> list[Part]:
    """Return a remote without a blade, around the origin."""
    along, across, thick = rng.uniform(45.0, 72.0), rng.uniform(27.0, 38.0), rng.uniform(9.0, 14.0)
    edge, crown = rng.uniform(2.0, 4.0), rng.uniform(0.4, 1.5)
    outline = filleted(fob_outline(along, across, rng), edge * 1.05)
    shell = with_seam(moulded(outline, thick, edge, crown), outline)
    shell, pads = panel(
        shell, (along / 2 - 5.0, -along / 2 + 10.0), 0.0, (across, thick / 2 - crown * 0.4), rng
    )
    trims, _, _ = far_trim(outline, thick, rng)
    return [Part(shell, "remote", plastic_surface(dark_colour(rng), rng)), *pads, *trims]
