"""Keys of other photos -> pasted into a view, in a fan as on a ring, in a row, or anywhere.

In:    a picture with what the label says of it, as Laid; Scenes with a key each
Out:   Laid with those keys, too
Needs: numpy, pillow

Rendered scenes of several keys are few and cost seconds each; keys cut out of others and pasted give any
number (Ghiasi et al. 2021, arXiv:2012.07177). Each lies in a light of its own and throws a soft shadow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from keykind.core.geometry import Points
from keykind.train.augment import recolour
from keykind.train.detector.scenes import Motion, Scene, areas_of, turned

WHOLE = 0.05  # largest share of a key hidden or cut off at which it is cut out
FAN, ROW = 0.5, 0.2  # shares of views that show them so
LENGTHS = (0.16, 0.6)  # of the frame's longer side
UNLIKE = 1.25  # largest ratio of a key's length to that of its neighbours
SPREAD = (0.2, 1.9 * math.pi)  # angle between the first and the last key of a fan
ASTRAY = 0.15  # radians and lengths by which keys of a fan or a row lie off
GAP = (0.28, 0.6)  # lengths between the keys of a row
RELIT = 0.6  # share of keys in another light
SHADE, SOFTNESS, OFFSET = 0.7, 0.03, 0.04  # largest darkening; blur and shift of a shadow, lengths


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A scene as it lies in a view."""

    picture: NDArray[np.uint8]  # (h, w, 3)
    parts: NDArray[np.uint8]  # (h, w), as in Scene
    ends: Points  # (keys, 2, 2) px
    hidden: NDArray[np.float64]  # (keys, 2)
    whole: NDArray[np.float64]  # (keys,) px of each key that would be seen had the view cut none off


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a key is to lie in a view."""

    head: Points  # (2,) px
    angle: float  # radians of the way to its tip
    length: float  # px


def with_keys(laid: Laid, scenes: Sequence[Scene], rng: np.random.Generator) -> Laid:
    """Return a view with a key of each scene pasted, the later ones on top; scenes of none are left out."""
    lone = [key for scene in scenes for key in _whole_keys(scene)[:1]]
    if not lone:
        return laid
    for key, place in zip(lone, _places(len(lone), laid.parts.shape, rng), strict=True):
        laid = _pasted(laid, key, place, rng)
    return laid


def _whole_keys(scene: Scene) -> list[Scene]:
    """Return each key that is not hidden, cut out of its scene."""
    seen = scene.hidden.max(axis=1, initial=0) <= WHOLE
    far = np.linalg.norm(scene.ends[:, 1] - scene.ends[:, 0], axis=1)
    return [_alone(scene, key) for key in np.flatnonzero(seen & (far > 1) & (scene.areas > 0)).tolist()]


def _alone(scene: Scene, key: int) -> Scene:
    mine = np.where((scene.parts + 1) // 2 == key + 1, scene.parts - np.uint8(2 * key), 0).astype(np.uint8)
    rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
    around = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ends = scene.ends[[key]] - np.array([columns[0], rows[0]])
    return Scene(scene.pixels[around], mine[around], ends, scene.hidden[[key]])


def _places(count: int, size: tuple[int, ...], rng: np.random.Generator) -> list[Place]:
    """Return where so many keys lie in a view (h, w)."""
    frame = np.array(size[1::-1], float)
    typical = math.exp(rng.uniform(math.log(LENGTHS[0]), math.log(LENGTHS[1]))) * float(frame.max())
    lengths = typical * np.exp(rng.uniform(-1, 1, count) * math.log(UNLIKE))
    way, sort = float(rng.uniform(0, 2 * math.pi)), rng.random()
    astray = rng.normal(0, ASTRAY, (count, 3))
    if sort < FAN:
        spread = float(rng.uniform(*SPREAD))
        angles = way + (np.arange(count) / max(count - 1, 1) - 0.5) * spread + astray[:, 0]
        heads = frame * rng.uniform(0.2, 0.8, 2) + astray[:, 1:] * typical
    elif sort < FAN + ROW:
        angles = way + astray[:, 0]
        gap = float(rng.uniform(*GAP)) * typical
        across = np.array([-math.sin(way), math.cos(way)])
        steps = (np.arange(count) - (count - 1) / 2)[:, None] * gap * across
        middle = frame * rng.uniform(0.3, 0.7, 2) - np.array([math.cos(way), math.sin(way)]) * typical / 2
        heads = middle + steps + 0.3 * astray[:, 1:] * typical
    else:
        angles = rng.uniform(0, 2 * math.pi, count)
        along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        heads = frame * rng.uniform(0.05, 0.95, (count, 2)) - along * lengths[:, None] / 2
    return [Place(*one) for one in zip(heads, angles.tolist(), lengths.tolist(), strict=True)]


def _pasted(laid: Laid, key: Scene, place: Place, rng: np.random.Generator) -> Laid:
    motion, region = _motion_to(laid.parts.shape, key, place, rng)
    if 0 in laid.parts[region].shape:
        return laid
    photo = Image.fromarray(key.pixels)
    if rng.random() < RELIT:
        photo = recolour(photo, rng)
    opacity = motion.moved(Image.fromarray(255 * np.minimum(key.parts, 1)), Image.Resampling.BILINEAR, 0)
    mine = motion.moved(Image.fromarray(key.parts), Image.Resampling.NEAREST, 0)
    pixels = motion.moved(photo, Image.Resampling.BILINEAR)
    ground = _shaded(laid.picture[region], opacity, place.length, rng)
    picture, parts, keys = laid.picture.copy(), laid.parts.copy(), len(laid.ends)
    picture[region] = np.rint(ground + (opacity / np.float32(255))[..., None] * (pixels - ground))
    parts[region] = np.where(mine > 0, mine + np.uint8(2 * keys), parts[region])
    before = areas_of(laid.parts, keys)
    left = np.where(before > 0, areas_of(parts, keys + 1)[:-1] / np.maximum(before, 1), 1)
    hidden = laid.hidden.copy()
    hidden[:, 0] = 1 - (1 - hidden[:, 0]) * left
    corner = np.array([region[1].start, region[0].start])
    area = key.areas * motion.sides[0] * motion.sides[1] / key.parts.size
    return Laid(
        picture,
        parts,
        np.concatenate([laid.ends, motion.places(key.ends, key.parts.shape) + corner]),
        np.concatenate([hidden, key.hidden]),
        np.concatenate([laid.whole * left, area]),
    )


def _motion_to(
    size: tuple[int, ...], key: Scene, place: Place, rng: np.random.Generator
) -> tuple[Motion, tuple[slice, slice]]:
    """Return the motion that lays a key as the place says, and into which rows and columns of a view."""
    shape = np.array(key.parts.shape[::-1], float)
    head, tip = key.ends[0]
    scale = place.length / float(np.linalg.norm(tip - head))
    sides = np.maximum(np.rint(shape * scale), 1)
    mirrored = bool(rng.random() < 0.5)
    x, y = tip - head
    way = math.atan2(y, -x if mirrored else x)
    turn = turned(way - place.angle if mirrored else place.angle - way, mirrored=mirrored)
    start = head * sides / shape
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * sides
    reached = (corners - start) @ np.linalg.inv(turn).T + place.head
    margin = (OFFSET + 2 * SOFTNESS) * place.length
    low = np.clip(np.floor(reached.min(axis=0) - margin), 0, size[1::-1])
    high = np.clip(np.ceil(reached.max(axis=0) + margin), low, size[1::-1])
    (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
    shift = start - turn @ (place.head - low)
    motion = Motion((int(sides[0]), int(sides[1])), turn, shift, (right - left, bottom - top))
    return motion, (slice(top, bottom), slice(left, right))


def _shaded(
    picture: NDArray[np.uint8], opacity: NDArray[np.uint8], length: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a picture with the soft shadow of what will lie on it."""
    blurred = Image.fromarray(opacity).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1)) * SOFTNESS * length)
    )
    across, down = (rng.uniform(-OFFSET, OFFSET, 2) * length).tolist()
    shadow = blurred.transform(blurred.size, Image.Transform.AFFINE, (1, 0, across, 0, 1, down))
    dark = 1 - np.float32(rng.uniform(0, SHADE) / 255) * np.asarray(shadow, np.float32)
    return np.asarray(picture * dark[..., None], np.float32)
