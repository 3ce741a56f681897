"""CSV table -> listed photos, each with its kind, split and key id.

In:    a table with the columns path and label, optionally group and split
Out:   Listing(root, photos, kinds, read_errors, warnings); no photo is opened
Needs: numpy, pillow
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.csv_table import Row, load_table
from keykind.dataset.listing import Listing, PhotoEntry, ReadError, counted, first_few, relative_path, shorten
from keykind.dataset.paths_on_disk import find_paths, is_address
from keykind.dataset.splits import TRAIN, part_of


def list_table(source: Path, *, may_be_empty: bool = False) -> Listing:
    """Return the photos that a table names; validation photos are still of that split.

    may_be_empty: whether cells for label and split may be, as in labels.csv; photos without a label are
    the listing's `unlabelled`.
    Raises BadDataset if it cannot be read, names no photo, or has other splits than train, validation, test.
    """
    table = load_table(source, needed=("path", "label"))
    _check_splits(source, table.rows, may_be_empty=may_be_empty)
    title = printable(source.name)
    rows, read_errors = _sound(table.rows, title, needs_label=not may_be_empty)
    paths, notes = find_paths(source.parent, (row.cells["path"] for row in rows), title)
    entries = [_entry(row, paths[row.cells["path"]], source.parent) for row in rows]
    photos: dict[tuple[str, ...], PhotoEntry] = {}
    rekeyed: dict[str, None] = {}
    for entry in entries:
        first = photos.setdefault((entry.relative, entry.kind, entry.split), entry)
        if first.key_id != entry.key_id:
            rekeyed[entry.name] = None
    if not photos:
        error = f"; {read_errors[0].name} {read_errors[0].reason}" if read_errors else ""
        fault = f"lists no photo in {counted(len(table.rows), 'row')}{error}"
        raise BadDataset(source, fault=fault, remedy="add rows: path,label")
    warnings = [*table.notes, *notes, *_repeated(len(entries) - len(photos)), *_rekeyed(list(rekeyed))]
    labelled = tuple(photo for photo in photos.values() if photo.kind)
    return Listing(
        source.parent,
        labelled,
        tuple(sorted({photo.kind for photo in labelled})),
        tuple(read_errors),
        tuple(warnings),
        unlabelled=tuple(photo for photo in photos.values() if not photo.kind),
    )


def _entry(row: Row, path: Path, root: Path) -> PhotoEntry:
    relative = relative_path(path, root)
    label = " ".join(row.cells.get("label", "").split())
    split = part_of(row.cells.get("split", TRAIN)) or TRAIN
    key_id = printable(row.cells.get("group", "")) or None
    return PhotoEntry(path, relative, printable(relative), label, split, key_id)


def _sound(rows: Sequence[Row], title: str, *, needs_label: bool) -> tuple[list[Row], list[ReadError]]:
    """Return the rows that name a photo and its kind, if that is needed, and an error for each other."""
    faults = {row.line: _row_fault(row, needs_label=needs_label) for row in rows}
    errors = [
        ReadError(f"{title} line {line}", f"{fault}; correct the row")
        for line, fault in faults.items()
        if fault
    ]
    return [row for row in rows if not faults[row.line]], errors


def _row_fault(row: Row, *, needs_label: bool) -> str | None:
    """Return what is wrong with a row, or None."""
    path, label = row.cells.get("path", ""), row.cells.get("label", "")
    if row.excess:
        return f'has {counted(row.excess, "cell")} more than the heading; put " around cells with a separator'
    if not path:
        return "has no path"
    if is_address(path):
        shown = shorten(printable(path))
        return f"names an address ({shown}), but paths of files are needed; download the photo"
    if needs_label and not label:
        return "has no label"
    return "has a null character in its path" if "\0" in path else None


def _repeated(count: int) -> list[str]:
    if not count:
        return []
    return [f"Rows that repeat a photo with the same label: {count:,}, ignored; remove them."]


def _rekeyed(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    listed = first_few(map(shorten, names))
    return [
        f"Photos that the table gives several keys: {len(names):,} ({listed}); the first is used; correct it."
    ]


def _check_splits(source: Path, rows: Sequence[Row], *, may_be_empty: bool) -> None:
    counts = Counter(row.cells.get("split", "train") for row in rows)
    if may_be_empty:
        del counts[""]
    unknown = {split: count for split, count in counts.items() if part_of(split) is None}
    if unknown:
        listed = first_few(
            f"{printable(split)!r} in {counted(count, 'row')}" for split, count in sorted(unknown.items())
        )
        remedy = "write train, validation or test in each row, or remove the column"
        raise BadDataset(source, fault=f"has a column split with {listed}", remedy=remedy)
