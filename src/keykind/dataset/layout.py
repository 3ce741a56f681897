"""Folders or a table -> listed photos, each with its kind, split and key id.

In:    folders (see `folders`), or a CSV table with path, label, and optionally group and split (see `table`)
Out:   Listing(root, photos, kinds, read_errors, warnings), sorted, key ids from tables; no photo is opened
Needs: numpy, pillow
"""

import stat
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.core.files import file_mode, is_same_file
from keykind.dataset.csv_table import SUFFIXES as TABLE_SUFFIXES
from keykind.dataset.folder_walk import walk_folders
from keykind.dataset.folders import list_folders
from keykind.dataset.key_ids import add_key_ids, find_groups_csv
from keykind.dataset.listing import Listing
from keykind.dataset.splits import place_validation
from keykind.dataset.table import list_table

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


def list_photos(source: str | Path, *, as_test: bool = False, has_test: bool = False) -> Listing:
    """List the photos of a folder or of a CSV table.

    as_test: put all photos in the test split, whatever their folders or the table say. has_test: whether
    another source has the test photos; if so, validation photos are for training.
    Raises BadDataset if the source is neither, lists no photos, or its splits are not clear.
    """
    source = Path(source)
    mode = file_mode(source)
    if stat.S_ISDIR(mode):
        listing, tables = list_folders(walk_folders(source), as_test)
    elif stat.S_ISREG(mode) and source.suffix.lower() in TABLE_SUFFIXES:
        listing = list_table(source)
        tables = [path for path in find_groups_csv(_folders_of(listing)) if not is_same_file(path, source)]
    else:
        raise _not_a_dataset(source, mode)
    photos, notes = listing.photos, list[str]()
    if as_test:
        photos = tuple(replace(photo, split="test") for photo in photos)
    else:
        photos, notes = place_validation(photos, has_test=has_test)
    photos = tuple(sorted(photos, key=lambda photo: (photo.split, photo.kind, photo.relative)))
    return add_key_ids(replace(listing, photos=photos, warnings=(*listing.warnings, *notes)), tables)


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
