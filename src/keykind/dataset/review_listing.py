"""Folder or table of photos -> every photo of it, for a person to review.

In:    a folder, also without kinds or with nothing but photos; or a CSV table; labels.csv in it or beside it
Out:   ReviewListing: each photo with its folder's kind, split and key id, decided or not; no photo is opened
Needs: numpy, pillow
"""

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.core.files import file_mode
from keykind.dataset.decisions import DecisionTable, changes_text, decisions_beside, rows_of_photos
from keykind.dataset.folder_walk import Walk, walk_folders
from keykind.dataset.folders import list_folders
from keykind.dataset.groups import make_unique
from keykind.dataset.key_ids import add_key_ids, find_groups_csv
from keykind.dataset.kind_names import folded_kind, merge_kinds, with_printable_kinds
from keykind.dataset.label_rows import LabelRow
from keykind.dataset.layout import list_undecided_table
from keykind.dataset.listing import Listing, PhotoEntry, counted
from keykind.dataset.splits import place_validation


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A photo that may be decided about, not opened."""

    path: Path
    relative: str  # to the root, with /, as spelled on disk
    name: str  # the same, printable and unique, as in the tables of a run
    folder_kind: str  # what the folder or table says, one of the listing's kinds; "": nothing
    split: str  # "train" or "test", of the folder or table
    key_id: str | None  # of a table of key ids, if any gives one
    row: str  # its path in labels.csv: as spelled on disk, unless a row spells it otherwise


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
    is_folder = stat.S_ISDIR(file_mode(photos))
    table = decisions_beside(photos if is_folder else photos.parent)
    if is_folder:
        listing, problems = _list_folder(photos, table)
    else:
        listing, problems = list_undecided_table(photos), []
        table = replace(table, may_have_others=True) if table else None
    rows, notes = rows_of_photos(listing, table) if table else ({}, [])
    problems += [*listing.warnings, *notes, *(_contradicted(listing, table, rows) if table else ())]
    return _review(listing, problems, rows)


def _list_folder(root: Path, table: DecisionTable | None) -> tuple[Listing, list[str]]:
    """Return all photos of a folder, those without a kind too, with the key ids of tables; and problems."""
    walk = walk_folders(root)
    problems = _problems(walk, table)
    placed, _ = place_validation([*walk.photos, *walk.unlabelled], has_test=False)
    photos, unlabelled = placed[: len(walk.photos)], placed[len(walk.photos) :]
    listing = Listing(root, photos, tuple(sorted(walk.kinds)), (), (), unlabelled=unlabelled)
    return add_key_ids(listing, walk.tables + find_groups_csv(walk.unused)), problems


def _problems(walk: Walk, table: DecisionTable | None) -> list[str]:
    """Return why the photos cannot be trained on as they are, and what else is known without opening them."""
    errors = [f"{error.name}: {error.reason}." for error in walk.read_errors]
    try:
        listing, _ = list_folders(walk, as_test=False, decided=table.with_kind if table else ())
    except BadDataset as error:
        return [str(error), *errors]
    return [*listing.warnings, *errors]


def _contradicted(listing: Listing, table: DecisionTable, rows: Mapping[str, LabelRow]) -> Iterator[str]:
    """Yield a sentence about kinds of a plain labels.csv, which count from the first decision on."""
    if not table.is_plain:
        return
    cells = ((photo, rows[photo.relative].kind) for photo in listing.photos if photo.relative in rows)
    changes = [
        (photo.name, photo.kind, kind)
        for photo, kind in cells
        if kind and folded_kind(kind) != folded_kind(photo.kind)
    ]
    if changes:
        yield (
            f"{table.title} has another kind of {counted(len(changes), 'photo')} than their folder "
            f"({changes_text(changes)}); with the first decision here, {table.title} counts."
        )


def _review(listing: Listing, problems: Sequence[str], rows: Mapping[str, LabelRow]) -> ReviewListing:
    known = {folded_kind(kind) for kind in listing.kinds}
    own = {row.kind for row in rows.values() if row.kind and folded_kind(row.kind) not in known}
    merged, notes = merge_kinds([replace(listing, kinds=tuple(sorted({*listing.kinds, *own})))])
    (named,) = with_printable_kinds(merged)
    spellings = {folded_kind(kind): kind for kind in named.kinds}
    entries = _entries((*named.photos, *named.unlabelled), rows)
    return ReviewListing(listing.root, entries, named.kinds, (*problems, *notes), spellings)


def _entries(photos: Iterable[PhotoEntry], rows: Mapping[str, LabelRow]) -> tuple[ReviewEntry, ...]:
    once = {photo.relative: photo for photo in sorted(photos, key=lambda photo: photo.relative)}
    names = make_unique(photo.name for photo in once.values())
    paths = (rows[relative].path if relative in rows else relative for relative in once)
    return tuple(
        ReviewEntry(photo.path, photo.relative, name, photo.kind, photo.split, photo.key_id, path)
        for photo, name, path in zip(once.values(), names, paths, strict=True)
    )
