"""What a set of photos names, before anybody opens a photo.

In:    names
Out:   Listing(root, photos, kinds, faults, warnings), PhotoEntry, ReadError; names cut short for messages
Needs: nothing beyond Python
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "test")
SHOWN = 5  # names in a message before it says how many more
NAME = 60  # signs of a name in a message or below a picture


@dataclass(frozen=True, slots=True)
class ReadError:
    """A photo, file or folder that cannot be read, with its reason in one line."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoEntry:
    """A photo that a set names; nobody has opened it yet."""

    path: Path
    relative: str  # to the set's root, posix, as the disk spells it
    name: str  # the same, printable
    kind: str  # as the disk or the table spells it
    split: str  # "train" or "test"
    key: str | None = None  # the physical key, where the set tells it


@dataclass(frozen=True, slots=True)
class Listing:
    """What a set of photos holds, before any of them is read."""

    root: Path
    photos: tuple[PhotoEntry, ...]  # sorted by split, kind and name
    kinds: tuple[str, ...]  # sorted, also those without a photo
    faults: tuple[ReadError, ...]
    warnings: tuple[str, ...]


def some(names: Iterable[str], between: str = ", ") -> str:
    """Return the first few names and how many more there are."""
    names = list(names)
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more


def short(name: str) -> str:
    """Return a name with its middle left out where it is long."""
    half = NAME // 2
    return name if len(name) <= NAME else f"{name[:half]}…{name[1 - half :]}"


def relative(path: Path, root: Path) -> str:
    """Return a path as seen from a set's root, posix; as it is where it does not begin with the root."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
