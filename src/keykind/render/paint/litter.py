"""Ground textures outdoors: grass, fallen leaves, soil.

In:    Frame, random generator
Out:   Tile
Needs: numpy, pillow    [render]
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from keykind.render.paint.colours import LINEAR_OF_BYTE, colour_map, hex_colours, hsv
from keykind.render.paint.noise import smoothstep, voronoi
from keykind.render.paint.tiles import Frame, Tile, make_tile

EARTHS = (
    "1c140e 3a2a1e 5a4431 7d6347",
    "2a1a12 5c3a26 8a5c3e b58a64",
    "3b352e 6b6255 978c7a c4b9a3",
    "15130f 25211b 38332a 565042",
)
LEAVES = (
    "6b4423 8a5a2b 4a2e18 a8743a 7a3b1e 5c4a32 c08a45",  # brown autumn
    "c8641e d99a2b a8321e e3b93f 8a5a2b b5471f 6b2a1a",  # bright autumn
    "3c5a24 55782f 2a4420 6f8f3a 8a9a4a 47652c 7a6a34",  # green
)
LEAF_LENGTH = (14.0, 45.0)  # mm, half the length of a leaf
MAX_LEAVES = 150  # limits the run time
BLADE_LENGTH = (15.0, 70.0)  # mm
BLADES = 2500  # of grass; enough to cover the ground


def soil(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return crumbs of earth or sand."""
    return _soil(frame, hex_colours(EARTHS[rng.integers(len(EARTHS))]), rng)


def _soil(frame: Frame, palette: np.ndarray, rng: np.random.Generator) -> Tile:
    size = max(4.0, rng.uniform(2.5, 7.0) * frame.scale)
    crumbs = voronoi(frame.shape, (size, size), rng)
    lump = frame.noise(12.0, 6, rng)
    bump = np.sqrt(np.maximum(crumbs.gap, 0.0)) * crumbs.lookup(rng.uniform(0.2, 1.0, crumbs.count))
    fine = frame.noise(0.8, 2, rng)
    tone = 0.5 * bump + 0.6 * lump + 0.35 * fine - 0.25
    colour = colour_map(np.clip(tone, 0, 1), palette)
    return make_tile(frame, colour, 0.95, 1.2 * bump + 2.5 * lump + 0.4 * fine)


