"""Props from a workshop: screws, nuts, locks, bits.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Proportions of threads and heads follow ISO 4014 and ISO 2009, of bits ISO 1173, of lock cylinders DIN 18252
(17 mm in diameter, 33 mm high, 10 mm wide).
"""

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys import brands
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box
from keykind.render.keys.sweeps import bore, circle_points, filleted, lathed, moulded, wire
from keykind.render.solids import Part, Point, Stamp, Surface, plate, polygon


def thread(start: float, length: float, radius: float) -> list[Point]:
    """Return the (x, radius) points of a thread without a helix, from `start` towards +x, mm."""
    pitch = max(0.7, radius * 0.32)
    count = int(length / pitch)
    line: list[Point] = []
    for k in range(count):
        line += [(start + (k + 0.1) * pitch, radius * 0.84), (start + (k + 0.6) * pitch, radius)]
    return line


def screw(rng: np.random.Generator) -> list[Part]:
    """Return a wood or machine screw with a slotted or cross-recessed head."""
    radius, long = rng.uniform(1.4, 3.0), rng.uniform(12.0, 50.0)
    head, high = radius * rng.uniform(1.8, 2.1), radius * rng.uniform(0.9, 1.3)
    flat = rng.random() < 0.5
    top = (
        [(-high, 0.0), (-high, head), (0.0, radius)]
        if flat
        else [(-high, 0.0), (-high * 0.7, head * 0.8), (0.0, head)]
    )
    body = lathed([*top, (0.3, radius * 0.85), *thread(0.4, long, radius), (long + radius * 2.0, 0.0)], 20)
    slot = Manifold.cube((high, head * 1.6, radius * 0.4), True).translate((-high, 0.0, 0.0))
    if rng.random() < 0.6:
        slot += slot.rotate((90.0, 0.0, 0.0))
    return [Part(centred(body - slot), "screw", metal_surface(rng))]


def bolt(rng: np.random.Generator) -> list[Part]:
    """Return a hexagon bolt, sometimes with a nut."""
    radius = float(rng.choice([2.0, 2.5, 3.0, 4.0, 5.0]))
    long = rng.uniform(12.0, 45.0)
    shank = lathed(
        [
            (0.0, 0.0),
            (0.0, radius),
            (long * 0.3, radius),
            *thread(long * 0.3, long * 0.7, radius),
            (long, 0.0),
        ],
        20,
    )
    head = hexagon(radius, radius * 1.4).translate((-radius * 0.65, 0.0, 0.0))
    body = shank + head
    if rng.random() < 0.3:
        filled = Manifold.cylinder(radius * 1.6, radius, circular_segments=20, center=True).rotate(
            (0.0, 90.0, 0.0)
        )
        body += (hexagon(radius, radius * 1.6) + filled).translate((long * rng.uniform(0.5, 0.9), 0.0, 0.0))
    return [Part(centred(body), "bolt", metal_surface(rng))]


def hexagon(radius: float, high: float) -> Manifold:
    """Return a chamfered hexagonal head for a thread of this radius, along x around the origin, mm."""
    prism = Manifold.extrude(polygon(circle_points(radius * 1.85, 6)), high).rotate((0.0, 90.0, 0.0))
    half, across = high / 2, radius * 1.85
    chamfer = [(-half, 0.0), (-half, across * 0.88), (-half * 0.8, across)]
    return prism.translate((-half, 0.0, 0.0)) ^ lathed([*chamfer, *[(-x, r) for x, r in reversed(chamfer)]])


def nut(rng: np.random.Generator) -> list[Part]:
    """Return a hexagon nut lying flat."""
    radius = float(rng.choice([2.0, 3.0, 4.0, 5.0, 6.0]))
    high = radius * 1.6
    body = hexagon(radius, high).rotate((0.0, 90.0, 0.0))
    return [
        Part(
            body - bore(CrossSection.circle(radius * 0.9, 24), high, 0.15 * radius), "nut", metal_surface(rng)
        )
    ]


