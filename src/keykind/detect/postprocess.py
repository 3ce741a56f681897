"""What the detector's network says of each place of a photo -> the keys.

In:    Fields, how much of them is photo
Out:   Detection(s), the surest first, in pixels of the upright original
Needs: numpy, pillow

The network gives, for each place of a grid: how much a key's centre, head or tip is there, whether a key
covers it and whether with its blade, and the way from there to that key's head and tip, or how it begins.
Ways are followed from place to place (as Stringer et al. 2021 do in cells, 10.1038/s41592-020-01018-x); where
many end, a tip is. Each tip is a key's, and each place is the key's whose ends it comes to: so keys that
touch or overlap come apart. Where a key lies is then read off its mask, as far as that is all of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Mask, Points, corners_of, rectangle_along

SIDE, STRIDE = 256, 4  # px of the network's picture, and of a place of its grid
GRID = SIDE // STRIDE
PEAKS = ("centre", "head", "tip")  # how much each place is the one
FIELDS = (*PEAKS, "key", "blade", "head_x", "head_y", "tip_x", "tip_y", "occluded", "cut_off")
KEY, BLADE, ENDS, HIDDEN = 3, 4, slice(5, 9), slice(9, 11)
COVERED = 0.5  # probability from which on a pixel counts as a key's, or its blade's
TOUCHED = 0.25  # from which on a place does
FAINT = 0.1  # below which no way is followed
REACH = 0.2  # SIDEs: farther than that no place tells where an end is, only the way there
STEPS = 6  # that a way is followed
AHEAD = 0.3  # cosine of the largest turn that it takes
AROUND = 1.2  # places: standard deviation of how a way's end is spread before ends are counted
VOTES = 4.0  # ways that end in about the same place, from which on a tip is there
BESIDE = 0.12  # of a key's length: tips that are nearer to each other, of keys that lie alike, are one
ALIKE = 0.8  # cosine of the angle up to which keys lie alike
ASTRAY = 0.25  # of a key's length: a place whose ends are farther than that from its is none of it
LEAST_PLACES = 3  # of the grid that a key covers
WITHIN = 0.8  # share of a key's places in a larger one's rectangle from which on they are a part of that
BROADER, OVER = 1.15, 0.08  # by which factor, and by which share of its length, it is taken larger
HIDES = 0.25  # share of a key that is hidden or cut off from which on its ends are not its mask's
SLENDER = 1.6  # ratio of a mask's extents from which on it says by itself how the key lies
DOUBTED = 0.08  # of a key's length: an end farther than that from its mask's is moved there
EXTREME = 1.0  # percent of a mask's pixels beyond each of its ends

Fields = NDArray[np.float32]  # (GRID, GRID, 11), see FIELDS; ends in SIDEs from the centre of the place


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One key of a photo, in pixels of the upright original, x to the right and y downwards."""

    score: float  # 0..1
    box: Points  # (4, 2) corners of the rectangle around what is seen, along the key; it begins at the head
    head: Points  # (2,), also where it is hidden or outside
    tip: Points  # (2,)
    occluded: float  # share of its area in the frame that other things hide
    cut_off: float  # share of its area outside the frame
    mask: Mask  # (h, w) of the whole photo, coarse: a pixel of it stands for `scale` pixels
    blade: Mask  # (h, w), the part of the mask that is blade
    scale: float


def length(key: Detection) -> float:
    """Return the distance from a key's head to its tip, px."""
    return _length(np.stack([key.head, key.tip]))


def apart(one: Detection, other: Detection) -> float:
    """Return how far two keys' ends are from each other, whichever is the head, as a share of the length."""
    return _apart(np.stack([one.head, one.tip]), np.stack([other.head, other.tip]))


def separate(fields: Fields, shown: tuple[int, int], scale: float, least: float) -> tuple[Detection, ...]:
    """Return the keys that the network's answer tells of, the surest first.

    shown: height and width of the photo in the picture, px; scale: pixels of the photo for one of it.
    """
    owner, keys = _owned(fields)
    fine = np.where(_enlarged(fields[..., KEY]) >= COVERED, _repeated(owner), -1)[: shown[0], : shown[1]]
    blades = _enlarged(fields[..., BLADE])[: shown[0], : shown[1]] >= COVERED
    found = []
    for number, named in enumerate(keys):
        mine, mask = fields[owner == number], fine == number
        if len(mine) < LEAST_PLACES or not mask.any():
            continue
        score = float(mine[:, KEY].mean() * np.sqrt(np.prod(mine[:, : len(PEAKS)].max(axis=0)) ** (1 / 3)))
        if score < least:
            continue
        blade = mask & blades
        occluded, cut_off = np.clip(mine[:, HIDDEN].mean(axis=0), 0, 1).astype(float).tolist()
        head, tip = _laid(named, mask, blade, hidden=max(occluded, cut_off) > HIDES)
        box = rectangle_along(corners_of(mask), tip - head) * scale
        found.append(Detection(score, box, head * scale, tip * scale, occluded, cut_off, mask, blade, scale))
    return tuple(sorted(found, key=lambda one: -one.score))


