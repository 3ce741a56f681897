"""Cutlery, scissors and combs.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Cutlery is 120-210 mm long, of sheet 1.5-2.5 mm thick (catalogues).
"""

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import filleted, moulded
from keykind.render.props.tools import grip, steel
from keykind.render.solids import Part, plate, polygon


def handle_outline(long: float, near: float, far: float) -> CrossSection:
    """Return the handle of a spoon or fork from x = -long to 0, `near` mm wide at 0 and `far` at its end."""
    return CrossSection.batch_hull(
        [
            box(2.0, near, 0.8).translate((-1.0, 0.0)),
            box(long * 0.3, far, far * 0.4).translate((-long + long * 0.15, 0.0)),
        ]
    )


def spoon(rng: np.random.Generator) -> list[Part]:
    """Return a spoon, its bowl hollow."""
    long, bowl = rng.uniform(75.0, 140.0), rng.uniform(35.0, 62.0)
    wide = bowl * rng.uniform(0.55, 0.75)
    egg = ellipse(bowl, wide).translate((bowl / 2 - 2.0, 0.0))
    shell = moulded(egg, 7.0, 3.0) - Manifold.sphere(1.0, 40).scale(
        (bowl * 0.47, wide * 0.46, 6.0)
    ).translate((bowl / 2 - 2.0, 0.0, 4.2))
    handle = plate(handle_outline(long, 4.5, rng.uniform(8.0, 16.0)), rng.uniform(1.5, 2.4)).translate(
        (2.0, 0.0, 2.4)
    )
    if rng.random() < 0.25:
        return [Part(shell, "spoon", steel(rng)), Part(handle.scale((1.0, 1.3, 2.5)), "handle", grip(rng))]
    return [Part(shell + handle, "spoon", metal_surface(rng, name=str(rng.choice(["steel", "nickel"]))))]


def fork(rng: np.random.Generator) -> list[Part]:
    """Return a fork with three or four tines."""
    long, head, wide = rng.uniform(75.0, 140.0), rng.uniform(45.0, 65.0), rng.uniform(16.0, 26.0)
    count = int(rng.choice([3, 4, 4]))
    area = CrossSection.batch_hull(
        [box(head * 0.7, wide, wide * 0.3).translate((head * 0.65, 0.0)), box(4.0, 4.5, 1.0)]
    )
    slot, pitch = wide / count * 0.42, wide / count
    for k in range(count - 1):
        y = (k - (count - 2) / 2) * pitch
        area -= box(head * 0.65, slot, slot / 2).translate((head * 0.72, y))
    outline = filleted(area, 0.2) + handle_outline(long, 4.5, rng.uniform(8.0, 16.0)).translate((1.5, 0.0))
    cover = metal_surface(rng, name=str(rng.choice(["steel", "nickel"])))
    return [Part(plate(outline, rng.uniform(1.6, 2.6)), "fork", cover)]


def table_knife(rng: np.random.Generator) -> list[Part]:
    """Return a table or kitchen knife."""
    blade, wide, handle = rng.uniform(70.0, 130.0), rng.uniform(13.0, 24.0), rng.uniform(70.0, 110.0)
    edge = polygon(
        [
            (0.0, -wide / 2),
            (blade * 0.85, -wide / 2),
            (blade, wide * rng.uniform(-0.2, 0.4)),
            (blade * 0.9, wide / 2),
            (0.0, wide / 2),
        ]
    )
    teeth = CrossSection()
    if rng.random() < 0.4:
        notches = [
            CrossSection.circle(1.2, 10).translate((x, -wide / 2 - 0.5))
            for x in np.arange(blade * 0.2, blade * 0.85, 2.4)
        ]
        teeth = CrossSection.batch_boolean(notches, OpType.Add)
    sharp = plate(filleted(edge, 0.8) - teeth, 1.4)
    bar = box(handle, rng.uniform(10.0, 17.0), 4.0).translate((-handle / 2 + 0.5, 0.0))
    cover = steel(rng) if rng.random() < 0.5 else grip(rng)
    return [
        Part(sharp, "knife", steel(rng)),
        Part(moulded(bar, rng.uniform(4.0, 11.0), 1.8), "handle", cover),
    ]


def scissors(rng: np.random.Generator) -> list[Part]:
    """Return scissors, closed or open, their rings like bows."""
    blade, arm = rng.uniform(40.0, 100.0), rng.uniform(35.0, 65.0)
    ring, thick = rng.uniform(9.0, 15.0), rng.uniform(3.0, 7.0)
    edge = filleted(polygon([(-6.0, -4.0), (blade * 0.3, -5.0), (blade, 0.5), (0.0, 2.5), (-6.0, 2.5)]), 0.3)
    eye = CrossSection.circle(ring, 36).scale((rng.uniform(1.0, 1.6), 1.0))
    loop = eye - eye.offset(-thick * 0.7)
    place = (-arm, ring + 1.0)
    shank = CrossSection.batch_hull(
        [box(5.0, 5.0, 1.0), box(4.0, 5.0, 1.0).translate((-arm + ring * 0.9, ring * 0.5))]
    )
    holder = (loop.translate(place) + shank) - eye.offset(-thick * 0.7).translate(place)
    open_by = float(rng.choice([1.0, rng.uniform(4.0, 35.0)]))
    cover, metal = (grip(rng) if rng.random() < 0.75 else steel(rng)), steel(rng)
    parts = []
    for sign in (1.0, -1.0):
        sharp = plate(edge, 1.6).translate((0.0, 0.0, 0.9)).scale((1.0, sign, sign))
        bow = (
            moulded(filleted(holder, 0.3), thick, thick * 0.3)
            if holder.num_contour() == 1
            else plate(holder, thick)
        )
        parts.append(Part(sharp.rotate((0.0, 0.0, sign * open_by)), "scissors", metal))
        parts.append(Part(bow.scale((1.0, sign, 1.0)).rotate((0.0, 0.0, sign * open_by)), "handle", cover))
    rivet = Manifold.cylinder(6.0, 3.0, circular_segments=20, center=True)
    return [*parts, Part(rivet, "rivet", metal)]


def comb(rng: np.random.Generator) -> list[Part]:
    """Return a comb, with or without a handle; its teeth look like a bitting."""
    long, tall = rng.uniform(70.0, 180.0), rng.uniform(18.0, 32.0)
    pitch = rng.uniform(1.5, 3.2)
    area = box(long, tall, rng.uniform(1.5, 6.0))
    start = -long * 0.46 + (long * 0.35 if rng.random() < 0.4 else 0.0)
    gaps = [
        box(pitch * 0.5, tall * 0.68, 0.2).translate((float(x), -tall * 0.22))
        for x in np.arange(start, long * 0.46, pitch)
    ]
    gap = CrossSection.batch_boolean(gaps, OpType.Add)
    cover = steel(rng) if rng.random() < 0.2 else grip(rng)
    return [Part(plate(area - gap, rng.uniform(2.0, 4.0)), "comb", cover)]
