"""Fittings of doors and cars without their keys: handles, knobs, locks, hinges, switches.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Lever handles are 100-140 mm long, plates 150-240 mm, knobs 40-65 mm across (catalogues).
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.fittings import dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box
from keykind.render.keys.sweeps import bore, lathed, moulded, wire
from keykind.render.solids import Part, Surface, plate


def finish(rng: np.random.Generator) -> Surface:
    """Return the surface of a fitting: plated or painted metal."""
    return metal_surface(rng, name=str(rng.choice(["nickel", "steel", "brass", "aluminium", "blackened"])))


def keyhole(y: float) -> CrossSection:
    """Return a keyhole or the opening of a profile cylinder, its middle at y mm along x."""
    return (CrossSection.circle(4.0, 24) + box(12.0, 3.6, 0.6).translate((6.0, 0.0))).translate((y, 0.0))


def door_handle(rng: np.random.Generator) -> list[Part]:
    """Return a lever handle on a plate or a rosette."""
    lever, r, out = rng.uniform(90.0, 135.0), rng.uniform(5.0, 10.0), rng.uniform(35.0, 55.0)
    cover = finish(rng)
    long_plate = rng.random() < 0.5
    area = (
        box(rng.uniform(150.0, 240.0), rng.uniform(32.0, 46.0), rng.uniform(1.0, 18.0))
        if long_plate
        else CrossSection.circle(rng.uniform(24.0, 30.0), 56)
    )
    base = moulded(area, 8.0, 2.0)
    parts: list[Part] = []
    if long_plate:
        base -= bore(
            keyhole(45.0) if rng.random() < 0.7 else CrossSection.circle(8.5, 32).translate((45.0, 0.0)),
            8.0,
            0.3,
        )
    turn = rng.uniform(-10, 10) + (90.0 if long_plate else 0.0)
    path = np.array(
        [
            (0.0, 0.0, 0.0),
            (0.5, 0.0, out * 0.6),
            (4.0, 0.0, out * 0.9),
            (12.0, 0.0, out),
            (lever * 0.5, 0.0, out),
            (lever, 0.0, out * rng.uniform(0.85, 1.0)),
        ]
    )
    flat = np.column_stack([path[:, 0], path[:, 2], path[:, 1]])
    arm = (
        wire(flat, r, sides=16)
        .rotate((90.0, 0.0, 0.0))
        .rotate((0.0, 0.0, turn))
        .translate((-30.0 if long_plate else 0.0, 0.0, 0.0))
    )
    return [
        *parts,
        Part(base, "door handle", cover),
        Part(arm, "lever", cover if rng.random() < 0.8 else finish(rng)),
    ]


def knob(rng: np.random.Generator) -> list[Part]:
    """Return a round knob with its axis along x, sometimes with a keyhole in its face."""
    r, long = rng.uniform(14.0, 32.0), rng.uniform(25.0, 60.0)
    profile = [
        (0.0, 0.0),
        (0.0, r * 1.1),
        (3.0, r * 1.1),
        (5.0, r * 0.4),
        (long * 0.5, r * 0.4),
        (long * 0.62, r),
        (long * 0.9, r),
        (long, r * 0.7),
        (long, 0.0),
    ]
    body = lathed(profile, 48)
    if rng.random() < 0.5:
        body -= Manifold.cube((12.0, 9.0, 2.2), True).translate((long, 0.0, 0.0))
    return [Part(body, "knob", finish(rng))]


def rim_lock(rng: np.random.Generator) -> list[Part]:
    """Return a round lock cylinder with a slot, lying on its side or standing: cam, ignition or rim lock."""
    r, long = rng.uniform(8.0, 16.0), rng.uniform(18.0, 42.0)
    profile = [
        (0.0, 0.0),
        (0.0, r * 1.35),
        (rng.uniform(2.0, 6.0), r * 1.3),
        (6.5, r),
        (long, r),
        (long, 0.0),
    ]
    body = lathed(profile, 44) - Manifold.cylinder(20.0, r * 0.7, circular_segments=36, center=True).rotate(
        (0.0, 90.0, 0.0)
    )
    plug = (
        Manifold.cylinder(20.0, r * 0.68, circular_segments=36, center=True)
        .rotate((0.0, 90.0, 0.0))
        .translate((10.4, 0.0, 0.0))
    )
    plug -= Manifold.cube((16.0, r * rng.uniform(0.7, 1.1), 2.0), True)
    flats = plate(box(long, r * 1.6, 0.3).translate((long / 2 + 8.0, 0.0)), 60.0)
    shaped = body ^ (flats + Manifold.cube((16.0, 99.0, 99.0), True)) if rng.random() < 0.5 else body
    cam = (
        plate(box(r * 2.6, r * 0.9, 2.0), 2.0)
        .rotate((0.0, 90.0, 0.0))
        .rotate((float(rng.uniform(0, 360)), 0.0, 0.0))
        .translate((long + 1.0, 0.0, 0.0))
    )
    cover = metal_surface(rng, name=str(rng.choice(["brass", "nickel", "zinc", "blackened"])))
    parts = [
        Part(shaped, "lock", cover),
        Part(plug, "plug", metal_surface(rng, name=str(rng.choice(["brass", "nickel"])))),
    ]
    return [*parts, Part(cam, "cam", finish(rng))] if rng.random() < 0.6 else parts


def hinge(rng: np.random.Generator) -> list[Part]:
    """Return a hinge with two leaves, screw holes and a pin, half open."""
    long, wide, thick = rng.uniform(35.0, 100.0), rng.uniform(14.0, 36.0), rng.uniform(1.2, 2.6)
    leaf = box(long, wide, rng.uniform(0.5, 6.0)).translate((0.0, wide / 2 + 1.5))
    for x in (-0.33, 0.0, 0.33):
        leaf -= CrossSection.circle(rng.uniform(1.8, 2.8), 18).translate(
            (x * long, wide * rng.uniform(0.45, 0.7))
        )
    one, cover = plate(leaf, thick), finish(rng)
    other = one.mirror((0.0, 1.0, 0.0)).rotate((float(rng.uniform(-70.0, 0.0)), 0.0, 0.0))
    r, count = thick * 1.6, 5
    knuckles = [
        Manifold.cylinder(long / count - 0.3, r, circular_segments=18)
        .rotate((0.0, 90.0, 0.0))
        .translate((-long / 2 + k * long / count, 0.0, 0.0))
        for k in range(count)
    ]
    rod = Manifold.cylinder(long + 4.0, r * 0.55, circular_segments=12, center=True).rotate((0.0, 90.0, 0.0))
    return [
        Part(one + Manifold.compose(knuckles[::2]), "hinge", cover),
        Part(other + Manifold.compose(knuckles[1::2]), "hinge", cover),
        Part(rod, "pin", finish(rng)),
    ]


def car_switch(rng: np.random.Generator) -> list[Part]:
    """Return a black box with a connector, as a switch, a relay or a sensor of a car."""
    long, wide, high = rng.uniform(25.0, 60.0), rng.uniform(18.0, 36.0), rng.uniform(10.0, 24.0)
    body = moulded(box(long, wide, 3.0), high, 1.5)
    socket = Manifold.cube((14.0, wide * 0.7, high * 0.7), True) - Manifold.cube(
        (20.0, wide * 0.6, high * 0.55), True
    ).translate((6.0, 0.0, 0.0))
    pins = [
        Manifold.cube((10.0, 1.0, 0.8), True).translate((long / 2 + 4.0, float(y), 0.0))
        for y in np.linspace(-wide * 0.2, wide * 0.2, 4)
    ]
    black = plastic_surface(dark_colour(rng), rng)
    return [
        Part(body + socket.translate((long / 2 + 5.0, 0.0, 0.0)), "switch", black),
        Part(Manifold.compose(pins), "contacts", metal_surface(rng, name="brass")),
    ]
