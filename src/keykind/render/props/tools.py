"""Tools that look like keys: lock picks, screwdrivers, spanners, pliers, knives, drills, clippers.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Lock picks are 80-180 mm long, of spring steel 0.5-0.8 mm thick; pocket tools 50-110 mm (catalogues).
"""

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys import brands
from keykind.render.keys.fittings import VIVID, dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import circle_points, filleted, lathed, moulded, wire
from keykind.render.solids import Part, Stamp, Surface, plate, polygon


def steel(rng: np.random.Generator) -> Surface:
    """Return the surface of a steel tool, sometimes blackened."""
    return metal_surface(rng, name=str(rng.choice(["steel", "steel", "nickel", "blackened"])))


def grip(rng: np.random.Generator) -> Surface:
    """Return the surface of a plastic handle: black or vivid."""
    colour = dark_colour(rng) if rng.random() < 0.5 else VIVID[int(rng.integers(len(VIVID)))]
    return plastic_surface(colour, rng)


def pick_tip(long: float, rng: np.random.Generator) -> CrossSection:
    """Return the shaft of a lock pick from x = 0, with a hook, a rake or a half diamond at its end; mm."""
    thin = rng.uniform(1.0, 2.2)
    x = np.linspace(0.0, long, 60)
    middle, half = np.zeros(60), np.interp(x, [0.0, 0.25 * long, long], [thin * 1.6, thin, thin * 0.6]) / 2
    reach, form = x - 0.72 * long, rng.random()
    end = reach > 0
    if form < 0.4:  # hook
        middle[end] += reach[end] ** 2 * rng.uniform(0.25, 0.6) / (0.28 * long) * 0.6
    elif form < 0.75:  # rake
        waves = np.sin(reach / (0.28 * long) * np.pi * rng.integers(3, 8))
        middle[end] += waves[end] * rng.uniform(0.7, 1.6)
    else:  # half diamond
        half[end] += np.maximum(0, 1 - np.abs(reach[end] / (0.14 * long) - 1)) * rng.uniform(0.8, 2.0)
    line = np.concatenate([np.column_stack([x, middle - half]), np.column_stack([x, middle + half])[::-1]])
    return filleted(polygon(line), 0.15)


def lock_pick(rng: np.random.Generator) -> list[Part]:
    """Return a lock pick with a plain metal or a plastic handle, or a tension wrench."""
    if rng.random() < 0.2:
        return tension_wrench(rng)
    long, shaft = rng.uniform(45.0, 95.0), rng.uniform(35.0, 80.0)
    wide, thick = rng.uniform(4.0, 13.0), rng.uniform(0.5, 1.2)
    tip = pick_tip(shaft, rng)
    handle = box(long, wide, min(2.5, wide * 0.3)).translate((-long / 2 + 1.0, 0.0))
    hole = CrossSection.circle(min(2.0, wide * 0.25), 16).translate((-long + 4.5, 0.0))
    if rng.random() < 0.45:
        return [Part(plate(filleted(tip + handle, 0.3) - hole, thick), "lock pick", steel(rng))]
    cover = moulded(handle, rng.uniform(3.0, 8.0), 1.0, 0.4) - Manifold.extrude(hole, 20.0, 0).translate(
        (0.0, 0.0, -10.0)
    )
    blade = tip + box(8.0, wide * 0.5, 0.5).translate((-2.0, 0.0))
    return [Part(plate(blade, thick), "lock pick", steel(rng)), Part(cover, "handle", grip(rng))]


def tension_wrench(rng: np.random.Generator) -> list[Part]:
    """Return a flat strip of steel bent at one or both ends."""
    long, wide = rng.uniform(50.0, 110.0), rng.uniform(1.8, 3.5)
    foot = rng.uniform(8.0, 18.0)
    points = [
        (-long / 2, foot if rng.random() < 0.4 else 0.5),
        (-long / 2 + 0.5, 0.0),
        (long / 2, 0.0),
        (long / 2, -foot),
    ]
    line = np.array(points)
    outline = polygon(np.concatenate([line, (line + np.array([wide, wide]))[::-1]]))
    return [Part(plate(filleted(outline, 0.3), rng.uniform(0.8, 1.4)), "tension wrench", steel(rng))]


def pick_set(rng: np.random.Generator) -> list[Part]:
    """Return a folding or fanned set of picks on one rivet."""
    count = int(rng.integers(3, 8))
    spread = rng.uniform(8.0, 22.0)
    handle = rng.uniform(50.0, 80.0)
    parts = []
    for k in range(count):
        tip = pick_tip(rng.uniform(40.0, 70.0), rng) + box(10.0, 6.0, 2.0)
        angle = (k - (count - 1) / 2) * spread
        blade = plate(tip, 0.7).rotate((0.0, 0.0, angle)).translate((0.0, 0.0, 0.8 * k - 0.4 * count))
        parts.append(Part(blade, "lock pick", steel(rng)))
    shell = box(handle, rng.uniform(10.0, 18.0), 5.0).translate((-handle / 2 + 6.0, 0.0))
    case = plate(shell, 0.8 * count + 3.0) - plate(shell.offset(3.0), 0.8 * count + 0.6)
    cover = steel(rng) if rng.random() < 0.6 else grip(rng)
    return [*parts, Part(case, "case", cover)]


