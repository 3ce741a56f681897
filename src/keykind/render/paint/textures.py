"""Real textures: colour, normal and roughness maps -> the ground under the keys.

In:    Texture (files), random generator
Out:   Ground of SIZE x SIZE px; relief integrated from the normal map, or guessed from the colours
Needs: numpy, pillow    [render]
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.errors import KeykindError
from keykind.photo.decode import read_photo
from keykind.render.paint.assets import Texture
from keykind.render.paint.colours import LINEAR_OF_BYTE, LUMINANCE, jitter
from keykind.render.paint.grounds import Ground
from keykind.render.paint.noise import resize

SIZE = 1024  # px, side of a ground; the larger ones of the usual downloads
MIN_SIDE = 64  # px of a picture; a smaller one shows nothing but blur
WIDTH = (150.0, 900.0)  # mm, side of the square: from a place mat to a table top
MAX_TEXEL = 0.9  # mm; at a coarser scale the ground of a sharp photo would be blurred
MIN_ROUGHNESS = 0.12  # a smoother ground would mirror lamps as specks of noise
MAX_SLOPE = 2.0  # of a normal map; steeper normals are noise of its compression
GUESSED_SLOPE = (0.0, 0.35)  # of the relief guessed from colours: darker is taken to be lower
SMOOTH = 8  # px; the guess leaves out gradients of light, which are wider
CACHED = 6  # textures kept per process, 9 MB each


@dataclass(frozen=True, slots=True)
class Maps:
    """The decoded maps of a texture, (n, n), n = SIZE; read-only."""

    colour: np.ndarray  # (n, n, 3) uint8, sRGB
    roughness: np.ndarray | None  # uint8
    metallic: np.ndarray | None  # uint8
    relief: np.ndarray  # float16, px; from the normal map, or a guess with slopes of about 1
    measured: bool  # whether there is a normal map
    pixels: int  # shorter side of the file, px


def draw_texture(texture: Texture, rng: np.random.Generator) -> Ground:
    """Return a ground of random width, brightness, tint, roughness and relief.

    Raises KeykindError as `read_maps` does.
    """
    maps = read_maps(texture)
    largest = max(WIDTH[0] * 1.2, min(WIDTH[1], MAX_TEXEL * maps.pixels))
    width = float(np.exp(rng.uniform(np.log(WIDTH[0]), np.log(largest))))
    colour = jitter(np.take(LINEAR_OF_BYTE, maps.colour), rng, 0.18, 0.04)
    strength = rng.uniform(0.5, 1.3) if maps.measured else rng.uniform(*GUESSED_SLOPE)
    height = maps.relief.astype(np.float32) * np.float32(strength * width / SIZE)
    return Ground(colour, _roughness(maps, rng), _field(maps.metallic, 0.0), height, width)


def _roughness(maps: Maps, rng: np.random.Generator) -> np.ndarray:
    """Return the roughness (n, n): of the map, a little glossier or duller; without a map a random one."""
    if maps.roughness is None:
        return _field(None, float(rng.uniform(0.3, 1.0)))
    return np.clip(_field(maps.roughness, 0.0) ** np.float32(np.exp(rng.normal(0, 0.3))), MIN_ROUGHNESS, 1.0)


def _field(values: np.ndarray | None, default: float) -> np.ndarray:
    if values is None:
        return np.full((SIZE, SIZE), default, dtype=np.float32)
    return values.astype(np.float32) / np.float32(255)


@lru_cache(maxsize=CACHED)
def read_maps(texture: Texture) -> Maps:
    """Return the maps of a texture, resized to SIZE. Raises KeykindError if a file is unreadable or tiny."""
    colour, pixels = _read_square(texture.colour)
    arm = _read_square(texture.arm)[0] if texture.arm else None
    rough = _read_square(texture.rough)[0][..., 0] if texture.rough else None
    if rough is None and arm is not None:
        rough = arm[..., 1]
    normal = _read_square(texture.normal)[0] if texture.normal else None
    relief = _guess_relief(colour) if normal is None else _integrate(normal)
    maps = Maps(colour, rough, None if arm is None else arm[..., 2], relief, normal is not None, pixels)
    for field in (maps.colour, maps.roughness, maps.metallic, maps.relief):
        if field is not None:
            field.flags.writeable = False  # the cache hands it out again
    return maps


def read_picture(path: Path) -> np.ndarray:
    """Return the pixels of a picture, (h, w, 3) uint8. Raises KeykindError if it is unreadable or tiny."""
    pixels = read_photo(path, min_side=SIZE).pixels
    if min(pixels.shape[:2]) < MIN_SIDE:
        fault = f"has {pixels.shape[1]} x {pixels.shape[0]} px, less than {MIN_SIDE} on a side"
        raise KeykindError(path, fault=fault, remedy="remove it, or replace it by a larger picture")
    return pixels


def _read_square(path: Path) -> tuple[np.ndarray, int]:
    """Return the largest square in the middle of a picture, (n, n, 3) uint8, and its side in the file, px."""
    pixels = read_picture(path)
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.array(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC)), side


def _integrate(normals: np.ndarray) -> np.ndarray:
    """Return the relief (n, n) float16 px whose slopes agree best with a normal map (n, n, 3) uint8.

    Source: Frankot and Chellappa 1988, "A method for enforcing integrability in shape from shading", eq. 21;
    the texture is taken to be periodic.
    """
    x, y, z = np.moveaxis(normals.astype(np.float32) / np.float32(127.5) - 1, -1, 0)
    z = np.maximum(z, 0.2)
    right, down = (np.clip(slope, -MAX_SLOPE, MAX_SLOPE) for slope in (-x / z, y / z))
    u = 2j * np.pi * np.fft.rfftfreq(SIZE)[None, :]
    v = 2j * np.pi * np.fft.fftfreq(SIZE)[:, None]
    power = np.abs(u) ** 2 + np.abs(v) ** 2
    power[0, 0] = 1.0
    spectrum = (np.conj(u) * np.fft.rfft2(right) + np.conj(v) * np.fft.rfft2(down)) / power
    spectrum[0, 0] = 0.0
    return np.fft.irfft2(spectrum, s=(SIZE, SIZE)).astype(np.float16)


def _guess_relief(colour: np.ndarray) -> np.ndarray:
    """Return a relief (n, n) float16 px: brighter than its surroundings is higher; slopes are about 1."""
    level = np.sqrt(np.take(LINEAR_OF_BYTE, colour) @ LUMINANCE)
    coarse = resize(resize(level, (SIZE // SMOOTH, SIZE // SMOOTH), smooth=False), (SIZE, SIZE))
    detail = level - coarse
    slope = float(np.abs(np.diff(detail, axis=0)).mean() + np.abs(np.diff(detail, axis=1)).mean())
    return np.asarray(np.clip(detail / max(slope, 0.01), -SMOOTH, SMOOTH), dtype=np.float16)
