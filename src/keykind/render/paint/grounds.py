"""Draw the textures of the ground under the keys.

In:    one of MATERIALS, size in px, random generator
Out:   Ground: square textures of colour, roughness, metallic, height
Needs: numpy, pillow, manifold3d    [render]
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keykind.render.paint.colours import blend, hex_colour, hex_colours, hsv, jitter
from keykind.render.paint.fabrics import fabric
from keykind.render.paint.litter import grass, leaves, soil
from keykind.render.paint.noise import ridges, smoothstep, voronoi
from keykind.render.paint.prints import page
from keykind.render.paint.stones import gravel, stone
from keykind.render.paint.surfaces import FINISHES
from keykind.render.paint.tiles import Frame, Tile, make_tile
from keykind.render.paint.wear import add_rust, draw_strokes
from keykind.render.paint.woods import wood
from keykind.render.solids import Surface

WIDTH = (180.0, 420.0)  # mm, side of the square; a key is 50 to 100 mm long


@dataclass(frozen=True, slots=True)
class Ground:
    """Square textures of the ground; row 0 is at the largest y."""

    colour: np.ndarray  # (n, n, 3) float32, linear RGB 0..1
    roughness: np.ndarray  # (n, n) float32, 0..1
    metallic: np.ndarray  # (n, n) float32, 0..1
    height: np.ndarray  # (n, n) float32, mm
    width_mm: float
    facing: bool = False  # whether it stands upright across the line of sight, as a distant background


def draw_ground(material: str, size: int, rng: np.random.Generator) -> Ground:
    """Return a ground of size x size px. Raises ValueError if the material is unknown."""
    if material not in GROUNDS:
        raise ValueError(f"ground {material!r}: expected one of {', '.join(MATERIALS)}")
    width = float(rng.uniform(*WIDTH))
    result = GROUNDS[material](Frame((0.0, 0.0, width, width), (size, size)), rng)
    return Ground(result.colour, result.roughness, result.metallic, result.height, width)


def plain(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return one colour: mostly white as in product photos, or grey, pale, rarely vivid or black."""
    choice = rng.random()
    if choice < 0.55:
        colour = hsv(rng.random(), rng.uniform(0, 0.04), rng.uniform(0.86, 1.0))
    elif choice < 0.7:
        colour = hsv(rng.random(), rng.uniform(0, 0.06), rng.uniform(0.25, 0.86))
    elif choice < 0.82:
        colour = hsv(rng.uniform(0.05, 0.16), rng.uniform(0.08, 0.3), rng.uniform(0.7, 0.95))
    elif choice < 0.95:
        colour = hsv(rng.random(), rng.uniform(0.2, 1.0), rng.uniform(0.3, 1.0))
    else:
        colour = hsv(rng.random(), 0.1, rng.uniform(0.02, 0.12))
    turn, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0.0, 0.12)
    middle = frame.box[2] / 2
    slope = ((frame.x - middle) * math.cos(turn) + (frame.y - middle) * math.sin(turn)) / middle
    return make_tile(frame, colour * (1.0 + strength * slope[..., None]), rng.uniform(0.4, 1.0), 0.0)


