"""Folders of photos -> listed photos, each with its kind and split.

In:    PHOTOS/<kind>/**, PHOTOS/<split>/<kind>/** or PHOTOS/<kind>/<split>/**; names of splits: `splits`
Out:   Listing(root, photos, kinds, read_errors, warnings), and the tables with key ids. No photo
       is opened but those without an extension, of which the first bytes are read
Needs: numpy, pillow
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.folder_levels import check_levels, kinds_like_splits, same_folders_inside
from keykind.dataset.folder_walk import Walk
from keykind.dataset.key_ids import find_groups_csv
from keykind.dataset.listing import Listing, counted, first_few
from keykind.dataset.splits import TEST, TRAIN, VALIDATION, part_of
from keykind.dataset.table_text import normal

REMEDY = "make one folder per kind and put its photos there: PHOTOS/<kind>/*.jpg"


def list_folders(walk: Walk, as_test: bool, decided: Collection[str] = ()) -> tuple[Listing, list[Path]]:
    """Return the photos in the folders that were walked through, and the tables with key ids.

    Validation photos are still of that split. as_test: all photos are test photos. decided: paths of photos
    that labels.csv gives a kind, so that their folders need not.
    Raises BadDataset if there are no photos, or folders may be splits as well as kinds.
    """
    skipped = [(folder, _count_photos(folder)) for folder in walk.unused]
    if walk.splits:
        _check_splits(walk, skipped, as_test or bool(decided))
    by_folder = [photo for photo in walk.photos if photo.relative not in decided]
    if not walk.photos and not decided:
        raise _no_photos(walk)
    if by_folder and not as_test:
        check_levels(walk.root, walk.photos)
    notes = _kinds_like_others(walk) if by_folder else []
    sentences = (*notes, _skipped_folders(skipped), _skipped_runs(walk.runs), _unread_labels(walk))
    return (
        Listing(
            walk.root,
            tuple(walk.photos),
            tuple(sorted(walk.kinds)),
            tuple(walk.read_errors),
            tuple(sentence for sentence in sentences if sentence),
            tuple(walk.passed_over.counts.items()),
            tuple(walk.unlabelled),
            tuple(sorted(walk.other_files.items())),
        ),
        walk.tables + find_groups_csv(walk.unused),
    )


def _kinds_like_others(walk: Walk) -> list[str]:
    """Return sentences about kinds that may be splits; may change the splits of the walk's photos."""
    if walk.splits:
        return kinds_like_splits(walk.photos)
    return [*same_folders_inside(walk.photos), *split_inside_kinds(walk)]


def skipped_files(listing: Listing) -> str | None:
    """Return a warning about photos without a kind and files that are not photos, or None."""
    if not listing.unlabelled and not listing.other_files:
        return None
    others = dict(listing.other_files)
    extensions = first_few(f"{count:,} {suffix}" for suffix, count in others.items())
    remedies = []
    if listing.unlabelled:
        remedies += ["move photos into the folder of their kind, or label them with keykind review"]
    if others:
        remedies += ["move other files elsewhere"]
    return (
        f"Files skipped: {counted(len(listing.unlabelled), 'photo')} outside the folder of a kind, "
        f"{counted(sum(others.values()), 'file')} of other types{f' ({extensions})' if extensions else ''}; "
        f"{'; '.join(remedies)}."
    )


def _count_photos(folder: Path) -> int:
    """Return the number of photos in a folder and below."""
    walk = Walk(folder.parent)
    walk.read_kind(folder, TRAIN)
    return len(walk.photos)


