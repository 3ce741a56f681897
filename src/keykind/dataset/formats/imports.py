"""Marks of other programs -> rows of labels.csv.

In:    a folder of photos; a file or folder as `sources` reads it
Out:   labels.csv in the folder of photos, with the marks; other decisions stay, unless they may be replaced
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.core.kinds import NAMES
from keykind.dataset.formats.placing import Keys, place
from keykind.dataset.formats.sources import read_marks
from keykind.dataset.headings import folded
from keykind.dataset.label_file import LabelFile
from keykind.dataset.label_rows import LabelRow, read_labels
from keykind.dataset.listing import ReadError
from keykind.dataset.marked_photos import check_folder, folder_kind, kind_of
from keykind.photo.inputs import iter_photos

SAME = 0.5  # px by which ends may differ that are taken for the same
COUNT = "n_keys"  # column of a labels.csv whose marks are in keys.csv


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who decided, and when, as in a row of labels.csv."""

    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported."""

    rows: tuple[LabelRow, ...]  # that were written
    unchanged: int  # photos that were marked so before
    kept: tuple[str, ...]  # photos about which labels.csv decides otherwise, and still does
    unmarked: int  # photos of which the source does not say whether they show keys
    problems: tuple[ReadError, ...]  # entries that were left out


def import_labels(
    folder: str | Path,
    source: str | Path,
    stamp: Stamp,
    *,
    file_format: str | None = None,
    force: bool = False,
) -> Imported:
    """Write the marks in a source into the labels.csv of a folder of photos, all of them at once.

    file_format: as in `read_marks`. force: replace what labels.csv decides otherwise about these photos.
    Raises BadDataset if the source or labels.csv cannot be read, LabelConflict, CannotWrite.
    """
    folder, source = Path(folder), Path(source)
    check_folder(folder)
    file = LabelFile(folder)
    _check_table(file.path)
    marks = read_marks(source, file_format)
    paths = _photos(folder, source)
    found, problems = place(folder, paths, marks.photos)
    kinds = _spellings([*map(folder_kind, paths), *(row.kind for row in file.rows.values())])
    old = {name: file.row(name) for name in found}
    new = {name: _row(old[name], keys, kinds, stamp) for name, keys in found.items()}
    changed = [name for name in new if not _is_same(old[name], new[name])]
    kept = [] if force else [name for name in changed if _overrules(new[name], old[name])]
    rows = [new[name] for name in changed if name not in set(kept)]
    if rows:
        file.change(rows, {row.path: old[row.path].version for row in rows})
    all_problems = (*marks.problems, *problems)
    return Imported(tuple(rows), len(new) - len(changed), tuple(kept), marks.unmarked, all_problems)


def _check_table(table: Path) -> None:
    """Raise BadDataset if the marks of a labels.csv are elsewhere."""
    if COUNT in map(folded, read_labels(table).heading):
        fault = f"has the column {COUNT}: its marks are in keys.csv, not in the column ends"
        raise BadDataset(table, fault=fault, remedy="move both tables out of the folder before the import")


def _photos(folder: Path, source: Path) -> list[str]:
    """Return the paths of the photos in a folder, but for those of the source, relative to it, with /."""
    photos = [path for path in iter_photos([folder]) if isinstance(path, Path)]
    if source.is_dir() and source.resolve() != folder.resolve():
        photos = [path for path in photos if not path.resolve().is_relative_to(source.resolve())]
    return [path.relative_to(folder).as_posix() for path in photos]


def _spellings(kinds: Iterable[str]) -> dict[str, str]:
    """Return how each kind is spelled here, by its folded name: Double-Bit may be double_bit."""
    return {folded(kind): kind for kind in (*NAMES, *kinds) if kind}


def _row(old: LabelRow, keys: Keys, kinds: Mapping[str, str], stamp: Stamp) -> LabelRow:
    """Return a row with these keys, and with their kind if all have the same, other than the photo has."""
    spelled = [replace(key, kind=kinds.get(folded(key.kind), key.kind)) for key in keys]
    agreed = {key.kind for key in spelled}
    kind = agreed.pop() if len(agreed) == 1 else ""
    is_news = bool(kind) and folded(kind) != folded(kind_of(old))
    new = replace(old, kind=kind if is_news else old.kind, who=stamp.who, when=stamp.when)
    whole = folded(kind_of(new))
    ends = tuple(replace(key, kind="" if folded(key.kind) == whole else key.kind) for key in spelled)
    return replace(new, ends=ends)


def _is_same(old: LabelRow, new: LabelRow) -> bool:
    return old.kind == new.kind and _same_ends(old, new)


def _overrules(new: LabelRow, old: LabelRow) -> bool:
    """Return whether a row decides otherwise about what is already decided."""
    return bool(old.kind and new.kind != old.kind) or (old.ends is not None and not _same_ends(old, new))


def _same_ends(old: LabelRow, new: LabelRow) -> bool:
    """Return whether two rows mark the same keys, of the same kinds, in any order."""
    if old.ends is None or new.ends is None or len(old.ends) != len(new.ends):
        return False
    left = _marks(old)
    for kind, values in _marks(new):
        same = [mark for mark in left if mark[0] == kind and _is_near(mark[1], values)]
        if not same:
            return False
        left.remove(same[0])
    return True


def _marks(row: LabelRow) -> list[tuple[str, Sequence[float]]]:
    """Return the folded kind and the coordinates of each key."""
    return [(folded(key.kind or kind_of(row)), (*key.head, *key.tip)) for key in row.ends or ()]


def _is_near(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(abs(x - y) <= SAME for x, y in zip(a, b, strict=True))