def transposed(fields: Fields) -> Fields:
    """Return the network's answer to a picture as that to the picture mirrored along its diagonal."""
    mirrored = fields.transpose(1, 0, 2).copy()
    mirrored[..., ENDS] = mirrored[..., ENDS].reshape(GRID, GRID, 2, 2)[..., ::-1].reshape(GRID, GRID, 4)
    return mirrored


def _owned(fields: Fields) -> tuple[NDArray[np.intp], list[Points]]:
    """Return whose each place is, (GRID, GRID), -1 for no key's, and the ends (2, 2) of each key, px."""
    rows, columns = np.nonzero(fields[..., KEY] >= TOUCHED)
    owner = np.full((GRID, GRID), -1)
    ends = _followed(fields, rows, columns)
    keys = _tips(ends[fields[rows, columns, KEY] >= COVERED])
    if keys:
        far = np.stack([_off(ends, key) / max(_length(key), STRIDE) for key in keys])
        places = (np.stack([columns, rows], axis=1).astype(np.float64) + 0.5) * STRIDE
        nearest = np.where(far.min(axis=0) <= ASTRAY, far.argmin(axis=0), len(keys))
        nearest = _joined(places, nearest, keys)
        owner[rows, columns] = np.where(nearest < len(keys), nearest, -1)
    return owner, keys


