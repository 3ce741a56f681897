"""What files of other annotation programs have in common: photos with marked keys, in and out.

In:    marked photos to export; head and tip of a key
Out:   PhotoOut, PhotoIn; the box around a key
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.geometry import segment_box
from keykind.dataset.key_ends import KeyEnds, Point
from keykind.dataset.listing import ReadError, counted
from keykind.dataset.marked_photos import MarkedPhoto
from keykind.detect.crops import MARKED_WIDTH

EXPORTED = "exported by keykind"  # at the start of the file that lists an export
HEAD, TIP = "head", "tip"  # names of the keypoints
ROLES = {HEAD: HEAD, "bow": HEAD, TIP: TIP}  # of keypoints of other programs, by their names, case folded
LEFT_OUT = "correct it and import again; the photo is left out"
ANY_KEY = "key"  # category of keys whose kind is not known
Box = tuple[float, float, float, float]  # left, top, width, height; px


@dataclass(frozen=True, slots=True)
class PhotoOut:
    """A photo to export."""

    marked: MarkedPhoto
    file: str  # path below the folder of images, with /
    width: int  # px of the upright photo, which the image shows
    height: int

    def ends(self, key: KeyEnds) -> tuple[Point, Point]:
        """Return head and tip; on the edge of the photo if they are marked just outside it."""
        head, tip = np.clip([key.head, key.tip], 0, [self.width, self.height]).tolist()
        return tuple(head), tuple(tip)

    def box(self, key: KeyEnds) -> Box:
        """Return the box around a key, whose width is assumed, within the photo."""
        head, tip = np.array([key.head, key.tip])
        corners = segment_box(head, tip, MARKED_WIDTH * float(np.linalg.norm(tip - head)))
        left, top = np.clip(corners.min(axis=0), 0, [self.width, self.height]).tolist()
        right, bottom = np.clip(corners.max(axis=0), 0, [self.width, self.height]).tolist()
        return left, top, right - left, bottom - top

    def area(self, key: KeyEnds) -> float:
        """Return the area of a key with the assumed width, px squared; at most that of its box."""
        head, tip = np.array([key.head, key.tip])
        _, _, width, height = self.box(key)
        return min(MARKED_WIDTH * float(np.sum((tip - head) ** 2)), width * height)


@dataclass(frozen=True, slots=True)
class PhotoIn:
    """A photo with its keys, as a file of another program describes it."""

    file: str  # as the file spells it
    origin: str  # where it says so: file and entry
    keys: tuple[KeyEnds, ...]  # kind: the name of the category
    size: tuple[int, int] | None = None  # width and height that the file states, px
    is_relative: bool = False  # whether ends are shares of the photo's sides, not px


class BadEntry(ValueError):
    """What is wrong with an entry of a file, in words."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The photos in a file of another program."""

    photos: tuple[PhotoIn, ...]
    unmarked: int  # photos of which it says nothing
    problems: tuple[ReadError, ...]  # entries that could not be read; the others were


def categories(photos: Sequence[PhotoOut]) -> list[str]:
    """Return the names of the categories of the photos' keys, sorted; at least one."""
    return sorted({category(key) for photo in photos for key in photo.marked.ends}) or [ANY_KEY]


def category(key: KeyEnds) -> str:
    """Return the name of a key's category."""
    return key.kind or ANY_KEY


def head_and_tip(names: Sequence[str]) -> tuple[int, int]:
    """Return where head and tip are among keypoints with these names; without names, the head is the first.

    Of two keypoints, one name is enough; if neither is known, the first is the head. Raises BadEntry.
    """
    if not names:
        return 0, 1
    roles = [ROLES.get(name.strip().casefold()) for name in names]
    heads, tips = roles.count(HEAD), roles.count(TIP)
    if heads == tips == 1:
        return roles.index(HEAD), roles.index(TIP)
    if len(names) == 2 and heads < 2 and tips < 2:
        return (1, 0) if roles[0] == TIP or roles[1] == HEAD else (0, 1)
    listed = ", ".join(names)[:80]
    raise BadEntry(f"has {counted(len(names), 'keypoint')}, of which not one each is head and tip: {listed}")


def key_between(head: Point, tip: Point, name: str) -> KeyEnds:
    """Return a key; name: of its category. Raises BadEntry if its ends are the same."""
    if head == tip:
        raise BadEntry(f"has head and tip both at {head[0]:g}, {head[1]:g}")
    name = " ".join(name.split())
    return KeyEnds(head, tip, "" if name.casefold() == ANY_KEY else name)
