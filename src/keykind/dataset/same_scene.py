"""Pairs of similar photos -> whether they show the same thing everywhere, or another object on one ground.

In:    pairs of grey images (n, 128, 128) that correlate
Out:   whether each pair is one photo but for size, light, compression and a small movement of the camera
Needs: numpy

Two photos of different objects on one ground agree nearly everywhere and differ strongly in one place. Copies
differ a little everywhere: in tone, along edges (blur, sharpening), or because the camera moved. So tone and
movement are estimated, robustly, and what is left is compared place by place. The movement may be MAX_MOVE: a
copy cropped by 2 % is found in two of three cases, by 5 % hardly ever (docs/benchmarks.md).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAX_LEFT = 18.0  # grey levels of 255: the largest difference left in copies, as a mean of 3 x 3 px
MIN_LEFT = 6.0  # the same, of photos of little contrast
LEFT_PER_STD = 0.5  # the same, in standard deviations of the image
SURELY_LEFT = 2.5  # grey levels: what compression alone leaves; more may be another object
REST = 95  # percentile of the differences all over the image
MAX_PROMINENCE = 16.8  # the largest difference left in copies, in multiples of that percentile
MAX_MOVE = 3  # px of 128 by which the camera may have moved
CLIPPED = 3  # grey levels from black or white at which the light of a pixel is unknown
STEPS = 5  # Gauss-Newton steps of the movement
TONE_STEPS = 3
BATCH = 64  # pairs processed at once


def same_scene(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return for each pair of grey images (n, 128, 128), 0..255, whether they show the same everywhere."""
    same = [_same(a[i : i + BATCH], b[i : i + BATCH]) for i in range(0, len(a), BATCH)]
    return np.concatenate(same) if same else np.zeros(0, np.bool_)


