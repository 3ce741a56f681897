"""Light on the film -> the photo as a phone or a shop would show it.

In:    linear radiance, a Look, the share of each pixel that is not ground
Out:   PIL image, RGB; its JPEG
Needs: numpy, pillow
"""

import io

import numpy as np
from PIL import Image, ImageFilter

from keykind.render.scenes.scene import Look

LUMA = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
SHOULDER = 0.8  # linear level from which the film compresses instead of clipping
CUTS = 0.93  # of the things' pixels are darker than what must not burn out: a blade beside a black fob
RED_AND_BLUE = 1.4  # times the noise of green, as a Bayer sensor has


def develop(light: np.ndarray, look: Look, things: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Return the photo of (h, w, 3) linear radiance; things (h, w) 0..1 stays on a cut-out ground."""
    height, width = light.shape[:2]
    longer = max(height, width)
    light = np.nan_to_num(np.maximum(light, 0))
    light = light * _gain(light @ LUMA, things, look)
    light = light * np.array(look.cast) * _vignette(height, width, look.vignette)
    if look.cut_out:
        light = light * things[..., None] + (1 - things[..., None])
    light = _blurred(light, look.blur * longer)
    light = _shaken(light, look.shake[0] * longer, look.shake[1])
    light = _noisy(light, look.noise, rng)
    photo = Image.fromarray((_toned(light, look) * 255 + 0.5).astype(np.uint8))
    if look.sharpening > 0:
        photo = photo.filter(ImageFilter.UnsharpMask(radius=1.5, percent=round(100 * look.sharpening)))
    if look.reduction < 1:
        small = (max(round(width * look.reduction), 8), max(round(height * look.reduction), 8))
        photo = photo.resize(small, Image.Resampling.LANCZOS).resize(
            (width, height), Image.Resampling.BICUBIC
        )
    return photo


def jpeg(photo: Image.Image, look: Look) -> bytes:
    """Return the photo as a JPEG file of the look's quality."""
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=look.quality, subsampling=0 if look.quality > 90 else 2)
    return stream.getvalue()


def _gain(level: np.ndarray, things: np.ndarray, look: Look) -> float:
    """Return the exposure: by the frame, but less where it would burn out most of the things."""
    gain = look.exposure / max(float(np.quantile(level, look.share)), 1e-6)
    shown = level[things > 0.5]
    if shown.size:
        gain = min(gain, look.burnt / max(float(np.quantile(shown, CUTS)), 1e-6))
    return gain


def _vignette(height: int, width: int, loss: float) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(1 - loss * (x * x + y * y)[..., None] / 2)


def _blurred(light: np.ndarray, sigma: float) -> np.ndarray:
    if sigma < 0.25:  # px; less cannot be seen
        return light
    return _convolved(light, _disc(sigma * 2))


def _shaken(light: np.ndarray, length: float, angle: float) -> np.ndarray:
    if length < 1:  # px
        return light
    reach = int(np.ceil(length / 2))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    across = -x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    kernel = np.clip(1 - np.abs(across), 0, 1) * (np.abs(along) <= length / 2)
    return _convolved(light, kernel / kernel.sum())


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(kernel / kernel.sum())


def _convolved(light: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the light convolved with an odd kernel; its edge is repeated outwards."""
    reach = kernel.shape[0] // 2
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    shape = padded.shape[:2]
    spread = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(kernel, shape)[..., None]
    whole = np.fft.irfft2(spread, shape, axes=(0, 1))
    return np.maximum(whole[2 * reach :, 2 * reach :], 0)


def _noisy(light: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise, which grows with the root of the light, a little coarser than a pixel."""
    grain = rng.standard_normal(light.shape).astype(np.float32)
    grain[1:] = (grain[1:] + grain[:-1]) * 0.7071
    grain[:, 1:] = (grain[:, 1:] + grain[:, :-1]) * 0.7071
    level = strength * np.sqrt(np.maximum(light, 0.02) / 0.18) * 0.18 / 0.5
    return np.asarray(light + grain * level * np.array([RED_AND_BLUE, 1.0, RED_AND_BLUE]))


def _toned(light: np.ndarray, look: Look) -> np.ndarray:
    """Return display values 0..1: highlights rolled off, sRGB, contrast about middle grey, saturation."""
    over = np.maximum(light - SHOULDER, 0)
    light = np.clip(np.minimum(light, SHOULDER) + (1 - SHOULDER) * (1 - np.exp(-over / (1 - SHOULDER))), 0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    shown = shown + (look.contrast - 1) * (shown - 0.5) * 4 * shown * (1 - shown)
    grey = (shown @ LUMA)[..., None]
    return np.asarray(np.clip(grey + (shown - grey) * look.saturation, 0, 1))
