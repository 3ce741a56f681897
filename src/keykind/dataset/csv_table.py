"""CSV table -> rows, with cells by column name.

In:    a CSV file, UTF-8, with a heading; separated by commas, semicolons or tabs
Out:   rows, each with its line number and the known columns
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
}  # column -> accepted headings, first match wins
DELIMITERS = ",;\t"
MAX_HEADING = 65536  # characters of the heading line that are read


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    line: int  # in the file, from 1
    cells: Mapping[str, str]  # column -> stripped text; columns missing from the table are absent


def columns(path: str | Path) -> frozenset[str]:
    """Return which of COLUMNS the table's heading has; empty if it cannot be read."""
    try:
        with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            heading = stream.readline(MAX_HEADING)
        cells = next(csv.reader([heading], delimiter=_delimiter(heading)), [])
    except (OSError, csv.Error):
        return frozenset()
    return frozenset(_column_indices([cell.strip() for cell in cells]))


def read_table(path: str | Path, needed: Sequence[str]) -> list[Row]:
    """Return the non-empty rows of a table.

    needed: the COLUMNS that are required.
    Bytes that are not UTF-8 are decoded with `surrogateescape`, as file names are, so such names still match.
    Raises BadDataset if the file cannot be read, is empty, or lacks a required column.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig", "surrogateescape")
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
            path,
            fault=f"line {reader.line_num} is not valid CSV ({error})",
            remedy="save the table as CSV again",
        ) from error
    heading = lines[0][1] if lines else []
    indices = _column_indices(heading)
    _check_columns(path, heading, [name for name in needed if name not in indices])
    return [
        Row(line, {name: cells[index] for name, index in indices.items() if index < len(cells)})
        for line, cells in lines[1:]
        if any(cells)
    ]


def _delimiter(heading: str) -> str:
    return max(DELIMITERS, key=heading.count)


def _column_indices(heading: Sequence[str]) -> dict[str, int]:
    """Return the index of each of COLUMNS that the heading has."""
    names = [name.casefold() for name in heading]
    return {
        column: names.index(matches[0])
        for column, aliases in COLUMNS.items()
        if (matches := [alias for alias in aliases if alias in names])
    }


def _check_columns(path: str | Path, heading: Sequence[str], missing: Sequence[str]) -> None:
    """Raise BadDataset if columns are missing."""
    if missing:
        actual = printable(", ".join(heading)[:200]) or "none"
        names = " and ".join(f"{name} ({' or '.join(COLUMNS[name])})" for name in missing)
        raise BadDataset(
            path,
            fault=f"has no column {names}; its columns are: {actual}",
            remedy="name the columns in the first line",
        )
