"""Add wear to a surface: scratches, worn edges, fingerprints, rust, tarnish.

In:    Tile, Frame, amount 0..1, random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from keykind.render.paint.colours import blend, colour_map, hex_colour, hex_colours
from keykind.render.paint.noise import smoothstep
from keykind.render.paint.tiles import Frame, Tile

MAX_SCRATCHES = 0.25  # per mm2 at wear 1, as on a key carried on a ring for years
SCRATCH_LENGTH = 6.0  # mm, mean length
SCRATCH_DEPTH = 0.010  # mm
RIDGES = 0.45  # mm, spacing of the ridges of a fingertip
FINGERTIP = (15.0, 20.0)  # mm, width and length of a fingerprint
RUST = "1f0f08 3a1a0c 5a2b12 7d4019 96562a a8703f"  # from a dark core to loose orange rust
TARNISH = "8c6a3e 6b4c28 3f2b18"  # colour factors of brass under a thin, then a thick film
VERDIGRIS = hex_colour("4f8d78")


def draw_strokes(frame: Frame, count: int, length: float, rng: np.random.Generator) -> np.ndarray:
    """Return (h, w) 0..1: `count` thin random strokes; length: mean, mm."""
    big = Image.new("L", (frame.size[0] * 2, frame.size[1] * 2))
    draw = ImageDraw.Draw(big)
    centres = rng.random((count, 2)) * big.size
    turn = rng.uniform(0, math.pi, count)
    reach = rng.exponential(length * frame.scale, count)
    strong = rng.integers(60, 256, count)
    for (x, y), angle, half, grey in zip(centres, turn, reach, strong, strict=True):
        dx, dy = half * math.cos(angle), half * math.sin(angle)
        draw.line((x - dx, y - dy, x + dx, y + dy), int(grey), 1 if grey < 230 else 2)
    return np.asarray(big.reduce(2), dtype=np.float32) / 255.0


def edge_distance(frame: Frame) -> np.ndarray:
    """Return the distance to the nearest edge of the frame, (h, w) mm."""
    x0, y0, x1, y1 = frame.box
    across = np.minimum(frame.x - x0, x1 - frame.x)
    return np.asarray(np.minimum(across, np.minimum(frame.y - y0, y1 - frame.y)), dtype=np.float32)


def add_scratches(tile: Tile, frame: Frame, wear: float, rng: np.random.Generator) -> Tile:
    """Return the tile with scratches in all directions, dull patches and rubbed edges; wear 0..1."""
    x0, y0, x1, y1 = frame.box
    count = int(min(400, rng.poisson(MAX_SCRATCHES * wear**1.5 * (x1 - x0) * (y1 - y0) + 2)))
    lines = draw_strokes(frame, count, SCRATCH_LENGTH, rng)
    dull = smoothstep(frame.noise(9.0, 5, rng), 0.4, 1.1 - 0.2 * wear) * (0.25 * wear)
    roughness = tile.roughness + dull + lines * np.float32(0.4) * (0.5 - tile.roughness)
    worn = smoothstep(edge_distance(frame) + 2.0 * frame.noise(1.5, 3, rng), 0.6 + 1.2 * wear, 0.4) * wear
    roughness -= 0.4 * worn * roughness
    lighter = (lines * np.float32(0.16) + worn * np.float32(0.15) - dull * 0.15)[..., None]
    colour = np.clip(
        tile.colour * (1.0 + lighter) + 0.15 * np.maximum(lighter, 0.0) * (1 - tile.metallic)[..., None], 0, 1
    )
    height = tile.height - lines * np.float32(SCRATCH_DEPTH)
    return Tile(colour, np.clip(roughness, 0.02, 1.0), tile.metallic, height)


def add_fingerprints(tile: Tile, frame: Frame, rng: np.random.Generator) -> Tile:
    """Return the tile with one or two fingerprints: ridges of greater roughness."""
    marks = np.zeros(frame.shape, dtype=np.float32)
    x0, y0, x1, y1 = frame.box
    for _ in range(int(rng.integers(1, 3))):
        x, y, turn = rng.uniform(x0, x1), rng.uniform(y0, y1), rng.uniform(0, math.pi)
        along = (frame.x - x) * math.cos(turn) + (frame.y - y) * math.sin(turn)
        across = (frame.y - y) * math.cos(turn) - (frame.x - x) * math.sin(turn)
        inside = smoothstep((2 * across / FINGERTIP[0]) ** 2 + (2 * along / FINGERTIP[1]) ** 2, 1.0, 0.6)
        rings = np.sqrt((along - 3.0) ** 2 + (1.3 * across) ** 2) + 1.5 * frame.noise(6.0, 1, rng)
        marks += inside * (0.5 + 0.5 * np.sin(rings * np.float32(2 * math.pi / RIDGES)))
    roughness = tile.roughness + np.minimum(marks, 1.0) * rng.uniform(0.04, 0.14)
    return replace(tile, roughness=np.clip(roughness, 0.0, 1.0))


def add_rust(tile: Tile, frame: Frame, rust: float, rng: np.random.Generator) -> Tile:
    """Return the tile of iron with patches of rust: raised, rough, not metallic; rust: share of the area."""
    spread = frame.noise(6.0, 8, rng)
    grain = frame.noise(0.5, 2, rng)
    edge = float(np.quantile(spread, 1.0 - min(rust, 1.0)))
    mask = smoothstep(spread + 0.15 * (grain - 0.5), edge - 0.01, edge + 0.08)
    colour = colour_map(np.clip(0.9 * grain + 0.5 * frame.noise(3.0, 2, rng) - 0.25, 0, 1), hex_colours(RUST))
    stain = smoothstep(spread, edge - 0.25, edge) * 0.4  # brown film around the patches
    stained = tile.colour * (1.0 - stain[..., None] * np.array([0.25, 0.5, 0.7], dtype=np.float32))
    roughness = tile.roughness + 0.3 * stain
    return Tile(
        blend(stained, colour, mask),
        roughness + (0.72 + 0.25 * grain - roughness) * mask,
        tile.metallic * (1.0 - mask),
        tile.height + mask * (0.02 + 0.06 * grain),
    )


def add_tarnish(tile: Tile, frame: Frame, amount: float, rng: np.random.Generator) -> Tile:
    """Return the tile of brass or nickel silver with brown film and spots, rarely verdigris; amount 0..1."""
    cloud = frame.noise(12.0, 4, rng)
    film = np.clip(amount * 1.3 * (0.55 + 0.6 * cloud), 0.0, 1.0)
    spots = smoothstep(frame.noise(0.9, 2, rng), 0.86 - 0.12 * amount, 0.95) * min(1.0, 1.5 * amount)
    film = np.maximum(film, spots)
    tint = np.concatenate(
        [np.ones((1, 3), dtype=np.float32), hex_colours(TARNISH) / hex_colours(TARNISH)[0, 0]]
    )
    colour = tile.colour * colour_map(film, np.minimum(tint, 1.0))
    roughness = tile.roughness + film * np.float32(0.25)
    metallic = tile.metallic
    if rng.random() < 0.15 * amount:
        green = smoothstep(frame.noise(3.0, 7, rng), 0.65, 0.95) * 0.8
        colour = blend(colour, VERDIGRIS, green)
        roughness, metallic = roughness + 0.3 * green, metallic * (1.0 - green)
    return Tile(colour, np.clip(roughness, 0.0, 1.0), metallic, tile.height + 0.004 * spots)
