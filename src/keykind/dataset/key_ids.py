"""Listed photos -> which physical key each shows, as tables or their names tell it.

In:    a Listing; CSV tables (path, group) in its folders, or a regular expression over the photos' names
Out:   the photos with their keys; warnings about tables that could not be followed
Needs: nothing beyond Python
"""

import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import mode_of
from keykind.dataset.csv_table import columns, read_table
from keykind.dataset.listing import SPLITS, Listing, PhotoEntry, relative, short, some

GROUPS = "groups.csv"  # beside the kinds, in any case: which photo shows which physical key


def names_keys(path: Path, mode: int) -> bool:
    """Tell whether a file is a table of keys: groups.csv, or any CSV with columns of paths and keys."""
    return (
        path.suffix.lower() == ".csv"
        and stat.S_ISREG(mode)
        and (_is_groups(path) or {"path", "group"} <= columns(path))
    )


def groups_in(folders: Iterable[Path]) -> list[Path]:
    """Return each groups.csv that lies directly in one of the folders, sorted.

    A link that leads nowhere is one too, so that reading it fails aloud.
    """
    found = []
    for folder in folders:
        try:
            found += [path for path in folder.iterdir() if _is_groups(path)]
        except OSError:
            continue
    return sorted(path for path in found if stat.S_ISREG(mode_of(path) or stat.S_IFREG))


def with_keys(listing: Listing, tables: Iterable[Path]) -> Listing:
    """Return the listing with the keys that tables tell: those beside the kinds; the others are warned about.

    tables: by `names_keys` or `groups_in`, groups.csv counts before others. Keys that are known stay.
    Raises BadDataset if one to be read cannot be.
    """
    tables = sorted(tables, key=lambda table: not _is_groups(table))
    keys: dict[str, str] = {}
    doubted: set[str] = set()
    warnings, unread = [], []
    names = {photo.relative for photo in listing.photos}
    for table in tables:
        title = short(printable(relative(table, listing.root)))
        if not _counts(table, listing.root):
            unread.append(title)
            continue
        told = _told(table, listing.root)
        doubted |= {name for name, key in told if keys.setdefault(name, key) != key}
        warnings += _strange(title, {name for name, _ in told}, names)
    doubted |= {
        one.relative for one in listing.photos if one.key and keys.get(one.relative, one.key) != one.key
    }
    warnings += _unread(unread) + _doubted(sorted(doubted & names))
    photos = tuple(replace(photo, key=photo.key or keys.get(photo.relative)) for photo in listing.photos)
    return replace(listing, photos=photos, warnings=(*listing.warnings, *warnings))


def _is_groups(path: Path) -> bool:
    return path.name.casefold() == GROUPS


def _counts(table: Path, root: Path) -> bool:
    """Tell whether a table is to be read: it lies beside the kinds, and no other table could be meant."""
    side = table.parent.name.casefold() in SPLITS and table.parent.parent == root
    return (side or table.parent == root) and (_is_groups(table) or "label" in columns(table))


def _told(table: Path, root: Path) -> list[tuple[str, str]]:
    """Return what a table tells: a photo's path as seen from the root, and its key."""
    return [
        (relative(table.parent / row.cells["path"], root), printable(row.cells["group"]))
        for row in read_table(table, needed=("path", "group"))
        if row.cells.get("path") and row.cells.get("group")
    ]


def _strange(title: str, told: set[str], names: set[str]) -> list[str]:
    strange = sorted(short(printable(name)) for name in told - names)
    if not strange:
        return []
    return [
        f"Paths in {title} that are not in the set: {len(strange):,} of {len(told):,} ({some(strange)}); "
        f"write each relative to the folder of {title}."
    ]


def _unread(titles: Sequence[str]) -> list[str]:
    if not titles:
        return []
    return [
        f"Tables that name keys but were not read: {len(titles):,} ({some(titles)}); call one {GROUPS} and "
        "put it beside the folders of the kinds, or give a table with labels and keys instead of the folder."
    ]


def _doubted(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    listed = some(short(printable(name)) for name in names)
    return [
        f"Photos to which the tables give several keys: {len(names):,} ({listed}); the first counts, "
        "so make the tables agree."
    ]


def keys_by_pattern(photos: Sequence[PhotoEntry], pattern: str) -> tuple[PhotoEntry, ...]:
    """Return the photos with the keys that the pattern finds in their names; known keys stay.

    pattern: a regular expression; the key is its group called `key`, or else its first group.
    Raises BadDataset if it is none, or has no group.
    """
    remedy = "write one with a group around the key's name, e.g. '([^/]+)-[0-9]+[.]jpg'"
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise BadDataset(
            f"group pattern {pattern}", fault=f"is no regular expression ({error})", remedy=remedy
        ) from error
    if not expression.groups:
        raise BadDataset(f"group pattern {pattern}", fault="has no group", remedy=remedy)
    group = "key" if "key" in expression.groupindex else 1
    matches = [expression.search(photo.name) for photo in photos]
    return tuple(
        replace(photo, key=photo.key or (match and match[group]) or None)
        for photo, match in zip(photos, matches, strict=True)
    )
