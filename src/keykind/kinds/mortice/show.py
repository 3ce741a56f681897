"""Showpieces: keys to the city and souvenirs, with a medallion as a bow.

In:    random generator
Out:   Solid of kind "mortice"
Needs: numpy, manifold3d    [render]

Estimated from photos: keys to the city are 90-170 mm long, cast, gilt or antiqued, with a medallion 38-60 mm
wide, often enamelled. The towns are invented.
"""

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys.brands import LOGOS
from keykind.render.keys.mortice_bits import draw_bit
from keykind.render.keys.mortice_bows import lobed
from keykind.render.keys.mortice_metals import SHOWPIECE_METALS, draw_from
from keykind.render.keys.mortice_shanks import Sizes, assemble_solid, collars, rooted
from keykind.render.keys.rounded import Turning, cast, ring, rod, turned_shank
from keykind.render.solids import Colour, Head, Part, Point, Solid, Stamp, Surface

TOWNS = (
    "OAKVARE", "PORT ALDEN", "SILVERTON BAY", "MARLOW FALLS", "EASTVARE", "GRANDE VISTA", "FORT HALDEN",
    "RIVERHOLM", "SAN LUCERO", "NEW TARROW", "KINGSHOLT", "BELLWARE",
)  # fmt: skip
REACH = 4.0  # mm, overlap of the shank with the medallion
ENAMELS: tuple[Colour, ...] = (
    (0.01, 0.02, 0.22), (0.02, 0.06, 0.35), (0.30, 0.01, 0.02), (0.01, 0.12, 0.05), (0.6, 0.6, 0.58),
    (0.02, 0.02, 0.02),
)  # fmt: skip


def draw_show(rng: np.random.Generator) -> Solid:
    """Return a showpiece. Raises DegenerateSolid if a cut splits it."""
    radius = rng.uniform(19, 30)
    length = radius * rng.uniform(2.2, 3.4)
    shank_radius = radius * rng.uniform(0.08, 0.18)
    height, width = radius * rng.uniform(0.55, 1.15, 2)
    pin = rng.uniform(0.0, 0.06) * length
    sizes = Sizes(
        length, shank_radius, shank_radius * rng.uniform(0.6, 1.0), pin, width, height, rng.uniform(2.6, 4.0)
    )
    thick = rng.uniform(2.4, 3.6)
    middle = (-1.07 * radius, 0.0)  # so that a wreath stays behind the shoulder
    disc, hole, end = medallion(middle, radius, thick, rng)
    bit = cast(rooted(draw_bit("show", width, height, rng), sizes), sizes.thickness, 0.25)
    key = Manifold.batch_boolean([disc, show_shank(sizes, thick, rng), bit], OpType.Add)
    inlays, stamps = inlay(middle, radius, thick, str(rng.choice(TOWNS)), rng)
    head = Head(CrossSection(), inlays, end, hole, stamps, thick)
    return assemble_solid("mortice", key, (draw_from(SHOWPIECE_METALS, rng), None), -1, head, length)


def medallion(
    middle: Point, radius: float, thick: float, rng: np.random.Generator
) -> tuple[Manifold, Point, Point]:
    """Return a disc with raised rims and a loop at its far end; the centre of the loop; its end."""
    circle = lobed(2.0, 1.0, {}, {})
    rim = radius * rng.uniform(0.05, 0.09)
    high = thick / 2 + rng.uniform(0.3, 0.9)
    disc = Manifold.cylinder(thick, radius - rim / 2, circular_segments=64, center=True).translate(
        (*middle, 0.0)
    )
    solids = [disc, ring(circle * (radius - rim) + np.asarray(middle), rim, high)]
    if rng.random() < 0.6:
        solids.append(ring(circle * radius * 0.66 + np.asarray(middle), rim * 0.4, thick / 2 + 0.3))
    if rng.random() < 0.4:
        solids += leaves(middle, radius, high, rng)
    size = radius * rng.uniform(0.14, 0.22)
    x = middle[0] - radius - size * 0.75
    solids.append(ring(circle[::2] * size + (x, 0.0), size * 0.3, min(size * 0.3, high)))
    return Manifold.batch_boolean(solids, OpType.Add), (x, 0.0), (x - 1.3 * size, 0.0)


