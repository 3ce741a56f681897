"""labels.csv -> the photos all of whose keys are marked, each key with its kind.

In:    labels.csv, and the folder of its photos, which says what the file does not decide
Out:   MarkedPhoto(s), sorted by path; no photo is opened
Needs: numpy, pillow
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from keykind.core.errors import BadDataset, printable
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_rows import LABEL_FILE, LabelRow, read_labels
from keykind.dataset.review_listing import ReviewEntry, ReviewListing, list_for_review
from keykind.dataset.splits import TEST, TRAIN, part_of

NOT_A_KEY = "not a key"  # an excluded photo of which the marks still count: it is a negative
EDGE = 1.0  # px by which a mark may be outside a photo: annotation tools place points on the border


@dataclass(frozen=True, slots=True)
class MarkedPhoto:
    """A photo all of whose keys are marked; none if it shows no key."""

    name: str  # path relative to the folder of photos, with /, as on disk
    kind: str  # of the photo; "": not known
    key: str  # the physical key that it shows; "": not known
    split: str  # TRAIN or TEST
    ends: tuple[KeyEnds, ...]  # px of the upright photo; kind "": not known


def marked_photos(table: Path, folder: Path) -> tuple[MarkedPhoto, ...]:
    """Return the photos whose keys are marked in a labels.csv, but for those that are excluded.

    A photo that is excluded as `not a key` stays if a person saw that it shows none. One that is not there
    stays: reading it fails. Raises BadDataset if a table cannot be read, or a path leads out of the folder.
    """
    rows = [row for row in read_labels(table).rows.values() if _is_used(row)]
    if not rows:
        return ()
    listing = list_for_review(folder)
    entries = {entry.row: entry for entry in listing.entries}
    photos = [_marked(row, entries.get(row.path), listing, table) for row in rows]
    return tuple(sorted(photos, key=lambda photo: photo.name))


def outside(ends: Sequence[KeyEnds], width: int, height: int) -> KeyEnds | None:
    """Return the first key with an end outside a photo of that size (px); None if there is none."""
    for key in ends:
        for x, y in (key.head, key.tip):
            if not (-EDGE <= x <= width + EDGE and -EDGE <= y <= height + EDGE):
                return key
    return None


def check_folder(folder: Path) -> None:
    """Raise BadDataset if there is no such folder of photos."""
    if not folder.is_dir():
        fault = "is a file, not a folder" if folder.exists() else "does not exist"
        raise BadDataset(folder, fault=fault, remedy=f"give the folder of photos that {LABEL_FILE} is in")


def _is_used(row: LabelRow) -> bool:
    if row.ends is None:
        return False
    return not row.excluded or (row.excluded.casefold() == NOT_A_KEY and not row.ends)


def _marked(row: LabelRow, entry: ReviewEntry | None, listing: ReviewListing, table: Path) -> MarkedPhoto:
    if entry is None:
        _check_inside(row.path, table)
    kind = listing.kind(row.kind) if row.kind or entry is None else entry.folder_kind
    ends = tuple(replace(key, kind=listing.kind(key.kind) or kind) for key in row.ends or ())
    name, key = (entry.relative, entry.key_id or "") if entry else (row.path, "")
    return MarkedPhoto(name, kind, row.key or key, _split(row, entry), ends)


def _split(row: LabelRow, entry: ReviewEntry | None) -> str:
    """Return the split of a photo; one decided to be for validation is for testing."""
    if row.split:
        return TRAIN if part_of(row.split) == TRAIN else TEST
    return entry.split if entry else TRAIN


def _check_inside(name: str, table: Path) -> None:
    """Raise BadDataset if a path leads out of the folder that it is relative to, on any system."""
    if any(path.anchor or ".." in path.parts for path in (PurePosixPath(name), PureWindowsPath(name))):
        fault = f"names {printable(name)}, which is not a path inside the folder"
        remedy = "put the photo into the folder and give its path from there"
        raise BadDataset(table, fault=fault, remedy=remedy)
