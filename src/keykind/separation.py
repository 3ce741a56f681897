"""What the finder's network says of each place of a photo -> the keys.

In:    Fields, how much of them is photo
Out:   Found(s), the surest first, in pixels of the upright original
Needs: numpy, pillow

The network gives, for each place of a grid: how much a key's centre is there, whether a key covers it and
whether with its blade, and how far from there that key's head and tip are. Each peak is a key; each covered
place belongs to the peak that names the same two ends, so that keys that overlap come apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.masks import Mask, Points, corners_of, rectangle_along

SIDE, STRIDE = 320, 4  # px of the network's picture, and of a place of its grid
GRID = SIDE // STRIDE
FIELDS = ("centre", "key", "blade", "head_x", "head_y", "tip_x", "tip_y", "occluded", "cut_off")
CENTRE, KEY, BLADE, ENDS, HIDDEN = 0, 1, 2, slice(3, 7), slice(7, 9)
MOST_KEYS = 100  # peaks looked at in one photo
COVERED = 0.5  # probability from which on a pixel counts as a key's
TOUCHED = 0.25  # from which on a place does
NEAR = 0.12  # of a key's length, px: two peaks whose ends are nearer are one key
ASTRAY = 0.5  # of a key's length: a place whose ends are farther off belongs to no key
LEAST_PLACES = 2  # of the grid that a key covers
ROUNDS = 2  # in which places and keys settle

Fields = NDArray[np.float32]  # (GRID, GRID, 9), see FIELDS; ends in SIDEs from the centre of the place


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
    mine, theirs = (np.stack([key.head, key.tip]) for key in (one, other))
    return float(min(_off(mine, theirs), _off(mine[::-1], theirs)) / max(_length(theirs), 1e-6))


def separate(fields: Fields, shown: tuple[int, int], scale: float, least: float) -> tuple[Found, ...]:
    """Return the keys that the network's answer tells of, the surest first.

    shown: height and width of the photo in the picture, px; scale: pixels of the photo for one of it.
    """
    centres = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1) + 0.5) * STRIDE
    ends = (fields[..., ENDS] * SIDE).reshape(GRID, GRID, 2, 2) + centres[:, :, None]
    places = _peaks(fields[..., CENTRE], least)
    touched = fields[..., KEY] >= TOUCHED
    scores = [float(fields[place][CENTRE]) for place in places]
    keys, owners = _settled(ends[touched], [ends[place] for place in places], scores)
    owner = np.full((GRID, GRID), -1)
    owner[touched] = owners
    fine = np.where(_enlarged(fields[..., KEY]) >= COVERED, _repeated(owner), -1)[: shown[0], : shown[1]]
    blade = _enlarged(fields[..., BLADE])[: shown[0], : shown[1]] >= COVERED
    found = []
    for number, (score, (head, tip)) in enumerate(keys):
        mine, mask = owner == number, fine == number
        if not mask.any():
            continue
        hidden = np.clip(fields[mine][:, HIDDEN].mean(axis=0), 0, 1)
        found.append(
            Found(
                score=score * float(fields[mine][:, KEY].mean()),
                box=rectangle_along(corners_of(mask), tip - head) * scale,
                head=head * scale,
                tip=tip * scale,
                occluded=float(hidden[0]),
                cut_off=float(hidden[1]),
                mask=mask,
                blade=mask & blade,
                scale=scale,
            )
        )
    return tuple(sorted(found, key=lambda one: -one.score))


def _peaks(centre: NDArray[np.float32], least: float) -> list[tuple[int, int]]:
    """Return the places that are highest in their neighbourhood, the surest first."""
    padded = np.pad(centre, 1, constant_values=-1)
    around = [padded[y : y + GRID, x : x + GRID] for y in range(3) for x in range(3)]
    rows, columns = np.nonzero((centre >= least) & (centre >= np.max(around, axis=0)))
    order = np.argsort(-centre[rows, columns], kind="stable")[:MOST_KEYS]
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def _settled(
    ends: Points, keys: Sequence[Points], scores: Sequence[float]
) -> tuple[list[tuple[float, Points]], NDArray[np.intp]]:
    """Return the keys that places agree on, with their scores, and whose each place is (-1: no key's).

    ends (n, 2, 2) of the places; keys and scores of the peaks, the surest first. Each place goes to the key
    whose ends are nearest to those that it names, and the key gets the median of them; then those that have
    become one key are joined, and so on.
    """
    kept = _unlike(list(zip(scores, keys, strict=True)))
    owners = _owners(ends, [key for _, key in kept])
    for _ in range(ROUNDS):
        mine = [owners == number for number in range(len(kept))]
        kept = _unlike(
            [
                (score, np.median(ends[places], axis=0))
                for (score, _), places in zip(kept, mine, strict=True)
                if places.sum() >= LEAST_PLACES
            ]
        )
        owners = _owners(ends, [key for _, key in kept])
    return kept, owners


def _unlike(keys: list[tuple[float, Points]]) -> list[tuple[float, Points]]:
    """Return the keys, the surest first, without those whose ends are those of a surer one."""
    kept: list[tuple[float, Points]] = []
    for score, mine in keys:
        apart = NEAR * _length(mine)
        if all(min(_off(mine, one), _off(mine[::-1], one)) > apart for _, one in kept):
            kept.append((score, mine))
    return kept


def _owners(ends: Points, keys: Sequence[Points]) -> NDArray[np.intp]:
    """Return which of the keys each place names by its ends (n, 2, 2); -1 for none."""
    if not keys:
        return np.full(len(ends), -1)
    off = np.stack([_off(ends, key) / max(_length(key), STRIDE) for key in keys])
    return np.where(off.min(axis=0) <= ASTRAY, off.argmin(axis=0), -1)


def _off(ends: Points, key: Points) -> Any:
    """Return the mean distance of heads and tips (..., 2, 2) from those of a key (2, 2)."""
    return np.linalg.norm(ends - key, axis=-1).mean(axis=-1)


def _length(key: Points) -> float:
    return float(np.linalg.norm(key[0] - key[1]))


def _enlarged(field: NDArray[np.float32]) -> NDArray[np.float32]:
    picture = Image.fromarray(field).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _repeated(field: NDArray[np.intp]) -> NDArray[np.intp]:
    return field.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)
