"""Paint the textures of a Surface.

In:    Surface, bounding box of the part seen from +z in mm, size in px, random generator
Out:   Tile: colour, roughness, metallic, height
Needs: numpy, pillow, manifold3d    [render]
"""

import math
from collections.abc import Callable

import numpy as np

from keykind.render.paint import stamps
from keykind.render.paint.colours import blend, hex_colour, jitter
from keykind.render.paint.noise import fractal_noise, smoothstep
from keykind.render.paint.skin import paint_skin
from keykind.render.paint.tiles import Frame, Tile, clamped, make_tile
from keykind.render.paint.wear import (
    add_fingerprints,
    add_rust,
    add_scratches,
    add_tarnish,
    draw_strokes,
    edge_distance,
)
from keykind.render.solids import Stamp, Surface

YELLOW_RATIO = 1.12  # red / blue, from which a metal is brass, bronze or nickel silver rather than steel
BARE_METAL = hex_colour("b9b7b2")  # under chipped paint
DIRT_TINT = np.array([0.85, 0.9, 0.95], dtype=np.float32)  # share of light that dirt absorbs: looks brownish

Finish = Callable[[Surface, Frame, np.random.Generator], Tile]


def paint(
    surface: Surface, box: tuple[float, float, float, float], size: tuple[int, int], rng: np.random.Generator
) -> Tile:
    """Return the textures of a surface that covers box = (x0, y0, x1, y1) mm, seen from +z, row 0 at y1.

    size: (width, height) px; the textures are (height, width[, 3]) float32.
    Raises ValueError if the finish, or the shape of a stamp, is unknown.
    """
    if surface.finish not in FINISHES:
        raise ValueError(f"finish {surface.finish!r}: expected one of {', '.join(FINISHES)}")
    frame = Frame(box, size)
    result = FINISHES[surface.finish](surface, frame, rng)
    if surface.rust > 0 and surface.metal:
        yellowish = surface.colour[0] > YELLOW_RATIO * surface.colour[2]
        result = (add_tarnish if yellowish else add_rust)(result, frame, surface.rust, rng)
    if surface.wear > 0 and surface.finish not in SOFT:
        result = add_scratches(result, frame, surface.wear, rng)
    if surface.finish in FINGERPRINTED and rng.random() < 0.6 * surface.wear + 0.1:
        result = add_fingerprints(result, frame, rng)
    for stamp in surface.stamps:
        _stamp(result, frame, stamp, surface.wear, rng)
    return clamped(result)


def _stamp(result: Tile, frame: Frame, stamp: Stamp, wear: float, rng: np.random.Generator) -> None:
    """Stamp or print text or a logo on a tile, in place: dirt in recesses, raised parts rubbed bright."""
    stamped = stamps.stamp_mask(stamp, frame, rng)
    if stamped.mask.size == 0:
        return
    window, mask = (stamped.rows, stamped.columns), stamped.mask
    colour, roughness = result.colour[window], result.roughness[window]
    result.height[window] += np.float32(stamp.depth) * mask
    if stamp.colour is not None or stamp.depth == 0:
        ink = (0.02, 0.02, 0.02) if stamp.colour is None else stamp.colour
        chipped = smoothstep(fractal_noise(mask.shape, 2.0 * frame.scale, 3, rng), 0.6, 0.75)
        mask = mask * (1.0 - 0.7 * wear * chipped)
        colour += (np.asarray(ink, dtype=np.float32) - colour) * mask[..., None]
        roughness += (0.4 - roughness) * mask
        result.metallic[window] *= 1.0 - mask
    elif stamp.depth < 0:
        dirt = mask * np.float32(rng.uniform(0.1, 0.3) + 0.5 * wear)
        colour *= 1.0 - dirt[..., None] * DIRT_TINT
        roughness += mask * np.float32(rng.uniform(0.05, 0.25))
    else:
        colour *= 1.0 + 0.15 * wear * mask[..., None]
        roughness *= 1.0 - 0.4 * wear * mask


