"""Turn rendered light into a photo, as the lens, sensor and image signal processor of a camera do.

In:    linear radiance, CameraStyle, foreground coverage of each pixel
Out:   PIL image, RGB; JPEG
Needs: numpy, pillow, manifold3d    [render]
"""

import io

import numpy as np
from PIL import Image, ImageFilter

from keykind.render.scenes.scene import CameraStyle

LUMA = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
KNEE = 0.8  # linear level above which highlights are compressed instead of clipped
# Quantile of the foreground that must not burn out: a blade is often a small bright area next to a black fob.
HIGHLIGHT_QUANTILE = 0.93
RED_BLUE_NOISE = 1.4  # times the noise of green, as in a Bayer sensor


def apply_isp(
    radiance: np.ndarray, style: CameraStyle, foreground: np.ndarray, rng: np.random.Generator
) -> Image.Image:
    """Return the photo of (h, w, 3) linear radiance.

    foreground: (h, w) coverage 0..1, kept if the background is cut out.
    """
    height, width = radiance.shape[:2]
    longer = max(height, width)
    light = np.nan_to_num(np.maximum(radiance, 0))
    light = light * _exposure(light @ LUMA, foreground, style)
    light = light * np.array(style.cast) * _vignette(height, width, style.vignette)
    if style.cut_out:
        light = light * foreground[..., None] + (1 - foreground[..., None])
    light = _defocus(light, style.blur * longer)
    light = _motion_blur(light, style.shake[0] * longer, style.shake[1])
    light = _add_noise(light, style.noise, rng)
    photo = Image.fromarray((_tone_map(light, style) * 255 + 0.5).astype(np.uint8))
    if style.sharpening > 0:
        photo = photo.filter(ImageFilter.UnsharpMask(radius=1.5, percent=round(100 * style.sharpening)))
    if style.reduction < 1:
        small = (max(round(width * style.reduction), 8), max(round(height * style.reduction), 8))
        photo = photo.resize(small, Image.Resampling.LANCZOS).resize(
            (width, height), Image.Resampling.BICUBIC
        )
    return photo


def encode_jpeg(photo: Image.Image, style: CameraStyle) -> bytes:
    """Return the photo as a JPEG file of the style's quality."""
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=style.quality, subsampling=0 if style.quality > 90 else 2)
    return stream.getvalue()


def _exposure(level: np.ndarray, foreground: np.ndarray, style: CameraStyle) -> float:
    """Return the gain: metered on the whole frame, and reduced where it would burn out the foreground."""
    gain = style.exposure / max(float(np.quantile(level, style.share)), 1e-6)
    visible = level[foreground > 0.5]
    if visible.size:
        gain = min(gain, style.burnt / max(float(np.quantile(visible, HIGHLIGHT_QUANTILE)), 1e-6))
    return gain


def _vignette(height: int, width: int, loss: float) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(1 - loss * (x * x + y * y)[..., None] / 2)


def _defocus(light: np.ndarray, sigma: float) -> np.ndarray:
    if sigma < 0.25:  # px; not visible
        return light
    return _convolve(light, _disc(sigma * 2))


def _motion_blur(light: np.ndarray, length: float, angle: float) -> np.ndarray:
    if length < 1:  # px
        return light
    radius = int(np.ceil(length / 2))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    across = -x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    kernel = np.clip(1 - np.abs(across), 0, 1) * (np.abs(along) <= length / 2)
    return _convolve(light, kernel / kernel.sum())


def _disc(radius: float) -> np.ndarray:
    half = int(np.ceil(radius))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(kernel / kernel.sum())


def _convolve(light: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the light convolved with a kernel of odd size; border pixels are replicated."""
    radius = kernel.shape[0] // 2
    padded = np.pad(light, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    shape = padded.shape[:2]
    product = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(kernel, shape)[..., None]
    result = np.fft.irfft2(product, shape, axes=(0, 1))
    return np.maximum(result[2 * radius :, 2 * radius :], 0)


def _add_noise(light: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise, proportional to the square root of the light and slightly coarser than a pixel."""
    grain = rng.standard_normal(light.shape).astype(np.float32)
    grain[1:] = (grain[1:] + grain[:-1]) * 0.7071
    grain[:, 1:] = (grain[:, 1:] + grain[:, :-1]) * 0.7071
    level = strength * np.sqrt(np.maximum(light, 0.02) / 0.18) * 0.18 / 0.5
    return np.asarray(light + grain * level * np.array([RED_BLUE_NOISE, 1.0, RED_BLUE_NOISE]))


def _tone_map(light: np.ndarray, style: CameraStyle) -> np.ndarray:
    """Return display values 0..1: highlight roll-off, sRGB, contrast about middle grey, saturation."""
    excess = np.maximum(light - KNEE, 0)
    light = np.clip(np.minimum(light, KNEE) + (1 - KNEE) * (1 - np.exp(-excess / (1 - KNEE))), 0, 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    srgb = srgb + (style.contrast - 1) * (srgb - 0.5) * 4 * srgb * (1 - srgb)
    grey = (srgb @ LUMA)[..., None]
    return np.asarray(np.clip(grey + (srgb - grey) * style.saturation, 0, 1))
