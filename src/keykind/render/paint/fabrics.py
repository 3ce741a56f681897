"""Ground textures of fabric: linen, checks, denim, knitwear, felt, velvet, carpet.

In:    Frame, random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

import math
from collections.abc import Callable

import numpy as np

from keykind.render.paint.colours import blend, hex_colour, hex_colours, hsv, jitter
from keykind.render.paint.noise import smoothstep
from keykind.render.paint.tiles import Frame, Tile, make_tile

MIN_THREAD = 3.0  # px; a finer weave would show moire
DYES = (
    "f2efe8 d8cdb8 b5a58a 8a8d92 4a4d55 1c1d22 7a1f22 c23b32 "
    "d98c2b e3c44f 4f7a3c 1f4d46 2a5fa3 1d2c55 6a3f7a d992a8"
)


def fabric(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return one of FABRICS, sometimes with soft folds."""
    result = FABRICS[rng.integers(len(FABRICS))](frame, rng)
    if rng.random() < 0.4:
        result.height[...] += frame.relief(rng.uniform(30.0, 80.0), rng.uniform(0.05, 0.3), 2, rng)
    return result


def dye(rng: np.random.Generator) -> np.ndarray:
    """Return the linear RGB (3,) of a random dye."""
    if rng.random() < 0.3:
        return hsv(rng.random(), rng.uniform(0.1, 0.9), rng.uniform(0.15, 0.95))
    return jitter(hex_colours(DYES)[rng.integers(len(DYES.split()))], rng, 0.2, 0.1)


def _thread(frame: Frame, low: float, high: float, rng: np.random.Generator) -> float:
    return max(float(rng.uniform(low, high)), MIN_THREAD / frame.scale)


