"""Round shanks with turned ornaments, and the bits on them.

In:    sizes in mm, random generator
Out:   Manifolds along +x
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.rounded import Turning, cast, turned_shank
from keykind.render.solids import Head, Part, Solid, Surface, check_solid, plate

SINK = 0.15  # overlap of the bit with the shank, as a share of its radius
SHORT = 1.0  # mm; a shorter pin is as thick as the shank, and may be drilled


@dataclass(frozen=True, slots=True)
class Sizes:
    """Dimensions of one key, mm."""

    length: float  # from the shoulder to the tip
    radius: float  # of the shank at the bow
    end: float  # radius at the tip
    pin: float  # length of the shank beyond the bit
    width: float  # of the bit along the shank
    height: float  # of the bit below the shank
    thickness: float  # of the bit


def collars(start: float, radius: float, rng: np.random.Generator) -> list[Turning]:
    """Return a group of turnings from `start` mm: beads, a collar, a moulding, a baluster or a ball."""
    form = rng.choice(["beads", "collar", "moulding", "baluster", "ball"], p=[0.32, 0.2, 0.24, 0.12, 0.12])
    small = radius * rng.uniform(0.2, 0.4)
    rise = radius * rng.uniform(0.22, 0.45)
    big = radius * rng.uniform(0.9, 1.3)
    if form == "beads":
        gap = 2 * small * rng.uniform(1.0, 1.25)
        return [Turning(start + small + i * gap, small, rise) for i in range(int(rng.integers(1, 5)))]
    if form == "collar":
        half = radius * rng.uniform(0.25, 0.7)
        return [Turning(start + half, half, rise * 1.2, "ring")]
    if form == "moulding":
        half = radius * rng.uniform(0.3, 0.6)
        middle = start + 2 * small + half
        outer = [Turning(middle + s * (half + small), small, rise) for s in (-1, 1)]
        return [
            *outer,
            Turning(middle, half, rise * rng.uniform(1.5, 2.2), str(rng.choice(["bead", "ring"]))),
        ]
    if form == "ball":
        return [Turning(start + big, big, big * rng.uniform(0.6, 0.9))]
    vase = radius * rng.uniform(1.5, 2.8)
    return [
        Turning(start + small, small, rise),
        Turning(start + 2 * small + big, big, big * rng.uniform(0.4, 0.7)),
        Turning(start + 3 * small + 2 * big, small, rise * 0.8),
        Turning(start + 4 * small + 2 * big + vase, vase, rise * 1.2, "cone"),
        Turning(start + 5 * small + 2 * big + 2 * vase, small, rise * 1.4),
    ]


def ornaments(sizes: Sizes, rng: np.random.Generator) -> list[Turning]:
    """Return turnings at the bow, sometimes also halfway and in front of the bit, never below the bit."""
    free = sizes.length - sizes.pin - sizes.width - 0.5
    turnings = [] if rng.random() < 0.1 else collars(rng.uniform(0.0, 2.0) * sizes.radius, sizes.radius, rng)
    if rng.random() < 0.25:
        turnings += collars(free - rng.uniform(2.5, 6.0) * sizes.end, sizes.end, rng)
    if rng.random() < 0.15:
        turnings += collars(free * rng.uniform(0.4, 0.6), sizes.radius, rng)
    if rng.random() < 0.15:
        first, gap = free * rng.uniform(0.15, 0.4), rng.uniform(1.2, 3.0)
        turnings += [Turning(first + i * gap, 0.35, -0.3) for i in range(int(rng.integers(1, 6)))]
    return [turning for turning in turnings if turning.centre + turning.half < free]


def shank(sizes: Sizes, bite: float, stem: float, rng: np.random.Generator) -> Manifold:
    """Return a turned shank from x = -bite, hidden in the bow where its radius is `stem`, to its tip; mm."""
    neck = rng.uniform(0.3, 1.2) * sizes.radius
    stem = min(stem, sizes.radius * 1.2)
    knots = [(-bite, stem * 0.7), (-bite * 0.5, stem), (0.1, stem), (neck, sizes.radius)]
    last = sizes.length - sizes.pin
    form = rng.choice(["broken", "dome", "flat", "point"], p=[0.45, 0.25, 0.2, 0.1])
    tip = sizes.end
    if sizes.pin > SHORT and rng.random() < 0.45:
        tip = sizes.end * rng.uniform(0.45, 0.75)
        knots += [(last - 0.2, sizes.end), (last, sizes.end), (last + 0.15, tip)]
    drop = {"broken": 0.15, "dome": 0.6, "flat": 0.04, "point": 0.7}[str(form)] * tip
    if tip < sizes.end:
        drop = min(drop, sizes.pin * 0.7)
    for part in {"dome": (0.0, 0.4, 0.75, 0.95, 1.0), "point": (0.0, 1.0)}.get(str(form), (0.0, 1.0)):
        fall = (1 - np.sqrt(1 - part * part)) * tip * 0.8 if form == "dome" else part * drop
        knots.append((sizes.length - drop + part * drop, tip - fall))
    return turned_shank(np.array(knots), ornaments(sizes, rng))


def rooted(bit: CrossSection, sizes: Sizes) -> CrossSection:
    """Return the outline of a bit moved to its position on the key, its root extended into the shank."""
    strip = sizes.height * 0.04
    reach = sizes.end * (1 - SINK)
    root = bit ^ CrossSection.square((sizes.width, strip)).translate((0.0, -strip))
    whole = bit + root.scale((1.0, -reach / strip)).translate((0.0, -1e-3))
    return whole.translate((sizes.length - sizes.pin - sizes.width, -reach))


def forged_bit(outline: CrossSection, sizes: Sizes, rng: np.random.Generator) -> Manifold:
    """Return a bit with rounded edges, often thicker at its end, sometimes with grooves in its sides."""
    solid = cast(outline, sizes.thickness, min(0.12 * sizes.thickness, 0.035 * sizes.width, 0.3))
    left, low, right, _ = outline.bounds()
    if rng.random() < 0.35:
        foot = CrossSection.square((right - left, sizes.height * rng.uniform(0.14, 0.3))).translate(
            (left, low)
        )
        solid += plate(outline ^ foot, min(sizes.thickness * rng.uniform(1.2, 1.9), 2 * sizes.end))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.7, 0.2, 0.1]))):
        wide, deep = rng.uniform(0.8, 1.6), sizes.thickness * rng.uniform(0.12, 0.3)
        y = low + sizes.height * rng.uniform(0.15, 0.75)
        for z in (sizes.thickness / 2, -sizes.thickness / 2):
            box = Manifold.cube((right - left + 2, wide, 2 * deep), True)
            solid -= box.translate(((left + right) / 2, y, z))
    return solid


def drilled(solid: Manifold, length: float, depth: float, radius: float) -> Manifold:
    """Return a key with a bore in its tip; length: shoulder to tip; mm."""
    bore = Manifold.cylinder(depth + 1, radius, circular_segments=28).rotate((0.0, 90.0, 0.0))
    return solid - bore.translate((length - depth, 0.0, 0.0))


def assemble_solid(
    kind: str,
    metal: Manifold,
    surfaces: tuple[Surface, Surface | None],
    original_id: int,
    head: Head,
    length: float,
) -> Solid:
    """Return a key: its metal, split into blade and bow at the shoulder, and the parts of its head.

    surfaces: of the metal and of its cuts; original_id: of the uncut metal, -1 if no face counts as cut;
    length: shoulder to tip, mm.
    Raises DegenerateSolid if the metal is not in one piece.
    """
    check_solid(metal, f"{kind} key")
    blade, bow = metal.split_by_plane((1.0, 0.0, 0.0), 0.0)
    surface, cut = surfaces
    parts = (
        Part(check_solid(blade, f"{kind} blade"), "blade", surface, cut, original_id),
        Part(bow, "bow", replace(surface, stamps=head.stamps), cut, original_id),
        *head.parts,
    )
    box = metal.bounding_box()
    return Solid(kind, parts, head.end, (length, 0.0), head.hole, max(box[5] - box[2], head.thickness))
