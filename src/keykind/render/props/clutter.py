"""Props from tables and pockets: coins, pens, cards, USB sticks, batteries.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Coins have a diameter of 16-31 mm and are 1.3-2.6 mm thick (tables of mints); cards are ISO/IEC 7810 ID-1
(85.6 x 53.98 x 0.76 mm); button cells are IEC 60086-3.
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import VIVID, dark_colour, plastic_surface
from keykind.render.keys.metals import METALS, metal_surface
from keykind.render.keys.outlines import box
from keykind.render.keys.sweeps import circle_points, lathed, moulded, wire
from keykind.render.solids import Colour, Part, Stamp, Surface, plate, polygon

CELLS = (
    (20.0, 3.2, "CR2032"),
    (20.0, 2.5, "CR2025"),
    (20.0, 1.6, "CR2016"),
    (11.6, 5.4, "LR44"),
    (24.5, 5.0, "CR2450"),
)


def any_colour(rng: np.random.Generator) -> Colour:
    """Return a random colour: black, white or vivid."""
    if rng.random() < 0.35:
        return dark_colour(rng)
    return VIVID[rng.integers(len(VIVID))]


def coin(rng: np.random.Generator) -> list[Part]:
    """Return a coin with a raised rim, of one or two metals."""
    radius, thick = rng.uniform(8.0, 15.5), rng.uniform(1.3, 2.6)
    value, year = str(rng.choice([1, 2, 5, 10, 20, 25, 50, 100])), str(rng.integers(1960, 2025))
    turn = float(rng.uniform(0, 360))
    below = np.radians(turn - 90)
    foot = (float(radius * 0.55 * np.cos(below)), float(radius * 0.55 * np.sin(below)))
    relief = [Stamp(value if rng.random() < 0.6 else brands.logo(rng), (0.0, 0.0), radius * 0.7, turn, 0.2)]
    relief += [
        Stamp(year, foot, radius * 0.2, turn, 0.15),
        Stamp("frame:round", (0.0, 0.0), radius * 1.7, 0.0, 0.1),
    ]
    name = str(rng.choice(["copper", "brass", "nickel", "nickel"]))
    disc = CrossSection.circle(radius, 64)
    sunk = Manifold.extrude(disc.offset(-rng.uniform(0.7, 1.3)), 2.0)
    body = (
        moulded(disc, thick, 0.25)
        - sunk.translate((0, 0, thick / 2 - 0.2))
        - sunk.translate((0, 0, -thick / 2 - 1.8))
    )
    if rng.random() < 0.7:
        return [Part(body, "coin", metal_surface(rng, tuple(relief), name))]
    core = plate(CrossSection.circle(radius * 0.68, 48), thick)
    other = "brass" if name == "nickel" else "nickel"
    inner = Part(body ^ core, "coin", metal_surface(rng, tuple(relief), name))
    return [Part(body - core, "coin rim", metal_surface(rng, (), other)), inner]


def cell(rng: np.random.Generator) -> list[Part]:
    """Return a button cell, the positive side up."""
    across, high, name = CELLS[rng.integers(len(CELLS))]
    r, step = across / 2, high * 0.2
    profile = [
        (-high / 2, 0.0),
        (-high / 2, r * 0.86),
        (-high / 2 + step, r * 0.88),
        (-high / 2 + step, r - 0.2),
    ]
    profile += [(-high / 2 + step + 0.2, r), (high / 2 - 0.3, r), (high / 2, r - 0.3), (high / 2, 0.0)]
    body = lathed(profile, 48).rotate((0.0, -90.0, 0.0))
    stamps = (
        Stamp(name, (0.0, 0.0), across * 0.11, 0.0, -0.1),
        Stamp("+", (0.0, across * 0.25), across * 0.2, 0.0, -0.1),
    )
    return [Part(body, "cell", metal_surface(rng, stamps, "nickel"))]


def paper_clip(rng: np.random.Generator) -> list[Part]:
    """Return a paper clip."""
    long, radius = rng.uniform(22.0, 45.0), rng.uniform(0.4, 0.7)
    wide = long * 0.22
    points: list[tuple[float, float, float]] = [(-long * 0.22, -wide * 0.5, 0.0)]
    ends = ((0.4, 1.0, 0.5, 1), (-0.42, 0.9, 0.06, -1), (0.3, 0.74, 0.08, 1))
    for x, size, middle, sign in ends:
        for turn in np.linspace(-np.pi / 2, np.pi / 2, 9):
            y = middle * wide * 0.1 + sign * size * wide * 0.5 * np.sin(turn)
            points.append((x * long + sign * size * wide * 0.5 * np.cos(turn), y, 0.0))
    points.append((-long * 0.1, wide * 0.37, 0.0))
    vivid = Surface(False, any_colour(rng), 0.3, "painted")
    cover = metal_surface(rng, name="steel") if rng.random() < 0.6 else vivid
    return [Part(wire(np.array(points) + rising_offsets(len(points)), radius), "clip", cover)]


def rising_offsets(count: int) -> np.ndarray:
    """Return offsets (count, 3) that raise a wire gradually, so that its turns do not intersect."""
    return np.column_stack([np.zeros(count), np.zeros(count), np.linspace(-0.4, 0.4, count)])


def pen(rng: np.random.Generator) -> list[Part]:
    """Return a ballpoint pen with grip, clip, tip and button."""
    long, r = rng.uniform(125.0, 145.0), rng.uniform(4.0, 6.0)
    a, b = -long / 2, long / 2
    barrel = lathed([(a, 0.0), (a, r * 0.9), (a + 2, r), (b - 30, r), (b - 30, 0.0)], 24)
    grip = lathed([(b - 30, 0.0), (b - 30, r * 0.97), (b - 12, r * 0.85), (b - 12, 0.0)], 24)
    tip = lathed([(b - 12, 0.0), (b - 12, r * 0.8), (b - 2, 1.2), (b, 0.4), (b, 0.0)], 20)
    push = lathed([(a - 9, 0.0), (a - 9, 2.0), (a - 8, 2.4), (a + 1, 2.4), (a + 1, 0.0)], 16)
    clip = Manifold.cube((36.0, 3.2, 1.0), True).translate((a + 19.0, 0.0, r + 1.2))
    clip += Manifold.cube((4.0, 3.2, 3.0), True).translate((a + 3.0, 0.0, r))
    colour, bright = any_colour(rng), metal_surface(rng, name="nickel")
    text = Stamp(
        brands.brand(rng),
        (0.0, 0.0),
        r * 0.6,
        0.0,
        0.0,
        (0.8, 0.8, 0.8) if max(colour) < 0.3 else (0.02, 0.02, 0.02),
    )
    parts = [
        Part(barrel, "pen", plastic_surface(colour, rng, (text,))),
        Part(grip, "grip", plastic_surface(any_colour(rng), rng)),
    ]
    return [*parts, Part(tip, "tip", bright), Part(push, "push", bright), Part(clip, "clip", bright)]


def pencil(rng: np.random.Generator) -> list[Part]:
    """Return a sharpened hexagonal pencil."""
    long, r = rng.uniform(60.0, 175.0), 4.0
    prism = (
        Manifold.extrude(polygon(circle_points(r, 6)), long)
        .rotate((0.0, 90.0, 0.0))
        .translate((-long / 2, 0, 0))
    )
    tip = lathed([(long / 2 - 18, 0.0), (long / 2 - 18, r + 0.3), (long / 2, 0.5), (long / 2, 0.0)], 24)
    rest = Manifold.cube((20.0, 20.0, 20.0), True).translate((long / 2 - 8.0, 0.0, 0.0))
    lead = lathed(
        [(long / 2 - 3, 0.0), (long / 2 - 3, 1.15), (long / 2 + 0.2, 0.3), (long / 2 + 0.2, 0.0)], 12
    )
    paint = Surface(False, any_colour(rng), 0.3, "painted")
    wood = Surface(False, (0.55, 0.36, 0.2), 0.7, "painted")
    return [Part(prism - rest, "pencil", paint), Part((prism ^ tip) ^ rest, "wood", wood),
            Part(lead, "lead", Surface(False, (0.03, 0.03, 0.03), 0.4, "moulded"))]  # fmt: skip


def stick(rng: np.random.Generator) -> list[Part]:
    """Return a USB stick."""
    long, across, thick = rng.uniform(30.0, 48.0), rng.uniform(15.0, 21.0), rng.uniform(6.5, 10.0)
    hole = CrossSection.circle(1.6, 16).translate((-long / 2 + 3.5, 0.0))
    body = moulded(box(long, across, rng.uniform(1.5, 7.0)), thick, rng.uniform(0.8, 2.0)) - plate(hole, 30.0)
    plug = Manifold.cube((13.0, 12.0, 4.5), True) - Manifold.cube((30.0, 11.2, 3.8), True).translate(
        (13.0, 0, 0)
    )
    for y in (-3.0, 3.0):
        plug -= Manifold.cube((2.2, 2.2, 10.0), True).translate((1.5, y, 3.0))
    colour = any_colour(rng)
    stamp = Stamp(f"{rng.choice([4, 8, 16, 32, 64])}GB", (0.0, 0.0), across * 0.25, 0.0, 0.0, (0.5, 0.5, 0.5))
    return [
        Part(body, "stick", plastic_surface(colour, rng, (stamp,))),
        Part(plug.translate((long / 2 + 6.4, 0.0, 0.0)), "plug", metal_surface(rng, name="steel")),
    ]


def lighter(rng: np.random.Generator) -> list[Part]:
    """Return a pocket lighter lying on its side."""
    body = moulded(CrossSection.square((58.0, 24.0), True), 11.0, 5.0)
    hood = moulded(box(13.0, 21.0, 2.0), 10.0, 2.0).translate((35.0, 0.0, 0.0))
    wheel = Manifold.cylinder(6.0, 4.0, circular_segments=24, center=True).translate((38.0, 7.5, 0.0))
    stamps = (Stamp(brands.brand(rng), (-4.0, 0.0), 5.0, 0.0, 0.0, (0.75, 0.75, 0.75)),)
    bright = metal_surface(rng, name="steel")
    shell = plastic_surface(VIVID[rng.integers(len(VIVID))], rng, stamps)
    return [Part(body, "lighter", shell), Part(hood - wheel, "hood", bright), Part(wheel, "wheel", bright)]


def card(rng: np.random.Generator) -> list[Part]:
    """Return a printed bank or membership card."""
    ink = (0.8, 0.8, 0.8)
    stamps = [
        Stamp(brands.brand(rng), (-18.0, 18.0), 6.0, 0.0, 0.0, ink),
        Stamp(brands.logo(rng), (30.0, -15.0), 13.0, 0.0, 0.0, ink),
    ]
    digits = " ".join(str(rng.integers(1000, 9999)) for _ in range(4))
    stamps.append(Stamp(digits, (0.0, -4.0), 4.0, 0.0, 0.25))
    body = plate(box(85.6, 53.98, 3.2), 0.76)
    chip = plate(box(12.0, 9.5, 1.5).translate((-26.0, 4.0)), 0.84)
    gold = Surface(True, METALS["brass"], 0.25, "satin")
    return [
        Part(body, "card", Surface(False, any_colour(rng), 0.35, "printed", stamps=tuple(stamps))),
        Part(chip, "chip", gold),
    ]


def paper(rng: np.random.Generator) -> list[Part]:
    """Return a printed sheet of paper, folded once and half open."""
    long, across = rng.uniform(50.0, 110.0), rng.uniform(40.0, 75.0)
    leaf = Manifold.cube((long, across / 2, 0.25)).translate((-long / 2, 0.0, 0.0))
    body = leaf.rotate((rng.uniform(5.0, 60.0), 0.0, 0.0)) + leaf.mirror((0.0, 1.0, 0.0))
    lines = [
        Stamp(brands.code(rng), (0.0, -across * 0.1 * k), 2.5, 0.0, 0.0, (0.03, 0.03, 0.03))
        for k in range(1, 5)
    ]
    shade = rng.uniform(0.6, 0.85)
    return [
        Part(body, "paper", Surface(False, (shade, shade, shade * 0.95), 0.8, "printed", stamps=tuple(lines)))
    ]


def cup(rng: np.random.Generator) -> list[Part]:
    """Return an upright cup, sometimes with a handle; its axis is z."""
    r, high = rng.uniform(28.0, 42.0), rng.uniform(35.0, 80.0)
    profile = [
        (0.0, 0.0),
        (0.0, r * 0.85),
        (2.0, r * 0.92),
        (high, r),
        (high, r - 3.0),
        (4.0, r * 0.85),
        (4.0, 0.0),
    ]
    body = lathed(profile, 48).rotate((0.0, -90.0, 0.0))
    if rng.random() < 0.6:
        turns = np.linspace(0.15, np.pi - 0.15, 14)
        reach = np.column_stack(
            [r * 0.9 + 22.0 * np.sin(turns), high / 2 - high * 0.34 * np.cos(turns), np.zeros(14)]
        )
        handle = wire(reach, 4.5).rotate((90.0, 0.0, 0.0))
        inside = Manifold.cylinder(high, r * 0.9, circular_segments=48)
        body += handle - inside
    return [Part(body, "cup", Surface(False, any_colour(rng), rng.uniform(0.08, 0.4), "painted"))]
