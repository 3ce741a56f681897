"""Watches, chains, bracelets, finger rings: bright links and small relief, as keys have.

In:    random generator
Out:   parts of one prop around the origin, its longest axis along x
Needs: numpy, manifold3d    [render]

Straps are 14-24 mm wide, their links 4-10 mm long; cases of wrist watches 24-46 mm across (catalogues).
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys import brands
from keykind.render.keys.fittings import VIVID, dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import bore, moulded, wire
from keykind.render.props.hangers import LEATHERS
from keykind.render.solids import Part, Point, Stamp, Surface, plate

PRECIOUS = ("steel", "steel", "nickel", "brass", "zinc", "copper")
MINUTES = 12  # marks on a dial


def bright(rng: np.random.Generator) -> Surface:
    """Return the surface of jewellery: a polished or satin metal with little wear."""
    return metal_surface(rng, name=str(rng.choice(PRECIOUS)))


def copies(piece: Manifold, path: np.ndarray) -> Manifold:
    """Return copies of a piece at the points (n, 2) of a path in mm, x turned along the path."""
    ahead = np.gradient(path, axis=0)
    turns = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    placed = [
        piece.rotate((0.0, 0.0, float(turn))).translate((float(x), float(y), 0.0))
        for (x, y), turn in zip(path, turns, strict=True)
    ]
    return Manifold.compose(placed)


def bent_path(long: float, step: float, rng: np.random.Generator, bend: float = 0.004) -> np.ndarray:
    """Return points (n, 2) every `step` mm along a gently bent line of this length around the origin."""
    count = max(3, int(long / step))
    heading = np.cumsum(
        np.interp(np.linspace(0, 1, count), np.linspace(0, 1, 5), rng.normal(0, bend, 5)) * step
    )
    heading -= heading.mean()
    path = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * step, axis=0)
    return np.asarray(path - path.mean(axis=0))


def link_strap(rng: np.random.Generator) -> list[Part]:
    """Return a metal watch strap lying flat, of links with one to five pieces each."""
    wide, pitch = rng.uniform(13.0, 24.0), rng.uniform(4.0, 9.0)
    path = bent_path(rng.uniform(60.0, 170.0), pitch, rng)
    outer, inner = links(wide, pitch, rng)
    return [Part(copies(outer, path), "strap", bright(rng)), Part(copies(inner, path), "strap", bright(rng))]


def links(wide: float, pitch: float, rng: np.random.Generator) -> tuple[Manifold, Manifold]:
    """Return one link of a strap along x: its outer and its inner pieces; mm."""
    rows, thick = int(rng.choice([3, 3, 5])), rng.uniform(2.0, 3.6)
    shares = np.ones(rows)
    shares[rows // 2] = rng.uniform(0.6, 2.5)
    widths = wide * shares / shares.sum()
    starts = np.concatenate([[0.0], np.cumsum(widths)])[:-1] - wide / 2
    pieces = []
    for k in range(rows):
        shift = 0.5 * pitch if k % 2 and rng.random() < 0.6 else 0.0
        size = (pitch * 0.92, max(float(widths[k]) - 0.3, 1.2), thick)
        piece = Manifold.batch_hull([  # a bar with bevelled edges
            Manifold.cube((size[0], size[1], size[2] * 0.5), True),
            Manifold.cube((size[0] * 0.72, size[1] - 0.5, size[2]), True),
        ])  # fmt: skip
        pieces.append(piece.translate((shift, float(starts[k] + widths[k] / 2), 0.0)))
    return Manifold.compose(pieces[::2]), Manifold.compose(pieces[1::2])


def watch(rng: np.random.Generator) -> list[Part]:
    """Return a wrist watch, its strap of links or leather, lying flat or closed on its side."""
    radius = rng.uniform(12.0, 22.0)
    wide, high = radius * rng.uniform(0.75, 1.0), rng.uniform(6.0, 12.0)
    parts = case(radius, high, rng)
    if rng.random() < 0.6:
        return [*parts, *flat_strap(radius, wide, rng)]
    return [_on_side(part, radius) for part in parts] + closed_strap(radius, wide, rng)


def case(radius: float, high: float, rng: np.random.Generator) -> list[Part]:
    """Return the case of a watch around the z axis, with dial, hands and crown."""
    cover = bright(rng) if rng.random() < 0.8 else plastic_surface(dark_colour(rng), rng)
    area = box(2 * radius, 1.7 * radius, 3.0) if rng.random() < 0.15 else CrossSection.circle(radius, 56)
    body = moulded(area, high, min(1.6, high / 4))
    face = area.offset(-rng.uniform(1.6, 4.0))
    body -= Manifold.extrude(face, 20.0).translate((0.0, 0.0, high / 2 - 1.2))
    crown = Manifold.cylinder(3.5, 2.4, circular_segments=16).rotate((90.0, 0.0, 0.0))
    body += crown.translate((0.0, -area.bounds()[3] + 0.8, 0.0))
    dial = Manifold.extrude(face, 0.4).translate((0.0, 0.0, high / 2 - 1.25))
    light = rng.random() < 0.5
    shade, ink = (0.8, 0.02) if light else (0.02, 0.8)
    paint = (ink, ink, ink)
    turns = np.arange(MINUTES) * 2 * np.pi / MINUTES
    reach = face.bounds()[3] * 0.8
    marks = [
        Stamp(
            "I",
            (float(reach * np.cos(t)), float(reach * np.sin(t))),
            radius * 0.14,
            float(np.degrees(t)) - 90.0,
            0.0,
            paint,
        )
        for t in turns
    ]
    logo = Stamp(brands.logo(rng), (radius * 0.3, 0.0), radius * 0.2, -90.0, 0.0, paint)
    colour = (shade, shade, shade) if rng.random() < 0.75 else VIVID[int(rng.integers(len(VIVID)))]
    hands = [
        box(radius * long, 1.0, 0.3).translate((radius * long * 0.42, 0.0)).rotate(float(rng.uniform(0, 360)))
        for long in (0.5, 0.72)
    ]
    pair = Manifold.extrude(hands[0] + hands[1], 0.4).translate((0.0, 0.0, high / 2 - 0.8))
    return [
        Part(body, "watch", cover),
        Part(dial, "dial", Surface(False, colour, 0.25, "painted", stamps=(*marks, logo))),
        Part(
            pair, "hands", Surface(True, (0.7, 0.7, 0.7) if not light else (0.1, 0.1, 0.1), 0.2, "polished")
        ),
    ]


def flat_strap(radius: float, wide: float, rng: np.random.Generator) -> list[Part]:
    """Return both halves of a strap, lying straight at the sides of a case."""
    long = rng.uniform(55.0, 85.0)
    if rng.random() < 0.5:
        pitch = rng.uniform(4.0, 9.0)
        line = np.column_stack(
            [
                np.arange(radius + pitch / 2, radius + long, pitch),
                np.zeros(1).repeat(int(np.ceil((long - pitch / 2) / pitch))),
            ]
        )
        outer, inner = (copies(piece, line) for piece in links(wide, pitch, rng))
        sides = [piece.mirror((1.0, 0.0, 0.0)) for piece in (outer, inner)]
        return [
            Part(outer + sides[0], "strap", bright(rng)),
            Part(inner + sides[1], "strap", bright(rng)),
        ]
    far = wide * rng.uniform(0.7, 1.0)
    band = CrossSection.batch_hull(
        [box(4.0, wide, 1.0), box(4.0, far, 2.0).translate((long, 0.0))]
    ).translate((radius, 0.0))
    holes = [CrossSection.circle(0.9, 12).translate((radius + long - 6.0 - 6.0 * k, 0.0)) for k in range(6)]
    punched = band
    for hole in holes:
        punched -= hole
    other = band.mirror((1.0, 0.0))
    buckle = (box(9.0, far + 5.0, 2.0) - box(5.5, far + 1.0, 1.0)).translate((-radius - long - 2.0, 0.0))
    hide = Surface(False, LEATHERS[int(rng.integers(len(LEATHERS)))], 0.5, "cast", float(rng.uniform(0, 0.6)))
    rubber = plastic_surface(dark_colour(rng), rng) if rng.random() < 0.4 else hide
    return [
        Part(plate(punched + other, rng.uniform(1.8, 3.0)), "strap", rubber),
        Part(plate(buckle, 2.2), "buckle", bright(rng)),
    ]


def _on_side(part: Part, radius: float) -> Part:
    """Return a part of a case moved to the edge of a closed strap, its axis along x."""
    loop = radius * 1.45
    solid = part.solid.rotate((0.0, 90.0, 0.0)).translate((loop, 0.0, 0.0))
    return Part(
        solid,
        part.name,
        Surface(part.surface.metal, part.surface.colour, part.surface.roughness, part.surface.finish),
    )


def closed_strap(radius: float, wide: float, rng: np.random.Generator) -> list[Part]:
    """Return a closed strap of links lying on its side, its loop in the xy plane."""
    pitch, loop = rng.uniform(4.0, 8.0), radius * 1.45
    turns = np.arange(0.45, 2 * np.pi - 0.45, pitch / loop)
    path = np.column_stack([loop * np.cos(turns), loop * 1.12 * np.sin(turns)])
    outer, inner = (piece.rotate((90.0, 0.0, 0.0)) for piece in links(wide, pitch, rng))
    return [Part(copies(outer, path), "strap", bright(rng)), Part(copies(inner, path), "strap", bright(rng))]


def necklace(rng: np.random.Generator) -> list[Part]:
    """Return a fine chain lying in a loop, mostly with a pendant."""
    size = rng.uniform(2.2, 5.0)
    turns = np.linspace(0.0, 2 * np.pi, 200)
    wobble = 1 + 0.12 * np.sin(2 * turns + rng.uniform(0, 6)) + 0.08 * np.sin(3 * turns + rng.uniform(0, 6))
    reach = rng.uniform(25.0, 70.0)
    dense = np.column_stack(
        [reach * wobble * np.cos(turns), reach * rng.uniform(0.4, 0.9) * wobble * np.sin(turns)]
    )
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    stops = np.arange(0.0, along[-1], size * 0.78)
    path = np.column_stack([np.interp(stops, along, dense[:, axis]) for axis in (0, 1)])
    around = np.linspace(0.0, 2 * np.pi, 8, endpoint=False)
    oval = np.column_stack([size / 2 * np.cos(around), size * 0.33 * np.sin(around), np.zeros(8)])
    link = wire(oval, size * 0.12, closed=True, sides=5)
    flat, upright = copies(link, path[::2]), copies(link.rotate((75.0, 0.0, 0.0)), path[1::2])
    parts = [Part(Manifold.compose([flat, upright]), "necklace", bright(rng))]
    if rng.random() < 0.7:
        parts.append(pendant((float(path[:, 0].min()), float(path[path[:, 0].argmin(), 1])), rng))
    return parts


def pendant(point: Point, rng: np.random.Generator) -> Part:
    """Return a pendant next to a point of a chain: a cross, a drop or a disc."""
    size, shape = rng.uniform(7.0, 22.0), rng.random()
    if shape < 0.35:
        area = box(size, size * 0.2, 0.6) + box(size * 0.2, size * 0.65, 0.6).translate((size * 0.18, 0.0))
    elif shape < 0.7:
        area = ellipse(size, size * rng.uniform(0.5, 1.0))
    else:
        area = CrossSection.batch_hull(
            [CrossSection.circle(size * 0.3, 24), CrossSection.circle(0.6, 8).translate((size * 0.7, 0.0))]
        )
    stone = rng.random() < 0.3
    cover = Surface(False, VIVID[int(rng.integers(len(VIVID)))], 0.06, "polished") if stone else bright(rng)
    solid = moulded(area, rng.uniform(1.2, 3.5), 0.4, 0.2)
    _, low, _, right, high, _ = solid.bounding_box()
    return Part(solid.translate((point[0] - right - 0.5, point[1] - (low + high) / 2, 0.0)), "pendant", cover)


def finger_ring(rng: np.random.Generator) -> list[Part]:
    """Return a finger ring, sometimes with a stone."""
    radius, wide, thick = rng.uniform(8.0, 10.5), rng.uniform(2.0, 7.0), rng.uniform(1.0, 2.2)
    disc = CrossSection.circle(radius + thick, 48)
    body = moulded(disc, wide, min(0.8, wide / 4)) - bore(CrossSection.circle(radius, 48), wide, 0.5)
    parts = [Part(body, "finger ring", bright(rng))]
    if rng.random() < 0.5:
        size = rng.uniform(2.0, 5.0)
        stone = (
            Manifold.sphere(size, 8).scale((0.7, 1.0, 1.0)).translate((radius + thick + size * 0.3, 0.0, 0.0))
        )
        parts.append(
            Part(stone, "stone", Surface(False, VIVID[int(rng.integers(len(VIVID)))], 0.04, "polished"))
        )
    return parts


def bangle(rng: np.random.Generator) -> list[Part]:
    """Return a bracelet of wire or beads around the z axis."""
    reach, thick = rng.uniform(24.0, 36.0), rng.uniform(1.2, 4.0)
    turns = np.linspace(0.0, 2 * np.pi, 56, endpoint=False)
    path = np.column_stack(
        [reach * np.cos(turns), reach * rng.uniform(0.8, 1.0) * np.sin(turns), np.zeros(56)]
    )
    if rng.random() < 0.5:
        return [Part(wire(path, thick, closed=True), "bangle", bright(rng))]
    size = max(thick, 2.2)
    count = int(2 * np.pi * reach / (2.05 * size))
    turns = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    bead = Manifold.sphere(size, 12)
    spots = [bead.translate((float(reach * np.cos(t)), float(reach * np.sin(t)), 0.0)) for t in turns]
    vivid = Surface(False, VIVID[int(rng.integers(len(VIVID)))], float(rng.uniform(0.06, 0.5)), "painted")
    halves = [Manifold.compose(spots[k::2]) for k in (0, 1)]
    covers = [vivid, vivid if rng.random() < 0.6 else bright(rng)]
    return [Part(half, "beads", cover) for half, cover in zip(halves, covers, strict=True)]


def handcuffs(rng: np.random.Generator) -> list[Part]:
    """Return two hinged rings of flat metal joined by a short chain."""
    cover = metal_surface(rng, name=str(rng.choice(["steel", "nickel", "blackened"])))
    cheek = box(26.0, 20.0, 6.0)
    ring = CrossSection.circle(33.0, 56).scale((1.0, 0.85)) - CrossSection.circle(27.0, 56).scale((1.0, 0.85))
    side = plate(ring.translate((-32.0, 0.0)) + cheek.translate((-8.0, 0.0)), 6.0)
    teeth = copies(
        Manifold.cube((1.4, 1.4, 3.5), True),
        np.column_stack(
            [-32.0 + 33.5 * np.cos(np.linspace(1.6, 2.8, 14)), 28.5 * np.sin(np.linspace(1.6, 2.8, 14))]
        ),
    )
    one = (side + teeth).rotate((0.0, 0.0, float(rng.uniform(-40, 40)))).translate((-12.0, 0.0, 0.0))
    other = (
        side.mirror((1.0, 0.0, 0.0))
        .rotate((0.0, 0.0, float(rng.uniform(-40, 40))))
        .translate((12.0, 0.0, 0.0))
    )
    around = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    link = wire(np.column_stack([8.0 * np.cos(around), 5.0 * np.sin(around), np.zeros(16)]), 1.6, closed=True)
    return [Part(one, "handcuff", cover), Part(other, "handcuff", cover), Part(link, "link", cover)]
