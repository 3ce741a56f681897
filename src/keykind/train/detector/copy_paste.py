"""Copy-paste augmentation: keys cut out of other photos pasted into a view, in a fan, in a row, or anywhere.

In:    View; CutOut(s) with a Pose each
Out:   the View, which then also contains those keys
Needs: numpy, opencv                                                                       [train]

Rendered scenes of several keys take seconds each; pasting keys cut out of other scenes gives any number
(Ghiasi et al. 2021, arXiv:2012.07177). Each pasted key gets its own lighting and a soft shadow.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Points
from keykind.train.detector.keys import AREA, HEAD, MAX_KEYS, TIP, TRUNCATION, View, hide, move_keys
from keykind.train.detector.layers import Opacity, Pixels, premultiplied, scaled, shaded
from keykind.train.detector.photometric import recolour
from keykind.train.detector.pool import CutOut
from keykind.train.detector.warp import bounds, log_uniform, matrix_about, warp, warp_labels

FAN_SHARE, ROW_SHARE = 0.4, 0.2  # of views
LENGTHS = (0.07, 0.75)  # of keys, relative to the frame's longer side
LARGE_LENGTHS, MAX_LARGE = (0.3, 1.0), 3  # of large keys; how many of them there are at most
MAX_LENGTH_RATIO = 1.25  # of a key's length to the view's typical length
FAN_ANGLE = (0.2, 1.9 * math.pi)  # between the first and the last key of a fan, radians
POSE_JITTER = 0.15  # standard deviation of poses in a fan or a row, radians and key lengths
ROW_GAP = (0.28, 0.6)  # between the keys of a row, key lengths
MAX_ENLARGEMENT = 2.0  # of a cut-out; a larger one would be blurred and is not pasted
MARGIN, MARGIN_PX = 0.1, 2  # around a pasted key, for its shadow: key lengths, and px
RELIGHT_SHARE, RELIGHT_STRENGTH = 0.7, 0.8  # share of pasted keys whose lighting is changed; how much
SHADOW_SHARE, SHADOW_STRENGTH = 0.8, 0.75  # share of pasted keys with a shadow; largest darkening
SHADOW_BLUR, SHADOW_OFFSET = (0.006, 0.05), 0.05  # sigma and largest offset, key lengths
MIN_BLUR = 0.3  # px
COARSE_BLUR = 2.0  # px; a softer shadow is blurred at a fraction of the size, by this at least


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Position and size of a key in a view."""

    head: Points  # (2,) px
    angle: float  # of the direction from head to tip, radians
    length: float  # px


def random_poses(
    count: int, size: tuple[int, int], rng: np.random.Generator, *, large: bool = False
) -> list[Pose]:
    """Return random poses of `count` keys in a view of a size (width, height); large: if they are few."""
    frame = np.array(size, float)
    lengths_range = LARGE_LENGTHS if large and count <= MAX_LARGE else LENGTHS
    typical = log_uniform(rng, *lengths_range) * float(frame.max())
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


def enlargement(cut: CutOut, pose: Pose) -> float:
    """Return the scale of a cut-out in a pose; above MAX_ENLARGEMENT it is not pasted."""
    return pose.length / max(math.dist(cut.key[TIP], cut.key[HEAD]), 1.0)


def paste_key(view: View, cut: CutOut, pose: Pose, rng: np.random.Generator) -> bool:
    """Paste a key into the view, mirrored at random, on top of what is there; return whether it was pasted.

    It is not if it would be outside the view or blurred.
    """
    pasted = None if len(view.keys) >= MAX_KEYS else _composite(view, cut, pose, rng)
    if pasted is None:
        return False
    row = len(view.keys)
    view.cover(pasted.visible, pasted.blade.view(np.uint8) + np.uint8(2 * row + 1), pasted.corner)
    key = move_keys(cut.key[None], pasted.matrix)
    shown = min(pasted.visible.sum() / max(key[0, AREA], 1), 1)
    key[0, TRUNCATION] = hide(key[0, TRUNCATION], 1 - shown)
    view.keys = np.concatenate([view.keys, key])
    return True


