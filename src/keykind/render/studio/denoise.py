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
        weight = ground[..., None].astype(np.float32)
        smooth = _gaussian(_clamp_fireflies(light) * weight) / np.maximum(_gaussian(weight), 1e-3)
        light = np.where(ground[..., None], smooth, light)
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


def _gaussian(image: np.ndarray) -> np.ndarray:
    radius = int(np.ceil(2.5 * GROUND_SIGMA))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / GROUND_SIGMA) ** 2).astype(np.float32)
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
    """Return the median over 3 x 3 px."""
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    return np.asarray(
        np.median([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)
    )