def screwdriver(rng: np.random.Generator) -> list[Part]:
    """Return a screwdriver with a flat or cross tip."""
    handle, shaft, r = rng.uniform(45.0, 105.0), rng.uniform(30.0, 120.0), rng.uniform(6.0, 14.0)
    profile = [
        (-handle, 0.0),
        (-handle, r * 0.6),
        (-handle + r * 0.5, r),
        (-handle * 0.4, r * 0.85),
        (-handle * 0.15, r * 0.55),
        (0.0, r * 0.75),
        (0.0, 0.0),
    ]
    body = lathed(profile, 28)
    ribs = [
        plate(CrossSection.square((handle * 0.55, 1.6), True), 60.0)
        .translate((-handle * 0.6, 0.0, r + 29.0))
        .rotate((60.0 * k, 0.0, 0.0))
        for k in range(6)
    ]
    body -= Manifold.batch_boolean(ribs, OpType.Add)
    s = r * rng.uniform(0.2, 0.35)
    rod = lathed([(-1.0, 0.0), (-1.0, s), (shaft * 0.9, s), (shaft, s * 0.5), (shaft, 0.0)], 16)
    flat = Manifold.cube((shaft * 0.14, s * 3.0, s * 0.7), True).translate((shaft * 0.95, 0.0, 0.0))
    rod += flat if rng.random() < 0.5 else flat.scale((1.0, 0.5, 1.0))
    return [Part(body, "screwdriver", grip(rng)), Part(rod, "shaft", steel(rng))]


def spanner(rng: np.random.Generator) -> list[Part]:
    """Return a spanner with an open jaw at one end and a ring or a jaw at the other."""
    size, long = rng.uniform(6.0, 19.0), rng.uniform(80.0, 170.0)
    bar = box(long, size * 0.85, 2.0)
    head = CrossSection.circle(size * 1.1, 40)
    jaw = (
        CrossSection.square((size * 2.0, size))
        .translate((-0.1 * size, -size / 2))
        .rotate(float(rng.choice([-15.0, 15.0])))
    )
    near, far = head.translate((-long / 2, 0.0)), head.translate((long / 2, 0.0))
    nut = polygon(circle_points(size * 0.58, 12)).translate((-long / 2, 0.0))
    ends = [
        jaw.translate((long / 2, 0.0)),
        nut if rng.random() < 0.6 else jaw.mirror((1.0, 0.0)).translate((-long / 2, 0.0)),
    ]
    outline = filleted(bar + near + far, 0.6) - ends[0] - ends[1]
    stamp = Stamp(f"{round(size)}", (0.0, 0.0), size * 0.45, 0.0, -0.3)
    cover = metal_surface(rng, (stamp,), str(rng.choice(["steel", "nickel", "zinc"])))
    return [Part(plate(outline, size * 0.4), "spanner", cover)]


def pliers(rng: np.random.Generator) -> list[Part]:
    """Return pliers or wire cutters, slightly open."""
    jaw, arm, open_by = rng.uniform(25.0, 55.0), rng.uniform(70.0, 110.0), rng.uniform(3.0, 12.0)
    head = polygon([(-8.0, -2.0), (-4.0, -9.0), (jaw, -3.0), (jaw, 0.0), (0.0, 0.0), (-8.0, 4.0)])
    turns = np.linspace(0.0, 1.0, 14)
    handle = np.column_stack([-6.0 - arm * turns, 4.0 + 16.0 * np.sin(turns * 1.9), np.zeros(14)])
    thick = rng.uniform(6.0, 10.0)
    half = plate(filleted(head, 0.8), thick)
    leg = wire(handle, thick * 0.45)
    parts = []
    rubber, metal = grip(rng), steel(rng)
    for sign in (1.0, -1.0):
        turn = sign * open_by
        flip = (1.0, sign, 1.0)
        parts.append(Part(half.scale(flip).rotate((0.0, 0.0, turn)), "pliers", metal))
        parts.append(Part(leg.scale(flip).rotate((0.0, 0.0, turn)), "handle", rubber))
    rivet = Manifold.cylinder(thick + 2.0, 5.0, circular_segments=24, center=True)
    return [*parts, Part(rivet, "rivet", metal)]