def _dyed(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the colours (count, 3) of neighbouring threads: plain, mottled or striped."""
    pattern = rng.integers(3)
    base = dye(rng)
    threads = np.repeat(base[None], count, axis=0)
    if pattern == 2:
        repeat = int(rng.integers(12, 60))
        edges = rng.integers(0, repeat, int(rng.integers(1, 4)))
        position = np.arange(count) % repeat
        for edge in edges:
            threads[(position >= edge) & (position < edge + rng.integers(1, repeat // 2))] = dye(rng)
    return threads * np.exp(rng.normal(0, 0.05 + 0.15 * (pattern == 1), (count, 1)))


def weave(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return plain weave, such as linen, canvas, tablecloth or checks."""
    pitch = _thread(frame, 0.5, 2.0, rng)
    loose = 0.25 * rng.random()
    u = frame.x / pitch + loose * (frame.noise((40.0, 8.0), 2, rng) - 0.5)
    v = frame.y / pitch + loose * (frame.noise((8.0, 40.0), 2, rng) - 0.5)
    column, row = np.floor(u), np.floor(v)
    over = (column + row) % 2 > 0
    bump = np.where(over, np.sin((u - column) * math.pi), np.sin((v - row) * math.pi))
    count = int(max(column.max(), row.max())) + 4
    warp, weft = _dyed(count, rng).astype(np.float32), _dyed(count, rng).astype(np.float32)
    if rng.random() < 0.5:
        weft = warp
    index = np.where(over, column, row + count).astype(np.int64) + 1
    colour = np.take(np.concatenate([warp, weft]), np.clip(index, 0, 2 * count - 1), axis=0)
    slub = frame.noise((0.6, 12.0), 1, rng) + frame.noise((12.0, 0.6), 1, rng)
    colour = colour * (0.35 + 0.55 * bump + 0.15 * slub)[..., None]
    return make_tile(frame, colour, 0.85, 0.3 * pitch * bump)


def denim(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return denim: faded twill of dark warp over pale weft, sometimes a seam with orange stitches."""
    pitch = _thread(frame, 0.45, 0.8, rng)
    u, v = frame.x / pitch, frame.y / pitch + 0.3 * (frame.noise(10.0, 2, rng) - 0.5)
    step = (np.floor(u) + np.floor(v)) % 3
    bump = np.where(step < 2, np.sin((u - np.floor(u)) * math.pi), 0.3)
    blue = hsv(rng.uniform(0.57, 0.63), rng.uniform(0.1, 0.7), rng.uniform(0.15, 0.6))
    pale = jitter(hex_colour("c8ccd0"), rng, 0.1)
    streaks = frame.noise((25.0, 0.6), 1, rng) - 0.5
    fade = np.clip(0.25 + 0.5 * (frame.noise(90.0, 3, rng) - 0.5) + 0.8 * streaks, 0, 0.8)
    colour = blend(np.broadcast_to(blue, (*frame.shape, 3)), pale, np.maximum(fade * 0.5, 0.55 * (step == 2)))
    height = 0.25 * pitch * bump
    if rng.random() < 0.4:
        seam = rng.uniform(0.2, 0.8) * frame.box[3]
        for side in (-3.0, 3.0):
            stitch = (np.abs(frame.y - seam - side) < 0.5) & (frame.x % 3.5 < 2.6)
            colour = blend(colour, jitter(hex_colour("c98a3c"), rng), stitch.astype(np.float32))
        height = height + smoothstep(np.abs(frame.y - seam), 6.0, 5.2)
    return make_tile(frame, colour * (0.55 + 0.45 * bump)[..., None], 0.9, height)


def knit(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return stocking stitch: columns of V shapes."""
    wide = _thread(frame, 2.5, 6.0, rng)
    high = 0.75 * wide
    u = frame.x / wide + 0.3 * (frame.noise(30.0, 2, rng) - 0.5)
    leg = np.abs(u - np.floor(u) - 0.5)
    v = frame.y / high + 1.6 * leg + 0.3 * (frame.noise(30.0, 2, rng) - 0.5)
    strand = np.sin((v - np.floor(v)) * math.pi) * np.sqrt(np.maximum(np.sin(2 * leg * math.pi), 0.0))
    fuzz = frame.noise(0.4, 2, rng)
    rows = _dyed(int(v.max()) + 8, rng).astype(np.float32)
    colour = (
        np.take(rows, np.floor(v).astype(np.int64) + 2, axis=0)
        * (0.25 + 0.65 * strand + 0.25 * fuzz)[..., None]
    )
    return make_tile(frame, colour, 0.95, 0.3 * wide * strand + 0.1 * fuzz)


def felt(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return felt, or velvet, which has large soft clouds."""
    fibre = 0.5 * (frame.noise((0.3, 3.0), 2, rng) + frame.noise((3.0, 0.3), 2, rng))
    nap = rng.choice([0.1, 0.9]) * (frame.noise((25.0, 60.0), 3, rng) - 0.5)
    mottle = rng.choice([0.0, 0.5]) * (frame.noise(0.8, 1, rng) - 0.5)
    colour = dye(rng) * np.clip(0.9 + 0.7 * (fibre - 0.5) + nap + mottle, 0.05, 2)[..., None]
    return make_tile(frame, colour, 0.95, 0.3 * fibre)


def carpet(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return carpet: tufts with shadows between them; plain, mottled or with large figures."""
    tuft = _thread(frame, 1.2, 4.0, rng)
    pile = 0.6 * frame.noise(tuft, 2, rng) + 0.4 * frame.noise((0.4 * tuft, 1.2 * tuft), 1, rng)
    depth = smoothstep(pile, 0.25, 0.75)
    colour = np.broadcast_to(dye(rng), (*frame.shape, 3))
    pattern = rng.integers(3)
    if pattern == 1:
        colour = blend(colour, dye(rng), smoothstep(frame.noise(tuft, 1, rng), 0.48, 0.52))
    elif pattern == 2:
        edge = rng.uniform(20.0, 60.0)
        figure = np.sin(frame.x * math.pi / edge) * np.sin(frame.y * math.pi / edge)
        colour = blend(colour, dye(rng), smoothstep(np.abs(figure) + 0.15 * (pile - 0.5), 0.3, 0.4))
    return make_tile(frame, colour * (0.3 + 0.8 * depth)[..., None], 0.95, 0.5 * tuft * depth)


FABRICS: tuple[Callable[[Frame, np.random.Generator], Tile], ...] = (weave, weave, denim, knit, felt, carpet)