def leaves(middle: Point, radius: float, high: float, rng: np.random.Generator) -> list[Manifold]:
    """Return a wreath of short slanted leaves on the rim."""
    count = int(rng.integers(20, 34))
    leaf = Manifold.sphere(1.0, 8).scale((radius * 0.08, radius * 0.04, high)).rotate((0.0, 0.0, 35.0))
    leaf = leaf.translate((radius * 0.97, 0.0, 0.0))
    return [leaf.rotate((0.0, 0.0, 360.0 * i / count)).translate((*middle, 0.0)) for i in range(count)]


def show_shank(sizes: Sizes, thick: float, rng: np.random.Generator) -> Manifold:
    """Return a tapered turned shank, or a flat bar with a raised panel."""
    if rng.random() < 0.35:
        bar = CrossSection.square((sizes.length + REACH, 2 * sizes.radius)).translate((-REACH, -sizes.radius))
        panel = CrossSection.square((sizes.length * 0.45, 2.7 * sizes.radius), True)
        solid = cast(bar, thick, 0.3) + cast(panel.translate((sizes.length * 0.36, 0.0)), thick + 1.0, 0.4)
        ends = [
            rod(np.linspace((x, -sizes.radius), (x, sizes.radius), 4), 1.6, thick * 0.8)
            for x in (1.0, sizes.length * 0.1)
        ]
        return Manifold.batch_boolean([solid, *ends], OpType.Add)
    knots = np.array(
        [
            (-REACH, thick / 2),
            (0.0, sizes.radius),
            (sizes.length - 0.5, sizes.end),
            (sizes.length, sizes.end * 0.8),
        ]
    )
    return turned_shank(
        knots,
        [*collars(0.4, sizes.radius, rng), Turning(sizes.length * 0.05, sizes.radius, sizes.radius * 0.3)],
    )


def inlay(
    middle: Point, radius: float, thick: float, town: str, rng: np.random.Generator
) -> tuple[tuple[Part, ...], tuple[Stamp, ...]]:
    """Return the enamelled parts of a medallion, or the stamps on its metal if it has no enamel."""
    low, high = radius * 0.7, radius * 0.9
    gold: Colour | None = (0.8, 0.6, 0.25) if rng.random() < 0.6 else (0.75, 0.75, 0.73)
    enamelled = rng.random() < 0.6
    if not enamelled:
        gold = None
    picture = Stamp(f"logo:{rng.choice(LOGOS)}", middle, radius * 0.7, 90.0, 0.25, gold)
    direction = float(rng.choice([0.0, 90.0, -90.0]))
    words = arched("CITY OF", middle, (low + high) / 2, direction, gold) + arched(
        town, middle, (low + high) / 2, direction + 180, gold
    )
    if not enamelled:
        return (), (*words, picture)
    colours = rng.choice(len(ENAMELS), 2, replace=False)
    outside = CrossSection.circle(high, 64) - CrossSection.circle(low, 64)
    inside = CrossSection.circle(low - radius * 0.06, 64)
    surfaces = [
        Surface(False, ENAMELS[int(index)], rng.uniform(0.06, 0.2), "painted", 0.1, 0.0, stamps)
        for index, stamps in zip(colours, (words, (picture,)), strict=True)
    ]
    flat = thick + 0.12
    solids = [Manifold.extrude(area, flat).translate((*middle, -flat / 2)) for area in (outside, inside)]
    return tuple(Part(solid, "bow", surface) for solid, surface in zip(solids, surfaces, strict=True)), ()


def arched(
    text: str, middle: Point, radius: float, direction: float, colour: Colour | None
) -> tuple[Stamp, ...]:
    """Return letters along a circle, clockwise, the middle of the text at `direction` degrees from +x."""
    height = radius * 0.19
    step = np.degrees(height * 0.95 / radius)
    angles = direction + (len(text) - 1) * step / 2 - np.arange(len(text)) * step
    letters = zip(text, np.radians(angles), strict=True)
    return tuple(
        Stamp(
            letter,
            (float(middle[0] + radius * np.cos(a)), float(middle[1] + radius * np.sin(a))),
            height,
            float(np.degrees(a)) - 90,
            0.2,
            colour,
        )
        for letter, a in letters
        if letter != " "
    )
