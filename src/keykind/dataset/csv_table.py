"""CSV table -> rows by the names of their columns.

In:    a CSV file, UTF-8, with a heading; commas, semicolons or tabs
Out:   rows, each with its line number and the wanted columns
Needs: nothing beyond Python
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadDataset, printable

COLUMNS = {
    "path": ("path", "photo", "file", "filename"),
    "label": ("label", "kind", "class"),
    "group": ("group", "key_id", "key"),
    "split": ("split",),
}  # of a table -> the headings that mean it
DELIMITERS = ",;\t"
HEADING = 65536  # signs in which a heading ends


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    line: int  # in the file, from 1
    cells: Mapping[str, str]  # column -> text without spaces around it; a column that is not there is absent


def columns(path: Path) -> frozenset[str]:
    """Return which of COLUMNS a table has by its heading; none if it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            heading = stream.readline(HEADING)
        cells = next(csv.reader([heading], delimiter=_delimiter(heading)), [])
    except (OSError, csv.Error):
        return frozenset()
    return frozenset(_places([cell.strip() for cell in cells]))


def read_table(path: Path, needed: Sequence[str]) -> list[Row]:
    """Return the rows of a table that are not empty.

    needed: those of COLUMNS that must be there.
    Bytes that are not UTF-8 are kept as Python keeps them in file names, so such names still find their file.
    Raises BadDataset if the file cannot be read, is empty, or lacks a needed column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise BadDataset(
            path, fault=f"cannot be read ({error.strerror})", remedy="check its permissions"
        ) from error
    delimiter = _delimiter(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise BadDataset(
            path, fault=f"line {reader.line_num} is not CSV ({error})", remedy="save the table as CSV again"
        ) from error
    heading = lines[0][1] if lines else []
    places = _places(heading)
    _check(path, heading, [name for name in needed if name not in places])
    return [
        Row(line, {name: cells[place] for name, place in places.items() if place < len(cells)})
        for line, cells in lines[1:]
        if any(cells)
    ]


def _delimiter(heading: str) -> str:
    return max(DELIMITERS, key=heading.count)


def _places(heading: Sequence[str]) -> dict[str, int]:
    """Return at which place each of COLUMNS stands; the first heading found that means it counts."""
    there = [name.casefold() for name in heading]
    return {
        name: there.index(headings[0])
        for name, aliases in COLUMNS.items()
        if (headings := [alias for alias in aliases if alias in there])
    }


def _check(path: Path, heading: Sequence[str], missing: Sequence[str]) -> None:
    """Raise BadDataset if columns are missing."""
    if missing:
        found = printable(", ".join(heading)[:200]) or "none"
        names = " and ".join(f"{name} ({' or '.join(COLUMNS[name])})" for name in missing)
        raise BadDataset(
            path,
            fault=f"has no column {names}; its columns are: {found}",
            remedy="name the columns in the first line",
        )