def _check_splits(walk: Walk, skipped: Sequence[tuple[Path, int]], may_be_flat: bool) -> None:
    """Raise BadDataset if folders named like splits may be kinds, or nothing is left to train on.

    skipped: the folders beside them, each with the number of its photos. may_be_flat: whether no folders of
    kinds, and no folder for training, are needed.
    """
    names = " and ".join(printable(folder.name) for folder, _ in walk.splits)
    beside = [(folder.name, count) for folder, count in skipped if count]
    inside = {normal(kind).casefold() for kind in walk.kinds}
    flat = [folder.name for folder, _ in walk.splits if not _kinds_in(walk, folder) and _count_photos(folder)]
    parts = {part for _, part in walk.splits}
    as_kind = any(normal(name).casefold() in inside for name, _ in beside)
    if beside and (as_kind or flat or len(beside) > 1 or len(parts) == 1):
        listed = first_few(f"{printable(name)} ({counted(count, 'photo')})" for name, count in beside)
        fault = f"has a folder named {names}, like a split, beside folders with photos: {listed}"
        if TRAIN not in parts:
            fault += ", but none named train"
        remedy = (
            "if it is a split, move the others into it or into a folder named train; if it is a kind, rename "
            f"it, e.g. to kind_{printable(walk.splits[0][0].name)}"
        )
        raise BadDataset(walk.root, fault=fault, remedy=remedy)
    if flat and not beside and not may_be_flat:
        fault = f"has photos in {first_few(map(printable, flat))} without a folder for each kind"
        remedy = f"put them into PHOTOS/{printable(flat[0])}/<kind>/, or rename the folder if it is a kind"
        raise BadDataset(walk.root, fault=fault, remedy=remedy)
    if TRAIN not in parts and not may_be_flat:
        fault = f"has a folder named {names}, but none named train"
        raise BadDataset(
            walk.root, fault=fault, remedy="move the kinds to train on into a folder named train"
        )


def _kinds_in(walk: Walk, split: Path) -> bool:
    """Return whether a split has folders of kinds."""
    return any(photo.path.is_relative_to(split) for photo in walk.photos)


def split_inside_kinds(walk: Walk) -> list[str]:
    """Take PHOTOS/<kind>/<split>/ as splits if all photos are in such folders; else say that they are not.

    Changes the splits of the walk's photos.
    """
    parts = [_part_inside(photo.relative) for photo in walk.photos]
    if all(parts) and {TRAIN} < set(parts):
        walk.photos = [
            replace(photo, split=part or TRAIN) for photo, part in zip(walk.photos, parts, strict=True)
        ]
        return []
    count = sum(part in (TEST, VALIDATION) for part in parts)
    if not count:
        return []
    return [
        f"Photos in folders named like a test or validation split inside a kind: {count:,}; they are trained "
        "on like the others, since not all photos are in such folders; use PHOTOS/train/<kind> and "
        "PHOTOS/test/<kind>."
    ]


def _part_inside(relative: str) -> str | None:
    """Return the part that the folder inside the kind's folder means, e.g. of cylinder/test/1.jpg."""
    names = relative.split("/")
    return part_of(names[1]) if len(names) > 2 else None


def _no_photos(walk: Walk) -> BadDataset:
    kinds = f" ({first_few(sorted(walk.kinds))})" if walk.kinds else ""
    error = f"; {walk.read_errors[0].name}: {walk.read_errors[0].reason}" if walk.read_errors else ""
    fault = (
        f"has 0 photos in {counted(len(walk.kinds), 'kind folder')}{kinds}, "
        f"{counted(len(walk.unlabelled), 'photo')} outside them and "
        f"{counted(walk.other_files.total(), 'other file')}{error}"
    )
    return BadDataset(walk.root, fault=fault, remedy=REMEDY)


def _skipped_folders(folders: Sequence[tuple[Path, int]]) -> str | None:
    if not folders:
        return None
    listed = first_few(
        printable(folder.name) + (f" with {counted(count, 'photo')}" if count else "")
        for folder, count in folders
    )
    return f"Folders skipped next to train and test: {len(folders):,} ({listed}); move what you want to use."


def _unread_labels(walk: Walk) -> str | None:
    if not walk.unread_labels:
        return None
    names = first_few(printable(path.relative_to(walk.root).as_posix()) for path in walk.unread_labels)
    return (
        f"Files of decisions that were not read: {len(walk.unread_labels):,} ({names}); only labels.csv "
        f"directly in {printable(walk.root.name) or 'the folder of photos'} is read; move their rows there."
    )


def _skipped_runs(names: list[str]) -> str | None:
    if not names:
        return None
    return (
        f"Folders skipped because they are runs of keykind: {len(names):,} ({first_few(names)}); "
        "write runs outside the photos."
    )