def washer(rng: np.random.Generator) -> list[Part]:
    """Return a washer."""
    radius = rng.uniform(3.0, 11.0)
    ring = CrossSection.circle(radius, 40) - CrossSection.circle(radius * rng.uniform(0.35, 0.6), 32)
    return [Part(plate(ring, rng.uniform(0.6, 2.0)), "washer", metal_surface(rng))]


def nail(rng: np.random.Generator) -> list[Part]:
    """Return a wire nail."""
    radius, long = rng.uniform(0.8, 2.0), rng.uniform(25.0, 75.0)
    line = [(0.0, 0.0), (0.0, radius * 2.0), (radius * 0.5, radius * 2.0), (radius * 0.9, radius)]
    body = lathed([*line, (long - radius * 3.0, radius), (long, 0.0)], 16)
    return [Part(centred(body), "nail", metal_surface(rng))]


def hex_key(rng: np.random.Generator) -> list[Part]:
    """Return a hex key (Allen key), a tool and not a key."""
    radius, long = rng.uniform(0.8, 3.2), rng.uniform(35.0, 75.0)
    short, bend = long * rng.uniform(0.25, 0.4), radius * 3.0
    turns = np.linspace(-np.pi / 2, 0.0, 8)
    curve = np.column_stack([long - bend + bend * np.cos(turns), bend + bend * np.sin(turns), np.zeros(8)])
    path = np.concatenate([[(0.0, 0.0, 0.0), (long * 0.4, 0.0, 0.0)], curve, [(long, short, 0.0)]])
    return [Part(centred(wire(path, radius)), "hex driver", metal_surface(rng))]


def bit(rng: np.random.Generator) -> list[Part]:
    """Return a screwdriver bit with a 6.35 mm hexagonal shank and a cross tip."""
    across, long = 6.35, float(rng.choice([25.0, 25.0, 50.0]))
    shank = Manifold.extrude(polygon(circle_points(across / 1.732, 6)), long * 0.6).rotate((0.0, 90.0, 0.0))
    neck = lathed(
        [
            (long * 0.55, 0.0),
            (long * 0.6, 3.4),
            (long * 0.68, 2.2),
            (long * 0.9, 2.2),
            (long, 0.6),
            (long, 0.0),
        ],
        24,
    )
    groove = Manifold.cube((long * 0.25, 1.4, 1.4)).rotate((45.0, 0.0, 0.0)).translate((long * 0.8, 0.0, 1.2))
    cuts = [groove.rotate((turn, 0.0, 0.0)) for turn in (0.0, 90.0, 180.0, 270.0)]
    return [
        Part(
            centred(shank + neck - Manifold.batch_boolean(cuts, OpType.Add)),
            "bit",
            metal_surface(rng, name="steel"),
        )
    ]


def euro_cylinder(rng: np.random.Generator) -> list[Part]:
    """Return a euro profile cylinder lying on its side, with plugs, keyways and cam."""
    long = float(rng.choice([30.0, 60.0, 65.0, 70.0]))
    profile = CrossSection.circle(8.5, 48) + CrossSection.square((10.0, 20.0)).translate((-5.0, -20.0))
    profile += CrossSection.circle(5.0, 24).translate((0.0, -19.5))
    body = Manifold.extrude(profile, long).rotate((0.0, 90.0, 0.0)).translate((-long / 2, 0.0, 0.0))
    gap = Manifold.cube((10.5, 40.0, 40.0), True)
    bridge = Manifold.cube((12.0, 9.0, 8.0), True).translate((0.0, -20.0, 0.0))
    hole = Manifold.cylinder(20.0, 2.5, circular_segments=20, center=True).translate((0.0, -20.0, 0.0))
    cam = Manifold.cylinder(9.0, 7.5, circular_segments=32, center=True).rotate((0.0, 90.0, 0.0))
    cam += Manifold.cube((9.0, 9.0, 6.0), True).translate((0.0, 9.5, 0.0))
    plug = Manifold.cylinder(long + 0.8, 6.3, circular_segments=40, center=True).rotate((0.0, 90.0, 0.0))
    keyway = Manifold.cube((8.0, 8.5, 1.9), True).translate((long / 2, -1.5, 0.0))
    cover = metal_surface(rng, name=str(rng.choice(["brass", "nickel", "nickel"])))
    shell = (body - gap) + bridge - hole - plug
    plug -= keyway + keyway.translate((-long, 0.0, 0.0)) + gap
    cam_part = Part(cam, "cam", metal_surface(rng, name="steel"))
    return [Part(shell, "cylinder", cover), Part(plug, "plug", cover), cam_part]


