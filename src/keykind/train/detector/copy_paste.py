"""Copy-paste augmentation: keys of other photos pasted into a view, in a fan, in a row, or anywhere.

In:    a LabelledView; Scenes with a key each
Out:   a LabelledView that also contains those keys
Needs: numpy, pillow

Rendered scenes of several keys are few and take seconds each; pasting keys cut out of other scenes gives any
number (Ghiasi et al. 2021, arXiv:2012.07177). Each pasted key gets its own lighting and a soft shadow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from keykind.core.geometry import Points
from keykind.train.augment import recolour
from keykind.train.detector.scenes import Scene, ViewTransform, key_areas, rotation_matrix

MAX_HIDDEN = 0.05  # occluded or truncated share up to which a key is cut out
FAN_SHARE, ROW_SHARE = 0.5, 0.2  # of views
LENGTHS = (0.16, 0.6)  # of keys, relative to the frame's longer side
MAX_LENGTH_RATIO = 1.25  # of a key's length to the view's typical length
FAN_ANGLE = (0.2, 1.9 * math.pi)  # between the first and the last key of a fan, radians
POSE_JITTER = 0.15  # standard deviation of poses in a fan or a row, radians and key lengths
ROW_GAP = (0.28, 0.6)  # between the keys of a row, key lengths
RELIGHT_SHARE = 0.6  # of pasted keys whose lighting is changed
SHADOW_STRENGTH = 0.7  # largest darkening
SHADOW_BLUR, SHADOW_OFFSET = 0.03, 0.04  # largest blur and offset, key lengths


@dataclass(frozen=True, slots=True, eq=False)
class LabelledView:
    """A view of a scene, with labels in pixels of the view."""

    image: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w), as in Scene
    keypoints: Points  # (keys, 2, 2) px
    hidden: NDArray[np.float64]  # (keys, 2)
    areas: NDArray[np.float64]  # (keys,) visible px of each key if the view truncated none


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Position and size of a key in a view."""

    head: Points  # (2,) px
    angle: float  # of the direction from head to tip, radians
    length: float  # px


def paste_keys(view: LabelledView, scenes: Sequence[Scene], rng: np.random.Generator) -> LabelledView:
    """Return the view with one key of each scene pasted, later ones on top; skip scenes without keys."""
    keys = [key for scene in scenes for key in _unhidden_keys(scene)[:1]]
    if not keys:
        return view
    for key, pose in zip(keys, _poses(len(keys), view.parts.shape, rng), strict=True):
        view = _paste(view, key, pose, rng)
    return view


def _unhidden_keys(scene: Scene) -> list[Scene]:
    """Return each key that is not hidden, cut out of its scene."""
    visible = scene.hidden.max(axis=1, initial=0) <= MAX_HIDDEN
    lengths = np.linalg.norm(scene.keypoints[:, 1] - scene.keypoints[:, 0], axis=1)
    return [_cut_out(scene, k) for k in np.flatnonzero(visible & (lengths > 1) & (scene.areas > 0)).tolist()]