def pocket_knife(rng: np.random.Generator) -> list[Part]:
    """Return a pocket knife with one to three blades out, or folded."""
    long, wide, thick = rng.uniform(55.0, 95.0), rng.uniform(12.0, 24.0), rng.uniform(7.0, 16.0)
    shell = moulded(box(long, wide, wide * 0.45), thick, min(3.0, thick * 0.3)) - plate(
        box(long * 1.2, wide * 0.9, 1.0).translate((0.0, wide * 0.2)), thick * 0.35
    )
    stamp = Stamp(brands.logo(rng), (long * 0.25, 0.0), wide * 0.45, 90.0, 0.1, (0.7, 0.7, 0.7))
    colour = (0.4, 0.01, 0.015) if rng.random() < 0.4 else dark_colour(rng)
    parts = [Part(shell, "pocket knife", plastic_surface(colour, rng, (stamp,)))]
    blade = filleted(
        polygon(
            [(0.0, -wide * 0.3), (long * 0.7, -wide * 0.3), (long * 0.9, wide * 0.05), (0.0, wide * 0.22)]
        ),
        0.4,
    )
    for k in range(int(rng.integers(0, 4))):
        open_by, side = rng.uniform(20.0, 180.0) if rng.random() < 0.5 else 180.0, -1.0 if k % 2 else 1.0
        sharp = plate(blade, 1.6).rotate((0.0, 0.0, 180.0 - open_by)).scale((side, 1.0, 1.0))
        parts.append(
            Part(sharp.translate((side * long * 0.44, 0.0, 1.9 * (k - 1))), "blade of a knife", steel(rng))
        )
    return parts


def drill(rng: np.random.Generator) -> list[Part]:
    """Return a twist drill."""
    r, long = rng.uniform(1.0, 5.0), rng.uniform(40.0, 110.0)
    section = (
        CrossSection.circle(r, 24)
        - CrossSection.circle(r * 0.5, 16).translate((0.0, r))
        - CrossSection.circle(r * 0.5, 16).translate((0.0, -r))
    )
    turns = long * 0.6 / (r * 8.0) * 360.0
    flutes = Manifold.extrude(section, long * 0.6, 40, turns).rotate((0.0, 90.0, 0.0))
    shank = lathed([(-long * 0.4, 0.0), (-long * 0.4, r), (0.1, r), (0.1, 0.0)], 24)
    cover = metal_surface(rng, name=str(rng.choice(["steel", "blackened", "brass"])))
    return [Part(flutes + shank, "drill", cover)]


def nail_clipper(rng: np.random.Generator) -> list[Part]:
    """Return a nail clipper with its lever."""
    long, wide = rng.uniform(45.0, 80.0), rng.uniform(9.0, 15.0)
    leaf = CrossSection.batch_hull(
        [
            box(6.0, wide, 1.5).translate((long / 2 - 3.0, 0.0)),
            box(6.0, wide * 0.6, 2.0).translate((-long / 2 + 3.0, 0.0)),
        ]
    )
    lever = filleted(box(long * 0.9, wide * 0.75, 3.0) - ellipse(long * 0.3, wide * 0.3), 0.3)
    leaves = plate(leaf, 1.2).translate((0.0, 0.0, -1.2)) + plate(leaf, 1.2).translate((0.0, 0.0, 1.2))
    jaw = Manifold.cube((2.0, wide * 0.95, 5.0), True).translate((long / 2 - 0.5, 0.0, 0.0))
    pin = Manifold.cylinder(9.0, 1.3, circular_segments=12, center=True).translate((long / 2 - 9.0, 0.0, 1.0))
    cover = metal_surface(rng, name=str(rng.choice(["nickel", "steel", "brass"])))
    up = plate(lever, 1.0).rotate((0.0, float(rng.uniform(-6.0, 2.0)), 0.0)).translate((0.0, 0.0, 4.2))
    return [Part(leaves + jaw + pin, "nail clipper", cover), Part(up, "lever", cover)]


def allen_set(rng: np.random.Generator) -> list[Part]:
    """Return several hex keys side by side, bent ends alike."""
    parts, y, cover = [], 0.0, steel(rng)
    for k in range(int(rng.integers(3, 9))):
        r, long = 0.7 + 0.35 * k, 45.0 + 8.0 * k
        y += 2.4 * r + 1.0
        turns = np.linspace(-np.pi / 2, 0.0, 6)
        bend = np.column_stack(
            [long / 2 + 3 * r * np.cos(turns), y + 3 * r + 3 * r * np.sin(turns), np.zeros(6)]
        )
        path = np.concatenate(
            [[(-long / 2, y, 0.0), (0.0, y, 0.0)], bend, [(long / 2 + 3 * r, y + 0.3 * long, 0.0)]]
        )
        tool = wire(path, r, sides=6).translate((-12.0 * (k % 2), 0.0, 0.6 * k))
        parts.append(Part(tool, "hex driver", cover))
    return parts
