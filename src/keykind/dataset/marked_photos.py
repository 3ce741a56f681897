"""labels.csv -> the photos all of whose keys are marked, each key with its kind.

In:    Labels: what was decided about photos, by path
Out:   MarkedPhoto(s), sorted by path; no photo is opened
Needs: nothing beyond Python

What labels.csv does not decide, the folders of a photo's path say: train/cylinder/1.jpg shows a cylinder, and
is for training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from keykind.core.errors import BadDataset, printable
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_rows import LABEL_FILE, LabelRow, Labels
from keykind.dataset.splits import TEST, TRAIN, part_of

NOT_A_KEY = "not a key"  # the one reason to exclude a photo with which it still shows what is no key

EDGE = 1.0  # px by which a mark may be outside a photo: annotation tools place points on the border


@dataclass(frozen=True, slots=True)
class MarkedPhoto:
    """A photo all of whose keys are marked; none if it shows no key."""

    name: str  # path in labels.csv, relative to its folder, with /
    kind: str  # of the photo; "": not known
    key: str  # the physical key that it shows; "": not known
    split: str  # TRAIN or TEST
    ends: tuple[KeyEnds, ...]  # px of the upright photo; kind "": not known


def marked_photos(labels: Labels, table: str | Path) -> tuple[MarkedPhoto, ...]:
    """Return the photos whose keys are marked, but for those that are excluded.

    A photo that is excluded as `not a key` stays if a person saw that it shows none.
    table: the file, for errors. Raises BadDataset if a path leads out of the folder.
    """
    return tuple(_marked(row, table) for _, row in sorted(labels.rows.items()) if _is_used(row))


def check_folder(folder: Path) -> None:
    """Raise BadDataset if there is no such folder of photos."""
    if not folder.is_dir():
        fault = "is a file, not a folder" if folder.exists() else "does not exist"
        raise BadDataset(folder, fault=fault, remedy=f"give the folder of photos that {LABEL_FILE} is in")


def folder_kind(name: str) -> str:
    """Return the kind that the folders of a photo's path say; "" if they say none."""
    kinds = [folder for folder in _top(name) if part_of(folder) is None]
    return " ".join(kinds[0].split()) if kinds else ""


def kind_of(row: LabelRow) -> str:
    """Return the kind of a photo: as decided, or else as its folders say; "" if nothing does."""
    return row.kind or folder_kind(row.path)


def outside(ends: Sequence[KeyEnds], width: int, height: int) -> KeyEnds | None:
    """Return the first key with an end outside a photo of that size (px); None if there is none."""
    for key in ends:
        for x, y in (key.head, key.tip):
            if not (-EDGE <= x <= width + EDGE and -EDGE <= y <= height + EDGE):
                return key
    return None


def is_inside(name: str) -> bool:
    """Return whether a path stays in the folder that it is relative to, on any system."""
    paths = PurePosixPath(name), PureWindowsPath(name)
    return bool(name) and not any(path.anchor or ".." in path.parts for path in paths)


def _is_used(row: LabelRow) -> bool:
    if row.ends is None:
        return False
    return not row.excluded or (row.excluded.casefold() == NOT_A_KEY and not row.ends)


def _marked(row: LabelRow, table: str | Path) -> MarkedPhoto:
    if not is_inside(row.path):
        fault = f"names {printable(row.path)}, which is not a path inside the folder"
        remedy = "put the photo into the folder and give its path from there"
        raise BadDataset(table, fault=fault, remedy=remedy)
    kind = kind_of(row)
    ends = tuple(replace(key, kind=key.kind or kind) for key in row.ends or ())
    return MarkedPhoto(row.path, kind, row.key, _split(row), ends)


def _split(row: LabelRow) -> str:
    """Return the split of a photo; a validation photo is for testing: a detector has no other use for it."""
    stated = [row.split] if row.split else _top(row.path)
    parts = [part for name in stated if (part := part_of(name))]
    return TEST if parts and parts[0] != TRAIN else TRAIN


def _top(name: str) -> Sequence[str]:
    """Return the folders of a path that may be a split and a kind."""
    return PurePosixPath(name).parts[:-1][:2]
