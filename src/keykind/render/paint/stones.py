"""Stone to lay keys on: granite, marble, slate, concrete, terrazzo, tiles, paving, bricks; gravel.

In:    Frame, a random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

from collections.abc import Callable

import numpy as np

from keykind.render.paint.colours import blend, code, codes, of_hue, shade, vary
from keykind.render.paint.noise import cells, ramp, ridges
from keykind.render.paint.tiles import Frame, Tile, tile

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
LEAST_PEBBLE = 14.0  # pixels; the small stones between are less than half of it
PEBBLES = (
    "8d8a84 b5b0a6 6e6a66 d3cfc6 4e4c4c 9c8f7e",
    "c9a77c a8835a e0c8a2 8a6a4a d8d0c2 6e5a48",
    "2c2d30 46474b 6b6c70 8f9094 3a3230 b0b0ae",
    "e8e4da f4f1ea d2ccbf c4bba8 ffffff b8b0a2",
)


def stone(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return one of the kinds of dressed stone."""
    return KINDS[rng.integers(len(KINDS))](frame, rng)


def gravel(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return pebbles: large ones strewn over small ones, each of its own colour."""
    palette = codes(PEBBLES[rng.integers(len(PEBBLES))])
    size = max(rng.uniform(5.0, 25.0) * frame.scale, LEAST_PEBBLE)
    small, large = _pebbles(frame, 0.45 * size, palette, rng), _pebbles(frame, size, palette, rng)
    above = ramp(large[1], 0.12, 0.2) * ramp(large[2], 0.35, 0.3)
    dome = np.sqrt(np.maximum(large[1], 0.0))
    low = np.sqrt(np.maximum(small[1], 0.0))
    shadow = 1.0 - 0.75 * ramp(large[1], 0.0, 0.2) * ramp(large[2], 0.35, 0.3)
    colour = blend(
        small[0] * (np.clip(0.25 + 1.2 * low, 0, 1) * shadow)[..., None],
        large[0] * (0.75 + 0.25 * dome)[..., None],
        above,
    )
    mm = size / frame.scale
    height = (0.15 * mm * low) * (1 - above) + (0.12 + 0.3 * dome) * mm * above
    return tile(frame, colour, 0.55 + 0.3 * frame.noise(2.0, 2, rng), height)


def _pebbles(
    frame: Frame, size: float, palette: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the colour (h, w, 3) of packed pebbles, how far inside one is (h, w), each one's number 0..1."""
    packed = cells(frame.shape, (max(size, 2.5), max(size, 2.5)), rng)
    table = palette[rng.integers(len(palette), size=packed.count)]
    table = table * np.exp(rng.normal(0, 0.15, (packed.count, 1)))
    colour = packed.pick(table) * (0.75 + 0.5 * frame.noise(1.5, 3, rng))[..., None]
    return colour, packed.gap + 0.15 * (frame.noise(4.0, 2, rng) - 0.5), packed.pick(rng.random(packed.count))


def granite(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return speckle: crystals of several minerals."""
    palette = vary(codes(GRANITES[rng.integers(len(GRANITES))]), rng, 0.1, 0.02)
    grain = rng.uniform(1.0, 4.0)
    tone = (
        0.55 * frame.noise(grain, 2, rng)
        + 0.35 * frame.noise(grain / 2.5, 1, rng)
        + 0.1 * frame.noise(40.0, 2, rng)
    )
    steps = np.floor(np.clip((tone - 0.5) * 2.2 + 0.5, 0, 0.999) * 7) / 6
    polished = rng.random() < 0.6
    colour = shade(0.75 * steps + 0.25 * tone, palette)
    return tile(
        frame, colour, rng.uniform(0.1, 0.25) if polished else 0.7, (0.0 if polished else 0.4) * (tone - 0.5)
    )


def marble(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return a clouded ground with veins of two sizes."""
    ground, vein = (vary(code(c), rng, 0.1, 0.03) for c in MARBLES[rng.integers(len(MARBLES))])
    size = rng.uniform(40.0, 150.0)
    where = frame.noise(size, 2, rng)
    veins = ridges(frame.noise((size, 0.6 * size), 5, rng), 0.022) * (0.2 + where)
    thin = ridges(frame.noise(size / 2, 6, rng), 0.015) * where
    cloud = 0.45 * ramp(frame.noise(size, 5, rng), 0.4, 1.0)
    colour = blend(
        np.broadcast_to(ground, (*frame.shape, 3)),
        vein,
        np.clip(np.maximum(veins, thin) + cloud, 0, 1) * 0.75,
    )
    return tile(frame, colour, rng.uniform(0.05, 0.4), 0.0)


def slate(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return dark split stone: broken layers and fine scratches."""
    base = of_hue(rng.uniform(0.45, 0.65), rng.uniform(0.02, 0.2), rng.uniform(0.15, 0.42))
    layers = frame.noise((40.0, 70.0), 6, rng) * rng.uniform(4, 9)
    broken = np.floor(layers) + ramp(layers - np.floor(layers), 0.8, 1.0)
    fine = frame.noise((1.0, 4.0), 3, rng)
    tone = (
        0.7 + 0.6 * (frame.noise(30.0, 5, rng) - 0.5) + 0.5 * (fine - 0.5) + 0.06 * (broken - broken.mean())
    )
    height = 0.5 * broken + 0.15 * fine
    return tile(frame, base * tone[..., None] * 1.3, 0.45 + 0.3 * fine, height)


def concrete(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return cement: blotches, sand, air holes, at times a crack."""
    base = vary(codes(CONCRETES)[rng.integers(len(CONCRETES.split()))], rng, 0.15, 0.03)
    sand = frame.noise(0.8, 2, rng)
    holes = ramp(frame.noise(rng.uniform(2.0, 5.0), 2, rng), 0.86, 0.92)
    crack = ridges(frame.noise(120.0, 7, rng), 0.006) * float(rng.random() < 0.3)
    tone = 1.0 + 0.5 * (frame.noise(60.0, 6, rng) - 0.5) + rng.uniform(0.1, 0.6) * (sand - 0.5)
    tone = tone * (1.0 - 0.45 * holes - 0.7 * crack)
    height = rng.uniform(0.02, 0.3) * sand + frame.relief(8.0, 0.04, 3, rng) - 0.6 * holes - 0.5 * crack
    return tile(frame, base * tone[..., None], 0.75 + 0.2 * sand, height)


def terrazzo(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return chips of stone cast in cement and ground flat."""
    base = vary(codes("e6e2da cfc9bf 8f8c88 2e2e30 d9c9b4")[rng.integers(5)], rng, 0.1)
    size = rng.uniform(4.0, 14.0) * frame.scale
    chips = cells(frame.shape, (size, size), rng, 1.0)
    table = codes("f2efe8 3c3a39 b98a6a 7d8a86 c9c1b4 a0523d d8b878")[rng.integers(7, size=chips.count)]
    edge = chips.pick(rng.uniform(0.1, 0.7, chips.count)) + 0.25 * (frame.noise(3.0, 2, rng) - 0.5)
    colour = blend(
        base * (0.9 + 0.2 * frame.noise(0.8, 2, rng))[..., None],
        chips.pick(table),
        ramp(chips.gap - edge, 0.0, 0.06),
    )
    return tile(frame, colour, rng.uniform(0.1, 0.4), 0.0)


def tiles(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return tiles or bricks with joints: glazed, fired or of stone, in rows or in bond."""
    high = rng.uniform(18.0, 150.0)
    wide = high * float(rng.choice([1.0, 1.0, 2.0, 3.0]))
    brick = wide > 1.5 * high and rng.random() < 0.6
    row = np.floor(frame.y / high)
    column = frame.x / wide + (0.5 * (row % 2) if wide > high else 0.0)
    joint = rng.uniform(0.8, 3.0) if not brick else rng.uniform(3.0, 8.0)
    wobble = (1.2 if brick else 0.1) * (frame.noise(6.0, 3, rng) - 0.5)
    inside_y = np.minimum(frame.y / high - row, 1 - frame.y / high + row) * high
    inside_x = np.minimum(column - np.floor(column), 1 - column + np.floor(column)) * wide
    seam = ramp(np.minimum(inside_x, inside_y) + 2 * wobble, joint, 0.6 * joint)
    number = (row * 57 + np.floor(column) * 131).astype(np.int64) % 997
    base = code("a5502f") if brick else of_hue(rng.random(), rng.uniform(0, 0.45), rng.uniform(0.2, 0.95))
    each = vary(base, rng, 0.1) * np.exp(rng.normal(0, 0.25 if brick else 0.06, (997, 1)))
    mottled = 0.8 + (0.6 if brick else 0.25) * frame.noise(12.0, 5, rng)
    colour = np.take(each.astype(np.float32), number, axis=0) * mottled[..., None]
    grout = (
        vary(codes("b8b4aa 8b877f d8d5cd 5a5652")[rng.integers(4)], rng)
        * (0.8 + 0.4 * frame.noise(1.0, 2, rng))[..., None]
    )
    glaze = 0.8 if brick else float(rng.choice([0.08, 0.2, 0.5, 0.7]))
    height = -rng.uniform(0.6, 2.0) * seam + (
        frame.relief(1.5, 0.2, 3, rng) if brick else frame.relief(20.0, 0.01, 2, rng)
    )
    return tile(frame, blend(colour, grout, seam), glaze + (0.85 - glaze) * seam, height)


def paving(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return flat stones of irregular shape with joints of sand, cement or moss."""
    size = rng.uniform(35.0, 110.0)
    flags = cells(frame.shape, (size * frame.scale, size * frame.scale), rng)
    base = vary(codes("9a9a98 b8a88c 8a7c6c 6e7478 c8bda8")[rng.integers(5)], rng, 0.2, 0.02)
    each = flags.pick(base * np.exp(rng.normal(0, 0.15, (flags.count, 1))))
    rough = frame.noise(9.0, 6, rng)
    joint = ramp(flags.gap + 0.12 * (rough - 0.5), 0.10, 0.06)
    filling = (
        codes("c9c6be 6b6255 47592a 3a352e")[rng.integers(4)] * (0.5 + frame.noise(1.5, 3, rng))[..., None]
    )
    colour = blend(each * (0.6 + 0.8 * rough)[..., None], filling, joint)
    return tile(frame, colour, 0.85, -1.5 * joint + 0.8 * rough)


KINDS: tuple[Callable[[Frame, np.random.Generator], Tile], ...] = (
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
