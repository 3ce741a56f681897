"""Props that hang on keys: rings, chains, hooks, tags, straps.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Split rings have a diameter of 20-35 mm and wire 1-2.2 mm thick; key tags are 20-35 x 45-65 mm (catalogues).
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import VIVID, chrome_surface, dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import bore, circle_points, filleted, moulded, swept, wire
from keykind.render.solids import Part, Point, Stamp, Surface, plate, polygon

LEATHERS = (
    (0.05, 0.02, 0.008),
    (0.13, 0.05, 0.018),
    (0.25, 0.12, 0.05),
    (0.012, 0.011, 0.011),
    (0.2, 0.015, 0.015),
)
BEND = 0.4  # curvature of a strap per width; it creases at a radius of less than about one width
PAPERS = ((0.8, 0.8, 0.78), (0.75, 0.7, 0.55), (0.7, 0.6, 0.1))


def split_ring(radius: float, rng: np.random.Generator) -> Manifold:
    """Return a split ring in the xy plane around the origin; radius: to the centre of its wire, mm."""
    tall, wide = rng.uniform(0.9, 1.5), rng.uniform(1.2, 2.2)
    turns = np.linspace(0.0, 4 * np.pi - 0.25, 97)
    rise = np.interp(
        np.mod(turns, 2 * np.pi) + 2 * np.pi * (turns > 2 * np.pi), [0, 5.6, 7.0, 12.6], [0, 0, 1, 1]
    )
    path = np.column_stack([radius * np.cos(turns), radius * np.sin(turns), (rise - 0.5) * (tall + 0.04)])
    section = filleted(CrossSection.square((wide, tall), True), 0.35)
    return swept(path, section)


def single_ring(rng: np.random.Generator) -> list[Part]:
    """Return a split ring."""
    return [Part(split_ring(rng.uniform(9.0, 17.0), rng), "ring", chrome_surface(rng))]


def links(count: int, start: float, rng: np.random.Generator) -> Manifold:
    """Return a chain of links along x from `start` mm, every second one rotated."""
    long, across, thick = rng.uniform(5.5, 9.0), rng.uniform(4.2, 5.0), rng.uniform(0.55, 0.8)
    turns = np.linspace(0.0, 2 * np.pi, 20, endpoint=False)
    straight = (long - across) / 2 * np.sign(np.cos(turns))
    oval = np.column_stack([straight + across / 2 * np.cos(turns), across / 2 * np.sin(turns), np.zeros(20)])
    link = wire(oval, thick, closed=True, sides=8)
    chain_links, bend = [], rng.uniform(-0.09, 0.09)
    x, y, heading = start, 0.0, 0.0
    for k in range(count):
        roll = 65.0 if k % 2 else float(rng.uniform(-8.0, 8.0))
        chain_links.append(link.rotate((roll, 0.0, float(np.degrees(heading)))).translate((x, y, 0.0)))
        step, heading = long - 0.7 * thick, heading + bend
        x, y = x + step * np.cos(heading), y + step * np.sin(heading)
    return Manifold.compose(chain_links)


def chain(rng: np.random.Generator) -> list[Part]:
    """Return a short chain."""
    count = int(rng.integers(5, 13))
    return [Part(links(count, -count * 3.2, rng), "chain", metal_surface(rng))]


def ring_and_chain(rng: np.random.Generator) -> list[Part]:
    """Return a split ring with a short chain and a round pendant."""
    radius, count = rng.uniform(10.0, 15.0), int(rng.integers(3, 6))
    ring = split_ring(radius, rng)
    more = links(count, radius + 2.0, rng)
    right = more.bounding_box()[3]
    holder = moulded(ellipse(rng.uniform(22.0, 34.0), rng.uniform(20.0, 30.0)), rng.uniform(2.5, 6.0), 1.0)
    disc = holder.translate((right - 1.5 - holder.bounding_box()[0], 0.0, 0.0))
    centre = (float((disc.bounding_box()[0] + disc.bounding_box()[3]) / 2), 0.0)
    stamp = Stamp(brands.logo(rng), centre, 14.0, float(rng.uniform(0, 360)), -0.2)
    cover = (
        metal_surface(rng, (stamp,))
        if rng.random() < 0.5
        else plastic_surface(VIVID[rng.integers(len(VIVID))], rng, (stamp,))
    )
    bright = chrome_surface(rng)
    return [Part(ring, "ring", bright), Part(more, "chain", bright), Part(disc, "holder", cover)]


def carabiner(rng: np.random.Generator) -> list[Part]:
    """Return a pear- or D-shaped carabiner with its gate."""
    long, wide, thick = rng.uniform(40.0, 80.0), rng.uniform(0.42, 0.6), rng.uniform(1.8, 4.0)
    turns = np.linspace(0.0, 2 * np.pi, 60, endpoint=False)
    x = long / 2 * np.cos(turns)
    taper = 1 + rng.uniform(0.0, 0.35) * np.cos(turns)
    y = long * wide / 2 * np.sign(np.sin(turns)) * np.abs(np.sin(turns)) ** 0.7 * taper
    frame = wire(np.column_stack([x, y, np.zeros(60)]), thick, closed=True)
    gate_y = float(np.interp(-0.25 * long, x[::-1][:30], y[::-1][:30]))
    slit = Manifold.cube((0.8, 4 * thick, 4 * thick), True).translate((-0.25 * long, gate_y, 0.0))
    vivid = Surface(True, VIVID[rng.integers(len(VIVID))], 0.3, "satin")
    return [Part(frame - slit, "carabiner", metal_surface(rng) if rng.random() < 0.5 else vivid)]


def snap_hook(rng: np.random.Generator) -> list[Part]:
    """Return a snap hook with a gate, a swivel and an eye for a strap."""
    thick, bright = rng.uniform(1.5, 2.3), metal_surface(rng)
    turns = np.linspace(-2.6, 2.4, 30)
    hook = np.column_stack([14.0 + 10.0 * np.cos(turns), 7.0 * np.sin(turns), np.zeros(30)])
    eye = np.linspace(0.0, 2 * np.pi, 28, endpoint=False)
    loop = np.column_stack([-14.0 + 6.0 * np.cos(eye), 9.0 * np.sin(eye), np.zeros(28)])
    gate = (
        Manifold.cylinder(17.0, thick * 0.8, circular_segments=12)
        .rotate((0.0, 90.0, 0.0))
        .translate((2.0, 5.0, 0.0))
    )
    barrel = (
        Manifold.cylinder(13.0, 2.6, circular_segments=20)
        .rotate((0.0, 90.0, 0.0))
        .translate((-8.5, 0.0, 0.0))
    )
    root = moulded(box(5.0, 13.0, 2.0), 5.0, 1.0).translate((5.0, 0.0, 0.0))
    return [Part(wire(hook, thick) + gate + root + barrel + wire(loop, thick, closed=True), "hook", bright)]


def tag(rng: np.random.Generator) -> list[Part]:
    """Return a coloured key tag with a paper label and mostly a ring."""
    long, across, thick = rng.uniform(42.0, 62.0), rng.uniform(20.0, 32.0), rng.uniform(2.5, 5.0)
    outline = filleted(
        box(long, across, rng.uniform(2.0, 9.0)) + box(8.0, 11.0, 3.0).translate((-long / 2, 0.0)), 1.2
    )
    hole = CrossSection.circle(2.2, 24).translate((-long / 2 + 1.0, 0.0))
    window = box(long * 0.62, across * 0.62, 1.5).translate((long * 0.1, 0.0))
    sunk = Manifold.extrude(window, 5.0).translate((0.0, 0.0, thick / 2 - 0.8))
    body = moulded(outline, thick, rng.uniform(0.6, 1.2)) - bore(hole, thick, 0.4) - sunk
    card = Manifold.extrude(window.offset(-0.2), 0.5).translate((0.0, 0.0, thick / 2 - 0.9))
    text = str(
        rng.choice(
            [brands.code(rng), "No " + str(rng.integers(1, 400)), "GARAGE", "OFFICE", "HOME", "ROOM 12"]
        )
    )
    stamp = Stamp(
        text,
        (long * 0.1, 0.0),
        min(across * 0.3, long * 0.62 / (0.8 * len(text))),
        0.0,
        0.0,
        (0.03, 0.03, 0.1),
    )
    paper = Surface(False, PAPERS[rng.integers(len(PAPERS))], 0.7, "printed", stamps=(stamp,))
    parts = [
        Part(body, "tag", plastic_surface(VIVID[rng.integers(len(VIVID))], rng)),
        Part(card, "paper", paper),
    ]
    if rng.random() < 0.7:
        parts.append(ring_through((-long / 2 + 1.0, 0.0), rng.uniform(7.0, 12.0), rng))
    return parts


def ring_through(hole: Point, radius: float, rng: np.random.Generator) -> Part:
    """Return a split ring of this radius in mm through the hole of a plate, lying or standing upright."""
    if rng.random() < 0.75:  # lying: one side on the table, the other on the plate
        roll, rise = rng.uniform(9.0, 18.0) * rng.choice([-1, 1]), rng.uniform(-2.0, 4.0)
    else:
        roll, rise = rng.uniform(65.0, 115.0), rng.uniform(50.0, 72.0)
    ring = (
        split_ring(radius, rng).rotate((0.0, 0.0, float(rng.uniform(0, 360)))).translate((-radius, 0.0, 0.0))
    )
    ring = (
        ring.rotate((roll, 0.0, 0.0))
        .rotate((0.0, rise, 0.0))
        .rotate((0.0, 0.0, float(rng.normal(0.0, 35.0))))
    )
    return Part(ring.translate((*hole, 0.0)), "ring", chrome_surface(rng))


def leather_tag(rng: np.random.Generator) -> list[Part]:
    """Return a leather fob with a rivet and mostly a ring."""
    long, across, thick = rng.uniform(50.0, 85.0), rng.uniform(18.0, 34.0), rng.uniform(2.5, 5.0)
    near = box(16.0, across * 0.55, 4.0).translate((-long / 2 + 8.0, 0.0))
    outline = CrossSection.batch_hull(
        [near, box(long * 0.6, across, across * 0.35).translate((long * 0.2, 0.0))]
    )
    hole = CrossSection.circle(2.2, 24).translate((-long / 2 + 4.5, 0.0))
    body = moulded(outline, thick, 0.9) - bore(hole, thick, 0.3)
    stamp = Stamp(
        brands.logo(rng) if rng.random() < 0.6 else brands.brand(rng),
        (long * 0.2, 0.0),
        across * 0.3,
        0.0,
        -0.4,
    )
    hide = Surface(
        False,
        LEATHERS[rng.integers(len(LEATHERS))],
        rng.uniform(0.35, 0.65),
        "cast",
        rng.uniform(0, 0.6),
        0.0,
        (stamp,),
    )
    rivet = moulded(CrossSection.circle(rng.uniform(3.0, 4.5), 32), thick + 1.6, 0.7, 0.4)
    parts = [
        Part(body, "leather", hide),
        Part(rivet.translate((-long / 2 + 13.0, 0.0, 0.0)), "rivet", chrome_surface(rng)),
    ]
    if rng.random() < 0.8:
        parts.append(ring_through((-long / 2 + 4.5, 0.0), rng.uniform(9.0, 14.0), rng))
    return parts


def lanyard(rng: np.random.Generator) -> list[Part]:
    """Return a strap lying in curves."""
    wide, long = rng.uniform(9.0, 22.0), rng.uniform(90.0, 220.0)
    along = np.linspace(0.0, 1.0, 50)
    heading = np.cumsum(np.interp(along, np.linspace(0, 1, 6), rng.normal(0.0, BEND, 6)) * long / 50 / wide)
    heading -= heading[-1] / 2
    path = np.column_stack([np.cumsum(np.cos(heading)), np.cumsum(np.sin(heading)), np.zeros(50)]) * long / 50
    path[:, 2] = np.abs(np.interp(along, np.linspace(0, 1, 8), rng.normal(0.0, 2.0, 8)))
    path -= path.mean(axis=0)
    cloth = VIVID[rng.integers(len(VIVID))] if rng.random() < 0.6 else dark_colour(rng)
    strap = swept(path, filleted(CrossSection.square((wide, rng.uniform(0.9, 1.6)), True), 0.3))
    return [Part(strap, "strap", Surface(False, cloth, 0.85, "woven"))]


def opener(rng: np.random.Generator) -> list[Part]:
    """Return a flat bottle opener."""
    long, across = rng.uniform(50.0, 90.0), rng.uniform(24.0, 36.0)
    far = ellipse(across, across).translate((long / 2 - across / 2, 0.0))
    near = box(14.0, across * 0.55, 5.0).translate((-long / 2 + 7.0, 0.0))
    mouth = ellipse(across * 0.6, across * 0.62).translate((long / 2 - across / 2, 0.0))
    lip = box(4.0, 8.0, 1.0).translate((long / 2 - across * 0.8, 0.0))
    hole = CrossSection.circle(2.5, 24).translate((-long / 2 + 5.0, 0.0))
    outline = filleted(CrossSection.batch_hull([far, near]) - (mouth - lip), 0.4) - hole
    stamps = (Stamp(brands.brand(rng), (-long * 0.12, 0.0), across * 0.18, 0.0, -0.2),)
    vivid = Surface(True, VIVID[rng.integers(len(VIVID))], 0.3, "painted", stamps=stamps)
    return [
        Part(
            plate(outline, rng.uniform(2.0, 3.2)),
            "opener",
            metal_surface(rng, stamps) if rng.random() < 0.6 else vivid,
        )
    ]


def dog_tag(rng: np.random.Generator) -> list[Part]:
    """Return a stamped metal number tag, round, oval or oblong."""
    size, long = rng.uniform(22.0, 34.0), rng.choice([1.0, 1.0, 1.5])
    shape = (
        ellipse(size * long, size) if rng.random() < 0.5 else box(size * long, size, rng.uniform(1.5, 6.0))
    )
    sides = polygon(circle_points(size / 2, 8)) if rng.random() < 0.2 else shape
    outline = sides - CrossSection.circle(2.0, 20).translate((sides.bounds()[0] + 4.0, 0.0))
    stamps = (
        Stamp(str(rng.integers(1, 1000)), (1.5, 0.0), size * 0.3, float(rng.choice([0.0, -90.0])), -0.25),
    )
    return [Part(plate(outline, rng.uniform(1.0, 2.0)), "number tag", metal_surface(rng, stamps))]