def paste_thing(view: View, cut: CutOut, pose: Pose, rng: np.random.Generator) -> None:
    """Paste an object other than a key in the same way; cut.key only says where its ends are."""
    pasted = _composite(view, cut, pose, rng)
    if pasted is not None:
        view.cover(pasted.visible, corner=pasted.corner)


@dataclass(frozen=True, slots=True, eq=False)
class _Pasted:
    """Where a cut-out is in a view."""

    visible: NDArray[np.bool_]  # (h, w) of a part of the view
    blade: NDArray[np.bool_]  # (h, w)
    corner: tuple[int, int]  # x, y of that part
    matrix: NDArray[np.float64]  # from the cut-out to the view


def _composite(view: View, cut: CutOut, pose: Pose, rng: np.random.Generator) -> _Pasted | None:
    """Draw a cut-out into the view's image; None: it would be outside, or blurred."""
    scale = enlargement(cut, pose)
    if scale > MAX_ENLARGEMENT:
        return None
    matrix = _matrix_to(cut, pose, scale, mirrored=bool(rng.random() < 0.5))
    (left, top), (right, bottom) = bounds(
        matrix, cut.blade.shape[::-1], view.size, MARGIN * pose.length + MARGIN_PX
    )
    size = right - left, bottom - top
    if min(size) < 2:
        return None
    local = matrix - np.array([[0, 0, left], [0, 0, top]])
    layer = warp(_lit(cut, rng), local, size, cv2.BORDER_CONSTANT)
    blade = warp_labels(cut.blade, local, size)
    opacity = np.asarray(cv2.extractChannel(layer, 3))
    region = view.image[top:bottom, left:right]
    light = scaled(_outside_shadow(opacity, pose.length, rng), cv2.bitwise_not(opacity))
    region[:] = cv2.add(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), shaded(region, light))
    return _Pasted(opacity > 127, blade > 127, (left, top), matrix)


def _matrix_to(cut: CutOut, pose: Pose, scale: float, *, mirrored: bool) -> NDArray[np.float64]:
    """Return the matrix from the cut-out to the view."""
    head = cut.key[HEAD]
    x, y = cut.key[TIP] - head
    turn = pose.angle - math.atan2(y, -x if mirrored else x)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) * scale
    if mirrored:
        rotation = rotation @ np.diag([-1.0, 1.0])
    return matrix_about(rotation, head, pose.head)


def _lit(cut: CutOut, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the cut-out in another light, at random, (h, w, 4), its colours times its opacity."""
    colours: Pixels = np.asarray(cv2.cvtColor(cut.pixels, cv2.COLOR_RGBA2RGB))
    if rng.random() < RELIGHT_SHARE:
        colours = recolour(colours, rng, RELIGHT_STRENGTH)
    return premultiplied(colours, np.asarray(cv2.extractChannel(cut.pixels, 3)))


def _outside_shadow(opacity: Opacity, length: float, rng: np.random.Generator) -> Opacity:
    """Return how much light, 255 for all, the soft shadow of a key of that opacity and length, px, leaves."""
    if rng.random() >= SHADOW_SHARE:
        return np.full_like(opacity, 255)
    sigma = max(rng.uniform(*SHADOW_BLUR) * length, MIN_BLUR)
    factor = max(int(sigma / COARSE_BLUR), 1)
    height, width = opacity.shape
    size = max(width // factor, 1), max(height // factor, 1)
    small = cv2.resize(opacity, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    x, y = rng.uniform(-SHADOW_OFFSET, SHADOW_OFFSET, 2) * length
    across, down = width / size[0], height / size[1]
    matrix = np.array([[across, 0, (across - 1) / 2 + x], [0, down, (down - 1) / 2 + y]])
    shadow = cv2.warpAffine(blurred, matrix, (width, height))
    return np.asarray(cv2.convertScaleAbs(shadow, alpha=-rng.uniform(0, SHADOW_STRENGTH), beta=255))
