"""What the finder's network says of each place of a photo -> the keys.

In:    Fields, how much of them is photo
Out:   Found(s), the surest first, in pixels of the upright original
Needs: numpy, pillow

The network gives, for each place of a grid: how much a key's centre, head or tip is there, whether a key
covers it and whether with its blade, and how far from there that key's head and tip are. Covered places that
touch each other are one key, or several where they name different ends: so keys that overlap come apart.
"""

from collections.abc import Sequence
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
MOST_KEYS = 100  # peaks looked at in one photo
COVERED = 0.5  # probability from which on a pixel counts as a key's
TOUCHED = 0.25  # from which on a place does
NEAR = 0.1  # of a key's length: two keys whose ends are nearer are one
LOOSE = 2.0  # times the spread of what their places name: the same
LEAST_PLACES = 2  # of the grid that a key covers
ROUNDS = 3  # in which places and keys settle
FAINTEST = 0.12  # of a peak that is looked at
HIDES = 0.25  # share of a key that is hidden or cut off from which on its ends are not its mask's
SNAP = 0.25  # of a key's length: an end that is seen within that is its own
DOUBTED = 0.08  # of a key's length: an end farther than that from its mask's is moved there
EXTREME = 1.0  # percent of a mask's pixels beyond each of its ends

Key = tuple[float, Points]  # its highest peak, its ends (2, 2)
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
    centres = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1) + 0.5) * STRIDE
    ends = (fields[..., ENDS] * SIDE).reshape(GRID, GRID, 2, 2) + centres[:, :, None]
    owner, keys = _owned(fields, ends)
    fine = np.where(_enlarged(fields[..., KEY]) >= COVERED, _repeated(owner), -1)[: shown[0], : shown[1]]
    blade = _enlarged(fields[..., BLADE])[: shown[0], : shown[1]] >= COVERED
    found = []
    for number, (centre, key) in enumerate(keys):
        mine, mask = fields[owner == number], fine == number
        score = float(np.sqrt(centre) * mine[:, KEY].mean())
        if score < least or not mask.any():
            continue
        occluded, cut_off = np.clip(mine[:, HIDDEN].mean(axis=0), 0, 1).astype(float).tolist()
        head, tip = _stretched(key, mask, hidden=max(occluded, cut_off) > HIDES)
        box = rectangle_along(corners_of(mask), tip - head) * scale
        found.append(
            Found(score, box, head * scale, tip * scale, occluded, cut_off, mask, mask & blade, scale)
        )
    return tuple(sorted(found, key=lambda one: -one.score))


def _owned(fields: Fields, ends: Points) -> tuple[NDArray[np.intp], list[Key]]:
    """Return whose each place is, (GRID, GRID), -1 for no key's, and the keys.

    ends (GRID, GRID, 2, 2): those that the places name, px.
    """
    owner, keys = np.full((GRID, GRID), -1), list[Key]()
    together = components(fields[..., KEY] >= COVERED, fields[..., KEY] >= TOUCHED)
    peaks = [_peaks(fields[..., sort], FAINTEST) for sort in (CENTRE, HEAD, TIP)]
    for number in range(1, together.max(initial=0) + 1):
        places = together == number
        inside = [[place for place in some if places[place]] for some in peaks]
        named = [
            (float(fields[place][sort]), ends[place]) for sort, some in enumerate(inside) for place in some
        ]
        if not named:
            place = divmod(int(np.where(places, fields[..., CENTRE], -1).argmax()), GRID)
            named = [(float(fields[place][CENTRE]), ends[place])]
        seen = [
            np.array([ends[place][end] for place in inside[sort]]).reshape(-1, 2)
            for end, sort in enumerate((HEAD, TIP))
        ]
        mine, owners = _settled(ends[places], sorted(named, key=lambda key: -key[0]), seen)
        owner[places] = np.where(owners >= 0, owners + len(keys), -1)
        keys += mine
    return owner, keys


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


