"""Columns such as is_test with 0 and 1 -> the split of each row.

In:    the heading and the cells of a table without a column split
Out:   a split for each row; a note about which column was used, or why not
Needs: nothing beyond Python
"""

import re
from collections.abc import Sequence

from keykind.core.errors import printable
from keykind.dataset.headings import folded
from keykind.dataset.listing import counted
from keykind.dataset.splits import PARTS, TEST, TRAIN, VALIDATION, part_of

TRUE = frozenset({"1", "1.0", "true", "t", "yes", "y", "wahr", "ja", "vrai", "oui", "verdadero", "vero", "x"})
FALSE = frozenset({"0", "0.0", "false", "f", "no", "n", "falsch", "nein", "faux", "non", "falso", ""})


def split_flags(
    heading: Sequence[str], rows: Sequence[Sequence[str]], title: str
) -> tuple[list[str], list[str]]:
    """Return the split of each row, none if no column says it, and sentences about the columns used.

    A row is a test photo if its test column is true, else a validation photo if that column is, else a
    training photo; if there is only a column for training, those for which it is false are test photos.
    title: the name of the table in the sentence.
    """
    flags = _flags(heading, rows)
    if not flags:
        return [], []
    rest = TEST if set(flags) == {TRAIN} else TRAIN
    splits = [_split(flags, row, rest) for row in rows]
    names = " and ".join(printable(heading[index]) for index in flags.values())
    columns = f"Column{'s' * (len(flags) > 1)} {names} of {title}"
    if TRAIN not in splits:
        return [], [f"{columns} would leave no row for training and is not used; correct the table."]
    counts = ", ".join(counted(splits.count(part), f"{part} row") for part in PARTS if part in splits)
    return splits, [f"{columns} read as the split: {counts}; name it otherwise if that is wrong."]


def _flags(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the index of the first column of flags for each part, e.g. of is_test."""
    flags: dict[str, int] = {}
    for index, name in enumerate(heading):
        part = part_of(re.sub(r"^(is|in)_?", "", folded(name)))
        values = {row[index].casefold() for row in rows if index < len(row)}
        if part and values - {""} and values <= TRUE | FALSE:
            flags.setdefault(part, index)
    return flags


def _split(flags: dict[str, int], row: Sequence[str], rest: str) -> str:
    true = [part for part, index in flags.items() if index < len(row) and row[index].casefold() in TRUE]
    return next((part for part in (TEST, VALIDATION, TRAIN) if part in true), rest)
