"""Remove Monte Carlo noise from rendered light; edges, colours and textures stay sharp.

In:    radiance, G-buffer
Out:   radiance of the same shape
Needs: numpy, pillow, manifold3d    [render]

With few samples a path tracer leaves noise where no photo has any: on the plain ground of a product photo, on
the flat side of a blade. Illumination varies smoothly along a face, albedo does not: divide the radiance by
the albedo, then average over neighbouring pixels of the same part with a similar normal.
Source: demodulation and edge-stopping weights of Schied et al. 2017, "Spatiotemporal variance-guided
filtering", section 4.
"""

import numpy as np

from keykind.render.studio.renderer import GROUND, GBuffer

GROUND_SIGMA = 1.6  # px of the photo, Gaussian filter of the ground
EVEN_SIGMA = 5.0  # px, where the ground is evenly lit
EVEN = 0.1  # difference in log luminance between both filters, at which they weigh equally
RADIUS = 2  # px, neighbourhood of a foreground pixel
NORMAL_WEIGHT = 150.0  # the weight falls by a factor of e for normals about 7 degrees apart
LOG_SIGMA = 0.35  # difference in log luminance at which the weight falls by a factor of e; keeps reflections
EPSILON = 0.02  # added to the albedo before dividing by it
FIREFLY = 2.0  # times the median of the surrounding pixels; a brighter pixel is clamped


def denoise(radiance: np.ndarray, gbuffer: GBuffer) -> np.ndarray:
    """Return the denoised (h, w, 3) radiance."""
    height, width = radiance.shape[:2]
    fine = gbuffer.parts.reshape(height, gbuffer.parts.shape[0] // height, width, -1)
    uniform = (fine == fine[:, :1, :, :1]).all(axis=(1, 3))  # pixels that show a single part
    part = np.where(uniform, fine[:, 0, :, 0], np.iinfo(np.int32).min)
    albedo = gbuffer.albedo + EPSILON
    light = radiance / albedo
    ground, foreground = part == GROUND, part >= 0
    if ground.any():
        light = np.where(ground[..., None], _smooth_ground(_clamp_fireflies(light), ground), light)
    if foreground.any():
        rows, columns = np.nonzero(foreground)
        window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        filtered = _cross_bilateral(light[window], part[window], gbuffer.normals[window])
        light[window] = np.where(foreground[window][..., None], filtered, light[window])
    return np.asarray(light * albedo)


def _clamp_fireflies(light: np.ndarray) -> np.ndarray:
    level = light.mean(axis=-1)
    limit = FIREFLY * _median(level) + 1e-3
    return np.asarray(light * np.minimum(1, limit / np.maximum(level, 1e-6))[..., None])


def _smooth_ground(light: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return the light (h, w, 3) averaged over the ground (h, w): widely, but narrowly at shadows."""
    weight = ground[..., None].astype(np.float32)
    weighted = np.concatenate([light * weight, weight], axis=-1).astype(np.float32)
    narrow = _normalised(_gaussian(weighted, GROUND_SIGMA))
    wide = _normalised(_enlarged(_gaussian(_halved(weighted), EVEN_SIGMA / 2), ground.shape))
    ratio = np.log((narrow.mean(axis=-1) + 1e-3) / (wide.mean(axis=-1) + 1e-3))
    edge = (_gaussian(ratio[..., None], GROUND_SIGMA) / EVEN) ** 2
    return np.asarray((wide + narrow * edge) / (1 + edge))


def _normalised(weighted: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) values from (h, w, 4): values times weights, and weights."""
    return np.asarray(weighted[..., :3] / np.maximum(weighted[..., 3:], 1e-3))


def _halved(image: np.ndarray) -> np.ndarray:
    """Return the means of 2 x 2 px; an odd last row or column counts twice."""
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)


def _enlarged(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an image of half the size, bilinearly enlarged to shape (h, w)."""
    for axis in (0, 1):
        edge = [(1, 1) if i == axis else (0, 0) for i in range(3)]
        padded = np.moveaxis(np.pad(image, edge, mode="edge"), axis, 0)
        doubled = np.repeat(0.75 * padded[1:-1], 2, axis=0)
        doubled[::2] += 0.25 * padded[:-2]
        doubled[1::2] += 0.25 * padded[2:]
        image = np.moveaxis(doubled[: shape[axis]], 0, axis)
    return image


def _gaussian(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return (h, w, c) float32 filtered with a Gaussian of sigma px."""
    radius = int(np.ceil(2.5 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        margins = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        padded = np.pad(image, margins, mode="edge")
        length = image.shape[axis]
        shifts = (np.s_[i : i + length] for i in range(2 * radius + 1))
        image = sum(
            weight * (padded[shift] if axis == 0 else padded[:, shift])
            for weight, shift in zip(kernel, shifts, strict=True)
        )
    return image


def _cross_bilateral(light: np.ndarray, part: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Average over a square of 2 RADIUS + 1 px, weighted by part, normal and log luminance."""
    level = np.log(light.mean(axis=-1) + 1e-3)
    level = _median(level)
    total, weights = np.zeros_like(light), np.zeros(part.shape, np.float32)
    margin = ((RADIUS, RADIUS), (RADIUS, RADIUS))
    padded = [
        np.pad(values, margin + ((0, 0),) * (values.ndim - 2), mode="edge")
        for values in (light, part, normals, level)
    ]
    height, width = part.shape
    for down in range(2 * RADIUS + 1):
        for right in range(2 * RADIUS + 1):
            near = [values[down : down + height, right : right + width] for values in padded]
            angle = np.sum((normals - near[2]) ** 2, axis=-1) / 2  # 1 - cosine
            weight = np.exp(-NORMAL_WEIGHT * angle - ((level - near[3]) / LOG_SIGMA) ** 2)
            weight *= near[1] == part
            total += near[0] * weight[..., None]
            weights += weight
    return total / weights[..., None]  # at least 1, the weight of the pixel itself


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median over 3 x 3 px.

    Source: Smith 1996, "Implementing median filters in XC4000E FPGAs": sort the columns; of the largest
    minimum, the middle median and the smallest maximum take the median.
    """
    padded = np.pad(values, 1, mode="edge")
    low, middle, high = _sorted(*(padded[i : i + len(values)] for i in range(3)))
    width = values.shape[1]

    def beside(rows: np.ndarray) -> list[np.ndarray]:
        return [rows[:, i : i + width] for i in range(3)]

    largest = np.maximum.reduce(beside(low))
    smallest = np.minimum.reduce(beside(high))
    return _sorted(largest, _sorted(*beside(middle))[1], smallest)[1]


def _sorted(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the lowest, middle and highest of three arrays at each pixel."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.minimum(low, c), np.maximum(low, np.minimum(high, c)), np.maximum(high, c)