def padlock(rng: np.random.Generator) -> list[Part]:
    """Return a padlock lying flat, its shackle towards +x."""
    wide = rng.uniform(20.0, 50.0)
    long, thick = wide * rng.uniform(0.75, 1.1), wide * rng.uniform(0.3, 0.42)
    body = moulded(box(long, wide, wide * rng.uniform(0.04, 0.2)), thick, wide * rng.uniform(0.02, 0.06))
    for x in np.linspace(-long / 2, long / 2, 9)[1:-1] if rng.random() < 0.3 else ():  # laminated plates
        body -= plate(box(0.5, wide + 2.0, 0.1) - box(0.6, wide - 1.0, 0.1), thick + 1.0).translate(
            (float(x), 0.0, 0.0)
        )
    turns = np.linspace(-np.pi / 2, np.pi / 2, 20)
    bow, up = wide * 0.31, wide * rng.uniform(0.2, 0.6)
    arc = np.column_stack([long / 2 + up + bow * np.cos(turns), bow * np.sin(turns), np.zeros(20)])
    legs = [
        [(long / 2 - 1.0, -bow, 0.0), (long / 2 + up * 0.5, -bow, 0.0)],
        [(long / 2 + up * 0.5, bow, 0.0), (long / 2 - 1.0, bow, 0.0)],
    ]
    shackle = wire(np.concatenate([legs[0], arc, legs[1]]), wide * rng.uniform(0.06, 0.1))
    stamps = (Stamp(brands.brand(rng), (0.0, 0.0), wide * 0.13, float(rng.choice([90.0, -90.0])), -0.25),)
    vivid = Surface(
        False, (rng.uniform(0, 0.5), rng.uniform(0, 0.1), rng.uniform(0, 0.4)), 0.35, "painted", stamps=stamps
    )
    cover = (
        metal_surface(rng, stamps, str(rng.choice(["brass", "brass", "steel"])))
        if rng.random() < 0.75
        else vivid
    )
    return [Part(body, "padlock", cover), Part(shackle, "shackle", metal_surface(rng, name="steel"))]


def hinge_plate(rng: np.random.Generator) -> list[Part]:
    """Return a flat fitting with screw holes, such as a strike plate or a hinge leaf."""
    long, across = rng.uniform(30.0, 80.0), rng.uniform(15.0, 28.0)
    outline = box(long, across, rng.uniform(0.5, 6.0))
    for x in (-0.38, 0.0, 0.38):
        if x or rng.random() < 0.5:
            outline -= CrossSection.circle(rng.uniform(1.8, 2.6), 20).translate((x * long, 0.0))
    if rng.random() < 0.5:
        outline -= filleted(box(long * 0.35, across * 0.5, 2.0), 0.5)
    return [Part(plate(outline, rng.uniform(1.2, 2.5)), "plate", metal_surface(rng))]


def centred(body: Manifold) -> Manifold:
    """Return a solid with the centre of its bounding box moved to the origin."""
    left, low, bottom, right, high, top = body.bounding_box()
    return body.translate((-(left + right) / 2, -(low + high) / 2, -(bottom + top) / 2))
