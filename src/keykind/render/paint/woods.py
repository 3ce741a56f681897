"""Ground textures of wood: boards and tables, raw, varnished, weathered or painted.

In:    Frame, random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

import numpy as np

from keykind.render.paint.colours import blend, colour_map, hex_colours, jitter
from keykind.render.paint.noise import smoothstep, voronoi
from keykind.render.paint.tiles import Field, Frame, Tile, make_tile

SPECIES = (  # sRGB colours from latewood to earlywood, contrast of the rings
    ("a8703c d9a866 ecc890 f3dba9", 0.9),  # pine
    ("7a5530 a67c4e c59f6d d6b686", 0.6),  # oak
    ("2e1d12 4a3020 654530 7d5a41", 0.6),  # walnut
    ("4a1d10 6e2f1a 8d4426 a35b38", 0.5),  # mahogany
    ("b98f62 d6b48a e3c8a2 ecd7b8", 0.3),  # beech, birch
    ("55504a 7b756d 98928a b0aba3", 0.9),  # weathered
    ("15110f 241d19 352b25 473b33", 0.5),  # stained dark
    ("b5561a d3782c e39445 f0b063", 0.7),  # orange varnish
    ("b9b2a6 d0cac0 dedad2 e8e5df", 0.5),  # limed
)
RING = (1.5, 6.0)  # mm, width of an annual ring
PLANK = (55.0, 180.0)  # mm, width of floor and table boards
PAINTED = 0.12  # share of wooden grounds
PAINTS = "f2f0ea e8e4d8 c9d6d8 5f8f96 3c4a52 7f1f1c d9c78a"


def wood(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return planks or one wide board, with the grain along x."""
    palette, contrast = SPECIES[rng.integers(len(SPECIES))]
    colours, contrast = jitter(hex_colours(palette), rng, 0.15, 0.02), contrast * rng.uniform(0.6, 1.2)
    tone, height = np.empty(frame.shape, dtype=np.float32), np.zeros(frame.shape, dtype=np.float32)
    x0, _, x1, _ = frame.box
    planked = rng.random() < 0.55
    wide = float(rng.uniform(*PLANK)) if planked else 1e4
    joint = float(rng.uniform(0.4, 2.5))
    top = 0
    while top < frame.size[1]:
        rows = min(
            frame.size[1] - top, max(4, round(wide * frame.scale * (1 if top else rng.uniform(0.2, 1))))
        )
        board = Frame((x0, 0.0, x1, rows / frame.scale), (frame.size[0], rows))
        part = _board(board, contrast, rng) + rng.normal(0, 0.08)
        if planked:
            gap = smoothstep(np.minimum(board.y, rows / frame.scale - board.y), joint, 0.3 * joint)
            if rng.random() < 0.4:
                gap = np.maximum(gap, smoothstep(np.abs(board.x - rng.uniform(x0, x1)), joint, 0.4 * joint))
            part = part * (1.0 - 0.9 * gap)
            height[top : top + rows] -= 0.8 * gap
        tone[top : top + rows] = part
        top += rows
    return _finished(frame, tone, height, colours, rng)


def _board(board: Frame, contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Return the tone (h, w), around 0.55, of a board: annual rings, fibres, pores, knots.

    A board is a plane through a trunk: the ring at a point follows from its distance to the pith.
    """
    x, high = board.x, board.box[3]
    across = board.y - rng.uniform(-0.3, 1.3) * high + 14.0 * (board.noise((30.0, 260.0), 3, rng) - 0.5)
    depth = rng.uniform(4.0, 60.0) + rng.normal(0, 0.06) * x
    knots: Field = 0.0
    radius = np.sqrt(across * across + depth * depth)
    for _ in range(int(rng.choice([0, 0, 0, 1, 2]))):
        size = rng.uniform(3.0, 9.0)
        away = ((x - rng.uniform(0, board.box[2])) / 1.8) ** 2 + (board.y - rng.uniform(0, high)) ** 2
        radius = radius + 2.5 * size * np.exp(-away / (3.0 * size) ** 2)
        knots = knots + smoothstep(away, size**2, 0.3 * size**2)
    rings = radius / rng.uniform(*RING)
    rings += 0.8 * board.noise((3.0, 60.0), 2, rng)
    year = rings - np.floor(rings)
    late = year * year * smoothstep(year, 1.0, 0.85)  # darkens slowly towards winter, then starts again
    fibre = board.noise((0.5, 25.0), 2, rng)
    pores = smoothstep(board.noise((0.3, 5.0), 1, rng), 0.68, 0.85)
    broad = board.noise((25.0, 200.0), 2, rng)
    tone = 0.55 - 0.55 * contrast * (late - 0.2) + 0.35 * (fibre - 0.5) + 0.5 * (broad - 0.5)
    return np.asarray(tone - rng.uniform(0.0, 0.25) * pores - 0.45 * knots, dtype=np.float32)


def _finished(
    frame: Frame, tone: np.ndarray, height: np.ndarray, colours: np.ndarray, rng: np.random.Generator
) -> Tile:
    """Return the boards varnished, oiled or painted."""
    colour = colour_map(tone, colours)
    glossy = rng.random() < 0.5
    relief = height + tone * np.float32(0.02 if glossy else 0.15)
    roughness = rng.uniform(0.12, 0.35) if glossy else rng.uniform(0.45, 0.8)
    dull = roughness + 0.2 * (frame.noise(30.0, 3, rng) - 0.5)
    if rng.random() > PAINTED:
        return make_tile(frame, colour, dull, relief)
    paint = jitter(hex_colours(PAINTS)[rng.integers(len(PAINTS.split()))], rng)
    size = rng.uniform(6.0, 30.0) * frame.scale
    cracks = voronoi(frame.shape, (0.5 * size, size), rng).gap
    worn = smoothstep(frame.noise(25.0, 5, rng), 0.65, 0.75)
    bare = np.maximum(smoothstep(cracks, 0.12, 0.03) * rng.uniform(0.0, 1.0), worn)
    coat = paint * (0.93 + 0.12 * tone[..., None])
    return make_tile(frame, blend(coat, colour, bare), 0.5 + 0.2 * bare, relief - 0.2 * bare)
