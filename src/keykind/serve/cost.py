"""What photos cost: an estimate before any of them is decoded, learnt from those that were processed.

In:    photos as bytes; the time that photos took
Out:   a photo's weight; the expected seconds of a weight
Needs: numpy, pillow (for the type of a photo)

Of a JPEG, which is decoded at a reduced scale, neither the bytes nor the pixels predict the CPU time (R2 0.00
over 12-megapixel, everyday and resized photos). The number of keys does (0.8), but is not known before. Other
formats are decoded in full, for 14 to 25 ms per megapixel; their bytes say little (29 ms per megabyte of PNG,
900 of WebP). So a JPEG has weight 1, and other formats add to that by the pixels that their header states.
"""

import math
import re
from typing import Literal

from keykind.photo.source import NamedPhoto

TYPICAL = 1.0  # weight of a photo that is decoded at a reduced scale
PER_MEGAPIXEL = 0.4  # added for each megapixel that is decoded in full
NOT_DECODED = 0.1  # weight of what is no photo, or too large
ASSUMED_MEGAPIXELS = 12.0  # of formats whose header is not read here: HEIC, TIFF, BMP, lossless WebP
EXPLANATION = 3.0  # added for an explanation: drawing it and writing a PNG takes 140 to 230 ms

INITIAL_SECONDS = 0.1  # per weight, before the first photo is measured
WINDOW = 20  # weight over which the estimate averages: about the last 20 photos

_JPEG = b"\xff\xd8\xff"
_PHOTO = re.compile(rb"\x89PNG|RIFF....WEBP|BM|GIF8|II[*+]\0|MM\0[*+]|....ftyp", re.DOTALL)
_SIZES: tuple[tuple[re.Pattern[bytes], Literal["big", "little"], int, int], ...] = (
    (re.compile(rb"\x89PNG.{12}(.{4})(.{4})", re.DOTALL), "big", 0x7FFFFFFF, 0),
    (re.compile(rb"RIFF....WEBPVP8X.{8}(...)(...)", re.DOTALL), "little", 0xFFFFFF, 1),
    (re.compile(rb"RIFF....WEBPVP8 .{10}(..)(..)", re.DOTALL), "little", 0x3FFF, 0),
    (re.compile(rb"GIF8.{2}(..)(..)", re.DOTALL), "little", 0xFFFF, 0),
)  # start of a file with its width and height, their byte order, mask, what to add


def photo_weight(photo: NamedPhoto) -> float:
    """Return the expected cost of recognising a photo, given as bytes, relative to that of a JPEG."""
    data = photo.content
    assert isinstance(data, bytes)  # noqa: S101 - as received
    if data.startswith(_JPEG):
        return TYPICAL
    if not _PHOTO.match(data):
        return NOT_DECODED
    limit = photo.max_pixels / 1e6
    megapixels = _megapixels(data)
    if megapixels is None:
        megapixels = min(ASSUMED_MEGAPIXELS, limit)
    return NOT_DECODED if megapixels > limit else TYPICAL + PER_MEGAPIXEL * megapixels


def _megapixels(data: bytes) -> float | None:
    """Return the megapixels of a photo that is no JPEG; None if its header is not read here."""
    for pattern, order, mask, added in _SIZES:
        if match := pattern.match(data):
            width, height = ((int.from_bytes(side, order) & mask) + added for side in match.groups())
            return width * height / 1_000_000
    return None


class CostEstimate:
    """The expected seconds of a weight: a moving average over what photos took."""

    def __init__(self) -> None:
        """Start with an assumption."""
        self._seconds, self._weight = INITIAL_SECONDS * WINDOW, float(WINDOW)

    def add(self, seconds: float, weight: float) -> None:
        """Learn from one photo, which counts by its weight."""
        kept = math.exp(-weight / WINDOW)
        self._seconds, self._weight = kept * self._seconds + seconds, kept * self._weight + weight

    @property
    def seconds(self) -> float:
        """Return the expected seconds of a photo of weight 1."""
        return self._seconds / self._weight
