"""Photos and physical keys by what a person types of their names.

In:    states of photos, a text
Out:   ids of photos, names of keys
Needs: nothing beyond Python
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from keykind.review.catalogue import PhotoState

MOST_KEYS = 20  # names that are suggested


def photos_named(photos: Sequence[PhotoState], text: str) -> list[int]:
    """Return the photos with all words of a text in their paths or keys; files that begin with it first."""
    words, start = text.casefold().split(), text.strip().casefold()
    if not words:
        return []
    found = [
        photo
        for photo in photos
        if all(word in f"{photo.entry.name} {photo.key}".casefold() for word in words)
    ]
    found.sort(key=lambda photo: not PurePosixPath(photo.entry.name).name.casefold().startswith(start))
    return [photo.id for photo in found]


def keys_named(photos: Sequence[PhotoState], text: str) -> list[str]:
    """Return names of physical keys that have a text, those that begin with it first, 2 before 10."""
    wanted = text.strip().casefold()
    names = {photo.key for photo in photos if photo.key and wanted in photo.key.casefold()}
    order = sorted(names, key=lambda name: (not name.casefold().startswith(wanted), _natural(name)))
    return order[:MOST_KEYS]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts numbers in a name by their value."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
