"""CSV table -> rows, with cells by column name.

In:    a CSV or TSV file with a heading; separated by commas, semicolons, tabs or bars, or as `sep=` says
Out:   rows, each with its line number and the known columns; notes about how the table was read
Needs: nothing beyond Python
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.headings import COLUMNS, column_indices
from keykind.dataset.listing import first_few
from keykind.dataset.split_flags import split_flags
from keykind.dataset.splits import part_of
from keykind.dataset.table_text import (
    SAVE,
    candidates,
    decode_table,
    has_surrogates,
    is_missing,
    twice_encoded,
    western,
)

DELIMITERS = ",;\t|"
SUFFIXES = (".csv", ".tsv", ".txt")
MAX_HEADING = 65536  # bytes in which the heading is looked for
SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.|\\t)"?\s*', re.IGNORECASE)  # Excel's first line
UNCLOSED = "unexpected end of data"  # of Python's csv module
BLANK = "\ufeff\u200b \t\r\n\xa0"  # around a cell: marks and spaces that are not seen


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    line: int  # in the file, from 1
    cells: Mapping[str, str]  # column -> stripped text; columns missing from the table are absent
    excess: int = 0  # cells beyond the heading's last column: a separator inside a cell moves the others


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, and one sentence for each thing to know about how it was read."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def columns(path: str | Path) -> frozenset[str]:
    """Return which of COLUMNS the table's heading has; empty if it cannot be read."""
    return frozenset(column_indices(heading_of(path)))


def heading_of(path: str | Path) -> list[str]:
    """Return the heading of a table, of which only the beginning is read; empty if it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_HEADING)
        text = decode_table(data[: len(data) // 4 * 4] if len(data) == MAX_HEADING else data, path)
        body, _, delimiter = _split_top(re.sub("\r\n?", "\n", text))
        _, heading = next(_parse(body, delimiter, strict=False), (0, []))
    except (OSError, csv.Error, BadDataset):
        return []
    return heading


def read_table(path: str | Path, needed: Sequence[str]) -> list[Row]:
    """Return the rows of `load_table`."""
    return list(load_table(path, needed).rows)


def load_table(path: str | Path, needed: Sequence[str]) -> Table:
    """Return the non-empty rows of a table.

    needed: the COLUMNS that are required.
    Bytes that are not UTF-8 stay surrogates in paths, as in file names, so such names still match. In other
    cells they are read as Windows text if that can mean only one thing.
    Raises BadDataset if the file cannot be read, is no table, is empty, lacks a required column, or has a
    label in an unknown encoding. Labels and groups that say that there is none (NaN, null) are empty. Without
    a column split, columns such as is_test with 0 and 1 are read as one.
    """
    data = _read(path)
    if not data.strip(b"\0"):
        zeros = f"holds nothing but zeros ({len(data):,} bytes)" if data else "is empty (0 bytes)"
        raise BadDataset(path, fault=zeros, remedy="copy the file again from its source")
    lines = _lines(decode_table(data, path), path)
    heading = lines[0][1] if lines else []
    indices = column_indices(heading)
    _check_columns(path, heading, [name for name in needed if name not in indices])
    rows: list[Row] = []
    windows: list[str] = []
    twice: list[str] = []
    for line, cells in lines[1:]:
        row = {name: cells[index] for name, index in indices.items() if index < len(cells)}
        row |= {
            name: _text(cell, name, line, path, windows, twice)
            for name, cell in row.items()
            if name != "path"
        }
        rows.append(Row(line, row, sum(map(bool, cells[len(heading) :]))))
    notes = [*_windows_note(path, windows), *_twice_note(path, twice), *_split_note(path, lines, indices)]
    if "label" in needed and "split" not in indices:
        splits, note = split_flags(heading, [cells for _, cells in lines[1:]], printable(Path(path).name))
        for i, split in enumerate(splits):
            rows[i] = replace(rows[i], cells={**rows[i].cells, "split": split})
        notes += note
    return Table(tuple(rows), tuple(notes))


def table_lines(path: str | Path) -> list[tuple[int, list[str]]]:
    """Return the lines of a table that are not empty, the heading first: number from 1, stripped cells.

    Raises FileNotFoundError if there is no file, BadDataset if it cannot be read or is no table.
    """
    Path(path).stat()
    data = _read(path)
    return _lines(decode_table(data, path), path) if data.strip(b"\0") else []


def cell_text(cell: str, column: str, line: int, path: str | Path) -> str:
    """Return the text of a cell that is no path, as `load_table` reads it. Raises BadDataset.

    column: one of COLUMNS; in a `label` an unknown encoding is an error, in a `group` any name will do.
    """
    return _text(cell, column, line, path, [], [])


def _read(path: str | Path) -> bytes:
    if Path(path).is_dir():
        raise BadDataset(path, fault="is a folder, not a CSV table", remedy="move or rename it")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadDataset(
            path, fault=f"cannot be read ({error.strerror})", remedy="check its permissions"
        ) from error


def _text(cell: str, column: str, line: int, path: str | Path, windows: list[str], twice: list[str]) -> str:
    """Return the text of a cell that is no path; "" for a label or group that says that there is none.

    Adds it to `windows` or `twice` if it was in another encoding or encoded twice. Raises BadDataset.
    """
    text = cell
    if has_surrogates(cell):
        text = _from_windows(cell, column, line, path)
        windows.append(text)
    elif meant := twice_encoded(cell):
        text = meant
        twice.append(text)
    _check_letters(text, column, line, path)
    return "" if column in ("label", "group") and is_missing(text) else text


def _split_top(text: str) -> tuple[str, int, str]:
    """Return the text from the heading on, the number of lines before it, and the delimiter."""
    first, _, rest = text.partition("\n")
    match = SEPARATOR_LINE.fullmatch(first)
    body = rest if match else text
    body = body.lstrip("\r\n\ufeff ")
    delimiter = ("\t" if match[1] == "\\t" else match[1]) if match else ""
    return body, text[: len(text) - len(body)].count("\n"), delimiter or _delimiter(body.partition("\n")[0])


def _lines(text: str, path: str | Path) -> list[tuple[int, list[str]]]:
    """Return the lines that are not empty: number of the first line from 1, stripped cells.

    Raises BadDataset if a quotation mark is never closed: the rest of the table would be one cell.
    """
    body, skipped, delimiter = _split_top(re.sub("\r\n?", "\n", text))  # Excel for Mac ends lines with \r
    try:
        try:
            numbered = list(_parse(body, delimiter, strict=True))
        except csv.Error as error:
            if UNCLOSED in str(error):
                raise
            numbered = list(_parse(body, delimiter, strict=False))
    except csv.Error as error:
        number = skipped + _last_line(body, delimiter)
        fault = f"line {number:,} is not valid CSV ({_csv_fault(error)})"
        remedy = "correct the line, or save the table as CSV again"
        raise BadDataset(path, fault=fault, remedy=remedy) from error
    return [(skipped + line, cells) for line, cells in numbered if any(cells)]


def _parse(text: str, delimiter: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    line = 1
    for cells in reader:
        yield line, [cell.strip(BLANK) for cell in cells]
        line = reader.line_num + 1


def _last_line(text: str, delimiter: str) -> int:
    """Return the number of the line in which reading stops."""
    read = 0
    with suppress(csv.Error):
        for line, cells in _parse(text, delimiter, strict=True):
            read = line + sum(cell.count("\n") for cell in cells)
    return read + 1


def _csv_fault(error: csv.Error) -> str:
    if UNCLOSED in str(error):
        return "a quotation mark is opened and never closed"
    return str(error)


def _delimiter(heading: str) -> str:
    """Return the delimiter with which a heading has most known columns, and then most cells."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([heading], delimiter=delimiter), [])
        return len(column_indices([cell.strip(BLANK) for cell in cells])), heading.count(delimiter)

    return max(DELIMITERS, key=known)


