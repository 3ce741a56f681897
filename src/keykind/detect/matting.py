"""A coarse mask and the pixels under it -> opacity at the image's edges, and colours of the object alone.

In:    probabilities (h, w), pixels (h, w, 3)
Out:   alpha (h, w) 0..1; pixels (h, w, 3) of the foreground alone
Needs: numpy, pillow

The mask's edge is moved to the image's by colour guided filters (He, Sun and Tang 2010,
doi:10.1007/978-3-642-15549-9_1): within each window, the linear function of colour that fits the mask best.
They are fitted on a reduced image and applied to the full one (He and Sun 2015, arXiv:1505.00996).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.detect.regions import cleaned
from keykind.model.preprocess import Crop

WORK_WIDTH = 640  # px: at most, of the reduced image
RADII = (1 / 40, 1 / 80)  # of the windows, relative to the image's width: coarse to fine
EPSILON = 1e-4  # variance of a colour channel (0..1) below which a window counts as flat
STEEPNESS = 2.0  # contrast of alpha, about 0.5, between two filters
EDGE = (0.25, 0.75)  # of the last filter's output: transparent up to the first, opaque from the second
FUSION_RADIUS = 1 / 80  # relative to the image's width: how far colours are taken from
PURITY = 4  # exponent of opacity as a weight of colours: those of the edge itself are mixed
FRINGE = 2  # px of the reduced image: half-transparent pixels are at most as far from the edge

Floats = NDArray[np.float32]


def alpha_of(probabilities: Floats, pixels: Crop) -> Floats:
    """Return the opacity (h, w) 0..1 of the object of a coarse mask, without specks and pinholes.

    probabilities: of the mask, (h, w), or at a lower resolution of the same proportions.
    """
    height, width = pixels.shape[:2]
    size = work_size(width, height)
    guide = _resized(pixels.astype(np.float32) / np.float32(255), size)
    alpha = _resized(probabilities, size)
    for radius in RADII:
        a, b = _linear_fit(guide, alpha, max(round(radius * size[0]), 1))
        fitted = (a * guide).sum(axis=2) + b
        alpha = np.clip((fitted - 0.5) * STEEPNESS + 0.5, 0, 1).astype(np.float32)
    low, high = _limits(alpha)
    if size != (width, height):
        a, b, low, high = (_resized(values, (width, height)) for values in (a, b, low, high))
        fitted = np.einsum("ijk,ijk->ij", a, pixels.astype(np.float32) / 255) + b
    transparent, opaque = EDGE
    return np.asarray(np.clip((fitted - transparent) / (opaque - transparent), low, high), np.float32)


def work_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the reduced image."""
    scale = min(WORK_WIDTH / width, 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _limits(alpha: Floats) -> tuple[Floats, Floats]:
    """Return the least and the greatest opacity (h, w): keys are opaque but for a fringe along their edge.

    Specks are transparent, pinholes opaque.
    """
    mask = cleaned(alpha >= 0.5).astype(np.float32)
    near = box_filter(mask, FRINGE)
    return np.asarray(near > 1 - 1e-4, np.float32), np.asarray(near > 1e-4, np.float32)


def foreground(pixels: Crop, alpha: Floats) -> Crop:
    """Return the colours (h, w, 3) of the foreground, at its half-transparent edge without the background's.

    Where it is transparent they continue its colours, and are black farther away.
    Source: blur fusion, Forte 2021, doi:10.1109/ICIP42928.2021.9506164, with pixels weighted by their purity.
    """
    height, width = alpha.shape
    size = work_size(width, height)
    weight = _resized(alpha, size)[..., None]
    colours = _resized(pixels.astype(np.float32), size)
    radius = max(round(FUSION_RADIUS * size[0]), 2)
    inside, outside = (
        _resized(_mean_colours(colours, share**PURITY, radius), (width, height))
        for share in (weight, 1 - weight)
    )
    result = np.where(alpha[..., None] > 0, pixels, inside).astype(np.float32)
    edge = (alpha > 0) & (alpha < 1)
    own, share = pixels[edge].astype(np.float32), alpha[edge][:, None]
    near, beyond = inside[edge], outside[edge]
    result[edge] = near + share**PURITY * (own - share * near - (1 - share) * beyond)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def _mean_colours(colours: Floats, weights: Floats, radius: int) -> Floats:
    """Return the weighted mean colour (h, w, 3) of the window around each pixel; black without weights."""
    total = box_filter(weights, radius)
    return np.asarray(box_filter(colours * weights, radius) / np.maximum(total, 1e-6), np.float32)


def _linear_fit(guide: Floats, values: Floats, radius: int) -> tuple[Floats, Floats]:
    """Return slopes (h, w, 3) and offset (h, w), means over the windows of the fits of values to colours."""
    mean, mean_value = box_filter(guide, radius), box_filter(values, radius)
    covariance = box_filter(guide * values[..., None], radius) - mean * mean_value[..., None]
    rows, columns = np.triu_indices(3)
    products = (
        box_filter(guide[..., rows] * guide[..., columns], radius) - mean[..., rows] * mean[..., columns]
    )
    slope = _solved(products, covariance)
    offset = mean_value - (slope * mean).sum(axis=2)
    return box_filter(slope, radius), box_filter(offset, radius)


def _solved(products: Floats, right: Floats) -> Floats:
    """Return x (h, w, 3) of (A + EPSILON) x = right for symmetric A, whose upper triangle is products."""
    a, b, c, d, e, f = np.moveaxis(products, 2, 0)
    a, d, f = a + EPSILON, d + EPSILON, f + EPSILON
    cofactors = d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b
    determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
    x, y, z = np.moveaxis(right, 2, 0)
    p, q, r, s, t, u = cofactors
    solution = np.stack([p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z], axis=2)
    return np.asarray(solution / determinant[..., None], np.float32)


def box_filter(values: Floats, radius: int) -> Floats:
    """Return the mean (h, w, ...) of the window of 2 radius + 1 px around each pixel, inside the image."""
    filtered = values
    for axis in (0, 1):
        length, trailing = filtered.shape[axis], filtered.ndim - axis - 1
        padding = [(0, 0)] * filtered.ndim
        padding[axis] = (radius + 1, radius)
        sums = np.cumsum(np.pad(filtered, padding), axis=axis, dtype=np.float64)
        ends, starts = ((slice(None),) * axis + (part,) for part in (np.s_[-length:], np.s_[:length]))
        index = np.arange(length)
        count = np.minimum(index + radius + 1, length) - np.maximum(index - radius, 0)
        filtered = ((sums[ends] - sums[starts]) / count.reshape(-1, *[1] * trailing)).astype(np.float32)
    return filtered


def _resized(values: Floats, size: tuple[int, int]) -> Floats:
    """Return values (h, w) or (h, w, c) at a size (width, height)."""
    if values.ndim == 3:
        return np.dstack([_resized(values[..., i], size) for i in range(values.shape[2])])
    if values.shape == (size[1], size[0]):
        return values
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
