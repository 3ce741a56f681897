"""Marks of other programs -> rows of labels.csv.

In:    a folder of photos; a file or folder as `sources` reads it
Out:   labels.csv in the folder of photos, with the marks; other decisions stay, unless they may be replaced
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadDataset, BadPhoto
from keykind.core.kinds import NAMES
from keykind.dataset.formats.placing import Keys, place
from keykind.dataset.formats.sources import read_marks
from keykind.dataset.headings import folded
from keykind.dataset.label_file import LabelFile
from keykind.dataset.label_rows import LabelRow, read_labels
from keykind.dataset.listing import ReadError
from keykind.dataset.marked_photos import check_folder
from keykind.dataset.review_listing import ReviewEntry, list_for_review
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
    listing = list_for_review(folder)
    entries = {entry.relative: entry for entry in listing.entries}
    found, problems = place(folder, _photos(folder, source), marks.photos)
    kinds = _spellings(listing.kinds)
    changes = [
        _change(_present(file, entries.get(name), name), keys, kinds, stamp) for name, keys in found.items()
    ]
    changed = [change for change in changes if not change.is_same]
    kept = [] if force else [change for change in changed if change.overrules]
    written = [change for change in changed if change not in kept]
    if written:
        rows = [change.new for change in written]
        file.change(rows, {change.old.path: change.old.version for change in written})
    return Imported(
        tuple(change.new for change in written),
        len(changes) - len(changed),
        tuple(change.old.path for change in kept),
        marks.unmarked,
        (*marks.problems, *problems),
    )


def _check_table(table: Path) -> None:
    """Raise BadDataset if the marks of a labels.csv are elsewhere."""
    if COUNT in map(folded, read_labels(table).heading):
        fault = f"has the column {COUNT}: its marks are in keys.csv, not in the column ends"
        raise BadDataset(table, fault=fault, remedy="move both tables out of the folder before the import")


def _photos(folder: Path, source: Path) -> list[str]:
    """Return the paths of all photos in a folder, also beside those of the dataset, relative to it, with /.

    Without the images beside the marks, if these are a folder inside the other.
    """
    inner = source.resolve() if source.is_dir() and source.resolve() != folder.resolve() else None
    try:
        photos = [path for path in iter_photos([folder]) if isinstance(path, Path)]
    except BadPhoto:  # there are none
        return []
    return [
        path.relative_to(folder).as_posix()
        for path in photos
        if inner is None or not path.resolve().is_relative_to(inner)
    ]


def _spellings(kinds: Iterable[str]) -> dict[str, str]:
    """Return how each kind is spelled here, by its folded name: Double-Bit may be double_bit."""
    return {folded(kind): kind for kind in (*NAMES, *kinds)}


@dataclass(frozen=True, slots=True)
class _Change:
    """The row of a photo, before and after."""

    old: LabelRow
    new: LabelRow
    folder_kind: str

    @property
    def is_same(self) -> bool:
        """Return whether the row decides nothing new."""
        return self.old.kind == self.new.kind and self._marks_the_same

    @property
    def overrules(self) -> bool:
        """Return whether the row decides otherwise about what is already decided."""
        is_relabelled = bool(self.old.kind) and self.new.kind != self.old.kind
        return is_relabelled or (self.old.ends is not None and not self._marks_the_same)

    @property
    def _marks_the_same(self) -> bool:
        """Return whether both mark the same keys, of the same kinds, in any order."""
        if self.old.ends is None or self.new.ends is None or len(self.old.ends) != len(self.new.ends):
            return False
        left = self._marks(self.old)
        for kind, values in self._marks(self.new):
            same = [mark for mark in left if mark[0] == kind and _is_near(mark[1], values)]
            if not same:
                return False
            left.remove(same[0])
        return True

    def _marks(self, row: LabelRow) -> list[tuple[str, Sequence[float]]]:
        """Return the folded kind and the coordinates of each key."""
        kind = row.kind or self.folder_kind
        return [(folded(key.kind or kind), (*key.head, *key.tip)) for key in row.ends or ()]


def _present(file: LabelFile, entry: ReviewEntry | None, name: str) -> tuple[LabelRow, str]:
    """Return the row of a photo, and the kind of its folder. entry: None if the dataset has no such photo."""
    return (file.row(entry.row), entry.folder_kind) if entry else (file.row(name), "")


def _change(present: tuple[LabelRow, str], keys: Keys, kinds: Mapping[str, str], stamp: Stamp) -> _Change:
    """Return a row with these keys, and with their kind if all have the same, other than the photo has."""
    old, folder_kind = present
    spelled = [replace(key, kind=kinds.get(folded(key.kind), key.kind)) for key in keys]
    agreed = {key.kind for key in spelled}
    kind = agreed.pop() if len(agreed) == 1 else ""
    is_news = bool(kind) and folded(kind) != folded(old.kind or folder_kind)
    new = replace(old, kind=kind if is_news else old.kind, who=stamp.who, when=stamp.when)
    whole = folded(new.kind or folder_kind)
    ends = tuple(replace(key, kind="" if folded(key.kind) == whole else key.kind) for key in spelled)
    return _Change(old, replace(new, ends=ends), folder_kind)


def _is_near(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(abs(x - y) <= SAME for x, y in zip(a, b, strict=True))
