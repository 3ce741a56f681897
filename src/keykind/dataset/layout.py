"""Folders or a table -> listed photos, each with its kind, split and key id.

In:    folders (see `folders`), or a CSV table with path, label, and optionally group and split (see `table`);
       decisions about them in labels.csv (see `decisions`)
Out:   Listing(root, photos, kinds, read_errors, warnings), sorted, key ids from tables; no photo is opened
Needs: numpy, pillow
"""

import stat
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import file_mode, is_same_file
from keykind.dataset.csv_table import SUFFIXES as TABLE_SUFFIXES
from keykind.dataset.decisions import DecisionTable, apply_decisions, decisions_beside, decisions_of
from keykind.dataset.folder_walk import walk_folders
from keykind.dataset.folders import list_folders, skipped_files
from keykind.dataset.key_ids import add_key_ids, find_groups_csv
from keykind.dataset.label_rows import LABEL_FILE, has_decisions
from keykind.dataset.listing import Listing, first_few, shorten
from keykind.dataset.splits import place_validation
from keykind.dataset.table import list_table

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


def list_photos(
    source: str | Path, *, as_test: bool = False, has_test: bool = False, any_split: bool = False
) -> Listing:
    """List the photos of a folder or of a CSV table.

    as_test: put all photos in the test split, whatever their folders or the table say. has_test: whether
    another source has the test photos; if so, validation photos are for training. any_split: accept folders
    without photos to train on.
    Raises BadDataset if the source is neither, lists no photos, or its splits are not clear.
    """
    source = Path(source)
    if stat.S_ISDIR(file_mode(source)):
        tables = [decisions_beside(source)]
        decided = tables[0].with_kind if tables[0] else frozenset[str]()
        listing, key_tables = list_folders(walk_folders(source), as_test or any_split, decided)
        listing = add_key_ids(listing, key_tables)
    else:
        listing, tables = list_undecided_table(source), _tables_of(source)
    for table in filter(None, tables):
        listing = apply_decisions(listing, table, as_test=as_test, has_test=has_test)
    return _placed(_checked(listing, source), as_test=as_test, has_test=has_test)


def list_undecided_table(source: Path) -> Listing:
    """Return the photos of a table, with the key ids of groups.csv files; nothing of labels.csv is applied.

    Raises BadDataset if the source is no table, or what `list_table` raises.
    """
    mode = file_mode(source)
    if not stat.S_ISREG(mode) or source.suffix.lower() not in TABLE_SUFFIXES:
        raise _not_a_dataset(source, mode)
    listing = list_table(source, may_be_empty=has_decisions(source))
    tables = find_groups_csv(_folders_of(listing))
    return add_key_ids(listing, [path for path in tables if not is_same_file(path, source)])


def _tables_of(source: Path) -> list[DecisionTable | None]:
    """Return the decisions in a table itself, and those beside it."""
    own = decisions_of(source)
    if is_same_file(source, source.parent / LABEL_FILE):
        return [own]
    beside = decisions_beside(source.parent)
    return [own, replace(beside, may_have_others=True) if beside and not beside.is_plain else None]


def _checked(listing: Listing, source: Path) -> Listing:
    """Return the listing with a warning about what is skipped. Raises BadDataset without photos."""
    if not listing.photos:
        excluded, unlabelled = len(listing.decisions.excluded), len(listing.unlabelled)
        fault = f"has 0 photos of a kind, {unlabelled:,} without a kind, and {excluded:,} that are excluded"
        raise BadDataset(source, fault=fault, remedy=f"give photos a kind with keykind review {source}")
    skipped = skipped_files(listing) if source.is_dir() else _skipped_rows(listing, source)
    return replace(listing, warnings=(*listing.warnings, skipped)) if skipped else listing


def _skipped_rows(listing: Listing, source: Path) -> str | None:
    if not listing.unlabelled:
        return None
    names = first_few(shorten(photo.name) for photo in listing.unlabelled)
    return (
        f"Rows of {printable(source.name)} without a kind: {len(listing.unlabelled):,} ({names}); left out; "
        "if folders say the kinds, give the folder in place of the table."
    )


def _placed(listing: Listing, *, as_test: bool, has_test: bool) -> Listing:
    """Return the listing, sorted, with photos in train and test only."""
    photos, notes = listing.photos, list[str]()
    if as_test:
        photos = tuple(replace(photo, split="test") for photo in photos)
    else:
        photos, notes = place_validation(photos, has_test=has_test)
    photos = tuple(sorted(photos, key=lambda photo: (photo.split, photo.kind, photo.relative)))
    return replace(listing, photos=photos, warnings=(*listing.warnings, *notes))


def _not_a_dataset(source: Path, mode: int) -> BadDataset:
    fault = "is a file, but not a CSV table" if mode else "does not exist"
    remedy = "give a folder with one folder per kind, or a CSV table"
    if mode and source.suffix.lower() in WORKBOOKS:
        remedy = "save the sheet as CSV UTF-8, with the columns path and label, and give that"
    return BadDataset(source, fault=fault, remedy=remedy)


def _folders_of(listing: Listing) -> set[Path]:
    """Return all folders from the root down to the photos, and the two above each photo outside the root."""
    folders = {listing.root}
    for folder in {photo.path.parent for photo in listing.photos}:
        if folder.is_relative_to(listing.root):
            folders.update(above for above in (folder, *folder.parents) if above.is_relative_to(listing.root))
        else:
            folders.update((folder, folder.parent))
    return folders
