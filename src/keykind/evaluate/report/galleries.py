"""Tiles -> rows of pictures, one row per kind.

In:    tiles of each kind
Out:   HTML: a row per kind; rows of few pictures lie side by side, rows of many scroll on a phone
Needs: nothing beyond Python
"""

from collections.abc import Iterable, Mapping, Sequence

from keykind.core.html import Html, Tile, image, tag
from keykind.evaluate.wording import shorten


def picture(tile: Tile, caption: str | None = None) -> Html:
    """Return one picture with its caption in small print; None: that of the tile."""
    text = tile.caption if caption is None else caption
    return tag("figure", image(tile.picture, tile.caption), tag("figcaption", text, title=tile.caption))


def strip(pictures: Iterable[Html], title: str | None = None, class_: str = "") -> Html:
    """Return pictures beside each other; they scroll where they do not fit."""
    row = tag("div", pictures, class_=f"strip {class_}".strip())
    return tag("div", tag("div", title, class_="soft") if title else None, row)


def kind_row(kind: str, line: str, strips: Sequence[Html]) -> Html:
    """Return the row of one kind: its name, a line about it, and its strips."""
    name = tag("h4", tag("span", shorten(kind), title=kind), " ", tag("span", line, class_="soft"))
    return tag("div", name, tag("div", strips, class_="strips"), class_="row")


def kind_rows(rows: Iterable[Html], pictures: int) -> Html:
    """Return the rows of all kinds, of at most so many pictures each."""
    return tag("div", rows, class_="rows", style=f"--pictures:{max(pictures, 1)}")


def by_kind(kinds: Sequence[str], items: Iterable[tuple[str, Html]]) -> Mapping[str, list[Html]]:
    """Return the items, each given with its kind, by kind in the order of `kinds`."""
    groups: dict[str, list[Html]] = {kind: [] for kind in kinds}
    for kind, item in items:
        groups[kind].append(item)
    return groups
