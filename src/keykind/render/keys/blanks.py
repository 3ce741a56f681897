"""Metals and blanks of flat keys, and their assembly.

In:    Blade, Head, cutting tools, random generator
Out:   Surface, Manifold, Solid
Needs: numpy, manifold3d    [render]

Blanks are stamped from sheet of nickel silver, brass (often nickel-plated, so that cuts look yellow) or
steel, 1.8-3.6 mm thick (catalogues of key blanks).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold, Mesh, OpType, triangulate

from keykind.render.keys.blades import Blade
from keykind.render.keys.mortice_metals import draw_old
from keykind.render.solids import Colour, DegenerateSolid, Head, Part, Solid, Surface, check_solid, plate

BRASS: Colour = (0.80, 0.58, 0.27)
STEEL: Colour = (0.55, 0.55, 0.54)
PAINTS: tuple[Colour, ...] = ((0.35, 0.03, 0.03), (0.03, 0.08, 0.30), (0.02, 0.02, 0.02), (0.05, 0.22, 0.09))
# share of keys, name, colour of the blank, colour of the cuts
METALS: tuple[tuple[float, str, Colour, Colour], ...] = (
    (0.28, "nickel silver", (0.66, 0.61, 0.53), (0.66, 0.61, 0.53)),
    (0.16, "brass", BRASS, BRASS),
    (0.08, "tarnished brass", (0.45, 0.31, 0.15), (0.55, 0.39, 0.19)),
    (0.18, "plated brass", (0.70, 0.66, 0.60), BRASS),
    (0.06, "plated once cut", (0.70, 0.66, 0.60), (0.70, 0.66, 0.60)),
    (0.12, "steel", STEEL, STEEL),
    (0.08, "chrome", (0.60, 0.61, 0.62), (0.60, 0.61, 0.62)),
    (0.03, "painted", PAINTS[0], STEEL),
)
OLD_SHARE = 0.12  # of keys, dark or rusty like old mortice keys: the metal must not give away the kind
FINISHES = ("satin", "brushed", "polished", "ground")
FINISH_SHARES = (0.34, 0.23, 0.31, 0.12)
GRIMY_SHARE = 0.45  # of keys, with dirt in their cuts
GRIME = np.array([0.5, 0.44, 0.34])  # colour factors of a cut full of dirt
BEVEL = (0.08, 0.28)  # mm, bevel of a stamped and tumbled blank
ROUNDING = 1.8  # radius of the corners in bevels, so that the inner line of the bevel cannot cross itself


def draw_metal(rng: np.random.Generator) -> tuple[Surface, Surface]:
    """Return the surfaces of a blank and of its cuts.

    Colours are linear RGB reflectances close to those of the polished metals. A cut is bright when new,
    yellow in nickel-plated brass, and darker than the blank when it is full of dirt.
    """
    if rng.random() < OLD_SHARE:
        return draw_old(rng), draw_old(rng)
    shares = np.array([metal[0] for metal in METALS])
    _, name, colour, below = METALS[int(rng.choice(len(METALS), p=shares / shares.sum()))]
    painted = name == "painted"
    if painted:
        colour = PAINTS[int(rng.integers(len(PAINTS)))]
    finish = "painted" if painted else str(rng.choice(FINISHES, p=FINISH_SHARES))
    roughness = float(rng.uniform(0.06, 0.18) if finish == "polished" else rng.uniform(0.14, 0.45))
    wear = float(rng.beta(1.2, 2.5))
    rust = float(rng.beta(1.5, 3.0)) if rng.random() < 0.08 else 0.0
    tint = rng.normal(1.0, 0.03, 3)
    body = Surface(not painted, scaled_colour(colour, tint), roughness, finish, wear, rust)
    grimy = rng.random() < GRIMY_SHARE
    tint *= GRIME ** rng.uniform(0.3, 1.0) if grimy else rng.uniform(1.0, 1.08)
    milled = rng.uniform(0.3, 0.6) if grimy else rng.uniform(0.15, 0.45)
    return body, Surface(True, scaled_colour(below, tint), float(milled), "ground", wear / 2, rust)


def is_unlikely(surface: Surface, cut: Surface, rng: np.random.Generator) -> bool:
    """Return whether a blade is unlikely in a moulded head: painted, or (mostly) with brass."""
    brass = any(colour[2] < 0.6 * colour[0] for colour in (surface.colour, cut.colour))
    return not surface.metal or (brass and bool(rng.random() < 0.75))


def scaled_colour(colour: Colour, factors: np.ndarray) -> Colour:
    """Return a colour multiplied by three factors, clamped to 0.01..0.95."""
    red, green, blue = np.clip(np.array(colour) * factors, 0.01, 0.95)
    return float(red), float(green), float(blue)


def bevelled(outline: CrossSection, thickness: float, bevel: float) -> Manifold:
    """Return an outline extruded around z = 0, its edges bevelled by `bevel` mm at 45 degrees.

    Raises DegenerateSolid if the outline is too thin.
    """
    rounding = ROUNDING * bevel
    opened = outline.offset(-rounding, JoinType.Round, circular_segments=16)
    if opened.is_empty():
        raise DegenerateSolid("outline is thinner than its bevels")
    rings = opened.offset(rounding, JoinType.Round, circular_segments=16).simplify(0.004).to_polygons()
    inner = [inset(ring, bevel) for ring in rings]
    half = thickness / 2
    levels = [(inner, -half), (rings, bevel - half), (rings, half - bevel), (inner, half)]
    flat = [np.concatenate(ring) for ring, _ in levels]
    vertices = np.concatenate([np.insert(xy, 2, z, axis=1) for xy, (_, z) in zip(flat, levels, strict=True)])
    count = len(flat[0])
    here = np.arange(count)
    ahead = np.concatenate(
        [np.roll(part, -1) for part in np.split(here, np.cumsum([len(r) for r in rings])[:-1])]
    )
    cap = np.asarray(triangulate(inner))
    faces = [cap[:, ::-1], cap + 3 * count]
    for level in range(3):
        low, high = level * count, (level + 1) * count
        faces.append(np.stack([here + low, ahead + low, ahead + high], axis=1))
        faces.append(np.stack([here + low, ahead + high, here + high], axis=1))
    return Manifold(Mesh(vertices.astype(np.float32), np.concatenate(faces).astype(np.uint32)))


def inset(ring: np.ndarray, distance: float) -> np.ndarray:
    """Return a polygon (n, 2) offset to its left by a distance in mm, vertex by vertex."""
    along = np.roll(ring, -1, axis=0) - ring
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    before = np.roll(normal, 1, axis=0)
    share = 1.0 + np.sum(normal * before, axis=1, keepdims=True)
    moved: np.ndarray = ring + distance * (normal + before) / np.maximum(share, 0.3)
    return moved


def assemble(
    kind: str, blade: Blade, head: Head, tools: Sequence[Manifold], rng: np.random.Generator
) -> Solid:
    """Return the key: blank of blade and head, minus the tools, plus the parts of the head.

    Raises DegenerateSolid if the tools split the blank or leave nothing of it.
    """
    surface, cut = draw_metal(rng)
    while head.parts and is_unlikely(surface, cut, rng):
        surface, cut = draw_metal(rng)
    blank = bevelled(head.outline + blade.outline, blade.thickness, rng.uniform(*BEVEL))
    long, out = blade.collar
    if out > 0:
        block = CrossSection.square((long + 0.3, blade.neck)).translate((-0.3, -blade.neck / 2))
        blank += plate(block, blade.thickness + 2 * out)
    blank = blank.as_original()
    metal = check_solid(Manifold.batch_boolean([blank, *tools], OpType.Subtract), kind)
    right, left = metal.split_by_plane((1.0, 0.0, 0.0), 0.0)
    parts = (
        Part(check_solid(right, f"{kind} blade"), "blade", surface, cut, blank.original_id()),
        Part(
            check_solid(left, f"{kind} bow"),
            "bow",
            replace(surface, stamps=head.stamps),
            cut,
            blank.original_id(),
        ),
        *head.parts,
    )
    thickness = max(blade.thickness + 2 * out, head.thickness)
    return Solid(kind, parts, head.end, (blade.length, blade.middle), head.hole, thickness)