def _colour(surface: Surface, frame: Frame, rng: np.random.Generator, uneven: float = 0.08) -> np.ndarray:
    """Return (h, w, 3): the surface's colour, slightly uneven in brightness and warmth."""
    tone = frame.noise(12.0, 3, rng) - 0.5
    base = np.asarray(surface.colour, dtype=np.float32)
    change = base * np.float32(uneven) * (1.0 + np.array([0.3, 0.0, -0.4]) * rng.normal()).astype(np.float32)
    return np.stack([base[c] + tone * change[c] for c in range(3)], axis=-1)


def _roughness(surface: Surface, frame: Frame, rng: np.random.Generator, uneven: float = 0.2) -> np.ndarray:
    """Return (h, w): the surface's roughness with clouds, since no metal is uniform."""
    return surface.roughness * (1.0 + uneven * 2.0 * (frame.noise(5.0, 4, rng) - 0.5))


def _polished(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    x0, y0, x1, y1 = frame.box
    fine = draw_strokes(frame, int(min(150, 0.05 * (x1 - x0) * (y1 - y0) + 5)), 3.0, rng)
    height = frame.relief(8.0, 0.006, 2, rng) - fine * np.float32(0.001)
    roughness = _roughness(surface, frame, rng) + fine * np.float32(0.06)
    return make_tile(frame, _colour(surface, frame, rng, 0.04), roughness, height, float(surface.metal))


def _satin(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    grain = frame.relief(0.12, 0.02, 1, rng) + frame.relief(6.0, 0.01, 2, rng)
    return make_tile(
        frame, _colour(surface, frame, rng), _roughness(surface, frame, rng), grain, float(surface.metal)
    )


def _brushed(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    long, short = float(rng.uniform(0.4, 2.0)) * (frame.box[2] - frame.box[0]), 0.1
    lines = frame.noise((short, long) if rng.random() < 0.6 else (long, short), 1, rng) - 0.5
    height = lines * np.float32(0.12 * max(short, 1 / frame.scale)) + frame.relief(8.0, 0.006, 2, rng)
    colour = _colour(surface, frame, rng) * (1.0 + 0.25 * lines[..., None])
    roughness = _roughness(surface, frame, rng) * (1.0 + 0.6 * lines)
    return make_tile(frame, colour, roughness, height, float(surface.metal))


def _ground(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Paint parallel cutter marks, evenly spaced, of slightly different depths."""
    pitch = max(rng.uniform(0.15, 0.4), 2.5 / frame.scale)
    turn = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.06)
    curl = frame.x * frame.x * np.float32(rng.normal(0, 0.004))
    along = frame.x * math.sin(turn) + (frame.y + curl) * math.cos(turn)
    waves = np.sin(along * np.float32(2 * math.pi / pitch)) * (0.3 + frame.noise((0.5, 4.0), 2, rng))
    height = waves * np.float32(0.03 * pitch) + frame.relief((0.1, 3.0), 0.04, 1, rng)
    roughness = _roughness(surface, frame, rng) * (1.0 + 0.25 * waves)
    return make_tile(
        frame,
        _colour(surface, frame, rng) * (1.0 + 0.06 * waves[..., None]),
        roughness,
        height,
        float(surface.metal),
    )


def _cast(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    pits = smoothstep(frame.noise(0.7, 2, rng), 0.8, 0.92)
    lumps = frame.relief(2.5, 0.06, 3, rng) + frame.relief(0.3, 0.05, 2, rng)
    colour = _colour(surface, frame, rng, 0.2) * (1.0 - 0.5 * pits[..., None])
    roughness = _roughness(surface, frame, rng) + 0.25 * pits
    return make_tile(frame, colour, roughness, lumps - 0.08 * pits, float(surface.metal))


def _moulded(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Paint plastic: spark-eroded grain or gloss, sometimes a parting line, dust."""
    grained = rng.random() < 0.6
    height = (
        frame.relief(0.35, rng.uniform(0.05, 0.16), 1, rng) if grained else frame.relief(8.0, 0.01, 2, rng)
    )
    if rng.random() < 0.3:
        middle = (frame.box[1] + frame.box[3]) / 2
        height = height + 0.05 * np.exp(-(((frame.y - middle) / 0.15) ** 2))
    greasy = smoothstep(frame.noise(7.0, 2, rng), 0.5, 0.8) * np.float32(rng.uniform(0.0, 0.5))
    roughness = _roughness(surface, frame, rng, 0.15) * (1.0 - greasy)
    dust = smoothstep(frame.noise(0.25, 1, rng), 0.93, 0.99) * np.float32(rng.uniform(0, 0.25) * surface.wear)
    colour = blend(_colour(surface, frame, rng, 0.06), hex_colour("a8a39a"), dust)
    return make_tile(frame, colour, roughness, height)


def _painted(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Paint a coat of paint with orange peel, chipped by wear, first at the edges."""
    height = frame.relief(0.8, 0.04, 2, rng)
    chance = frame.noise(2.5, 6, rng) + 0.25 * np.exp(-edge_distance(frame) / 1.5)
    edge = 1.1 - 0.35 * surface.wear
    chips = smoothstep(chance, edge - 0.01, edge + 0.01)
    roughness = _roughness(surface, frame, rng, 0.15)
    return make_tile(
        frame,
        blend(_colour(surface, frame, rng, 0.05), BARE_METAL, chips),
        roughness + (0.35 - roughness) * chips,
        height - 0.06 * chips,
        chips,
    )


def _woven(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Paint webbing: plain weave, sometimes with stitches along two edges."""
    pitch = max(rng.uniform(0.7, 1.4), 4.0 / frame.scale)
    u, v = frame.x / pitch + 0.2 * frame.noise(5.0, 2, rng), frame.y / pitch + 0.2 * frame.noise(5.0, 2, rng)
    over = (np.floor(u) + np.floor(v)) % 2
    thread = np.where(over > 0, np.abs(np.sin(u * math.pi)), np.abs(np.sin(v * math.pi)))
    thread = thread * (0.7 + 0.6 * frame.noise(0.2, 1, rng))
    colour = _colour(surface, frame, rng, 0.15) * (0.45 + 0.6 * thread + 0.1 * over)[..., None]
    height = 0.25 * pitch * thread
    if rng.random() < 0.5:
        inset = np.abs(np.minimum(frame.y - frame.box[1], frame.box[3] - frame.y) - 2.0) < 0.35
        stitches = (inset & (frame.x % 3.0 < 2.2)).astype(np.float32)
        colour = blend(colour, jitter(hex_colour("d8d4c8"), rng, 0.6, 0.2), stitches)
        height = height + 0.2 * stitches
    return make_tile(frame, colour, 0.75 + 0.2 * (1 - thread), height)


def _printed(surface: Surface, frame: Frame, rng: np.random.Generator) -> Tile:
    """Paint a label or card: paper, often with a coloured band and a few lines of print."""
    x0, y0, x1, y1 = frame.box
    colour = _colour(surface, frame, rng, 0.03) * (0.97 + 0.06 * frame.noise(0.3, 1, rng))[..., None]
    if rng.random() < 0.5:
        edge = y0 + (y1 - y0) * rng.uniform(0.6, 0.85)
        band = np.broadcast_to(frame.y > edge, frame.shape).astype(np.float32)
        colour = blend(colour, rng.random(3).astype(np.float32) ** 2, band)
    if rng.random() < 0.5:
        line = (y1 - y0) / rng.integers(6, 14)
        text = (frame.noise((line, 0.5), 1, rng) > 0.45) & ((frame.y - y0) % line < 0.45 * line)
        text &= (frame.x - x0 > 0.1 * (x1 - x0)) & (frame.y - y0 < 0.55 * (y1 - y0))
        colour = blend(colour, hex_colour("20222a"), text * np.float32(0.85))
    return make_tile(frame, colour, _roughness(surface, frame, rng, 0.1), frame.relief(0.3, 0.02, 2, rng))


FINISHES: dict[str, Finish] = {
    "polished": _polished,
    "satin": _satin,
    "brushed": _brushed,
    "ground": _ground,
    "cast": _cast,
    "moulded": _moulded,
    "painted": _painted,
    "woven": _woven,
    "skin": paint_skin,
    "printed": _printed,
}
SOFT = ("woven", "skin", "printed")  # do not scratch
FINGERPRINTED = ("polished", "satin", "moulded", "painted")  # show fingerprints
