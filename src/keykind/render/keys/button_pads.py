"""Buttons of car remotes: their layout on a face, colours, icons and texts.

In:    Field: the free part of a face in mm, random generator
Out:   Pad; shells with pockets, parts
Needs: numpy, manifold3d    [render]

Two to five buttons, in a column, in pairs, around a centre or side by side in one panel; the panic button is
often red (photos of replacement shells).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.fittings import GAP, SEAT, dark_colour
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import moulded
from keykind.render.solids import Colour, Part, Point, Stamp, Surface

ICONS = ("icon:lock", "icon:unlock", "icon:trunk")
LABELS = ("HOLD", "START", "2X", "AUTO")
RED: Colour = (0.45, 0.012, 0.015)
WHITE: Colour = (0.75, 0.75, 0.75)
BLACK: Colour = (0.03, 0.03, 0.03)
MIN_PAD = 4.0  # mm, a button narrower than this cannot be pressed

Field = tuple[Point, float, float]  # mm: middle, length along x, width along y


@dataclass(frozen=True, slots=True)
class Pad:
    """One button, seen from above."""

    outline: CrossSection  # in place, mm
    centre: Point
    surface: Surface
    rise: float  # mm above the face


@dataclass(frozen=True, slots=True)
class PadStyle:
    """What the buttons of one remote have in common."""

    colour: Colour
    metal: bool
    rise: float  # mm
    turn: float  # degrees, of the icons
    panic: str  # "red" button, red "icon", or "none"


def draw_pads(field: Field, count: int, rng: np.random.Generator) -> list[Pad]:
    """Return `count` buttons that fit into the field; the last may be for panic."""
    style = _style(rng)
    layout = LAYOUTS[int(rng.choice(len(LAYOUTS), p=LAYOUT_SHARES))]
    texts = [*rng.permutation(ICONS), *rng.permutation(LABELS)]
    if style.panic != "none":
        texts[count - 1] = "PANIC" if rng.random() < 0.2 else "icon:horn"
    outlines = layout(field, count, rng)[:: 1 if rng.random() < 0.7 else -1]
    return [_pad(outline, str(texts[i]), style) for i, outline in enumerate(outlines)]


def _style(rng: np.random.Generator) -> PadStyle:
    dark = rng.random() < 0.62
    shade, tint = float(rng.uniform(0.15, 0.65)), float(rng.normal(0.0, 0.04))
    colour = dark_colour(rng) if dark else (shade * (1 + tint), shade, shade * (1 - tint))
    metal = bool(not dark and rng.random() < 0.4)
    panic = str(rng.choice(["red", "icon", "none"], p=[0.34, 0.22, 0.44]))
    turn = float(rng.choice([0.0, 90.0, -90.0], p=[0.2, 0.4, 0.4]))
    return PadStyle(colour, metal, float(rng.uniform(-0.3, 0.7)), turn, panic)


def _pad(outline: CrossSection, text: str, style: PadStyle) -> Pad:
    left, low, right, high = outline.bounds()
    centre = ((left + right) / 2, (low + high) / 2)
    panic = text in ("PANIC", "icon:horn") and style.panic != "none"
    red = panic and style.panic == "red"
    colour = RED if red else style.colour
    ink = WHITE if red or max(colour) < 0.2 else RED if panic else BLACK
    long, wide = (right - left, high - low) if style.turn == 0 else (high - low, right - left)
    height = (
        0.6 * min(long, wide, 9.0) if text.startswith("icon") else min(0.5 * wide, 0.8 * long / len(text))
    )
    stamp = Stamp(text, centre, float(height), style.turn, 0.0, ink)
    surface = Surface(style.metal and not red, colour, 0.4, "moulded", stamps=(stamp,))
    return Pad(outline, centre, surface, style.rise)


def _column(field: Field, count: int, rng: np.random.Generator) -> list[CrossSection]:
    (x, y), long, wide = field
    pitch = min(long / count, rng.uniform(10.0, 16.0))
    across = min(wide * rng.uniform(0.55, 0.95), 24.0)
    shape = _shape(pitch * rng.uniform(0.68, 0.9), across, rng)
    return [shape.translate((x + (k - (count - 1) / 2) * pitch, y)) for k in range(count)]


def _panel(field: Field, count: int, rng: np.random.Generator) -> list[CrossSection]:
    """Return adjacent buttons that fill one panel with rounded ends."""
    (x, y), long, wide = field
    across, long = min(wide * rng.uniform(0.6, 0.95), 24.0), min(long, 15.0 * count)
    whole = box(long, across, across * rng.uniform(0.15, 0.5)).translate((x, y))
    pitch = long / count
    cell = CrossSection.square((pitch - 0.8, across + 2.0), True)
    return [whole ^ cell.translate((x + (k - (count - 1) / 2) * pitch, y)) for k in range(count)]


def _pairs(field: Field, count: int, rng: np.random.Generator) -> list[CrossSection]:
    """Return two columns; an odd last button spans both."""
    (x, y), long, wide = field
    rows = -(-count // 2)
    pitch, half = min(long / rows, 16.0), min(wide, 30.0) / 2
    along, across = pitch * rng.uniform(0.7, 0.9), half * rng.uniform(0.75, 0.95)
    shape, broad = _shape(along, across, rng), _shape(along * 0.8, across * rng.uniform(1.2, 2.0), rng)
    outlines = []
    for k in range(count):
        row, column = divmod(k, 2)
        alone = column == 0 and k == count - 1
        aside = 0.0 if alone else (column - 0.5) * half
        place = (x + (row - (rows - 1) / 2) * pitch, y + aside)
        outlines.append((broad if alone else shape).translate(place))
    return outlines


def _around(field: Field, count: int, rng: np.random.Generator) -> list[CrossSection]:
    """Return round or oval buttons around the middle of the field."""
    (x, y), long, wide = field
    radius, start = min(long, wide) * rng.uniform(0.26, 0.32), rng.choice([0.0, 0.25, 0.5]) * np.pi
    size = min(radius * 2 * np.sin(np.pi / max(count, 3)) * 0.92, 12.0)
    shape = ellipse(size, size * rng.uniform(0.8, 1.0))
    turns = start + 2 * np.pi * np.arange(count) / count
    reach = max(1.0, min(long / wide, 1.5))
    return [
        shape.translate((float(x + reach * radius * np.cos(t)), float(y + radius * np.sin(t)))) for t in turns
    ]


def _shape(along: float, across: float, rng: np.random.Generator) -> CrossSection:
    along, across = max(along, MIN_PAD), max(across, MIN_PAD)
    if rng.random() < 0.3:
        return ellipse(along, across)
    return box(along, across, rng.uniform(0.8, 0.5 * min(along, across)))


Layout = Callable[[Field, int, np.random.Generator], list[CrossSection]]
LAYOUTS: tuple[Layout, ...] = (_column, _panel, _pairs, _around)
LAYOUT_SHARES = (0.35, 0.3, 0.2, 0.15)


def fit_pads(
    bodies: Sequence[Manifold], pads: Sequence[Pad], top: float
) -> tuple[list[Manifold], list[Part]]:
    """Return the bodies (a shell, a face plate) with pockets for the buttons, and the buttons.

    top: mm, z of the face.
    """
    cut, parts = list(bodies), []
    for pad in pads:
        level = top + pad.rise
        pocket = Manifold.extrude(pad.outline.offset(GAP), 20.0).translate((0.0, 0.0, level - SEAT))
        cut = [body - pocket for body in cut]
        raised = moulded(pad.outline, SEAT * 2, 0.45, 0.25).trim_by_plane((0.0, 0.0, 1.0), 0.0)
        parts.append(Part(raised.translate((0.0, 0.0, level - SEAT)), "button", pad.surface))
    return cut, parts