def leaves(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return fallen leaves overlapping on soil."""
    ground = _soil(frame, hex_colours(EARTHS[0]), rng)
    picture, level = _canvas(ground)
    colours = LEAVES[rng.integers(len(LEAVES))].split()
    half = rng.uniform(*LEAF_LENGTH) * frame.scale
    count = int(np.clip(2.2 * frame.size[0] * frame.size[1] / half**2, 20, MAX_LEAVES))
    draw, level_draw = ImageDraw.Draw(picture, "RGBA"), ImageDraw.Draw(level)
    lobes = int(rng.choice([0, 0, 5, 7]))
    for i in range(count):
        centre = rng.random(2) * frame.size
        line = _leaf(half * rng.uniform(0.5, 1.3), lobes, rng) + centre
        tone = np.frombuffer(bytes.fromhex(colours[rng.integers(len(colours))]), dtype=np.uint8)
        tone = np.clip(tone * rng.uniform(0.5, 1.2), 0, 255).astype(int)
        outline = line.ravel().tolist()
        draw.polygon((line + half * 0.06).ravel().tolist(), (8, 6, 4, 150))
        draw.polygon(outline, (*map(int, tone),))
        draw.polygon(outline[: len(line) + 2], (255, 250, 220, 18))
        vein = (*(int(min(255, t * 1.35 + 12)) for t in tone), 170)
        _veins(draw, line, centre, vein)
        level_draw.polygon(outline, int(60 + 190 * i / count))
    return _to_tile(frame, picture, level, 1.6, rng)


def _leaf(half: float, lobes: int, rng: np.random.Generator) -> np.ndarray:
    """Return the outline (n, 2) of a leaf around 0, plain or lobed, starting at its tip."""
    t = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    wide = rng.uniform(0.35, 0.6) if lobes == 0 else 0.85
    radius = 1.0 + (0.35 * np.cos(lobes * t) if lobes else 0.0)
    pointed = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (1.5 if lobes == 0 else 1.0)
    line = np.stack([radius * np.cos(t), wide * radius * pointed], axis=1) * half
    line *= rng.uniform(0.85, 1.1, (len(t), 1))
    turn = rng.uniform(0, 2 * math.pi)
    c, s = math.cos(turn), math.sin(turn)
    return np.asarray(line @ np.array([[c, s], [-s, c]]))


def _veins(draw: ImageDraw.ImageDraw, line: np.ndarray, centre: np.ndarray, colour: tuple[int, ...]) -> None:
    middle = len(line) // 2
    draw.line([tuple(line[0]), tuple(line[middle])], colour, 2)
    for rib in range(3, middle - 2, 3):
        stem = centre + (line[0] - centre) * math.cos(math.pi * (rib + 3) / middle) * 0.8
        for end in (line[rib], line[-rib]):
            draw.line([tuple(stem), tuple(centre + 0.85 * (end - centre))], colour, 1)


def grass(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return grass, from lawn to meadow: blades in all directions, lighter towards the top."""
    hue = rng.uniform(0.16, 0.26)
    dark = np.stack([hsv(hue, 0.5, v) for v in (0.1, 0.2, 0.35, 0.4)])
    picture, level = _canvas(_soil(frame, dark, rng))
    draw, level_draw = ImageDraw.Draw(picture), ImageDraw.Draw(level)
    outlines = _blades(frame, rng).tolist()
    tones = [hsv(hue + rng.normal(0, 0.02), rng.uniform(0.3, 0.65), 1.0) for _ in range(6)]
    colours = 255.0 * np.sqrt(np.stack([*tones, hsv(0.13, 0.35, 0.9)]))[rng.integers(7, size=BLADES)]
    light = np.clip(np.linspace(0.2, 0.75, BLADES) + rng.uniform(-0.12, 0.12, BLADES), 0.05, 1.0)
    coded = (colours * light[:, None]).astype(int).tolist()
    for i, (outline, colour) in enumerate(zip(outlines, coded, strict=True)):
        draw.polygon(outline, tuple(colour))
        level_draw.polygon(outline, 60 + 190 * i // BLADES)
    return _to_tile(frame, picture, level, 3.0, rng)


def _blades(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Return (n, 10) px: x, y of the five corners of bent blades, in all directions or mostly in one."""
    root = rng.random((BLADES, 2)) * frame.size
    turn = rng.uniform(0, 2 * math.pi, BLADES)
    if rng.random() < 0.4:
        turn = rng.normal(turn[0], 0.6, BLADES)
    along = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) * (rng.uniform(1.2, 3.2) * frame.scale / 2)
    reach = rng.uniform(*BLADE_LENGTH) * frame.scale * rng.uniform(0.4, 1.0, (BLADES, 1))
    bend = root + 0.6 * reach * along
    tip = root + reach * along + aside * rng.normal(0, 4.0, (BLADES, 1))
    return np.concatenate([root - aside, bend - aside, tip, bend + aside, root + aside], axis=1)


def _canvas(ground: Tile) -> tuple[Image.Image, Image.Image]:
    """Return the ground as an image to draw on, and an image of its levels, 0 low, 255 high."""
    coded = (255.0 * np.sqrt(ground.colour)).astype(np.uint8)
    level = np.clip(ground.height * 12.0, 0, 60).astype(np.uint8)
    return Image.fromarray(coded), Image.fromarray(level)


def _to_tile(
    frame: Frame, picture: Image.Image, level: Image.Image, thick: float, rng: np.random.Generator
) -> Tile:
    """Return the drawing as a tile with blotches and relief; thick: mm at level 255."""
    height = np.asarray(level, dtype=np.float32) * np.float32(thick / 255) + frame.relief(6.0, 0.12, 3, rng)
    spots = 0.75 + 0.5 * frame.noise(3.0, 5, rng)
    dark = 1.0 - 0.5 * smoothstep(frame.noise(1.2, 2, rng), 0.8, 0.95)
    colour = np.take(LINEAR_OF_BYTE, np.asarray(picture)) * (spots * dark)[..., None]
    return make_tile(frame, colour, 0.7, height)
