"""Ground textures of stone: granite, marble, slate, concrete, terrazzo, tiles, bricks, paving; gravel.

In:    Frame, random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

from collections.abc import Callable

import numpy as np

from keykind.render.paint.colours import blend, colour_map, hex_colour, hex_colours, hsv, jitter
from keykind.render.paint.noise import ridges, smoothstep, voronoi
from keykind.render.paint.tiles import Frame, Tile, make_tile

GRANITES = (
    "1a1a1c 4a4a4e 8e8e90 c9c8c4 e4e3df",
    "2b1e1c 6b4a42 b07e6e d8b3a3 e9d9cf",
    "0d0d0f 18181b 26262a 3c3c42 8a8a90",
    "4a3f2c 8a7448 c2a567 e0cfa2 f1e8d2",
)
MARBLES = (
    ("f4f2ee", "8d8f94"),
    ("efe6d6", "a98f6a"),
    ("1c1c1e", "d8d4cc"),
    ("2f4a3c", "a9c2ae"),
    ("6b3a30", "e0c8bc"),
)
CONCRETES = "b5b2ab 9a9892 8a8276 c8c3b8 77736c a89f8e"
MIN_PEBBLE = 14.0  # px; the small stones between are less than half as large
PEBBLES = (
    "8d8a84 b5b0a6 6e6a66 d3cfc6 4e4c4c 9c8f7e",
    "c9a77c a8835a e0c8a2 8a6a4a d8d0c2 6e5a48",
    "2c2d30 46474b 6b6c70 8f9094 3a3230 b0b0ae",
    "e8e4da f4f1ea d2ccbf c4bba8 ffffff b8b0a2",
)


def stone(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return one of STONES."""
    return STONES[rng.integers(len(STONES))](frame, rng)


