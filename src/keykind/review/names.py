"""Photos and physical keys by what a person types of their names.

In:    states of photos, a text
Out:   ids of photos, names of keys
Needs: nothing beyond Python
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from keykind.review.catalogue import PhotoState

MOST_KEYS = 20  # names that are suggested


def photos_named(photos: Sequence[PhotoState], text: str) -> list[int]:
    """Return the photos with all words of a text in their paths or keys; files that begin with it first."""
    words, start = _plain(text).split(), _plain(text).strip()
    if not words:
        return []
    found = [
        photo for photo in photos if all(word in _plain(f"{photo.entry.name} {photo.key}") for word in words)
    ]
    found.sort(key=lambda photo: not _plain(PurePosixPath(photo.entry.name).name).startswith(start))
    return [photo.id for photo in found]


def keys_named(photos: Sequence[PhotoState], text: str) -> list[str]:
    """Return names of physical keys that have a text, those that begin with it first, 2 before 10."""
    wanted = _plain(text).strip()
    names = {photo.key for photo in photos if photo.key and wanted in _plain(photo.key)}
    order = sorted(names, key=lambda name: (not _plain(name).startswith(wanted), _natural(name)))
    return order[:MOST_KEYS]


def _plain(text: str) -> str:
    """Return a text without differences that nobody sees or types: capitals, how accents are composed."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts numbers in a name by their value."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
