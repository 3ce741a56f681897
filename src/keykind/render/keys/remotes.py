"""Remotes without a blade, and folded flip keys: keys whose blade is hidden.

In:    random generator
Out:   Solid with `bladeless`: head at the end with the loop, tip at the other
Needs: numpy, manifold3d    [render]

Smart keys are 60-90 mm long, 32-45 mm wide and 8-16 mm thick, key cards 85 x 54 x 5 mm, alarm remotes
45-65 mm long (photos and data sheets of replacements).
"""

from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.fittings import bail, chrome_surface, dark_colour, plastic_surface
from keykind.render.keys.fobs import draw_fob
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box
from keykind.render.keys.shells import Shell, chrome_rim, dress, mould_shell, shell_colour
from keykind.render.keys.sweeps import bore, filleted, moulded
from keykind.render.solids import Part, Point, Solid, placed, plate, polygon

CAP = (8.0, 18.0)  # mm, length of a chrome cap at the end of a smart key
SHAPE_SHARES = {"oval": 0.3, "oblong": 0.25, "fob": 0.25, "kite": 0.12, "card": 0.08}

Outline = Callable[[float, float, np.random.Generator], CrossSection]


def draw_smart(rng: np.random.Generator) -> Solid:
    """Return a remote without a visible blade around the origin, its loop towards -x."""
    name = str(rng.choice(list(SHAPE_SHARES), p=list(SHAPE_SHARES.values())))
    draw, longs, wides, thicks = SHAPES[name]
    along, across, thick = rng.uniform(*longs), rng.uniform(*wides), rng.uniform(*thicks)
    edge, crown = rng.uniform(0.25, 0.45) * thick, rng.uniform(0.02, 0.12) * thick
    outline = filleted(draw(along, across, rng), edge * 1.05)
    left, low, right, high = outline.bounds()
    wide = (high - low) * (0.6 if name in ("oval", "kite") else 0.78)
    field = (((left + right) / 2, (low + high) / 2), (right - left) * 0.74, wide)
    shell = Shell(outline, thick, edge, crown, field)
    body = mould_shell(shell, rng.random() < 0.7)
    body, trims, end, hole = _loop(body, shell, rng)
    count = int(rng.choice([0, 2, 3, 4, 5], p=[0.1, 0.16, 0.36, 0.26, 0.12]))
    body, parts, stamps = dress(body, shell, count, rng)
    if rng.random() < 0.3:
        parts.append(chrome_rim(shell, rng))
    parts = [Part(body, "remote", plastic_surface(shell_colour(rng), rng, stamps)), *parts, *trims]
    return Solid(None, tuple(parts), end, (right, (low + high) / 2), hole, thick, bladeless=True)


def _loop(
    body: Manifold, shell: Shell, rng: np.random.Generator
) -> tuple[Manifold, list[Part], Point, Point]:
    """Return the body with a hole, a wire loop or a chrome end cap; its trims, its end, the hole's centre."""
    left, low, _, high = shell.outline.bounds()
    middle, across, thick = (low + high) / 2, high - low, shell.thick
    choice = rng.random()
    if choice < 0.3:
        deep = rng.uniform(3.5, 6.0)
        slot = box(deep, across * rng.uniform(0.2, 0.4), deep / 2)
        slot = slot.translate((left + 2.4 + deep / 2, middle)) ^ shell.outline.offset(-1.8)
        if slot.num_contour() == 1 and slot.area() > 8.0:
            return body - bore(slot, thick, 0.6), [], (left, middle), (left + 2.4 + deep / 2, middle)
    reach, span = rng.uniform(3.0, 7.0), across * rng.uniform(0.25, 0.6)
    wire = rng.uniform(0.8, max(1.0, min(2.0, thick / 6)))
    bright = chrome_surface(rng)
    cover = bright if rng.random() < 0.7 else plastic_surface(dark_colour(rng), rng)
    trims = [Part(bail((left + 3.5, middle), span, reach + 3.5, wire), "loop", cover)]
    if choice > 0.75:
        long = rng.uniform(*CAP)
        area = shell.outline.offset(0.4) ^ CrossSection.square((long + 2.0, 99.0)).translate(
            (left - 2.0, middle - 49.5)
        )
        edge = min(shell.edge, 0.3 * long)
        trims.append(Part(moulded(filleted(area, 0.4), thick + 0.6, edge), "cap", bright))
    return body, trims, (left - reach - wire, middle), (left - reach / 2, middle)


