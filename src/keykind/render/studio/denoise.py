"""Grainy light -> smooth light, edges, colours and textures untouched.

In:    light on the film, what is in front of the lens
Out:   radiance of the same shape
Needs: numpy

A path tracer with few samples leaves grain where no photo has any: on the plain ground of a shop's photo, on
the flat side of a blade. Light changes smoothly along one face, colour does not: the colour is divided out
and the light averaged over near pixels of the same part that face the same way.
Source: demodulation and edge-stopping weights of Schied et al. 2017, "Spatiotemporal variance-guided
filtering", section 4.
"""

import numpy as np

from keykind.render.studio.renderer import GROUND, Seen

GROUND_SIGMA = 1.6  # px of the photo
REACH = 2  # px around a pixel of a thing that are asked
FACING = 150.0  # falls by e when normals differ by about 5 degrees
CONTRAST = 0.35  # relative difference of light at which neighbours count by a third: reflections stay
FAINT = 0.02  # added to the colour before dividing
STRAY = 2.0  # times the median of the pixels around: a lonely path that met a lamp by chance


def cleaned(light: np.ndarray, seen: Seen) -> np.ndarray:
    """Return the radiance (h, w, 3) with the grain averaged away."""
    height, width = light.shape[:2]
    fine = seen.parts.reshape(height, seen.parts.shape[0] // height, width, -1)
    one = (fine == fine[:, :1, :, :1]).all(axis=(1, 3))  # pixels that show a single part
    part = np.where(one, fine[:, 0, :, 0], np.iinfo(np.int32).min)
    colour = seen.albedo + FAINT
    falling = light / colour
    ground, things = part == GROUND, part >= 0
    if ground.any():
        weight = ground[..., None].astype(np.float32)
        smooth = _smoothed(_without_strays(falling) * weight) / np.maximum(_smoothed(weight), 1e-3)
        falling = np.where(ground[..., None], smooth, falling)
    if things.any():
        rows, columns = np.nonzero(things)
        window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        clean = _along_faces(falling[window], part[window], seen.normals[window])
        falling[window] = np.where(things[window][..., None], clean, falling[window])
    return np.asarray(falling * colour)


def _without_strays(light: np.ndarray) -> np.ndarray:
    level = light.mean(axis=-1)
    usual = STRAY * _median(level) + 1e-3
    return np.asarray(light * np.minimum(1, usual / np.maximum(level, 1e-6))[..., None])


def _smoothed(picture: np.ndarray) -> np.ndarray:
    reach = int(np.ceil(2.5 * GROUND_SIGMA))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / GROUND_SIGMA) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        margins = [(reach, reach) if each == axis else (0, 0) for each in range(3)]
        padded = np.pad(picture, margins, mode="edge")
        length = picture.shape[axis]
        steps = (np.s_[place : place + length] for place in range(2 * reach + 1))
        picture = sum(
            share * (padded[step] if axis == 0 else padded[:, step])
            for share, step in zip(kernel, steps, strict=True)
        )
    return picture


def _along_faces(light: np.ndarray, part: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Average over the square of 2 REACH + 1 pixels, weighted by part, normal and brightness."""
    level = np.log(light.mean(axis=-1) + 1e-3)
    level = _median(level)
    total, weights = np.zeros_like(light), np.zeros(part.shape, np.float32)
    margin = ((REACH, REACH), (REACH, REACH))
    padded = [
        np.pad(values, margin + ((0, 0),) * (values.ndim - 2), mode="edge")
        for values in (light, part, normals, level)
    ]
    height, width = part.shape
    for down in range(2 * REACH + 1):
        for right in range(2 * REACH + 1):
            near = [values[down : down + height, right : right + width] for values in padded]
            turn = np.sum((normals - near[2]) ** 2, axis=-1) / 2
            weight = np.exp(-FACING * turn - ((level - near[3]) / CONTRAST) ** 2)
            weight *= near[1] == part
            total += near[0] * weight[..., None]
            weights += weight
    return total / weights[..., None]  # a pixel's own weight is 1


def _median(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    return np.asarray(
        np.median([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)
    )