def _followed(fields: Fields, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Points:
    """Return the ends (n, 2, 2), px, to which the ways of places come: head and tip.

    A way ends where no key is any more, where it would turn, and where it stays.
    """
    ways = (fields[..., ENDS] * SIDE).reshape(GRID, GRID, 2, 2).astype(np.float64)
    first = ways[rows, columns]
    at = first + (np.stack([columns, rows], axis=1)[:, None] + 0.5) * STRIDE
    going = np.ones(at.shape[:2], bool)
    for _ in range(STEPS):
        place = np.floor(at / STRIDE).astype(int)
        going &= ((place >= 0) & (place < GRID)).all(axis=-1)
        place = np.clip(place, 0, GRID - 1)
        way = ways[place[..., 1], place[..., 0], (0, 1)]
        short = np.linalg.norm(way, axis=-1)
        ahead = (way * first).sum(axis=-1) > AHEAD * short * np.linalg.norm(first, axis=-1)
        going &= (fields[place[..., 1], place[..., 0], KEY] >= FAINT) & (ahead | (short < STRIDE))
        there = (place + 0.5) * STRIDE + way
        there = np.where(going[..., None], there, at)
        going &= np.linalg.norm(there - at, axis=-1) > 1
        at = there
    return at


def _tips(ends: Points) -> list[Points]:
    """Return the ends (2, 2) of each key, from those (n, 2, 2) to which places come; most votes first."""
    beyond = GRID // 4  # places outside the picture where tips may be, too
    side = GRID + 2 * beyond
    places = np.clip(np.floor(ends[:, 1] / STRIDE).astype(int) + beyond, 0, side - 1)
    votes = _spread(np.bincount(places[:, 1] * side + places[:, 0], minlength=side**2).reshape(side, side))
    peaks = np.argwhere((votes >= VOTES) & (votes >= _highest_around(votes)))
    keys: list[Points] = []
    for peak in peaks[np.argsort(-votes[tuple(peaks.T)], kind="stable")]:
        tip = (peak[::-1] - beyond + 0.5) * STRIDE
        near = np.linalg.norm(ends[:, 1] - tip, axis=1) <= 2 * AROUND * STRIDE
        if near.sum() >= LEAST_PLACES:
            key = np.median(ends[near], axis=0)
            if not any(_is_one(key, other) for other in keys):
                keys.append(key)
    return keys


def _spread(votes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how many votes there are about each place (h, w)."""
    reach = math.ceil(3 * AROUND)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * AROUND**2))
    spread = votes.astype(np.float64)
    for _ in range(2):  # down the columns, then along the rows
        padded = np.pad(spread, ((reach, reach), (0, 0)))
        spread = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0) @ kernel
        spread = spread.T
    return spread


def _highest_around(field: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(field, 1)
    height, width = field.shape
    around = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.max(around, axis=0))


def _is_one(key: Points, other: Points) -> bool:
    """Tell whether two keys whose tips are near lie alike."""
    far, other_far = max(_length(key), STRIDE), max(_length(other), STRIDE)
    alike = (key[1] - key[0]) @ (other[1] - other[0]) > ALIKE * far * other_far
    return bool(alike and np.linalg.norm(key[1] - other[1]) <= BESIDE * max(far, other_far))


def _joined(places: Points, owner: NDArray[np.intp], keys: Sequence[Points]) -> NDArray[np.intp]:
    """Return whose each place (n, 2) is, once what lies in a larger key's rectangle is a part of that."""
    counts = np.bincount(owner, minlength=len(keys))[: len(keys)]
    order = [number for number in np.argsort(-counts, kind="stable").tolist() if counts[number]]
    mine = [places[owner == number] for number in range(len(keys))]
    rectangles = [_rectangle(mine[number], keys[number]) for number in order]
    for place, number in reversed(list(enumerate(order))):
        for other, rectangle in zip(order[:place], rectangles, strict=False):
            if rectangle.share(mine[number]) >= WITHIN:
                owner = np.where(owner == number, other, owner)
                break
    return owner


@dataclass(frozen=True, slots=True, eq=False)
class _Rectangle:
    """Where a key lies, a little broader and longer."""

    turn: NDArray[np.float64]  # (2, 2) whose columns are the ways along it and across
    low: Points  # (2,) along and across
    high: Points

    def share(self, places: Points) -> float:
        """Return the share of places (n, 2) in it."""
        laid = places @ self.turn
        return float(((laid >= self.low) & (laid <= self.high)).all(axis=1).mean())


def _rectangle(places: Points, key: Points) -> _Rectangle:
    """Return the rectangle of a key: its places (n, 2) and its ends (2, 2)."""
    far = max(_length(key), STRIDE)
    along = (key[1] - key[0]) / far
    turn = np.stack([along, [-along[1], along[0]]], axis=1)
    laid = (places - key[0]) @ turn
    first, last = np.percentile(laid[:, 0], (2, 98))
    half = BROADER * np.percentile(abs(laid[:, 1]), 97) + STRIDE / 2
    low = np.array([min(first, 0) - OVER * far, -half])
    high = np.array([max(last, far) + OVER * far, half])
    return _Rectangle(turn, key[0] @ turn + low, key[0] @ turn + high)


def _laid(named: Points, mask: Mask, blade: Mask, *, hidden: bool) -> tuple[Points, Points]:
    """Return head and tip, px, of a key whose places name `named` (2, 2), by its mask and its blade."""
    places, bow = _middles(mask), _middles(mask & ~blade)
    ends = named
    if blade.any() and len(bow):
        towards = _middles(blade).mean(axis=0) - bow.mean(axis=0)
        (short, far), axes = np.linalg.eigh(np.cov(places.T))
        if far > SLENDER**2 * short:
            along = axes[:, 1] * (1 if axes[:, 1] @ towards >= 0 else -1)
            if not hidden:
                ends = places.mean(axis=0) + along * np.array([[-1.0], [1.0]])
            elif (named[1] - named[0]) @ along < 0:
                ends = named[::-1]
    return _stretched(ends, places, hidden=hidden)


def _stretched(ends: Points, places: Points, *, hidden: bool) -> tuple[Points, Points]:
    """Return head and tip, moved along the key to where its places end; of a hidden key at least so far."""
    head, tip = ends
    far = _length(ends)
    if far < 1:
        return head, tip
    along = (tip - head) / far
    first, last = np.percentile((places - head) @ along, (EXTREME, 100 - EXTREME))
    doubted = DOUBTED * max(far, last - first)
    if abs(first) > doubted and not (hidden and first > 0):
        head = ends[0] + along * first
    if abs(last - far) > doubted and not (hidden and last < far):
        tip = ends[0] + along * last
    return head, tip


def _middles(mask: Mask) -> Points:
    """Return the middles (n, 2) of a mask's pixels."""
    rows, columns = np.nonzero(mask)
    return np.asarray(np.stack([columns, rows], axis=1) + 0.5, np.float64)


def _off(ends: Points, key: Points) -> Any:
    """Return the mean distance of heads and tips (..., 2, 2) from those of a key (2, 2)."""
    return np.linalg.norm(ends - key, axis=-1).mean(axis=-1)


def _apart(one: Points, other: Points) -> float:
    """Return how far two keys' ends are from each other, whichever is the head, as a share of the longer."""
    far = max(_length(one), _length(other), STRIDE)
    return float(min(_off(one, other), _off(one[::-1], other))) / far


def _length(key: Points) -> float:
    return float(np.linalg.norm(key[0] - key[1]))


def _enlarged(field: NDArray[np.float32]) -> NDArray[np.float32]:
    picture = Image.fromarray(field).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _repeated(field: NDArray[np.intp]) -> NDArray[np.intp]:
    return field.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)
