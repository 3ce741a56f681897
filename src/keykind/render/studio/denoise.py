"""Remove Monte Carlo noise from rendered light; edges, colours and textures stay sharp.

In:    radiance, its standard error, G-buffer
Out:   radiance of the same shape
Needs: numpy, pillow, manifold3d    [render]

With few samples a path tracer leaves noise where no photo has any: on the plain ground of a product photo, on
the flat side of a blade. Illumination varies smoothly along a face, albedo does not: divide the radiance by
the albedo, then average over neighbouring pixels of the same part with a similar normal, and over those that
differ by no more than the noise.
Source: demodulation and edge-stopping weights of Schied et al. 2017, "Spatiotemporal variance-guided
filtering", section 4.
"""

import numpy as np

from keykind.render.studio.renderer import GROUND, GBuffer

GROUND_SIGMA = 1.6  # px of the photo, Gaussian filter of the ground
EVEN_SIGMA = 5.0  # px, where the ground is evenly lit
EVEN = 0.1  # difference in log luminance between both filters, at which they weigh equally
RADIUS = 2  # steps of the neighbourhood of a foreground pixel, in each direction
STEPS = (1, 2)  # px, of the passes
NORMAL_WEIGHT = 150.0  # the weight falls by a factor of e for normals about 7 degrees apart
LOG_SIGMA = 0.2  # difference in log luminance at which the weight falls by a factor of e; keeps reflections
NOISE_WEIGHT = 1.5  # times the noise, which adds to that difference
NOISY = 0.2  # noise at which normals weigh half: that of a silhouette, where they turn within a pixel
NOISE_SIGMA = 2.0  # px over which the noise is averaged: that of one pixel is uncertain
SPARK = 4.0  # as FIREFLY, of the foreground, where highlights are narrow
NEIGHBOURS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]
MIXED = -9  # in place of a part: pixels that show several
EPSILON = 0.02  # added to the albedo before dividing by it
FIREFLY = 2.0  # times the median of the surrounding pixels; a brighter pixel is clamped


def denoise(radiance: np.ndarray, noise: np.ndarray, gbuffer: GBuffer) -> np.ndarray:
    """Return the denoised (h, w, 3) radiance; noise: relative standard error (h, w)."""
    height, width = radiance.shape[:2]
    fine = gbuffer.parts.reshape(height, gbuffer.parts.shape[0] // height, width, -1)
    uniform = (fine == fine[:, :1, :, :1]).all(axis=(1, 3))  # pixels that show a single part
    part = np.where(uniform, fine[:, 0, :, 0], MIXED)
    albedo = gbuffer.albedo + EPSILON
    light = radiance / albedo
    ground, foreground = part == GROUND, part >= 0
    if ground.any():
        smooth = _smooth_ground(_clamp_fireflies(light, FIREFLY), ground)
        light = np.where(ground[..., None], smooth, light)
    if foreground.any():
        errors = _gaussian(np.minimum(noise, 1.0)[..., None], NOISE_SIGMA)[..., 0]
        light = np.where(foreground[..., None], _clamp_fireflies(light, SPARK), light)
        for step in STEPS:
            light[foreground] = _cross_bilateral(light, errors, part, gbuffer.normals, foreground, step)
            errors = errors / 2  # at least: it averages 25 px, some of them with little weight
    return _with_smooth_edges(light * albedo, fine, part)


def _with_smooth_edges(radiance: np.ndarray, fine: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return the radiance (h, w, 3) with pixels that show several parts mixed from their neighbours.

    fine (h, s, w, s): part at each sample of a pixel. A sample takes the mean of the neighbours that show its
    part alone; if there is none, as at thin wires, the radiance of its own pixel.
    """
    rows, columns = np.nonzero(part == MIXED)
    parts = np.pad(part, 1, constant_values=MIXED)
    colours = np.pad(radiance, ((1, 1), (1, 1), (0, 0)))
    own = radiance[rows, columns]
    mixed = np.zeros_like(own)
    samples = fine.swapaxes(1, 2)[rows, columns].reshape(len(rows), fine.shape[1] * fine.shape[3])
    for sample in samples.T:
        total, count = np.zeros_like(own), np.zeros(len(rows), np.float32)
        for down, right in NEIGHBOURS:
            same = parts[rows + 1 + down, columns + 1 + right] == sample
            total += colours[rows + 1 + down, columns + 1 + right] * same[:, None]
            count += same
        mixed += np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], own)
    result = radiance.copy()
    result[rows, columns] = mixed / samples.shape[1]
    return np.asarray(result)


def _clamp_fireflies(light: np.ndarray, factor: float) -> np.ndarray:
    """Return the light with pixels darkened to `factor` times the median around them."""
    level = light.mean(axis=-1)
    limit = factor * _median(level) + 1e-3
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


def _cross_bilateral(
    light: np.ndarray,
    noise: np.ndarray,
    part: np.ndarray,
    normals: np.ndarray,
    chosen: np.ndarray,
    step: int,
) -> np.ndarray:
    """Return (n, 3) averages over 5 x 5 px, `step` apart, at the n chosen pixels.

    They are weighted by part, normal, and by log luminance beside the noise.
    """
    level = _median(np.log(light.mean(axis=-1) + 1e-3))
    channels = np.concatenate([light, normals, level[..., None], part[..., None]], axis=-1)
    reach = RADIUS * step
    padded = np.pad(channels.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    flat, columns = padded.reshape(-1, channels.shape[-1]), padded.shape[1]
    rows, places = np.nonzero(chosen)
    index = (rows + reach) * columns + places + reach
    middle = flat[index]
    scale = 1 / np.sqrt(LOG_SIGMA**2 + (NOISE_WEIGHT * noise[chosen]) ** 2)
    bend = NORMAL_WEIGHT / (1 + (noise[chosen] / NOISY) ** 2)
    total, weights = np.zeros((len(index), 3), np.float32), np.zeros(len(index), np.float32)
    for down in range(-reach, reach + 1, step):
        for right in range(-reach, reach + 1, step):
            near = flat[index + (down * columns + right)]
            angle = np.einsum("ij,ij->i", *[middle[:, 3:6] - near[:, 3:6]] * 2) / 2  # 1 - cosine
            weight = np.exp(-bend * angle - ((middle[:, 6] - near[:, 6]) * scale) ** 2)
            weight *= near[:, 7] == middle[:, 7]
            total += near[:, :3] * weight[:, None]
            weights += weight
    return np.asarray(total / weights[:, None])  # at least 1, the weight of the pixel itself


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
