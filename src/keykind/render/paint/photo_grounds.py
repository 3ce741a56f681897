"""Real photos as what lies under or far behind the keys.

In:    photo without keys, random generator
Out:   Ground of SIZE x SIZE px
Needs: numpy, pillow    [render]
"""

from pathlib import Path

import numpy as np
from PIL import Image

from keykind.render.paint.colours import LINEAR_OF_BYTE, LUMINANCE, jitter
from keykind.render.paint.grounds import Ground
from keykind.render.paint.noise import resize, smoothstep
from keykind.render.paint.textures import SIZE, read_picture

SMALLEST_CROP = 0.6  # of the photo's shorter side
BLUR_SHARE = (
    0.5  # of backgrounds that are blurred more than a phone's lens would; most photos show them sharp
)
BLUR = 0.012  # of the width: mean of the additional blur
HIGHLIGHT = 0.8  # linear level above which a photo shows lamps, windows and sky, which it clips to white
GLOW = 2.5  # times as bright as white they are made
MIN_BLUR = 3.0  # px; less is not visible
COARSE = 6.0  # px; more is blurred at a quarter of the size, less at half of it


def draw_photo_ground(path: Path, width_mm: float, rng: np.random.Generator) -> Ground:
    """Return a photo laid flat, as a table with things on it. Raises KeykindError if it cannot be read."""
    colour = jitter(_linear(_square(path, rng)) * np.float32(0.9), rng, 0.1, 0.03)
    return _ground(colour, float(rng.uniform(0.35, 1.0)), width_mm, facing=False)


def draw_photo_background(path: Path, width_mm: float, defocus: float, rng: np.random.Generator) -> Ground:
    """Return a photo that stands behind the keys; defocus: blur of the lens, share of the width.

    Raises KeykindError if it cannot be read.
    """
    picture = _square(path, rng)
    blur = defocus + (float(rng.exponential(BLUR)) if rng.random() < BLUR_SHARE else 0.0)
    far = _linear(picture)
    shining = smoothstep(far @ LUMINANCE, HIGHLIGHT, 1.0)[..., None] * np.float32(rng.uniform(0, GLOW - 1))
    gains = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.04, 3)).astype(np.float32)
    colour = _blurred(far * (1 + shining) * gains, blur * SIZE)
    return _ground(colour, 1.0, width_mm, facing=True)


def _square(path: Path, rng: np.random.Generator) -> np.ndarray:
    """Return a random square of a photo, half of the time mirrored, (n, n, 3) uint8."""
    pixels = read_picture(path)
    shorter = min(pixels.shape[:2])
    side = int(shorter * rng.uniform(SMALLEST_CROP, 1.0))
    top, left = (int(rng.integers(length - side + 1)) for length in pixels.shape[:2])
    crop = pixels[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    square = Image.fromarray(np.ascontiguousarray(crop))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _blurred(image: np.ndarray, radius: float) -> np.ndarray:
    """Return an image (n, n, 3) out of focus: each point becomes a disc of this radius, px."""
    if radius < MIN_BLUR:
        return image
    n = SIZE // 4 if radius > COARSE else SIZE // 2
    away = np.minimum(np.arange(n), n - np.arange(n)).astype(np.float32)  # px from pixel 0, around the edges
    disc = smoothstep(
        np.hypot(away[:, None], away[None, :]), radius * n / SIZE + 0.5, radius * n / SIZE - 0.5
    )
    filtered = np.fft.rfft2(disc / disc.sum())
    bands = [resize(band, (n, n), smooth=False) for band in np.moveaxis(image, -1, 0)]
    blurred = [np.fft.irfft2(np.fft.rfft2(band) * filtered, s=(n, n)) for band in bands]
    return np.stack([np.maximum(resize(band, (SIZE, SIZE)), 0) for band in blurred], axis=-1)


def _linear(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.take(LINEAR_OF_BYTE, picture))


def _ground(colour: np.ndarray, roughness: float, width_mm: float, facing: bool) -> Ground:
    zeros = np.zeros((SIZE, SIZE), dtype=np.float32)
    return Ground(colour, zeros + np.float32(roughness), zeros, zeros, width_mm, facing)
