"""Paint the skin of a hand and forearm on the texture of props/hand_mesh.py.

In:    Surface with finish "skin", Frame over the hand's texture in mm, skin.npz (see props/hand_import.py)
Out:   Tile: tone, flush, creases, wrinkles, nails, veins, hair, fine relief
Needs: numpy, pillow    [render]
"""

from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image

from keykind.render.paint.colours import blend, hex_colour, hsv
from keykind.render.paint.noise import ridges, smoothstep, voronoi
from keykind.render.paint.tiles import Frame, Tile, make_tile
from keykind.render.solids import Surface

TEXTURE_MM = 300.0  # mm; the maps of skin.npz cover a square of this side, that of props.hand_mesh
BLOOD = np.array([1.0, 0.52, 0.46], dtype=np.float32)  # tint where much blood shows through
CREASE = np.array([0.62, 0.8, 0.85], dtype=np.float32)  # share of light that a deep crease absorbs
PALM = np.array([0.56, 0.32, 0.25], dtype=np.float32)  # linear RGB; palms have little melanin
NAIL = np.array([0.60, 0.36, 0.31], dtype=np.float32)
VEIN = np.array([0.82, 0.97, 1.0], dtype=np.float32)
HAIR = hex_colour("241a12")
FOREARM_PALM = 0.25  # of the forearm in the map of palms
VARNISH_SHARE = 0.08  # of hands with painted nails


@cache
def _maps() -> dict[str, np.ndarray]:
    """Return the maps of skin.npz, uint8, row 0 at the largest v, as Frame has it."""
    with (files("keykind.render.paint") / "skin.npz").open("rb") as stream, np.load(stream) as data:
        return {name: np.ascontiguousarray(data[name][::-1]) for name in data.files}


def _map(name: str, frame: Frame) -> np.ndarray:
    """Return (h, w) 0..1: a map of the hand at the frame's texels; 0 on the forearm, which it lacks."""
    values = _maps()[name]
    side = len(values)
    x0, y0, x1, y1 = (edge / TEXTURE_MM * side for edge in frame.box)
    image = Image.fromarray(values).transform(
        frame.size,
        Image.Transform.AFFINE,
        ((x1 - x0) / frame.size[0], 0.0, x0, 0.0, (y1 - y0) / frame.size[1], side - y1),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(image, dtype=np.float32) / 255.0


def paint_skin(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Return the textures of a hand; its colour is that of the back of the hand."""
    base = np.asarray(surface.colour, dtype=np.float32)
    palm = _palm(frame)
    mottled = (frame.noise(9.0, 4, rng) - 0.5)[..., None] * np.float32(rng.uniform(0.1, 0.3))
    pale = float(np.clip(1.15 - base[0] / 0.6, 0.12, 0.75))
    own_palm = base + (PALM * rng.uniform(0.8, 1.1) - base) * np.float32(pale)
    colour = blend(np.broadcast_to(base, (*frame.shape, 3)), own_palm, palm)
    colour = colour * (1.0 + mottled * np.array([0.7, 1.0, 1.1], dtype=np.float32))
    flush = _map("flush", frame) * np.float32(rng.uniform(0.25, 0.75))
    blotches = smoothstep(frame.noise(6.0, 3, rng), 0.5, 0.85) * palm
    flush = flush + blotches * np.float32(rng.uniform(0.1, 0.45))
    colour = blend(colour, colour * BLOOD, np.clip(flush, 0.0, 1.0))
    veins = ridges(frame.noise((26.0, 26.0), 2, rng), 0.04) * (1 - palm) * np.float32(rng.uniform(0, 0.6))
    colour = blend(colour, colour * VEIN, veins)
    height, roughness = 0.25 * veins, np.float32(surface.roughness) * (0.85 + 0.3 * frame.noise(5.0, 3, rng))
    colour, height = _creases(colour, height, frame, rng)
    colour = _hair(colour, frame, palm, rng)
    return _nails(frame, colour, roughness, height, rng)


def _palm(frame: Frame) -> np.ndarray:
    """Return (h, w): 1 on the palm's side, 0 on the back."""
    return np.where(frame.y > TEXTURE_MM * 1.01, np.float32(FOREARM_PALM), _map("palm", frame))


def _creases(
    colour: np.ndarray, height: np.ndarray, frame: Frame, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return colour and height with the lines of the palm, wrinkles over the joints and the net between."""
    uneven = 0.35 + 1.1 * frame.noise(7.0, 3, rng)
    deep = np.clip(_map("crease", frame) * uneven, 0, 1) * np.float32(rng.uniform(0.5, 1.0))
    wrinkles = np.clip(_map("wrinkle", frame) * uneven, 0, 1) * np.float32(rng.uniform(0.3, 1.0))
    stray = ridges(frame.noise((22.0, 12.0), 3, rng), 0.012) * _palm(frame)
    stray = stray * np.float32(rng.uniform(0.1, 0.5))
    cell = max(4.0, 0.9 * frame.scale), max(4.0, 1.2 * frame.scale)
    fine = smoothstep(voronoi(frame.shape, cell, rng).gap, 0.3, 0.0)
    dark = 0.75 * deep + 0.4 * wrinkles + 0.35 * stray + 0.1 * fine
    colour = colour * (1.0 - np.clip(dark, 0, 0.85)[..., None] * CREASE)
    relief = frame.relief(2.0, 0.05, 3, rng)
    return colour, height - 0.35 * deep - 0.25 * wrinkles - 0.15 * stray - 0.03 * fine + relief


def _hair(colour: np.ndarray, frame: Frame, palm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the colour with hair on the back of the forearm and, thinner, of the hand."""
    amount = float(rng.uniform(0, 0.6)) if rng.random() < 0.6 else 0.0
    forearm = frame.y > TEXTURE_MM * 1.02
    strands = smoothstep(frame.noise((2.2, 0.35), 1, rng), 0.68, 0.85) * (1 - palm)
    return blend(colour, HAIR, strands * np.where(forearm, amount, 0.15 * amount))


def _nails(
    frame: Frame, colour: np.ndarray, roughness: np.ndarray, height: np.ndarray, rng: np.random.Generator
) -> Tile:
    """Return the tile with nails: pink plates with a groove around them, sometimes varnished."""
    hill = _map("nail", frame)
    plate = smoothstep(hill, 0.49, 0.54)
    groove = ridges(hill, 0.05) * (hill > 0.2)
    own = colour * 0.45 + NAIL * 0.5 * (0.4 + 0.9 * colour[..., :1])
    gloss = 0.28
    if rng.random() < VARNISH_SHARE:
        own, gloss = hsv(float(rng.choice([0.97, 0.0, 0.9, 0.6])), 0.8, float(rng.uniform(0.2, 0.9))), 0.15
    colour = blend(colour * (1 - 0.45 * groove[..., None]), own, plate)
    return make_tile(
        frame,
        colour,
        roughness + (gloss - roughness) * plate,
        height * (1 - plate) + 0.25 * plate - 0.2 * groove,
    )
