"""What the finder's network says of each place of a photo -> the keys.

In:    Fields, how much of them is photo
Out:   Found(s), the surest first, in pixels of the upright original
Needs: numpy, pillow

The network gives, for each place of a grid: how much a key's centre, head or tip is there, whether a key
covers it and whether with its blade, and how far from there that key's head and tip are. Covered places that
touch each other are one key, or several where their blades name different ends: so keys that overlap come
apart. Where a key lies is then read off its mask, as far as that is all of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.masks import Mask, Points, corners_of, rectangle_along

SIDE, STRIDE = 256, 4  # px of the network's picture, and of a place of its grid
GRID = SIDE // STRIDE
PEAKS = ("centre", "head", "tip")  # how much each place is the one
FIELDS = (*PEAKS, "key", "blade", "head_x", "head_y", "tip_x", "tip_y", "occluded", "cut_off")
CENTRE, HEAD, TIP, KEY, BLADE, ENDS, HIDDEN = 0, 1, 2, 3, 4, slice(5, 9), slice(9, 11)
COVERED = 0.5  # probability from which on a pixel counts as a key's, or its blade's
TOUCHED = 0.25  # from which on a place does
LEAST_BLADE = 6  # places of a blade that tell of a key of their own
LEAST_PLACES = 3  # of the grid that a key covers
SURE = 0.7  # of a peak that tells of a key of its own
SNAP = 0.25  # of a key's length: a tip that is seen within that of the one named is it
SAME = 0.3  # of a key's length: mean distance of the ends that two blades name at which they are one key's
HIDES = 0.25  # share of a key that is hidden or cut off from which on its ends are not its mask's
SLENDER = 1.6  # ratio of a mask's extents from which on it says by itself how the key lies
DOUBTED = 0.08  # of a key's length: an end farther than that from its mask's is moved there
EXTREME = 1.0  # percent of a mask's pixels beyond each of its ends

Fields = NDArray[np.float32]  # (GRID, GRID, 11), see FIELDS; ends in SIDEs from the centre of the place


@dataclass(frozen=True, slots=True, eq=False)
class Found:
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


def length(key: Found) -> float:
    """Return the distance from a key's head to its tip, px."""
    return _length(np.stack([key.head, key.tip]))


def apart(one: Found, other: Found) -> float:
    """Return how far two keys' ends are from each other, whichever is the head, as a share of the length."""
    return _apart(np.stack([one.head, one.tip]), np.stack([other.head, other.tip]))


def separate(fields: Fields, shown: tuple[int, int], scale: float, least: float) -> tuple[Found, ...]:
    """Return the keys that the network's answer tells of, the surest first.

    shown: height and width of the photo in the picture, px; scale: pixels of the photo for one of it.
    """
    owner, keys = _owned(fields)
    fine = np.where(_enlarged(fields[..., KEY]) >= COVERED, _repeated(owner), -1)[: shown[0], : shown[1]]
    blades = _enlarged(fields[..., BLADE])[: shown[0], : shown[1]] >= COVERED
    found = []
    for number, named in enumerate(keys):
        mine, mask = fields[owner == number], fine == number
        score = float(mine[:, KEY].mean() * np.sqrt(np.prod(mine[:, : len(PEAKS)].max(axis=0)) ** (1 / 3)))
        if score < least or not mask.any():
            continue
        blade = mask & blades
        occluded, cut_off = np.clip(mine[:, HIDDEN].mean(axis=0), 0, 1).astype(float).tolist()
        head, tip = _laid(named, mask, blade, hidden=max(occluded, cut_off) > HIDES)
        box = rectangle_along(corners_of(mask), tip - head) * scale
        found.append(Found(score, box, head * scale, tip * scale, occluded, cut_off, mask, blade, scale))
    return tuple(sorted(found, key=lambda one: -one.score))


def _owned(fields: Fields) -> tuple[NDArray[np.intp], list[Points]]:
    """Return whose each place is, (GRID, GRID), -1 for no key's, and the ends (2, 2) of each key, px."""
    centres = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1) + 0.5) * STRIDE
    ends = (fields[..., ENDS] * SIDE).reshape(GRID, GRID, 2, 2) + centres[:, :, None]
    core = fields[..., KEY] >= COVERED
    together = components(core, fields[..., KEY] >= TOUCHED)
    blades = components(core & (fields[..., BLADE] >= COVERED), np.zeros_like(core))
    tips = _peaks(fields[..., TIP])
    owner, keys = np.full((GRID, GRID), -1), list[Points]()
    for number in range(1, together.max(initial=0) + 1):
        inside = together == number
        places = np.nonzero(inside)
        mine = _named(ends[places], blades[places], ends[inside & tips])
        far = np.stack([_off(ends[places], key) / max(_length(key), STRIDE) for key in mine])
        for which, key in enumerate(mine):
            taken = far.argmin(axis=0) == which
            if taken.sum() >= LEAST_PLACES:
                owner[places[0][taken], places[1][taken]] = len(keys)
                keys.append(key)
    return owner, keys


def _named(ends: Points, blades: NDArray[np.intp], tips: Points) -> list[Points]:
    """Return the ends (2, 2) of each key of connected places, at least one.

    ends (n, 2, 2) that the places name, blades (n,) which blade each is part of, 0 for none; tips (t, 2, 2)
    ends that are named where tips are seen. Each blade is a key and each tip is, but for those that name the
    same: no two keys share a tip that is seen, and one has no two.
    """
    numbers, sizes = np.unique(blades[blades > 0], return_counts=True)
    large = numbers[sizes >= LEAST_BLADE]
    kept: list[tuple[int, Points]] = []
    for key in [*(np.median(ends[blades == number], axis=0) for number in large), *tips]:
        off = np.linalg.norm(tips[:, 1] - key[1], axis=1)
        seen = int(off.argmin()) if off.min(initial=np.inf) <= SNAP * max(_length(key), STRIDE) else -1
        alike = (
            seen == other if seen >= 0 and other >= 0 else _apart(key, one) <= SAME for other, one in kept
        )
        if not any(alike):
            kept.append((seen, key))
    return [key for _, key in kept] or [np.median(ends, axis=0)]


def _peaks(field: NDArray[np.float32]) -> Mask:
    """Return which places are surely peaks: highest in their neighbourhood."""
    padded = np.pad(field, 1, constant_values=-1)
    around = [padded[y : y + GRID, x : x + GRID] for y in range(3) for x in range(3)]
    return np.asarray((field >= SURE) & (field >= np.max(around, axis=0)))


def components(core: Mask, rim: Mask) -> NDArray[np.intp]:
    """Return the number, from 1, of the connected places of `core` that each belongs to, 0 for none.

    Corners connect. Those of `rim` beside a place of `core` belong to it, too.
    """
    height, width = core.shape
    numbers = np.zeros((height + 2, width + 2), np.intp)
    free = np.pad(core, 1).ravel().tolist()
    flat, count = numbers.ravel(), 0
    around = [dy * (width + 2) + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
    for start in np.flatnonzero(np.pad(core, 1)).tolist():
        if not free[start]:
            continue
        count += 1
        free[start], stack = False, [start]
        while stack:
            place = stack.pop()
            flat[place] = count
            for step in around:
                if free[place + step]:
                    free[place + step] = False
                    stack.append(place + step)
    beside = np.max([numbers[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    return np.where(core, numbers[1:-1, 1:-1], np.where(rim, beside, 0))


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
