"""Faces of remotes and remote heads: face plates, chrome rims, buttons, logos.

In:    shell with its outline, thickness and free field, mm; random generator
Out:   Manifold, parts, stamps
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.button_pads import Field, draw_pads, fit_pads
from keykind.render.keys.fittings import (
    VIVID,
    badge,
    chrome_surface,
    dark_colour,
    inset_into,
    plastic_surface,
    with_seam,
)
from keykind.render.keys.outlines import ellipse
from keykind.render.keys.sweeps import filleted, moulded
from keykind.render.solids import Colour, Part, Stamp, Surface, plate

GREYS = (0.12, 0.5)  # linear reflectance of a grey face plate


@dataclass(frozen=True, slots=True)
class Shell:
    """A moulded body without holes, its faces at z = +-thick / 2 less the crown."""

    outline: CrossSection
    thick: float  # mm
    edge: float  # mm, radius of its edges
    crown: float  # mm, by which its faces are arched
    field: Field  # mm, the free part of its faces


def mould_shell(shell: Shell, seam: bool) -> Manifold:
    """Return the solid of a shell, with the groove between its two halves."""
    body = moulded(shell.outline, shell.thick, shell.edge, shell.crown)
    return with_seam(body, shell.outline) if seam else body


def shell_colour(rng: np.random.Generator) -> Colour:
    """Return the colour of a car key: mostly black, sometimes grey, rarely vivid."""
    choice = rng.random()
    if choice < 0.8:
        return dark_colour(rng)
    if choice < 0.9:
        shade = float(rng.uniform(*GREYS))
        return (shade, shade, shade * 1.02)
    return VIVID[int(rng.integers(len(VIVID)))]


def dress(
    body: Manifold, shell: Shell, count: int, rng: np.random.Generator
) -> tuple[Manifold, list[Part], tuple[Stamp, ...]]:
    """Return the body with a face plate, `count` buttons and a logo; their parts; the stamps on the body."""
    top = shell.thick / 2 - shell.crown * 0.3
    parts: list[Part] = []
    bodies = [body]
    surface = None
    if rng.random() < 0.35:
        body, cover = _face_plate(body, shell, top)
        bodies, surface = [body, cover], _plate_surface(rng)
    (x, y), long, wide = shell.field
    branded = rng.random() < 0.55 and count < 5 and long > 24.0
    size = min(wide * 0.5, long * 0.26, 13.0) if branded else 0.0
    buttons = ((x + size * 0.55, y), long - 1.1 * size, wide) if branded else shell.field
    if count:
        bodies, pads = fit_pads(bodies, draw_pads(buttons, count, rng), top)
        parts += pads
    if surface is not None:
        parts.append(Part(bodies[1], "face", surface))
    stamps: tuple[Stamp, ...] = ()
    if branded:
        position = (x - long / 2 + size / 2, y)
        if rng.random() < 0.5:
            bodies[0], logo = badge(bodies[0], position, size / 2, top + 0.1, rng)
            parts.append(logo)
        else:
            ink = (0.7, 0.7, 0.7) if rng.random() < 0.6 else None
            stamps = (Stamp(brands.logo(rng), position, size * 0.8, 90.0, 0.15, ink),)
    return bodies[0], parts, stamps


def _face_plate(body: Manifold, shell: Shell, top: float) -> tuple[Manifold, Manifold]:
    (x, y), long, wide = shell.field
    inner = shell.outline.offset(-max(shell.edge + 0.6, 3.0))
    area = filleted(inner ^ CrossSection.square((long + 2.0, wide * 1.4), True).translate((x, y)), 1.0)
    if area.is_empty() or area.num_contour() != 1:
        area = ellipse(long * 0.8, wide * 0.8).translate((x, y))
    return inset_into(body, area, top)


def _plate_surface(rng: np.random.Generator) -> Surface:
    if rng.random() < 0.3:
        return chrome_surface(rng)
    if rng.random() < 0.6:
        shade = float(rng.uniform(*GREYS))
        return plastic_surface((shade, shade, shade), rng)
    return Surface(False, dark_colour(rng), 0.08, "moulded", float(rng.uniform(0.0, 0.5)))  # piano black


def chrome_rim(shell: Shell, rng: np.random.Generator) -> Part:
    """Return a chrome band around the edge of a shell."""
    band = shell.outline.offset(rng.uniform(0.3, 0.8)) - shell.outline.offset(-2.0)
    return Part(plate(band, shell.thick * rng.uniform(0.2, 0.45)), "rim", chrome_surface(rng))
