"""Folder or table of photos -> every photo of it, for a person to review.

In:    a folder, also without kinds or with nothing but photos; or a CSV table; labels.csv in it or beside it
Out:   ReviewListing: each photo with its folder's kind, split and key id, decided or not; no photo is opened
Needs: numpy, pillow
"""

import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.core.files import file_mode
from keykind.dataset.folder_walk import Walk, walk_folders
from keykind.dataset.folders import list_folders
from keykind.dataset.groups import make_unique
from keykind.dataset.key_ids import add_key_ids, find_groups_csv
from keykind.dataset.kind_names import folded_kind, merge_kinds, with_printable_kinds
from keykind.dataset.label_rows import LABEL_FILE, LabelRow, read_labels
from keykind.dataset.layout import list_photos
from keykind.dataset.listing import Listing, PhotoEntry
from keykind.dataset.splits import place_validation


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A photo that may be decided about, not opened."""

    path: Path
    relative: str  # to the root, with /, as spelled on disk: its path in labels.csv
    name: str  # the same, printable and unique, as in the tables of a run
    folder_kind: str  # what the folder or table says, one of the listing's kinds; "": nothing
    split: str  # "train" or "test", of the folder or table
    key_id: str | None  # of a table of key ids, if any gives one


@dataclass(frozen=True, slots=True)
class ReviewListing:
    """All photos of a folder or table, also those that a decision excludes."""

    root: Path  # labels.csv is, or will be, directly in it
    entries: tuple[ReviewEntry, ...]  # sorted by relative path, each photo once
    kinds: tuple[str, ...]  # sorted; of folders, also empty ones, and those that only labels.csv has
    problems: tuple[str, ...]  # sentences; the first one says why `read_dataset` would refuse, if it would
    _spellings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def kind(self, spelling: str) -> str:
        """Return the kind that a cell of labels.csv means: one of `kinds` but for case, or itself."""
        return self._spellings.get(folded_kind(spelling), spelling)


def list_for_review(photos: str | Path) -> ReviewListing:
    """Return the photos of a folder or of a table. What is wrong with them is a problem, not an error.

    Raises BadDataset if the source is neither, a table of it cannot be read, or labels.csv cannot.
    """
    photos = Path(photos)
    if stat.S_ISDIR(file_mode(photos)):
        rows = read_labels(photos / LABEL_FILE).rows
        return _review(*_list_folder(photos), rows)
    listing = list_photos(photos)
    return _review(listing, list(listing.warnings), read_labels(listing.root / LABEL_FILE).rows)


def _list_folder(root: Path) -> tuple[Listing, list[str]]:
    """Return all photos of a folder, those without a kind too, with the key ids of tables; and problems."""
    walk = walk_folders(root)
    problems = _problems(walk)
    photos, _ = place_validation([*walk.photos, *walk.unlabelled], has_test=False)
    listing = Listing(root, photos, tuple(sorted(walk.kinds)), (), ())
    listing = add_key_ids(listing, walk.tables + find_groups_csv(walk.unused))
    return listing, [*problems, *listing.warnings]


def _problems(walk: Walk) -> list[str]:
    """Return why the photos cannot be trained on as they are, and what else is known without opening them."""
    errors = [f"{error.name}: {error.reason}." for error in walk.read_errors]
    try:
        listing, _ = list_folders(walk, as_test=False)
    except BadDataset as error:
        return [str(error), *errors]
    return [*listing.warnings, *errors]


def _review(listing: Listing, problems: Sequence[str], rows: Mapping[str, LabelRow]) -> ReviewListing:
    own = {row.kind for row in rows.values()} - {""}
    unlabelled = [photo for photo in listing.photos if not photo.kind]
    labelled = [photo for photo in listing.photos if photo.kind]
    named = replace(listing, photos=tuple(labelled), kinds=tuple(sorted({*listing.kinds, *own})))
    merged, notes = merge_kinds([named])
    (named,) = with_printable_kinds(merged)
    entries = _entries([*named.photos, *unlabelled])
    spellings = {folded_kind(kind): kind for kind in named.kinds}
    return ReviewListing(listing.root, entries, named.kinds, (*problems, *notes), spellings)


def _entries(photos: Iterable[PhotoEntry]) -> tuple[ReviewEntry, ...]:
    once = {photo.relative: photo for photo in sorted(photos, key=lambda photo: photo.relative)}
    names = make_unique(photo.name for photo in once.values())
    return tuple(
        ReviewEntry(photo.path, photo.relative, name, photo.kind, photo.split, photo.key_id)
        for photo, name in zip(once.values(), names, strict=True)
    )
