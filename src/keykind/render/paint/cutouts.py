"""Cut-out pictures of small things, laid on the ground like stickers with a shadow.

In:    Ground, pictures with transparency, where they lie
Out:   Ground of SIZE x SIZE px
Needs: numpy, pillow    [render]
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from keykind.core.errors import KeykindError
from keykind.render.paint.colours import LINEAR_OF_BYTE
from keykind.render.paint.grounds import Ground
from keykind.render.paint.textures import SIZE

MIN_SIDE = 32  # px; a smaller picture is a blur
MAX_PIXELS = 16_000_000  # of a picture; it is reduced to MAX_SIDE anyway
MAX_SIDE = 512  # px
RIM = 3  # px, diameter of the filter that takes the rim of the old background away
SHADOW = 1.2  # mm, width of the soft shadow at the edge
SHADE = (0.3, 0.8)  # share of the light that the shadow takes
DEFAULT_LENGTH = (15.0, 120.0)  # mm
LENGTHS = {  # mm, longer side, by the beginning of the file's name
    "coin": (16.0, 27.0), "screw": (15.0, 60.0), "fork": (150.0, 200.0), "scissors": (110.0, 210.0),
}  # fmt: skip
CACHED = 64  # pictures kept per process, at most 1 MB each


@dataclass(frozen=True, slots=True)
class Sticker:
    """A picture on the ground."""

    path: Path
    position: tuple[float, float]  # mm, of its middle, from the middle of the ground; y up
    length: float  # mm, longer side
    angle: float  # degrees


def draw_length(path: Path, rng: np.random.Generator) -> float:
    """Return the length, mm, of the thing in a picture; coins, screws, forks and scissors have their own."""
    limits = next((LENGTHS[name] for name in LENGTHS if path.name.lower().startswith(name)), DEFAULT_LENGTH)
    return float(np.exp(rng.uniform(*np.log(limits))))


def lay_stickers(
    ground: Ground, stickers: list[Sticker], width_mm: float, rng: np.random.Generator
) -> Ground:
    """Return the middle of a ground, width_mm wide, with things on it; a narrower ground is mirrored.

    Raises KeykindError as `read_cutout` does.
    """
    cut = _cropped(ground, width_mm)
    colour, roughness, metallic = cut.colour.copy(), cut.roughness.copy(), cut.metallic.copy()
    px = SIZE / width_mm
    shade, direction = rng.uniform(*SHADE), rng.uniform(0, 2 * np.pi)
    away = SHADOW * px * np.array([np.cos(direction), np.sin(direction)])
    for sticker in stickers:
        picture = _placed(sticker, px)
        shadow = picture.getchannel("A").filter(ImageFilter.GaussianBlur(SHADOW * px))
        middle = np.array([SIZE / 2 + sticker.position[0] * px, SIZE / 2 - sticker.position[1] * px])
        where, mask = _clipped(np.asarray(shadow), middle + away)
        colour[where] *= 1 - np.float32(shade) * mask[..., None]
        where, pixels = _clipped(np.asarray(picture), middle)
        alpha = pixels[..., 3:]
        thing = np.take(LINEAR_OF_BYTE, (pixels[..., :3] * 255).astype(np.uint8))
        colour[where] += (thing - colour[where]) * alpha
        roughness[where] += (0.4 - roughness[where]) * alpha[..., 0]
        metallic[where] *= 1 - alpha[..., 0]
    return Ground(colour, roughness, metallic, cut.height, width_mm)


@lru_cache(maxsize=CACHED)
def read_cutout(path: Path) -> Image.Image:
    """Return a picture, RGBA, at most MAX_SIDE px.

    Raises KeykindError if it cannot be decoded, is tiny or huge, or has no transparent or no opaque pixel.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            _check_size(path, image.size)
            picture = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        fault = f"cannot be decoded ({error})"
        raise KeykindError(path, fault=fault, remedy="remove or replace it") from error
    low, high = picture.getchannel("A").getextrema()
    if low == 255 or high == 0:
        fault = f"has {'no transparent' if low == 255 else 'only transparent'} pixels"
        raise KeykindError(path, fault=fault, remedy="use cut-out pictures only")
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    picture.putalpha(picture.getchannel("A").filter(ImageFilter.MinFilter(RIM)))
    return picture


def _check_size(path: Path, size: tuple[int, int]) -> None:
    if min(size) < MIN_SIDE or size[0] * size[1] > MAX_PIXELS:
        fault = f"has {size[0]} x {size[1]} px, not {MIN_SIDE} on a side to {MAX_PIXELS:,} in total"
        raise KeykindError(path, fault=fault, remedy="remove or resize it")


def _placed(sticker: Sticker, px: float) -> Image.Image:
    """Return the picture at the scale of the ground, px per mm, rotated, with a margin for its shadow."""
    picture = read_cutout(sticker.path)
    scale = sticker.length * px / max(picture.size)
    size = [max(round(side * scale), 1) for side in picture.size]
    small = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    turned = small.rotate(sticker.angle, Image.Resampling.BICUBIC, expand=True)
    margin = int(3 * SHADOW * px) + 1
    framed = Image.new("RGBA", (turned.width + 2 * margin, turned.height + 2 * margin))
    framed.paste(turned, (margin, margin))
    return framed


def _clipped(picture: np.ndarray, middle: np.ndarray) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the rows and columns that a picture (h, w, ...) uint8 covers, and that part of it, 0..1."""
    height, width = picture.shape[:2]
    left, top = (round(m - side / 2) for m, side in zip(middle, (width, height), strict=True))
    rows = slice(max(top, 0), max(min(top + height, SIZE), 0))
    columns = slice(max(left, 0), max(min(left + width, SIZE), 0))
    part = picture[max(rows.start - top, 0) : max(rows.stop - top, 0)]
    part = part[:, max(columns.start - left, 0) : max(columns.stop - left, 0)]
    return (rows, columns), part.astype(np.float32) / np.float32(255)


def _cropped(ground: Ground, width_mm: float) -> Ground:
    """Return the middle of a ground, width_mm wide, resampled to SIZE."""

    def crop(field: np.ndarray) -> np.ndarray:
        n = len(field)
        half = n * width_mm / ground.width_mm / 2
        margin = max(int(np.ceil(half - n / 2)), 0)
        padded = np.pad(field, margin, mode="symmetric") if margin else field
        box = (n / 2 + margin - half,) * 2 + (n / 2 + margin + half,) * 2
        image = Image.fromarray(np.ascontiguousarray(padded, dtype=np.float32))
        return np.array(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box))

    colour = np.stack([crop(band) for band in np.moveaxis(ground.colour, -1, 0)], axis=-1)
    roughness, metallic = np.clip(crop(ground.roughness), 0, 1), np.clip(crop(ground.metallic), 0, 1)
    return Ground(np.clip(colour, 0, 1), roughness, metallic, crop(ground.height), width_mm)
