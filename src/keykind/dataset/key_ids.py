"""Listed photos -> the physical key each shows, from CSV tables or file names.

In:    a Listing; CSV tables (path, group) in its folders, or a regular expression over photo names
Out:   the photos with their key ids; warnings about tables that could not be used
Needs: nothing beyond Python
"""

import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import file_mode
from keykind.dataset.csv_table import columns, load_table
from keykind.dataset.listing import Listing, PhotoEntry, first_few, relative_path, shorten
from keykind.dataset.paths_on_disk import find_paths
from keykind.dataset.splits import part_of

GROUPS = "groups.csv"  # next to the kind folders, any case: which physical key each photo shows


def is_key_table(path: Path, mode: int) -> bool:
    """Return whether a file assigns photos to keys: groups.csv, or any CSV with path and group columns."""
    return (
        path.suffix.lower() == ".csv"
        and stat.S_ISREG(mode)
        and (_is_groups_csv(path) or {"path", "group"} <= columns(path))
    )


def find_groups_csv(folders: Iterable[Path]) -> list[Path]:
    """Return each groups.csv directly in one of the folders, sorted.

    A broken link counts, so that reading it raises.
    """
    tables = []
    for folder in folders:
        try:
            tables += [path for path in folder.iterdir() if _is_groups_csv(path)]
        except OSError:
            continue
    return sorted(path for path in tables if stat.S_ISREG(file_mode(path) or stat.S_IFREG))


def add_key_ids(listing: Listing, tables: Iterable[Path]) -> Listing:
    """Return the listing with the key ids in tables next to the kind folders; warn about other tables.

    tables: from `is_key_table` or `find_groups_csv`; groups.csv takes precedence. Known key ids are kept.
    Raises BadDataset if a table cannot be read.
    """
    tables = sorted(tables, key=lambda table: not _is_groups_csv(table))
    keys: dict[str, str] = {}
    conflicts: set[str] = set()
    warnings, unread = [], []
    photos = (*listing.photos, *listing.unlabelled)
    names = {photo.relative for photo in photos}
    for table in tables:
        title = shorten(printable(relative_path(table, listing.root)))
        if not _is_usable(table, listing.root):
            unread.append(title)
            continue
        pairs, notes = _read_key_ids(table, listing.root, title)
        warnings += notes
        conflicts |= {name for name, key in pairs if keys.setdefault(name, key) != key}
        warnings += _unknown_paths(title, {name for name, _ in pairs}, names)
    conflicts |= {
        photo.relative
        for photo in photos
        if photo.key_id and keys.get(photo.relative, photo.key_id) != photo.key_id
    }
    warnings += _unread_tables(unread) + _conflicting_keys(sorted(conflicts & names))
    if keys:
        listing = replace(
            listing, photos=_keyed(listing.photos, keys), unlabelled=_keyed(listing.unlabelled, keys)
        )
    return replace(listing, warnings=(*listing.warnings, *warnings))


def _keyed(photos: Iterable[PhotoEntry], keys: Mapping[str, str]) -> tuple[PhotoEntry, ...]:
    return tuple(replace(photo, key_id=photo.key_id or keys.get(photo.relative)) for photo in photos)


def _is_groups_csv(path: Path) -> bool:
    return path.name.casefold() == GROUPS


def _is_usable(table: Path, root: Path) -> bool:
    """Return whether a table is next to the kind folders and is either groups.csv or has labels too."""
    in_split = part_of(table.parent.name) is not None and table.parent.parent == root
    return (in_split or table.parent == root) and (_is_groups_csv(table) or "label" in columns(table))


def _read_key_ids(table: Path, root: Path, title: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (photo path relative to the root, key id) pairs, and notes about the table."""
    content = load_table(table, needed=("path", "group"))
    rows = [row.cells for row in content.rows if row.cells.get("path") and row.cells.get("group")]
    paths, notes = find_paths(table.parent, (row["path"] for row in rows), title)
    pairs = [(relative_path(paths[row["path"]], root), printable(row["group"])) for row in rows]
    return pairs, [*content.notes, *notes]


def _unknown_paths(title: str, paths: set[str], names: set[str]) -> list[str]:
    unknown = sorted(shorten(printable(path)) for path in paths - names)
    if not unknown:
        return []
    return [
        f"Paths in {title} that are not in the dataset: {len(unknown):,} of {len(paths):,} "
        f"({first_few(unknown)}); write them relative to the folder of {title}."
    ]


def _unread_tables(titles: Sequence[str]) -> list[str]:
    if not titles:
        return []
    return [
        f"Tables with key ids that were not read: {len(titles):,} ({first_few(titles)}); name one {GROUPS} "
        "and put it next to the kind folders, or pass a table with labels and key ids instead of the folder."
    ]


def _conflicting_keys(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    listed = first_few(shorten(printable(name)) for name in names)
    return [
        f"Photos with several key ids in the tables: {len(names):,} ({listed}); the first is used; "
        "correct the tables."
    ]


def key_ids_from_names(photos: Sequence[PhotoEntry], pattern: str) -> tuple[PhotoEntry, ...]:
    """Return the photos with the key ids that the pattern matches in their names; known ids are kept.

    pattern: a regular expression; the key id is its group named `key`, or else its first group.
    Raises BadDataset if the pattern is invalid or has no group.
    """
    remedy = "use one with a group around the key's name, e.g. '([^/]+)-[0-9]+[.]jpg'"
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise BadDataset(
            f"group pattern {pattern}", fault=f"is not a valid regular expression ({error})", remedy=remedy
        ) from error
    if not expression.groups:
        raise BadDataset(f"group pattern {pattern}", fault="has no group", remedy=remedy)
    group = "key" if "key" in expression.groupindex else 1
    matches = [expression.search(photo.name) for photo in photos]
    return tuple(
        replace(photo, key_id=photo.key_id or (match and match[group]) or None)
        for photo, match in zip(photos, matches, strict=True)
    )
