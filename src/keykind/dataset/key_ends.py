"""Marked keys of a photo, as one cell of a table.

In:    text: `head_x head_y tip_x tip_y [kind]` of each key, separated by `;`; or `none`
Out:   KeyEnds of each key, in px of the upright photo; the text again
Needs: nothing beyond Python
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from keykind.core.errors import BadDataset, printable

Point = tuple[float, float]  # x to the right and y down, px of the upright photo
NO_KEYS = "none"  # a person has looked, and the photo shows no key
SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class KeyEnds:
    """A key marked in a photo; of a cut-off key, an end is where it leaves the frame."""

    head: Point
    tip: Point
    kind: str = ""  # empty: that of the photo


def parse_ends(text: str, origin: str) -> tuple[KeyEnds, ...] | None:
    """Return the marked keys in a cell; none of them for `none`, and None if nothing is marked.

    origin: file and row, for the error. Raises BadDataset for anything else.
    """
    text = text.strip()
    if not text:
        return None
    if text.casefold() == NO_KEYS:
        return ()
    return tuple(_parse(part, origin) for part in text.split(";") if part.strip())


def ends_text(ends: Sequence[KeyEnds] | None) -> str:
    """Return the cell that `parse_ends` reads."""
    if ends is None:
        return ""
    return SEPARATOR.join(map(_text, ends)) or NO_KEYS


def _parse(part: str, origin: str) -> KeyEnds:
    cells = part.split(maxsplit=4)
    remedy = f"write head_x head_y tip_x tip_y [kind] of each key, separated by ;, or {NO_KEYS}"
    try:
        x, y, u, v = (float(cell.rstrip(",")) for cell in cells[:4])
    except ValueError as error:
        fault = f"has the ends '{printable(part.strip())[:100]}'"
        raise BadDataset(origin, fault=fault, remedy=remedy) from error
    if not all(map(math.isfinite, (x, y, u, v))) or (x, y) == (u, v):
        fault = f"has a key from {x:g}, {y:g} to {u:g}, {v:g}"
        raise BadDataset(origin, fault=fault, remedy="give two different points in pixels")
    return KeyEnds((x, y), (u, v), " ".join(cells[4].split()) if len(cells) > 4 else "")


def _text(ends: KeyEnds) -> str:
    numbers = (f"{value:.1f}".removesuffix(".0") for value in (*ends.head, *ends.tip))
    return " ".join([*numbers, *re.sub(r"[;\s]+", " ", ends.kind).split()])
