"""A photo -> the crop of each key in it, cut out of enough of the photo's own pixels.

In:    how to read the photo; a finder
Out:   Piece(s): a key found and its crop, the surest first
Needs: numpy, pillow, ai-edge-litert
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from keykind.card import SIZE
from keykind.finder import Finder, Found
from keykind.photo import Photo
from keykind.straighten import Cut, cut_around
from keykind.views import Crop

FIRST = 480  # px that the shorter side of a photo keeps where keys are looked for
ENOUGH = 0.75  # pixels of the photo for one of a crop's; with fewer it is read again, at a larger scale

Read = Callable[[int], Photo]  # photo with a shorter side of at least so many px, or all that it has


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A key found, and its crop."""

    found: Found
    cut: Cut
    crop: Crop  # what the model sees
    photo: Photo
    scale: float  # pixels of the photo for one of its original

    def shown(self, height: int) -> Crop:
        """Return the key as a person is shown it, (height, SLIM * height, 3)."""
        return self.cut.shown_from(self.photo.pixels, self.scale, height)


def cut_keys(read: Read, finder: Finder) -> tuple[Piece, ...]:
    """Return the keys in a photo, cut out. Raises what reading raises."""
    photo = read(FIRST)
    found = finder.find(photo)
    cuts = [cut_around(one.head, one.tip, one.box) for one in found]
    wanted = min(max((SIZE / cut.width for cut in cuts), default=0), 1)  # share of the photo's scale
    if _scale(photo) < ENOUGH * wanted:
        photo = read(math.ceil(wanted * min(photo.width, photo.height)))
    scale = _scale(photo)
    return tuple(
        Piece(one, cut, cut.taken_from(photo.pixels, scale), photo, scale)
        for one, cut in zip(found, cuts, strict=True)
    )


def _scale(photo: Photo) -> float:
    """Return how many pixels there are for one of the original."""
    return float(photo.pixels.shape[1] / photo.width)
