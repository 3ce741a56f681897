"""The photos of a dataset as listed in folders or a table, before any is opened.

In:    names
Out:   Listing(root, photos, kinds, read_errors, warnings), PhotoEntry, Decisions, ReadError; shortened names
Needs: nothing beyond Python
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keykind.dataset.key_ends import KeyEnds

SPLITS = ("train", "test")
MAX_NAMES = 5  # names in a message before the rest are only counted
MAX_LENGTH = 60  # characters of a name in a message or caption


@dataclass(frozen=True, slots=True)
class ReadError:
    """A photo, file or folder that cannot be read, with a one-line reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoEntry:
    """A listed photo, not opened yet."""

    path: Path
    relative: str  # path relative to the dataset's root, with /, as spelled on disk
    name: str  # the same, printable
    kind: str  # as spelled on disk or in the table
    split: str  # "train" or "test"; "validation" until the whole dataset is listed
    key_id: str | None = None  # the physical key it shows, if known
    ends: tuple[KeyEnds, ...] | None = None  # all of its keys, marked by a person; None: not marked


@dataclass(frozen=True, slots=True)
class Decisions:
    """What labels.csv decides about the photos of a dataset."""

    photos: int = 0  # that something is decided about
    labelled: int = 0  # those among them that no kind's folder holds, and that have a kind now
    marked: int = 0  # those whose keys are marked, or that show none
    relabelled: tuple[tuple[str, str, str], ...] = ()  # name, kind of its folder or table, kind that counts
    excluded: tuple[tuple[str, str], ...] = ()  # name, reason

    def __add__(self, other: "Decisions") -> "Decisions":
        """Return the decisions about the photos of both."""
        return Decisions(
            self.photos + other.photos,
            self.labelled + other.labelled,
            self.marked + other.marked,
            self.relabelled + other.relabelled,
            self.excluded + other.excluded,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The photos and kinds of one folder or table."""

    root: Path
    photos: tuple[PhotoEntry, ...]  # sorted by split, kind and name
    kinds: tuple[str, ...]  # sorted, including those without photos
    read_errors: tuple[ReadError, ...]
    warnings: tuple[str, ...]
    passed_over: tuple[tuple[str, int], ...] = ()  # thumbnails and system files: name, number
    unlabelled: tuple[PhotoEntry, ...] = ()  # without a kind, so not used
    other_files: tuple[tuple[str, int], ...] = ()  # that are no photos: extension, number
    decisions: Decisions = Decisions()


def counted(count: int, noun: str) -> str:
    """Return e.g. "1 photo", "2 photos"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def first_few(names: Iterable[str], separator: str = ", ") -> str:
    """Return the first MAX_NAMES names as text, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return separator.join(names[:MAX_NAMES]) + more


def shorten(name: str) -> str:
    """Return a name with its middle replaced by an ellipsis if it is longer than MAX_LENGTH."""
    half = MAX_LENGTH // 2
    return name if len(name) <= MAX_LENGTH else f"{name[:half]}…{name[1 - half :]}"


def relative_path(path: Path, root: Path) -> str:
    """Return a path relative to a dataset's root, with /; unrelated paths stay as they are."""
    start = root.parts
    below = path.parts[: len(start)] == start
    return "/".join(path.parts[len(start) :]) or "." if below else path.as_posix()