def gravel(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return pebbles in different colours, large ones scattered over small ones."""
    palette = hex_colours(PEBBLES[rng.integers(len(PEBBLES))])
    size = max(rng.uniform(5.0, 25.0) * frame.scale, MIN_PEBBLE)
    small, large = _pebbles(frame, 0.45 * size, palette, rng), _pebbles(frame, size, palette, rng)
    above = smoothstep(large[1], 0.12, 0.2) * smoothstep(large[2], 0.35, 0.3)
    dome = np.sqrt(np.maximum(large[1], 0.0))
    low = np.sqrt(np.maximum(small[1], 0.0))
    shadow = 1.0 - 0.75 * smoothstep(large[1], 0.0, 0.2) * smoothstep(large[2], 0.35, 0.3)
    colour = blend(
        small[0] * (np.clip(0.25 + 1.2 * low, 0, 1) * shadow)[..., None],
        large[0] * (0.75 + 0.25 * dome)[..., None],
        above,
    )
    mm = size / frame.scale
    height = (0.15 * mm * low) * (1 - above) + (0.12 + 0.3 * dome) * mm * above
    return make_tile(frame, colour, 0.55 + 0.3 * frame.noise(2.0, 2, rng), height)


def _pebbles(
    frame: Frame, size: float, palette: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return packed pebbles: colour (h, w, 3), distance from the edge, and a random number each, (h, w)."""
    packed = voronoi(frame.shape, (max(size, 2.5), max(size, 2.5)), rng)
    table = palette[rng.integers(len(palette), size=packed.count)]
    table = table * np.exp(rng.normal(0, 0.15, (packed.count, 1)))
    colour = packed.lookup(table) * (0.75 + 0.5 * frame.noise(1.5, 3, rng))[..., None]
    return (
        colour,
        packed.gap + 0.15 * (frame.noise(4.0, 2, rng) - 0.5),
        packed.lookup(rng.random(packed.count)),
    )


def granite(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return granite: speckle of several minerals."""
    palette = jitter(hex_colours(GRANITES[rng.integers(len(GRANITES))]), rng, 0.1, 0.02)
    grain = rng.uniform(1.0, 4.0)
    tone = (
        0.55 * frame.noise(grain, 2, rng)
        + 0.35 * frame.noise(grain / 2.5, 1, rng)
        + 0.1 * frame.noise(40.0, 2, rng)
    )
    steps = np.floor(np.clip((tone - 0.5) * 2.2 + 0.5, 0, 0.999) * 7) / 6
    polished = rng.random() < 0.6
    colour = colour_map(0.75 * steps + 0.25 * tone, palette)
    return make_tile(
        frame, colour, rng.uniform(0.1, 0.25) if polished else 0.7, (0.0 if polished else 0.4) * (tone - 0.5)
    )


def marble(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return marble: clouds, and veins of two sizes."""
    base, vein = (jitter(hex_colour(c), rng, 0.1, 0.03) for c in MARBLES[rng.integers(len(MARBLES))])
    size = rng.uniform(40.0, 150.0)
    density = frame.noise(size, 2, rng)
    veins = ridges(frame.noise((size, 0.6 * size), 5, rng), 0.022) * (0.2 + density)
    thin = ridges(frame.noise(size / 2, 6, rng), 0.015) * density
    cloud = 0.45 * smoothstep(frame.noise(size, 5, rng), 0.4, 1.0)
    colour = blend(
        np.broadcast_to(base, (*frame.shape, 3)),
        vein,
        np.clip(np.maximum(veins, thin) + cloud, 0, 1) * 0.75,
    )
    return make_tile(frame, colour, rng.uniform(0.05, 0.4), 0.0)


def slate(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return slate: dark split stone with broken layers and fine scratches."""
    base = hsv(rng.uniform(0.45, 0.65), rng.uniform(0.02, 0.2), rng.uniform(0.15, 0.42))
    layers = frame.noise((40.0, 70.0), 6, rng) * rng.uniform(4, 9)
    broken = np.floor(layers) + smoothstep(layers - np.floor(layers), 0.8, 1.0)
    fine = frame.noise((1.0, 4.0), 3, rng)
    tone = (
        0.7 + 0.6 * (frame.noise(30.0, 5, rng) - 0.5) + 0.5 * (fine - 0.5) + 0.06 * (broken - broken.mean())
    )
    height = 0.5 * broken + 0.15 * fine
    return make_tile(frame, base * tone[..., None] * 1.3, 0.45 + 0.3 * fine, height)


def concrete(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return concrete: blotches, sand, air holes, sometimes a crack."""
    base = jitter(hex_colours(CONCRETES)[rng.integers(len(CONCRETES.split()))], rng, 0.15, 0.03)
    sand = frame.noise(0.8, 2, rng)
    holes = smoothstep(frame.noise(rng.uniform(2.0, 5.0), 2, rng), 0.86, 0.92)
    crack = ridges(frame.noise(120.0, 7, rng), 0.006) * float(rng.random() < 0.3)
    tone = 1.0 + 0.5 * (frame.noise(60.0, 6, rng) - 0.5) + rng.uniform(0.1, 0.6) * (sand - 0.5)
    tone = tone * (1.0 - 0.45 * holes - 0.7 * crack)
    height = rng.uniform(0.02, 0.3) * sand + frame.relief(8.0, 0.04, 3, rng) - 0.6 * holes - 0.5 * crack
    return make_tile(frame, base * tone[..., None], 0.75 + 0.2 * sand, height)


def terrazzo(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return terrazzo: stone chips in cement, ground flat."""
    base = jitter(hex_colours("e6e2da cfc9bf 8f8c88 2e2e30 d9c9b4")[rng.integers(5)], rng, 0.1)
    size = rng.uniform(4.0, 14.0) * frame.scale
    chips = voronoi(frame.shape, (size, size), rng, 1.0)
    table = hex_colours("f2efe8 3c3a39 b98a6a 7d8a86 c9c1b4 a0523d d8b878")[rng.integers(7, size=chips.count)]
    edge = chips.lookup(rng.uniform(0.1, 0.7, chips.count)) + 0.25 * (frame.noise(3.0, 2, rng) - 0.5)
    colour = blend(
        base * (0.9 + 0.2 * frame.noise(0.8, 2, rng))[..., None],
        chips.lookup(table),
        smoothstep(chips.gap - edge, 0.0, 0.06),
    )
    return make_tile(frame, colour, rng.uniform(0.1, 0.4), 0.0)


def tiles(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return tiles or bricks with joints, aligned or in running bond."""
    high = rng.uniform(18.0, 150.0)
    wide = high * float(rng.choice([1.0, 1.0, 2.0, 3.0]))
    brick = wide > 1.5 * high and rng.random() < 0.6
    row = np.floor(frame.y / high)
    column = frame.x / wide + (0.5 * (row % 2) if wide > high else 0.0)
    joint = rng.uniform(0.8, 3.0) if not brick else rng.uniform(3.0, 8.0)
    wobble = (1.2 if brick else 0.1) * (frame.noise(6.0, 3, rng) - 0.5)
    inside_y = np.minimum(frame.y / high - row, 1 - frame.y / high + row) * high
    inside_x = np.minimum(column - np.floor(column), 1 - column + np.floor(column)) * wide
    seam = smoothstep(np.minimum(inside_x, inside_y) + 2 * wobble, joint, 0.6 * joint)
    index = (row * 57 + np.floor(column) * 131).astype(np.int64) % 997
    base = hex_colour("a5502f") if brick else hsv(rng.random(), rng.uniform(0, 0.45), rng.uniform(0.2, 0.95))
    colours = jitter(base, rng, 0.1) * np.exp(rng.normal(0, 0.25 if brick else 0.06, (997, 1)))
    mottled = 0.8 + (0.6 if brick else 0.25) * frame.noise(12.0, 5, rng)
    colour = np.take(colours.astype(np.float32), index, axis=0) * mottled[..., None]
    grout = (
        jitter(hex_colours("b8b4aa 8b877f d8d5cd 5a5652")[rng.integers(4)], rng)
        * (0.8 + 0.4 * frame.noise(1.0, 2, rng))[..., None]
    )
    glaze = 0.8 if brick else float(rng.choice([0.08, 0.2, 0.5, 0.7]))
    height = -rng.uniform(0.6, 2.0) * seam + (
        frame.relief(1.5, 0.2, 3, rng) if brick else frame.relief(20.0, 0.01, 2, rng)
    )
    return make_tile(frame, blend(colour, grout, seam), glaze + (0.85 - glaze) * seam, height)


def paving(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return irregular paving stones with joints of sand, cement or moss."""
    size = rng.uniform(35.0, 110.0)
    flags = voronoi(frame.shape, (size * frame.scale, size * frame.scale), rng)
    base = jitter(hex_colours("9a9a98 b8a88c 8a7c6c 6e7478 c8bda8")[rng.integers(5)], rng, 0.2, 0.02)
    colours = flags.lookup(base * np.exp(rng.normal(0, 0.15, (flags.count, 1))))
    rough = frame.noise(9.0, 6, rng)
    joint = smoothstep(flags.gap + 0.12 * (rough - 0.5), 0.10, 0.06)
    filling = (
        hex_colours("c9c6be 6b6255 47592a 3a352e")[rng.integers(4)]
        * (0.5 + frame.noise(1.5, 3, rng))[..., None]
    )
    colour = blend(colours * (0.6 + 0.8 * rough)[..., None], filling, joint)
    return make_tile(frame, colour, 0.85, -1.5 * joint + 0.8 * rough)


STONES: tuple[Callable[[Frame, np.random.Generator], Tile], ...] = (
    granite,
    marble,
    slate,
    concrete,
    concrete,
    terrazzo,
    tiles,
    tiles,
    paving,
)