def _peaks(centre: NDArray[np.float32], least: float) -> list[tuple[int, int]]:
    """Return the places that are highest in their neighbourhood, the surest first."""
    padded = np.pad(centre, 1, constant_values=-1)
    around = [padded[y : y + GRID, x : x + GRID] for y in range(3) for x in range(3)]
    rows, columns = np.nonzero((centre >= least) & (centre >= np.max(around, axis=0)))
    order = np.argsort(-centre[rows, columns], kind="stable")[:MOST_KEYS]
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def _settled(
    ends: Points, named: Sequence[Key], seen: Sequence[Points]
) -> tuple[list[Key], NDArray[np.intp]]:
    """Return the keys that connected places agree on, and whose each place is (-1: none's).

    ends (n, 2, 2) of the places; named: the keys of the peaks, the surest first; seen: where heads are seen,
    and tips. Each place goes to the key whose ends are nearest to those that it names, and the key gets the
    median of them, or the ends seen nearby; then those that have become one key are joined, and so on.
    """
    kept = _unlike([_Settling(score, *_snapped(key, seen), 0.0) for score, key in named])
    for _ in range(ROUNDS):
        owners = _owners(ends, kept)
        again = []
        for number, one in enumerate(kept):
            mine = ends[owners == number]
            if len(mine) >= LEAST_PLACES:
                middle = np.median(mine, axis=0)
                spread = np.median(_off(mine, middle)) / max(_length(middle), STRIDE)
                again.append(_Settling(one.score, *_snapped(middle, seen), float(spread)))
        if not again:
            return [], np.full(len(ends), -1)
        kept = _unlike(again)
    owners = _owners(ends, kept)
    large = [number for number in range(len(kept)) if (owners == number).sum() >= LEAST_PLACES]
    renamed = np.full(len(kept), -1)
    renamed[large] = np.arange(len(large))
    return [(kept[number].score, kept[number].ends) for number in large], renamed[owners]


@dataclass(frozen=True, slots=True, eq=False)
class _Settling:
    """A key while its places are sought."""

    score: float
    ends: Points  # (2, 2)
    seen: tuple[int, int]  # which head and which tip seen are its own; -1: none
    spread: float  # how far its places' ends are from its own, as a share of its length

    def is_one_with(self, other: "_Settling") -> bool:
        """Tell whether both are the same key: no two share a tip, and one has no two."""
        if self.seen[1] >= 0 and other.seen[1] >= 0:
            return self.seen[1] == other.seen[1]
        near = max(NEAR, LOOSE * (self.spread + other.spread) / 2)
        return _apart(self.ends, other.ends) <= near


def _snapped(ends: Points, seen: Sequence[Points]) -> tuple[Points, tuple[int, int]]:
    """Return the ends (2, 2), each moved to the nearest of its sort that is seen nearby, and which it is."""
    moved, which = ends.copy(), [-1, -1]
    for end, places in enumerate(seen):
        if len(places):
            off = np.linalg.norm(places - ends[end], axis=1)
            nearest = int(off.argmin())
            if off[nearest] <= SNAP * max(_length(ends), STRIDE):
                moved[end], which[end] = places[nearest], nearest
    return moved, (which[0], which[1])


def _unlike(keys: Sequence[_Settling]) -> list[_Settling]:
    """Return the keys, the surest first, without those that are a surer one again."""
    kept: list[_Settling] = []
    for key in keys:
        if not any(key.is_one_with(one) for one in kept):
            kept.append(key)
    return kept


def _owners(ends: Points, keys: Sequence[_Settling]) -> NDArray[np.intp]:
    """Return which of the keys each place names by its ends (n, 2, 2)."""
    off = [_off(ends, key.ends) / max(_length(key.ends), STRIDE) for key in keys]
    return np.asarray(np.stack(off).argmin(axis=0))


def _stretched(key: Points, mask: Mask, *, hidden: bool) -> tuple[Points, Points]:
    """Return head and tip, moved along the key to where its mask ends; of a hidden key at least so far."""
    head, tip = key
    far = _length(key)
    if far < 1:
        return head, tip
    along = (tip - head) / far
    rows, columns = np.nonzero(mask)
    reach = (np.stack([columns, rows], axis=1) + 0.5 - head) @ along
    first, last = np.percentile(reach, EXTREME), np.percentile(reach, 100 - EXTREME)
    if abs(first) > DOUBTED * far and not (hidden and first > 0):
        head = head + along * first
    if abs(last - far) > DOUBTED * far and not (hidden and last < far):
        tip = key[0] + along * last
    return head, tip


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
