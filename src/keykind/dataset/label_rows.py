"""labels.csv, a table of what was decided about photos: its rows and its text.

In:    the file, also as a person edited it: other columns, another order, another delimiter
Out:   Labels: LabelRow by path; the text of the file, sorted by path, so that versions compare line by line
Needs: nothing beyond Python
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.csv_table import cell_text, check_is_text, heading_of, table_lines
from keykind.dataset.headings import column_indices, folded
from keykind.dataset.key_ends import KeyEnds, ends_text, parse_ends
from keykind.dataset.splits import part_of

LABEL_FILE = "labels.csv"  # directly in the folder of photos
HEADING = ("path", "kind", "key", "split", "ends", "excluded", "who", "when")
NAMES = {"label": "kind", "group": "key"}  # column of dataset/headings.py -> that of HEADING
READ_LIKE = {"kind": "label", "ends": "label", "key": "group", "excluded": "group"}  # of csv_table
NOT_EXCLUDED = ("0", "false", "no")  # cells that other programs write for a photo that is used
CONFLICT_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")  # of git


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What was decided about a photo; an empty cell leaves it as the folder or table says."""

    path: str  # relative to the file's folder, with /
    kind: str = ""
    key: str = ""  # the physical key that it shows
    split: str = ""  # train, test, or as spelled by a person
    ends: tuple[KeyEnds, ...] | None = None  # all of its keys; None: not marked
    excluded: str = ""  # why the photo is not used; empty: it is
    who: str = ""
    when: str = ""  # UTC, ISO 8601
    other: tuple[tuple[str, str], ...] = ()  # cells of columns that keykind does not know

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is decided, so that the row need not be kept."""
        return not any((self.kind, self.key, self.split, self.ends is not None, self.excluded, self.other))

    @property
    def version(self) -> str:
        """Return a hash of the decision, which changes whenever it does; "" if there is none."""
        if self.is_empty:
            return ""
        cells = (self.kind, self.key, self.split, ends_text(self.ends), self.excluded)
        return hashlib.sha256(repr(cells).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Labels:
    """The content of a labels.csv."""

    rows: Mapping[str, LabelRow] = field(default_factory=dict)  # path -> row
    heading: tuple[str, ...] = HEADING  # as spelled in the file

    def text(self) -> str:
        """Return the file: a row for each photo that something is decided about, sorted by path."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.heading)
        columns = _columns(self.heading)
        rows = (self.rows[path] for path in sorted(self.rows))
        writer.writerows(_cells(row, self.heading, columns) for row in rows if not row.is_empty)
        return stream.getvalue()


def read_labels(path: str | Path) -> Labels:
    """Return the content of a labels.csv; without rows if there is no such file.

    Raises BadDataset, naming the row, if the file is no such table, lists a photo twice with different
    decisions, or has conflicts that git could not merge.
    """
    path = Path(path)
    try:
        lines = table_lines(path)
    except FileNotFoundError:
        return Labels()
    if not lines:
        return Labels()
    (_, heading), *body = lines
    columns = _columns(heading)
    if "path" not in columns.values():
        check_is_text(path, heading)
        fault = f"has no column path; its columns are: {printable(', '.join(heading)[:200])}"
        remedy = f"begin the file with {','.join(HEADING)}, or rename it if it is for something else"
        raise BadDataset(path, fault=fault, remedy=remedy)
    rows: dict[str, LabelRow] = {}
    lines_of: dict[str, int] = {}
    for line, cells in body:
        row = _row(_texts(cells, columns, line, path), heading, columns, f"{path}, row {line}")
        if row.path in rows and row != rows[row.path]:
            fault = f"lists {printable(row.path)} in rows {lines_of[row.path]} and {line}, which differ"
            raise BadDataset(path, fault=fault, remedy="delete one of them")
        rows[row.path], lines_of[row.path] = row, line
    missing = [name for name in HEADING if name not in columns.values()]
    return Labels(rows, (*heading, *missing))


def has_decisions(path: str | Path) -> bool:
    """Return whether a table has columns that only a labels.csv has; False if its heading cannot be read."""
    known = set(_columns(heading_of(path)).values())
    return "path" in known and bool(known & {"ends", "excluded"})


def _columns(heading: Sequence[str]) -> dict[int, str]:
    """Return the name in HEADING of each column that has one."""
    indices = {index: NAMES.get(name, name) for name, index in column_indices(heading).items()}
    own = {name: i for i, name in enumerate(map(folded, heading)) if name in HEADING[4:]}
    return indices | {index: name for name, index in own.items()}


def _texts(cells: Sequence[str], columns: Mapping[int, str], line: int, path: Path) -> list[str]:
    """Return the cells of a row, those that name something as text if Excel saved the file.

    Raises BadDataset.
    """
    texts = list(cells)
    for i, cell in enumerate(cells):
        if cell and columns.get(i) in READ_LIKE:
            texts[i] = cell_text(cell, READ_LIKE[columns[i]], line, path)
    return texts


def _row(cells: Sequence[str], heading: Sequence[str], columns: Mapping[int, str], origin: str) -> LabelRow:
    """Return a row of the file. Raises BadDataset."""
    if cells[0].startswith(CONFLICT_MARKS):
        fault = "has a conflict that git did not merge"
        raise BadDataset(origin, fault=fault, remedy="keep one version of the rows, and delete the marks")
    if any(cells[len(heading) :]):
        fault = f"has {len(cells)} cells for {len(heading)} columns"
        raise BadDataset(origin, fault=fault, remedy='put " around cells with a comma')
    known = {columns[i]: cell for i, cell in enumerate(cells) if i in columns}
    other = tuple((heading[i], cell) for i, cell in enumerate(cells) if i not in columns and cell)
    path = known.get("path", "").replace("\\", "/").removeprefix("./")
    if not path:
        raise BadDataset(origin, fault="has no path", remedy="name a photo, or delete the row")
    if known.get("split") and part_of(known["split"]) is None:
        fault = f"has the split '{printable(known['split'])}'"
        raise BadDataset(origin, fault=fault, remedy="write train or test, or nothing")
    excluded = known.get("excluded", "")
    return LabelRow(
        path,
        kind=" ".join(known.get("kind", "").split()),
        key=printable(known.get("key", "")),
        split=known.get("split", ""),
        ends=parse_ends(known.get("ends", ""), origin),
        excluded="" if excluded.casefold() in NOT_EXCLUDED else excluded,
        who=known.get("who", ""),
        when=known.get("when", ""),
        other=other,
    )


def _cells(row: LabelRow, heading: Sequence[str], columns: Mapping[int, str]) -> Iterable[str]:
    other = dict(row.other)
    for i, name in enumerate(heading):
        column = columns.get(i)
        if column is None:
            yield other.get(name, "")
        elif column == "ends":
            yield ends_text(row.ends)
        else:
            yield getattr(row, column)