def plastic(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return a table top or mat: grained or glossy, plain or speckled, with a few scratches."""
    dark = rng.random() < 0.3
    colour = hsv(
        rng.random(),
        rng.choice([0.05, 0.05, 0.7]),
        rng.uniform(0.03, 0.3) if dark else rng.uniform(0.4, 0.95),
    )
    speckle = smoothstep(frame.noise(rng.uniform(0.8, 2.0), 1, rng), 0.75, 0.85) * np.float32(
        rng.choice([0.0, 0.0, 0.3])
    )
    sheet = blend(np.broadcast_to(colour, (*frame.shape, 3)), 1.0 - colour, speckle)
    grain = frame.relief(rng.uniform(0.5, 2.5), rng.choice([0.005, 0.08, 0.2]), 2, rng)
    roughness = rng.uniform(0.1, 0.6) + 0.15 * (frame.noise(40.0, 4, rng) - 0.5)
    lines = draw_strokes(frame, int(rng.integers(0, 60)), 15.0, rng)
    return make_tile(frame, sheet * (1.0 + 0.2 * lines[..., None]), roughness + 0.2 * lines, grain)


def paper(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return white, cream or kraft paper: flat, folded, crumpled, ruled or squared."""
    base = jitter(
        hex_colours("ffffff fdfcf8 f5efe0 ece4cf c9a87a b08a5c e6e6ea f3d9dc")[rng.integers(8)],
        rng,
        0.05,
        0.02,
    )
    fibre = frame.noise(0.7, 3, rng)
    colour = base * (0.94 + 0.1 * fibre)[..., None]
    height = 0.02 * fibre + frame.relief(80.0, rng.uniform(0.0, 0.06), 2, rng)
    plan = rng.integers(4)
    if plan == 0:
        height = height + _crumples(frame, rng)
    elif plan == 1:
        for along in (frame.x, frame.y):
            fold = np.abs(along - rng.uniform(0.2, 0.8) * frame.box[2])
            height = height + rng.choice([-1, 1]) * 0.06 * np.minimum(fold, 25.0)
            colour = colour * (1.0 - 0.1 * smoothstep(fold, 0.5, 0.0)[..., None])
    elif plan == 2 and rng.random() < 0.6:
        pitch = float(rng.choice([5.0, 8.0]))  # mm, squared and ruled paper
        lines = smoothstep(np.abs(frame.y % pitch - pitch / 2), 0.28, 0.12)
        if pitch < 6:
            lines = np.maximum(lines, smoothstep(np.abs(frame.x % pitch - pitch / 2), 0.28, 0.12))
        lines = np.broadcast_to(lines, frame.shape) * np.float32(0.6)
        colour = blend(colour, jitter(hex_colour("8fa6cc"), rng), lines)
    return make_tile(frame, colour, 0.85, height)


def _crumples(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Return the relief (h, w) mm of straight folds in all directions with flat facets between them."""
    height = np.zeros(frame.shape, dtype=np.float32)
    for _ in range(6):
        turn, pitch = rng.uniform(0, math.pi), rng.uniform(15.0, 70.0)
        along = (frame.x * math.cos(turn) + frame.y * math.sin(turn)) / pitch
        along = along + rng.random() + 0.25 * frame.noise(70.0, 2, rng)
        height += np.abs(along - np.floor(along) - 0.5) * frame.noise(80.0, 1, rng) * np.float32(0.35 * pitch)
    return height * np.float32(rng.uniform(0.05, 0.5))


def cardboard(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return cardboard: flecks, faint flutes, sometimes a cut or folded edge."""
    base = jitter(hex_colours("b8906a a67c52 c9a882 93714e")[rng.integers(4)], rng, 0.1)
    flute = np.sin(frame.y * np.float32(2 * math.pi / rng.uniform(3.0, 8.0)))  # mm, type E to A
    flecks = smoothstep(frame.noise((0.6, 1.6), 1, rng), 0.75, 0.95)
    tone = (
        1.0
        + 0.03 * flute
        + 0.2 * (frame.noise(50.0, 4, rng) - 0.5)
        + 0.2 * (frame.noise((0.8, 3.0), 2, rng) - 0.5)
    )
    tone = tone * (1.0 - 0.35 * flecks)
    height = 0.04 * flute + frame.relief(0.8, 0.03, 2, rng)
    if rng.random() < 0.4:
        edge = frame.x - rng.uniform(0.1, 0.9) * frame.box[2]
        tone = tone * (1.0 - 0.6 * smoothstep(np.abs(edge), 1.5, 0.5)) * np.where(edge > 0, 1.0, 0.9)
        height = height - np.where(edge > 0, 0.0, 2.0) * smoothstep(edge, 0.0, -1.0)
    return make_tile(frame, base * tone[..., None], 0.9, height)


def leather(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return leather: grain and creases, darker in the furrows, sometimes a seam."""
    base = jitter(
        hex_colours("15110f 2a1a12 4a2a18 7a4526 a8683a c98d58 6e1a18 1d2630 d8c8b0 3b3a38")[
            rng.integers(10)
        ],
        rng,
    )
    grain = max(5.0, rng.uniform(1.2, 3.5) * frame.scale)
    net = voronoi(frame.shape, (grain, grain * rng.uniform(0.8, 1.4)), rng)
    furrow = smoothstep(net.gap, 0.35, 0.05) * (0.4 + frame.noise(25.0, 3, rng))
    crease = ridges(frame.noise(60.0, 4, rng), 0.008)
    worn = smoothstep(frame.noise(60.0, 5, rng), 0.5, 0.9)
    colour = base * (1.0 - 0.35 * furrow - 0.3 * crease + 0.35 * worn)[..., None]
    height = -0.15 * furrow - 0.3 * crease + frame.relief(10.0, 0.03, 2, rng)
    if rng.random() < 0.35:
        away = np.abs(frame.x - rng.uniform(0.15, 0.85) * frame.box[2])
        stitch = (np.abs(away - 4.0) < 0.6) & (frame.y % 5.0 < 3.6)
        colour = blend(colour, jitter(hex_colour("c8b48a"), rng, 0.6), stitch.astype(np.float32))
        height = height - 1.2 * smoothstep(away, 1.5, 0.0) + 0.3 * stitch
    return make_tile(frame, colour, rng.uniform(0.25, 0.6) + 0.2 * furrow, height)


def metal(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return sheet metal, brushed, rolled or rusty, with dents and scratches."""
    base = jitter(hex_colours("d0d2d6 b9bbbf 8a8c90 c9b28a 55585c")[rng.integers(5)], rng, 0.1, 0.03)
    roughness = float(rng.uniform(0.2, 0.5))
    result = FINISHES[str(rng.choice(["brushed", "brushed", "satin"]))](
        Surface(True, tuple(base), roughness), frame, rng
    )
    dents = smoothstep(frame.noise(rng.uniform(15.0, 50.0), 2, rng), 0.7, 1.0)
    lines = draw_strokes(frame, int(rng.integers(5, 120)), 20.0, rng)
    dull = result.roughness + 0.15 * lines + 0.1 * (frame.noise(40.0, 5, rng) - 0.5)
    result = make_tile(
        frame, result.colour, dull, result.height - rng.uniform(0, 0.4) * dents - 0.01 * lines, 1.0
    )
    return add_rust(result, frame, rng.uniform(0.1, 0.9), rng) if rng.random() < 0.25 else result


def plaster(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return a plastered or papered wall: lumps, trowel marks, flaking paint."""
    if rng.random() < 0.6:
        base = hsv(rng.uniform(0.05, 0.17), rng.uniform(0, 0.25), rng.uniform(0.6, 0.98))
    else:
        base = hsv(rng.random(), rng.uniform(0.1, 0.4), rng.uniform(0.3, 0.9))
    lumps = frame.noise(rng.uniform(1.5, 8.0), 5, rng)
    trowel = frame.noise((rng.uniform(3, 10), 60.0), 4, rng)
    tone = 0.9 + 0.25 * (frame.noise(90.0, 4, rng) - 0.5) + 0.1 * (lumps - 0.5)
    colour, height = base * tone[..., None], rng.uniform(0.2, 1.5) * lumps + rng.uniform(0, 0.8) * trowel
    if rng.random() < 0.3:
        bare = smoothstep(frame.noise(80.0, 7, rng), 0.62, 0.63)
        below = (
            jitter(hex_colours("a39d92 8c6a50 d6cfc0")[rng.integers(3)], rng)
            * (0.7 + 0.6 * frame.noise(2.0, 4, rng))[..., None]
        )
        colour, height = blend(colour, below, bare), height - 0.8 * bare
    return make_tile(frame, colour, 0.92, height)


def skin(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return the palm of a hand, close up."""
    tone = jitter(hex_colours("e8bfa5 d9a587 c48a68 9a6244 6e4430 f0cdb8")[rng.integers(6)], rng, 0.1, 0.03)
    return FINISHES["skin"](Surface(False, tuple(tone), float(rng.uniform(0.4, 0.6))), frame, rng)


GROUNDS: dict[str, Callable[[Frame, np.random.Generator], Tile]] = {
    "plain": plain,
    "paper": paper,
    "print": page,
    "wood": wood,
    "stone": stone,
    "fabric": fabric,
    "leather": leather,
    "metal": metal,
    "plaster": plaster,
    "skin": skin,
    "plastic": plastic,
    "grass": grass,
    "leaves": leaves,
    "soil": soil,
    "cardboard": cardboard,
    "gravel": gravel,
}
MATERIALS = tuple(GROUNDS)
