"""Small things of every day: zips, clips, bottles, cables, earbuds, glasses, telephones.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.fittings import VIVID, dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import bore, filleted, moulded, swept, wire
from keykind.render.props.tools import steel
from keykind.render.solids import Part, Surface, plate


def zip_fastener(rng: np.random.Generator) -> list[Part]:
    """Return a piece of a zip with its slider and pull tab."""
    long, wide, pitch = rng.uniform(50.0, 170.0), rng.uniform(20.0, 34.0), rng.uniform(1.8, 3.4)
    tooth = Manifold.cube((pitch * 0.5, wide * 0.14, 2.2), True)
    positions = np.arange(-long / 2 + 3.0, long / 2 - 3.0, pitch)
    teeth = [
        tooth.translate((float(x) + (pitch / 2 if side > 0 else 0.0), side * wide * 0.035, 0.3))
        for x in positions
        for side in (-1.0, 1.0)
    ]
    cloth = dark_colour(rng) if rng.random() < 0.5 else VIVID[int(rng.integers(len(VIVID)))]
    x = float(rng.uniform(-0.3, 0.4)) * long
    slider = moulded(box(9.0, wide * 0.36, 2.5), 5.5, 1.0).translate((x, 0.0, 0.4))
    tab = box(rng.uniform(14.0, 30.0), rng.uniform(5.0, 9.0), 2.0)
    hole = ellipse(6.0, 3.0).translate((-tab.bounds()[2] + 5.0, 0.0))
    pull = (
        plate(tab - hole, 1.4)
        .rotate((0.0, -4.0, float(rng.uniform(-50, 50))))
        .translate((x + tab.bounds()[2] * 0.9, 0.0, 4.4))
    )
    metal = metal_surface(rng)
    bright = metal if rng.random() < 0.7 else plastic_surface(cloth, rng)
    return [
        Part(plate(box(long, wide, 0.5), 0.9), "zip", Surface(False, cloth, 0.85, "woven")),
        Part(Manifold.compose(teeth), "teeth", bright),
        Part(slider, "slider", metal),
        Part(pull, "pull", metal),
    ]


def hair_clip(rng: np.random.Generator) -> list[Part]:
    """Return a snap clip or a bent hair pin."""
    long = rng.uniform(40.0, 65.0)
    if rng.random() < 0.5:
        outer = CrossSection.batch_hull(
            [CrossSection.circle(long * 0.11, 24), CrossSection.circle(1.5, 12).translate((long * 0.85, 0.0))]
        )
        inner = outer.offset(-1.8)
        tongue = CrossSection.batch_hull(
            [
                CrossSection.circle(1.4, 12).translate((long * 0.15, 0.0)),
                CrossSection.circle(1.0, 12).translate((long * 0.8, 0.0)),
            ]
        )
        vivid = Surface(True, VIVID[int(rng.integers(len(VIVID)))], 0.3, "painted")
        return [Part(plate(filleted(outer - inner + tongue, 0.2), 1.0), "hair clip", vivid)]
    x = np.linspace(0.0, long, 24)
    lower = np.column_stack([x, -1.0 - 0.6 * np.sin(x / 3.0), np.zeros(24)])
    upper = np.column_stack([x[::-1], np.full(24, 1.4), np.zeros(24)])
    turns = np.linspace(-np.pi / 2, np.pi / 2, 6)[1:-1]
    bend = np.column_stack([long + 1.2 * np.cos(turns), 0.2 + 1.2 * np.sin(turns), np.zeros(4)])
    return [
        Part(
            wire(np.concatenate([lower, bend, upper]), rng.uniform(0.5, 0.9), sides=6), "hair pin", steel(rng)
        )
    ]


def bottle(rng: np.random.Generator) -> list[Part]:
    """Return a lipstick, a perfume bottle or a small flask lying on its side."""
    round_one = rng.random() < 0.5
    long, wide = rng.uniform(40.0, 75.0), rng.uniform(16.0, 38.0)
    area = CrossSection.circle(wide / 2, 40) if round_one else box(wide, wide * rng.uniform(0.5, 1.0), 2.5)
    body = Manifold.extrude(area, long).rotate((0.0, 90.0, 0.0))
    neck = (
        Manifold.extrude(CrossSection.circle(wide * 0.25, 32), 5.0)
        .rotate((0.0, 90.0, 0.0))
        .translate((long - 0.2, 0.0, 0.0))
    )
    top = area.scale((0.6, 0.6)) if rng.random() < 0.6 else area
    cap = (
        Manifold.extrude(top, rng.uniform(12.0, 30.0))
        .rotate((0.0, 90.0, 0.0))
        .translate((long + 3.0, 0.0, 0.0))
    )
    tint = VIVID[int(rng.integers(len(VIVID)))]
    glass = Surface(False, tint, 0.05, "polished")
    covers = [glass, metal_surface(rng), plastic_surface(dark_colour(rng), rng)]
    pick = rng.permutation(3)
    return [
        Part(body, "bottle", covers[pick[0]]),
        Part(neck, "neck", metal_surface(rng)),
        Part(cap, "cap", covers[pick[1]]),
    ]


def cable(rng: np.random.Generator) -> list[Part]:
    """Return a coiled cable with a plug at either end."""
    loops, r = rng.uniform(1.2, 3.5), rng.uniform(0.9, 2.0)
    turns = np.linspace(0.0, 2 * np.pi * loops, int(48 * loops))
    reach = rng.uniform(22.0, 55.0) * (1 + 0.1 * np.sin(turns * 0.7))
    path = np.column_stack(
        [
            reach * np.cos(turns),
            reach * rng.uniform(0.6, 1.0) * np.sin(turns),
            np.linspace(0.0, 2.2 * r * loops, len(turns)),
        ]
    )
    tail = np.array([[k * 9.0 + 1.0, -k * k * 1.5, 0.0] for k in range(1, 6)])
    path = np.concatenate([path, path[-1] + tail * rng.choice([-1.0, 1.0])])
    colour = (0.75, 0.75, 0.75) if rng.random() < 0.5 else dark_colour(rng)
    cover = plastic_surface(colour, rng)
    ends = []
    for point, ahead in ((path[0], path[0] - path[2]), (path[-1], path[-1] - path[-3])):
        turn = float(np.degrees(np.arctan2(ahead[1], ahead[0])))
        shell = moulded(box(16.0, 8.0, 2.0), 5.5, 1.5).translate((6.0, 0.0, 0.0))
        tip = Manifold.cube((10.0, 6.0, 2.4), True).translate((18.0, 0.0, 0.0))
        ends += [
            Part(shell.rotate((0.0, 0.0, turn)).translate(tuple(point)), "plug", cover),
            Part(tip.rotate((0.0, 0.0, turn)).translate(tuple(point)), "contact", steel(rng)),
        ]
    return [Part(wire(path, r, sides=8), "cable", cover), *ends]


def earbuds(rng: np.random.Generator) -> list[Part]:
    """Return two earbuds with stems, and mostly their case."""
    pale = (0.8, 0.8, 0.8) if rng.random() < 0.6 else dark_colour(rng)
    cover = plastic_surface(pale, rng)
    parts = []
    for k in range(2):
        bud = Manifold.sphere(7.5, 20).scale((1.0, 0.85, 0.85))
        stem = (
            Manifold.cylinder(26.0, 2.8, circular_segments=16)
            .rotate((0.0, 90.0, 0.0))
            .translate((2.0, 3.0, 0.0))
        )
        mesh = Manifold.sphere(4.0, 14).translate((-4.5, -4.0, 0.0))
        turn, away = float(rng.uniform(0, 360)), (26.0 * k, float(rng.uniform(-22, 22)), 0.0)
        parts.append(Part((bud + stem).rotate((0.0, 0.0, turn)).translate(away), "earbud", cover))
        parts.append(Part(mesh.rotate((0.0, 0.0, turn)).translate(away), "mesh", steel(rng)))
    if rng.random() < 0.6:
        case = moulded(
            box(rng.uniform(44.0, 62.0), rng.uniform(40.0, 54.0), 18.0), rng.uniform(18.0, 26.0), 8.0
        )
        groove = plate(box(90.0, 0.5, 0.1).translate((0.0, 8.0)), 60.0)
        parts.append(Part((case - groove).translate((-52.0, 0.0, 0.0)), "case", cover))
    return parts


def glasses(rng: np.random.Generator) -> list[Part]:
    """Return spectacles lying on their back with folded temples."""
    wide, tall, r = rng.uniform(44.0, 56.0), rng.uniform(28.0, 46.0), rng.uniform(0.9, 2.6)
    area = ellipse(wide, tall) if rng.random() < 0.5 else box(wide, tall, tall * 0.3)
    frame, lens = area - area.offset(-2 * r), area.offset(-2 * r)
    apart = wide / 2 + rng.uniform(7.0, 11.0)
    bridge = box(2 * (apart - wide / 2) + 3.0, 2.4, 1.0).translate((0.0, tall * 0.2))
    rims = plate(frame.translate((-apart, 0.0)) + frame.translate((apart, 0.0)) + bridge, 2.4 * r)
    glass = plate(lens.translate((-apart, 0.0)) + lens.translate((apart, 0.0)), 1.0)
    arms = []
    for side in (-1.0, 1.0):
        path = [
            (side * (apart + wide / 2), tall * 0.2, -3.0),
            (side * (apart + wide / 2), tall * 0.2, -9.0),
            (-side * 40.0, tall * 0.2 + side * 2.0, -13.0 - 2 * side),
            (-side * 70.0, tall * 0.2 - 14.0, -12.0 - 2 * side),
        ]
        arms.append(swept(np.array(path), box(2.4, 4.5, 1.0)))
    cover = plastic_surface(dark_colour(rng), rng) if rng.random() < 0.6 else metal_surface(rng)
    dark = float(rng.choice([0.02, 0.4]))
    parts = [
        Part(rims, "glasses", cover),
        Part(glass, "lens", Surface(False, (dark, dark, dark), 0.03, "polished")),
    ]
    return [*parts, *(Part(arm, "temple", cover) for arm in arms)]


def telephone(rng: np.random.Generator) -> list[Part]:
    """Return a slab with rounded corners, as a telephone, a case or a power bank lying on the table."""
    long, wide, thick = rng.uniform(95.0, 165.0), rng.uniform(55.0, 78.0), rng.uniform(6.0, 14.0)
    body = moulded(box(long, wide, 8.0), thick, min(3.0, thick * 0.4))
    cover = plastic_surface(dark_colour(rng), rng) if rng.random() < 0.6 else metal_surface(rng)
    screen = Manifold.extrude(box(long - 8.0, wide - 7.0, 5.0), 0.3).translate((0.0, 0.0, thick / 2 - 0.2))
    lens = CrossSection.circle(5.0, 24).translate((-long / 2 + 14.0, wide / 2 - 14.0))
    eye = Manifold.extrude(lens, 1.2).translate((0.0, 0.0, -thick / 2 - 1.0)) - bore(
        CrossSection.circle(2.0, 16).translate((-long / 2 + 14.0, wide / 2 - 14.0)), 4.0, 0.2
    )
    glass = Surface(False, (0.01, 0.01, 0.012), 0.04, "polished")
    return [Part(body, "phone", cover), Part(screen, "screen", glass), Part(eye, "lens", glass)]
