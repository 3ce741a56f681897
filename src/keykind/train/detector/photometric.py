"""Random changes of an image's light and colour, and the defects of cameras and files.

In:    images (h, w, 3) uint8, random generators
Out:   images of the same size
Needs: numpy, opencv                                                                       [train]
"""

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.train.detector.warp import log_uniform

GAMMA, CONTRAST, BRIGHTNESS, TINT = 1.5, 1.4, 1.35, 1.18  # largest factors, either way
GREY_SHARE = 0.07  # of images that lose all colour
SATURATION = (0.4, 1.5)
LEVELS = np.arange(256) / 255
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)

RESIZED_SHARE, RESIZED = 0.35, (0.35, 1.0)  # share of images made smaller and larger again, and how small
BLUR_SHARE, BLUR = 0.15, (0.3, 2.0)  # standard deviation, px
MOTION_SHARE, MOTION = 0.12, (3, 10)  # length of the blur, px
SHARPEN_SHARE, SHARPEN, SHARPEN_SIGMA = 0.2, (0.2, 1.0), 1.2  # strength of an unsharp mask, its radius, px
NOISE_SHARE, NOISE = 0.35, (1.0, 14.0)  # standard deviation, grey levels
COARSE_NOISE_SHARE, GRAIN = 0.5, 0.8  # share of noise that is smoothed, as by a camera; by what sigma, px
NOISE_SIDE, NOISE_UNIT, NOISE_SEED = 1024, 32.0, 0  # of a picture of noise: px, standard deviation; GREY is 0
GREY, SMOOTH_GAIN = 128, 2.0  # factor of smoothed noise, which has lost two thirds of its strength
JPEG_SHARE, JPEG_QUALITY = 0.4, (25, 92)
SHRINKING = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
ENLARGING = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)

Image = NDArray[np.uint8]


def recolour(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Return the image with another brightness, contrast, gamma, colour of the light, and saturation."""

    def factor(largest: float) -> float:
        return log_uniform(rng, largest**-strength, largest**strength)

    gamma, contrast, brightness = factor(GAMMA), factor(CONTRAST), factor(BRIGHTNESS)
    levels = LEVELS**gamma * brightness
    tints = np.array([factor(TINT), 1.0, factor(TINT)])
    curves = ((levels[:, None, None] * tints - 0.5) * contrast + 0.5) * 255
    image = np.asarray(cv2.LUT(image, np.clip(curves, 0, 255).astype(np.uint8)))
    saturation = 0.0 if rng.random() < GREY_SHARE * strength else rng.uniform(*SATURATION)
    mixing = (np.eye(3) * saturation + (1 - saturation) * LUMINANCE).astype(np.float32)
    return np.asarray(cv2.transform(image, mixing))


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Return the image, of at most NOISE_SIDE px, with some of the defects of real photos, each at random."""
    for share, defect in (
        (RESIZED_SHARE, _resample),
        (BLUR_SHARE, _blur),
        (MOTION_SHARE, _blur_by_motion),
        (SHARPEN_SHARE, _sharpen),
        (NOISE_SHARE, _add_noise),
        (JPEG_SHARE, _compress),
    ):
        if rng.random() < share:
            image = defect(image, rng)
    return image


def _resample(image: Image, rng: np.random.Generator) -> Image:
    factor, (height, width) = rng.uniform(*RESIZED), image.shape[:2]
    size = max(int(width * factor), 2), max(int(height * factor), 2)
    small = cv2.resize(image, size, interpolation=int(rng.choice(SHRINKING)))
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(rng.choice(ENLARGING))))


def _blur(image: Image, rng: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(*BLUR)))


def _blur_by_motion(image: Image, rng: np.random.Generator) -> Image:
    length = int(rng.integers(*MOTION))
    angle = rng.uniform(0, math.pi)
    reach = length / 2 * np.array([math.cos(angle), math.sin(angle)])
    kernel = np.zeros((length, length), np.float32)
    start, end = (tuple((length / 2 + sign * reach).astype(int).tolist()) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1.0)))


def _sharpen(image: Image, rng: np.random.Generator) -> Image:
    strength = rng.uniform(*SHARPEN)
    blurred = cv2.GaussianBlur(image, (0, 0), SHARPEN_SIGMA)
    return np.asarray(cv2.addWeighted(image, 1 + strength, blurred, -strength, 0))


def _add_noise(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    strength = rng.uniform(*NOISE) / NOISE_UNIT
    noise = _noise()[int(rng.random() < COARSE_NOISE_SHARE)]
    y, x = (int(rng.integers(NOISE_SIDE - side + 1)) for side in (height, width))
    part = noise[y : y + height, x : x + width]
    return np.asarray(cv2.addWeighted(image, 1, part, strength, -GREY * strength))


@cache
def _noise() -> tuple[Image, Image]:
    """Return pictures of fine and of smoothed noise, (NOISE_SIDE, NOISE_SIDE, 3).

    Views get parts of them: drawing noise takes twenty times as long as adding it.
    """
    noise = np.random.default_rng(NOISE_SEED).normal(0, NOISE_UNIT, (NOISE_SIDE, NOISE_SIDE, 3))
    smooth = SMOOTH_GAIN * np.asarray(cv2.GaussianBlur(noise, (0, 0), GRAIN))
    fine, coarse = (np.clip(np.rint(each + GREY), 0, 255).astype(np.uint8) for each in (noise, smooth))
    return fine, coarse


def _compress(image: Image, rng: np.random.Generator) -> Image:
    quality = int(rng.integers(*JPEG_QUALITY))
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