def _same(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return whether pairs are the same: as they are, or once one is moved onto the other."""
    contrast = np.minimum(a.std(axis=(1, 2)), b.std(axis=(1, 2)))
    limit = np.clip(LEFT_PER_STD * contrast, MIN_LEFT, MAX_LEFT).astype(np.float32)
    same: NDArray[np.bool_] = _agree(a, b, limit, 1)
    unclear = np.flatnonzero(~same)
    if unclear.size:
        unclear = unclear[_agree(a[unclear], b[unclear], limit[unclear], MAX_MOVE)]
    if unclear.size:
        moved, inside = _move(b[unclear], a[unclear])
        same[unclear] = _agree(a[unclear], moved, limit[unclear], 1, inside)
    return same


def _agree(
    a: Floats, b: Floats, limit: Floats, tolerance: int, inside: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return whether pairs agree after a change of tone; limit (n,): of the strongest local difference.

    Where light was clipped its tone cannot be restored, so one direction suffices.
    tolerance: px by which edges may be apart. inside: where both images have pixels.
    """
    agree = _agrees_with(_toned(a, b), b, limit, tolerance, inside)
    rest = np.flatnonzero(~agree)
    if rest.size:
        rest_inside = None if inside is None else inside[rest]
        back = _toned(b[rest], a[rest])
        agree[rest] = _agrees_with(back, a[rest], limit[rest], tolerance, rest_inside)
    return agree


def _agrees_with(
    a: Floats, b: Floats, limit: Floats, tolerance: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Return whether no difference is strong, neither in grey levels nor beside those of the rest."""
    strongest = strongest_difference(a, b, tolerance, inside)
    agree: NDArray[np.bool_] = strongest < limit
    doubtful = np.flatnonzero(agree & (strongest > SURELY_LEFT))
    if doubtful.size:
        everywhere = (a - b)[doubtful] if inside is None else ((a - b) * inside)[doubtful]
        means = np.abs(_mean3(everywhere)).reshape(len(doubtful), -1)
        rest = np.percentile(means, REST, axis=1)
        agree[doubtful] = strongest[doubtful] < MAX_PROMINENCE * rest
    return agree


def strongest_difference(
    a: Floats, b: Floats, tolerance: int, inside: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the largest mean over 3 x 3 px (n,) by which one image leaves the range of the other nearby.

    a, b (n, h, w); tolerance: px around a pixel that are nearby; inside: where the images count.
    """
    strongest = np.zeros(len(a), np.float32)
    for one, other in ((a, b), (b, a)):
        low, high = _filtered(other, tolerance, np.minimum), _filtered(other, tolerance, np.maximum)
        outside = np.maximum(one - high, 0) - np.maximum(low - one, 0)
        if inside is not None:
            outside *= inside
        strongest = np.maximum(strongest, np.abs(_mean3(outside)).max(axis=(1, 2)))
    return strongest


def _filtered(images: Floats, radius: int, function: Callable[..., Floats]) -> Floats:
    """Return the minimum or maximum over a square, row by row and column by column."""
    for axis in (1, 2):
        padding = [(0, 0)] * 3
        padding[axis] = (radius, radius)
        padded = np.pad(images, padding, mode="edge")
        size = images.shape[axis]
        images = padded.take(range(size), axis)
        for offset in range(1, 2 * radius + 1):
            images = function(images, padded.take(range(offset, offset + size), axis))
    return images


def _mean3(images: Floats) -> Floats:
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    means: Floats = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9
    return means


def _toned(a: Floats, b: Floats) -> Floats:
    """Return the first images with the tones of the second: a quadratic curve, fitted robustly, clipped."""
    x, y = a.reshape(len(a), -1) / 255, b.reshape(len(b), -1) / 255
    edge = CLIPPED / 255
    known = ((y > edge) & (y < 1 - edge) & (x > edge) & (x < 1 - edge)).astype(np.float32) + 1e-3
    weights, powers = known, [np.ones_like(x), x, x * x]
    fit = x
    for _ in range(TONE_STEPS):
        weighted = [weights * power for power in powers]
        left = np.stack([np.stack([(u * v).sum(1) for v in powers], -1) for u in weighted], -2)
        right = np.stack([(u * y).sum(1) for u in weighted], -1)
        ridge = 1e-4 * left[:, :1, :1] * np.eye(3, dtype=np.float32)
        start = np.array([0, 1, 0], np.float32)
        curve = np.linalg.solve(left + ridge, (right + (ridge @ start))[..., None])[..., 0]
        fit = curve[:, :1] + curve[:, 1:2] * x + curve[:, 2:] * powers[2]
        error = np.abs(y - fit)
        scale = 2 * error.mean(axis=1, keepdims=True) / 3 + 1 / 255
        weights = known / (1 + (error / scale) ** 2)
    toned = np.clip(fit, y.min(axis=1, keepdims=True), y.max(axis=1, keepdims=True)) * 255
    result: Floats = toned.reshape(a.shape).astype(np.float32)
    return result


def _move(b: Floats, a: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the images b moved onto a by an affine map, and where they have pixels.

    Robust Gauss-Newton on the grey levels (Lucas and Kanade 1981; Baker and Matthews 2004), on blurred images
    first, so that a different object does not decide.
    """
    count, side = len(a), a.shape[1]
    v, u = np.mgrid[:side, :side].astype(np.float32).reshape(2, -1) / (side / 2) - 1
    basis = np.stack([np.ones_like(u), u, v])  # of the movement in x, and in y
    motion = np.zeros((count, 6), np.float32)
    toned = _toned(b, a)
    for step in range(STEPS):
        blur = 2 if step < STEPS - 2 else 1
        target, source = (_blurred(image, blur) for image in (a, toned))
        warped, inside = _warped(source, motion, basis)
        slope_y, slope_x = np.gradient(warped, axis=(1, 2))
        slopes = [slope.reshape(count, 1, -1) * basis for slope in (slope_x, slope_y)]
        jacobian = np.concatenate(slopes, axis=1)
        error = (target - warped).reshape(count, -1)
        scale = 1.5 * np.abs(error).mean(axis=1, keepdims=True) + 1
        weights = inside.reshape(count, -1) / (1 + (error / scale) ** 2)
        weighted = jacobian * weights[:, None]
        left = weighted @ jacobian.transpose(0, 2, 1)
        left += (1e-3 * np.trace(left, axis1=1, axis2=2) / 6 + 1e-3)[:, None, None] * np.eye(
            6, dtype=np.float32
        )
        motion += np.linalg.solve(left, weighted @ error[..., None])[..., 0]
        np.clip(motion, -MAX_MOVE, MAX_MOVE, out=motion)
    return _warped(b, motion, basis)


def _blurred(images: Floats, radius: int) -> Floats:
    for _ in range(radius):
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
        images = _mean3(padded)
    return images


def _warped(images: Floats, motion: Floats, basis: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return images sampled at places moved by `motion` (n, 6), bilinear, and whether they are inside."""
    count, side = len(images), images.shape[1]
    y, x = np.mgrid[:side, :side].astype(np.float32).reshape(2, -1)
    x, y = x + motion[:, :3] @ basis, y + motion[:, 3:] @ basis
    inside = (x >= 0) & (x <= side - 1) & (y >= 0) & (y <= side - 1)
    x, y = np.clip(x, 0, side - 1.001), np.clip(y, 0, side - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    dx, dy = x - left, y - top
    flat = images.reshape(count, -1)
    index = top * side + left

    def at(offset: int) -> Floats:
        return np.take_along_axis(flat, index + offset, axis=1)

    upper = at(0) * (1 - dx) + at(1) * dx
    lower = at(side) * (1 - dx) + at(side + 1) * dx
    warped: Floats = (upper * (1 - dy) + lower * dy).reshape(images.shape).astype(np.float32)
    return warped, inside.reshape(images.shape)