def draw_folded(rng: np.random.Generator) -> Solid:
    """Return a folded flip key around the origin: only the edge of its blade shows, in a slot."""
    neck, thickness = rng.uniform(6.5, 9.5), rng.uniform(2.0, 3.0)
    fob = draw_fob(neck, thickness, rng)
    long = fob.slot - rng.uniform(2.0, 6.0)
    y = fob.side * rng.uniform(0.2, 1.5)
    strip = plate(box(long, neck, 0.8), thickness).translate((fob.pivot[0] - long / 2, y, 0.0))
    block = placed(fob.block, 180.0, (2 * fob.pivot[0], 0.0))
    parts = (*fob.parts, block, Part(strip, "folded blade", metal_surface(rng, name="steel")))
    boxes = np.array([part.solid.bounding_box() for part in fob.parts])
    right, low, high = float(boxes[:, 3].max()), float(boxes[:, 1].min()), float(boxes[:, 4].max())
    away = (-(fob.end[0] + right) / 2, -(low + high) / 2)
    return Solid(
        None,
        tuple(placed(part, 0.0, away) for part in parts),
        (fob.end[0] + away[0], fob.end[1] + away[1]),
        (right + away[0], fob.end[1] + away[1]),
        (fob.hole[0] + away[0], fob.hole[1] + away[1]),
        fob.thick,
        bladeless=True,
    )


def _oval(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a superellipse, sometimes narrower at one end."""
    power, taper = rng.uniform(2.0, 3.2), rng.uniform(-0.18, 0.18)
    turns = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
    c, s = np.cos(turns), np.sin(turns)
    x = along / 2 * np.sign(c) * np.abs(c) ** (2 / power)
    y = across / 2 * np.sign(s) * np.abs(s) ** (2 / power) * (1 + taper * x * 2 / along)
    return polygon(np.column_stack([x, y]))


def _oblong(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    return box(along, across, across * rng.uniform(0.1, 0.4))


def _fob(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a trapezoid with rounded corners."""
    near, far = across / 2, across / 2 * rng.uniform(0.65, 0.95)
    line = [(-along / 2, -near), (along / 2, -far), (along / 2, far), (-along / 2, near)]
    if rng.random() < 0.5:
        line = [(-x, y) for x, y in line]
    return filleted(polygon(line), rng.uniform(3.0, 8.0))


def _kite(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    """Return a blade-like outline with one slanted side and a pointed corner."""
    half, side = across / 2, float(rng.choice([-1.0, 1.0]))
    line = np.array([
        (-along / 2, -half * 0.75), (along * 0.2, -half), (along / 2, -half * 0.3),
        (along * rng.uniform(0.3, 0.45), half * 0.9), (-along * 0.35, half), (-along / 2, half * 0.6),
    ])  # fmt: skip
    return filleted(polygon(line * (1.0, side)), rng.uniform(2.0, 4.0))


Range = tuple[float, float]
SHAPES: dict[str, tuple[Outline, Range, Range, Range]] = {
    "oval": (_oval, (58.0, 84.0), (32.0, 44.0), (11.0, 16.0)),
    "oblong": (_oblong, (52.0, 84.0), (30.0, 42.0), (9.0, 15.0)),
    "fob": (_fob, (46.0, 78.0), (30.0, 44.0), (9.0, 15.0)),
    "kite": (_kite, (75.0, 92.0), (36.0, 46.0), (10.0, 15.0)),
    "card": (_oblong, (78.0, 94.0), (50.0, 56.0), (4.5, 7.0)),
}
