"""Listed photos -> whether their folders are one level too high or too low to be kinds.

In:    photos, with the folders in their relative paths
Out:   BadDataset if kinds are certainly elsewhere; sentences if they may be
Needs: nothing beyond Python

A dataset is often unpacked into a folder of its own, or split under names that no list knows (`fold1`, `A`).
Then the names of splits would be taken for kinds, and a model would learn to tell splits apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.listing import PhotoEntry, first_few
from keykind.dataset.splits import part_of


def check_levels(root: Path, photos: Sequence[PhotoEntry]) -> None:
    """Raise BadDataset if all photos are in one folder of kinds or splits, or splits are in splits."""
    inside = _folders_inside(photos)
    common = _common_folder(photos)
    below = common.count("/") + 1
    names = {photo.relative.split("/")[below] for photo in photos if photo.relative.count("/") > below}
    if common and part_of(common) is None and (len(names) > 1 or any(map(part_of, names))):
        listed = first_few(map(printable, sorted(names)))
        raise BadDataset(
            root,
            fault=f"has all its photos in one folder, {printable(common)}, with the folders {listed}",
            remedy=f"if those are the kinds or splits, give {printable(root / common)}",
        )
    nested = {
        f"{top}/{name}" for top, names in inside.items() if part_of(top) for name in names if part_of(name)
    }
    deep = sorted(name for name in nested if any(_is_below(photo, name) for photo in photos))
    if deep:
        raise BadDataset(
            root,
            fault=f"has splits in a split: {first_few(map(printable, deep))}, each with folders of its own",
            remedy="move train and test to the top, as PHOTOS/train/<kind> and PHOTOS/test/<kind>",
        )


def same_folders_inside(photos: Sequence[PhotoEntry]) -> list[str]:
    """Return a sentence if all kinds consist of folders of the same names, as splits do."""
    inside = _folders_inside(photos)
    first = next(iter(inside.values()))
    if len(inside) < 2 or len(first) < 2 or any(names != first for names in inside.values()):
        return []
    if "" in first or any(map(part_of, first)):  # PHOTOS/<kind>/<split> is read as it is meant
        return []
    tops = first_few(map(printable, sorted(inside)))
    names = first_few(map(printable, sorted(first)))
    return [
        f"All {len(inside):,} kinds ({tops}) have folders of the same names ({names}); if those are the "
        "kinds, use PHOTOS/train/<kind> and PHOTOS/test/<kind>."
    ]


def kinds_like_splits(photos: Sequence[PhotoEntry]) -> list[str]:
    """Return a sentence about kinds inside splits whose names are those of splits."""
    names = sorted({photo.kind for photo in photos if part_of(photo.kind)})
    if not names:
        return []
    return [f"Kinds named like a split: {first_few(map(printable, names))}; move them if they are splits."]


def _common_folder(photos: Sequence[PhotoEntry]) -> str:
    """Return the lowest folder that all photos are in or below, relative; "" for the root."""
    first, last = min(photo.relative for photo in photos), max(photo.relative for photo in photos)
    common = []
    for a, b in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if a != b:
            break
        common.append(a)
    return "/".join(common)


def _folders_inside(photos: Sequence[PhotoEntry]) -> dict[str, set[str]]:
    """Return the folders at the top, each with those inside that hold photos; "": photos of its own."""
    inside: defaultdict[str, set[str]] = defaultdict(set)
    for photo in photos:
        top, *below = photo.relative.split("/")[:-1]
        inside[top].add(below[0] if below else "")
    return inside


def _is_below(photo: PhotoEntry, folder: str) -> bool:
    """Return whether a photo is in a folder inside that one."""
    return photo.relative.startswith(f"{folder}/") and "/" in photo.relative[len(folder) + 1 :]
