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

from keykind.errors import BadDataset, printable

DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    line: int  # in the file, from 1
    cells: Mapping[str, str]  # column -> text without spaces around it; a column that is not there is absent


def read_table(path: Path, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]) -> list[Row]:
    """Return the rows of a table that are not empty.

    wanted: column -> the headings it may have, the first one found counts; needed: those that must be.
    Bytes that are not UTF-8 are kept as Python keeps them in file names, so such names still find their file.
    Raises BadDataset if the file cannot be read, is empty, or lacks a needed column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise BadDataset(
            path, fault=f"cannot be read ({error.strerror})", remedy="check its permissions"
        ) from error
    heading = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise BadDataset(
            path, fault=f"line {reader.line_num} is not CSV ({error})", remedy="save the table as CSV again"
        ) from error
    places = _places(path, lines[0][1] if lines else [], wanted, needed)
    return [
        Row(line, {name: cells[place] for name, place in places.items() if place < len(cells)})
        for line, cells in lines[1:]
        if any(cells)
    ]


def _places(
    path: Path, heading: Sequence[str], wanted: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> dict[str, int]:
    """Return at which place each wanted column stands."""
    there = [name.casefold() for name in heading]
    places = {
        name: there.index(headings[0])
        for name, aliases in wanted.items()
        if (headings := [alias for alias in aliases if alias in there])
    }
    missing = [name for name in needed if name not in places]
    if missing:
        found = printable(", ".join(heading)[:200]) or "none"
        names = " and ".join(f"{name} ({' or '.join(wanted[name])})" for name in missing)
        raise BadDataset(
            path,
            fault=f"has no column {names}; its columns are: {found}",
            remedy="name the columns in the first line",
        )
    return places