def _cut_out(scene: Scene, k: int) -> Scene:
    parts = np.where((scene.parts + 1) // 2 == k + 1, scene.parts - np.uint8(2 * k), 0).astype(np.uint8)
    rows, columns = np.flatnonzero(parts.any(axis=1)), np.flatnonzero(parts.any(axis=0))
    bounds = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    keypoints = scene.keypoints[[k]] - np.array([columns[0], rows[0]])
    return Scene(scene.pixels[bounds], parts[bounds], keypoints, scene.hidden[[k]])


def _poses(count: int, shape: tuple[int, ...], rng: np.random.Generator) -> list[Pose]:
    """Return random poses of `count` keys in a view of shape (h, w)."""
    frame = np.array(shape[1::-1], float)
    typical = math.exp(rng.uniform(math.log(LENGTHS[0]), math.log(LENGTHS[1]))) * float(frame.max())
    lengths = typical * np.exp(rng.uniform(-1, 1, count) * math.log(MAX_LENGTH_RATIO))
    direction, arrangement = float(rng.uniform(0, 2 * math.pi)), rng.random()
    jitter = rng.normal(0, POSE_JITTER, (count, 3))
    if arrangement < FAN_SHARE:
        spread = float(rng.uniform(*FAN_ANGLE))
        angles = direction + (np.arange(count) / max(count - 1, 1) - 0.5) * spread + jitter[:, 0]
        heads = frame * rng.uniform(0.2, 0.8, 2) + jitter[:, 1:] * typical
    elif arrangement < FAN_SHARE + ROW_SHARE:
        angles = direction + jitter[:, 0]
        gap = float(rng.uniform(*ROW_GAP)) * typical
        normal = np.array([-math.sin(direction), math.cos(direction)])
        steps = (np.arange(count) - (count - 1) / 2)[:, None] * gap * normal
        along = np.array([math.cos(direction), math.sin(direction)])
        middle = frame * rng.uniform(0.3, 0.7, 2) - along * typical / 2
        heads = middle + steps + 0.3 * jitter[:, 1:] * typical
    else:
        angles = rng.uniform(0, 2 * math.pi, count)
        along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        heads = frame * rng.uniform(0.05, 0.95, (count, 2)) - along * lengths[:, None] / 2
    return [
        Pose(head, angle, length)
        for head, angle, length in zip(heads, angles.tolist(), lengths.tolist(), strict=True)
    ]


def _paste(view: LabelledView, key: Scene, pose: Pose, rng: np.random.Generator) -> LabelledView:
    transform, region = _transform_to(view.parts.shape, key, pose, rng)
    if 0 in view.parts[region].shape:
        return view
    photo = Image.fromarray(key.pixels)
    if rng.random() < RELIGHT_SHARE:
        photo = recolour(photo, rng)
    opacity = transform.warp(Image.fromarray(255 * np.minimum(key.parts, 1)), Image.Resampling.BILINEAR, 0)
    key_parts = transform.warp(Image.fromarray(key.parts), Image.Resampling.NEAREST, 0)
    pixels = transform.warp(photo, Image.Resampling.BILINEAR)
    background = _with_shadow(view.image[region], opacity, pose.length, rng)
    image, parts, count = view.image.copy(), view.parts.copy(), len(view.keypoints)
    image[region] = np.rint(background + (opacity / np.float32(255))[..., None] * (pixels - background))
    parts[region] = np.where(key_parts > 0, key_parts + np.uint8(2 * count), parts[region])
    before = key_areas(view.parts, count)
    visible = np.where(before > 0, key_areas(parts, count + 1)[:-1] / np.maximum(before, 1), 1)
    hidden = view.hidden.copy()
    hidden[:, 0] = 1 - (1 - hidden[:, 0]) * visible
    corner = np.array([region[1].start, region[0].start])
    area = key.areas * transform.size[0] * transform.size[1] / key.parts.size
    return LabelledView(
        image,
        parts,
        np.concatenate([view.keypoints, transform.map_points(key.keypoints, key.parts.shape) + corner]),
        np.concatenate([hidden, key.hidden]),
        np.concatenate([view.areas * visible, area]),
    )


def _transform_to(
    shape: tuple[int, ...], key: Scene, pose: Pose, rng: np.random.Generator
) -> tuple[ViewTransform, tuple[slice, slice]]:
    """Return the transform of a key to a pose, mirrored at random, and the rows and columns of its region.

    shape: height and width of the view.
    """
    source = np.array(key.parts.shape[::-1], float)
    head, tip = key.keypoints[0]
    scale = pose.length / float(np.linalg.norm(tip - head))
    size = np.maximum(np.rint(source * scale), 1)
    mirrored = bool(rng.random() < 0.5)
    x, y = tip - head
    angle = math.atan2(y, -x if mirrored else x)
    rotation = rotation_matrix(angle - pose.angle if mirrored else pose.angle - angle, mirrored=mirrored)
    start = head * size / source
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * size
    mapped = (corners - start) @ np.linalg.inv(rotation).T + pose.head
    margin = (SHADOW_OFFSET + 2 * SHADOW_BLUR) * pose.length
    low = np.clip(np.floor(mapped.min(axis=0) - margin), 0, shape[1::-1])
    high = np.clip(np.ceil(mapped.max(axis=0) + margin), low, shape[1::-1])
    (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
    shift = start - rotation @ (pose.head - low)
    frame = (right - left, bottom - top)
    transform = ViewTransform((int(size[0]), int(size[1])), rotation, shift, frame)
    return transform, (slice(top, bottom), slice(left, right))


def _with_shadow(
    image: NDArray[np.uint8], opacity: NDArray[np.uint8], length: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return an image with the soft shadow of a key of that opacity and length, px."""
    blurred = Image.fromarray(opacity).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1)) * SHADOW_BLUR * length)
    )
    x, y = (rng.uniform(-SHADOW_OFFSET, SHADOW_OFFSET, 2) * length).tolist()
    shadow = blurred.transform(blurred.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y))
    factor = 1 - np.float32(rng.uniform(0, SHADOW_STRENGTH) / 255) * np.asarray(shadow, np.float32)
    return np.asarray(image * factor[..., None], np.float32)
