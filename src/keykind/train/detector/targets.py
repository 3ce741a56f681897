"""A rendered photo and its label -> what the detector learns from: a view and the right answer to it.

In:    Scene(s): pixels and the keys of a label; a random generator
Out:   picture (side, side, 3) uint8; target (side / 4, side / 4, 11 + 1) float32: FIELDS, weight of the ends
Needs: numpy, pillow

A view is moved, turned, mirrored, stretched and coloured anew, and lies in a frame of any shape, as photos
do; keys of other photos may be pasted into it; what the labels say moves with it. Ends are told in SIDEs
whatever the side, so that a key of so many pixels looks the same to the network in all.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Points
from keykind.detect.detector import BEYOND
from keykind.detect.postprocess import BLADE, ENDS, FIELDS, HIDDEN, KEY, REACH, SIDE, STRIDE
from keykind.train.augment import recolour, wear
from keykind.train.detector.copy_paste import Laid, with_keys
from keykind.train.detector.scenes import Motion, Scene, turned

ZOOM = (0.5, 2.2)  # of the photo that fits the frame
STRETCH = 1.15  # largest ratio of both sides' zooms
UPRIGHT = 0.5  # share turned by whole quarters
SHAPES = (1.0, 4 / 3, 3 / 2, 16 / 9)  # of the frame, either way up
LEAST_SEEN = 30  # px of a key in a view; of fewer nothing is asked
LEAST_SHARE = 0.2  # of a place that a key covers for its ends to be asked there
PEAK = 0.22  # standard deviation of a peak, as a share of the square root of the key's area
BESIDE = 2  # places: an end so far from all that is seen of its key is hidden
SHORTEST = 0.08  # SIDEs: shorter keys do not weigh more
NARROWEST = 3.0  # px, of a peak's standard deviation
TINY = 1e-9


def training_view(
    scenes: Sequence[Scene], side: int, rng: np.random.Generator, keys: Sequence[Scene] = ()
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a view (side, side, 3) and the fields that are right for it: of one scene, or of four as tiles.

    `side` is a multiple of 2 * STRIDE. keys: scenes whose keys are pasted into the view of one.
    """
    if len(scenes) == 1:
        return _drawn(_laid(scenes[0], side, rng, keys))
    half = side // 2
    laid = [_laid(scene, half, rng) for scene in scenes]
    picture, parts = np.empty((side, side, 3), np.uint8), np.zeros((side, side), np.uint8)
    first = 0
    for place, one in enumerate(laid):
        x, y = half * (place % 2), half * (place // 2)
        tile = np.s_[y : y + half, x : x + half]
        picture[tile] = one.picture
        parts[tile] = np.where(one.parts > 0, one.parts + 2 * first, 0)
        one.ends[:] += (x, y)
        first += len(one.ends)
    joined = (np.concatenate([getattr(one, name) for one in laid]) for name in ("ends", "hidden", "whole"))
    return _drawn(Laid(picture, parts, *joined))


def _laid(scene: Scene, side: int, rng: np.random.Generator, keys: Sequence[Scene] = ()) -> Laid:
    size = scene.parts.shape
    motion = _motion(size, _frame(side, rng), rng)
    width, height = motion.frame
    ground = tuple(int(level) for level in _ground(scene.pixels, rng))
    view = motion.moved(Image.fromarray(scene.pixels), Image.Resampling.BILINEAR, ground)
    laid = Laid(
        np.asarray(recolour(Image.fromarray(view), rng)),
        motion.moved(Image.fromarray(scene.parts), Image.Resampling.NEAREST),
        motion.places(scene.ends, size),
        scene.hidden,
        scene.areas * np.prod(motion.sides) / scene.parts.size,
    )
    laid = with_keys(laid, keys, rng)
    picture, parts = np.full((side, side, 3), BEYOND, np.uint8), np.zeros((side, side), np.uint8)
    picture[:height, :width] = np.asarray(wear(Image.fromarray(laid.picture), rng))
    parts[:height, :width] = laid.parts
    return replace(laid, picture=picture, parts=parts)


def _drawn(laid: Laid) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return laid.picture, fields_of(laid.parts, laid.ends, laid.hidden, laid.whole)


def _frame(side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return width and height of the photo in a picture (side, side)."""
    short = round(side / SHAPES[int(rng.integers(len(SHAPES)))])
    return (side, short) if rng.random() < 0.5 else (short, side)


def _motion(size: tuple[int, ...], frame: tuple[int, int], rng: np.random.Generator) -> Motion:
    """Return a motion of a photo (h, w): zoomed, stretched, turned, perhaps mirrored, shifted."""
    low, high = map(math.log, ZOOM)
    zoom = math.exp(rng.uniform(low, high)) * max(frame) / max(size)
    stretch = math.exp(rng.uniform(-0.5, 0.5) * math.log(STRETCH))
    sides = max(round(size[1] * zoom * stretch), 8), max(round(size[0] * zoom / stretch), 8)
    quarters = rng.random() < UPRIGHT
    angle = math.pi / 2 * int(rng.integers(4)) if quarters else float(rng.uniform(0, 2 * math.pi))
    turn = turned(angle, mirrored=bool(rng.random() >= 0.5))
    reach = np.abs(turn.T) @ np.array(sides)  # what it takes of the frame
    centre = np.array(frame) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(reach - np.array(frame))
    return Motion(sides, turn, np.array(sides) / 2 - turn @ centre, frame)


def _ground(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the colour of what lies beyond the photo: that of its border, or any."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(border.mean(axis=0) if rng.random() < 0.7 else rng.uniform(0, 256, 3))


def fields_of(
    parts: NDArray[np.uint8], ends: Points, hidden: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return FIELDS and the weight of the ends for a view, (side / STRIDE, side / STRIDE, 12).

    parts (side, side) as in Scene, ends (keys, 2, 2) px, hidden (keys, 2), whole (keys,) px of each key
    before the view cut any off.
    """
    rows, columns = (side // STRIDE for side in parts.shape)
    target = np.zeros((rows, columns, len(FIELDS) + 1), np.float32)
    middles = (np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) + 0.5) * STRIDE
    target[..., KEY], target[..., BLADE] = pooled(parts > 0), pooled((parts > 0) & (parts % 2 == 0))
    shares = _shares(parts, len(ends))
    seen = shares.sum(axis=(1, 2)) * STRIDE**2
    asked = [number for number in range(len(ends)) if seen[number] >= LEAST_SEEN]
    if not asked:
        return target
    shares = shares[asked]
    owner = np.where(shares.max(axis=0) >= LEAST_SHARE, shares.argmax(axis=0), -1)
    for place, number in enumerate(asked):
        mine = owner == place
        if not mine.any():
            mine = shares[place] == shares[place].max()
        centre = np.average(middles.reshape(-1, 2), axis=0, weights=shares[place].ravel())
        nearest = middles[mine][((middles[mine] - centre) ** 2).sum(axis=-1).argmin()]
        width = max(PEAK * math.sqrt(seen[number]), NARROWEST)
        for sort, peak in enumerate((nearest, *ends[number])):
            _raise(target[..., sort], middles, peak, width, middles[mine])
        target[mine, ENDS] = _within_reach((ends[number] - middles[mine][:, None]) / SIDE).reshape(-1, 4)
        kept = (1 - hidden[number, 1]) * min(seen[number] / max(whole[number], 1), 1)
        target[mine, HIDDEN] = hidden[number, 0], 1 - kept
        length = float(np.linalg.norm(ends[number][0] - ends[number][1])) / SIDE
        target[mine, -1] = 1 / (mine.sum() * min(max(length, SHORTEST), REACH))
    return target


def _within_reach(ways: Points) -> Points:
    """Return ways (..., 2), in SIDEs, of which only the beginning is told where an end is beyond REACH."""
    far = np.linalg.norm(ways, axis=-1, keepdims=True)
    return np.asarray(ways * np.minimum(1, REACH / np.maximum(far, TINY)))


def _raise(field: NDArray[np.float32], middles: Points, peak: Points, width: float, mine: Points) -> None:
    """Put a peak of that width (px) on that of the places `mine` (n, 2) which is nearest to `peak` (2,).

    middles (h, w, 2) of all places. An end that is hidden or outside, far from all of them, has no peak.
    """
    apart = ((mine - peak) ** 2).sum(axis=-1)
    if apart.min() <= (BESIDE * STRIDE) ** 2:
        off = ((middles - mine[apart.argmin()]) ** 2).sum(axis=-1)
        np.maximum(field, np.exp(-off / (2 * width**2)), out=field)


def _shares(parts: NDArray[np.uint8], keys: int) -> NDArray[np.float32]:
    """Return the share of each place that each key covers, (keys, h / STRIDE, w / STRIDE)."""
    rows, columns = (side // STRIDE for side in parts.shape)
    place = np.arange(rows * columns).reshape(rows, columns).repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)
    key = (parts.astype(np.intp) + 1) // 2
    counts = np.bincount((key * rows * columns + place).ravel(), minlength=(keys + 1) * rows * columns)
    return np.asarray(counts.reshape(-1, rows, columns)[1:] / STRIDE**2, np.float32)


def pooled(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of each place that a mask (h, w) covers, (h / STRIDE, w / STRIDE)."""
    height, width = mask.shape
    places = mask.reshape(height // STRIDE, STRIDE, width // STRIDE, STRIDE)
    return np.asarray(places.mean(axis=(1, 3), dtype=np.float32))