def _check_columns(path: str | Path, heading: Sequence[str], missing: Sequence[str]) -> None:
    """Raise BadDataset if columns are missing."""
    if missing:
        check_is_text(path, heading)
        actual = printable(", ".join(heading)[:200]) or "none"
        names = " and ".join(f"{name} ({' or '.join(COLUMNS[name][:4])})" for name in missing)
        raise BadDataset(
            path,
            fault=f"has no column {names}; its columns are: {actual}",
            remedy="name the columns in the first line",
        )


def check_is_text(path: str | Path, heading: Sequence[str]) -> None:
    """Raise BadDataset if a heading has control characters, as the start of a binary file does."""
    if any(char < " " for cell in heading for char in cell):
        remedy = "move or rename it, or save it as CSV UTF-8 from the program that made it"
        raise BadDataset(path, fault="is a binary file, not a CSV table", remedy=remedy)


def _from_windows(cell: str, column: str, line: int, path: str | Path) -> str:
    """Return a cell that is not UTF-8 as Windows text; raise BadDataset if that would be a guess."""
    text = western(cell)
    if text is None and column == "group":  # a name that only has to be the same in each row
        return cell.encode("utf-8", "surrogateescape").decode("latin-1")
    if text is None:
        meanings = " or ".join(repr(meaning) for meaning in candidates(cell))
        fault = f"is not UTF-8: the {column} in line {line:,} could be {meanings or repr(printable(cell))}"
        raise BadDataset(path, fault=fault, remedy=f"{SAVE} (Excel: Save As, CSV UTF-8)")
    return text


def _windows_note(path: str | Path, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        count = f"{len(texts):,} of its cells were" if len(texts) > 1 else "1 of its cells was"
        examples = printable(first_few(sorted(set(texts))))
        yield (
            f"{printable(Path(path).name)} is not UTF-8; {count} read as Windows text ({examples}); "
            f"{SAVE} if that is wrong."
        )


def _check_letters(text: str, column: str, line: int, path: str | Path) -> None:
    """Raise BadDataset if a program has replaced a letter that it could not read."""
    if "\ufffd" in text:
        shown = repr(text.replace("\ufffd", "?"))
        fault = f"has lost a letter: the {column} in line {line:,} is {shown}, with U+FFFD for what was there"
        raise BadDataset(path, fault=fault, remedy=f"open the original table and {SAVE}")


def _twice_note(path: str | Path, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        examples = printable(first_few(sorted(set(texts))))
        yield (
            f"{printable(Path(path).name)} was saved in UTF-8 twice; {len(texts):,} of its cells were read "
            f"as what they meant ({examples}); {SAVE} from the original if that is wrong."
        )


def _split_note(
    path: str | Path, lines: Sequence[tuple[int, list[str]]], indices: Mapping[str, int]
) -> Iterator[str]:
    """Yield a sentence about a column that holds the names of splits, if no column is named split."""
    if "split" in indices:
        return
    for index, name in enumerate(lines[0][1]):
        values = {cells[index] for _, cells in lines[1:] if index < len(cells)} - {""}
        if index not in indices.values() and len(values) > 1 and all(map(part_of, values)):
            yield (
                f"Column {printable(name)} of {printable(Path(path).name)} holds {first_few(sorted(values))} "
                "but is not used; name it split to use it."
            )
