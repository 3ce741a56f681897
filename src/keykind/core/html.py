"""Self-contained HTML pages.

In:    titles, text, tables, charts (SVG), pictures (bytes)
Out:   HTML with inline style and pictures: no network access, light and dark, phone to desktop
Needs: nothing beyond Python
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5b6570; --ground: #fff; --panel: #f4f5f7;
  --line: #d9dde2; --accent: #0b62b5; --warn: #9a4b00; --warn-ground: #fff4e5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #a3adb8; --ground: #14171a;
  --panel: #1e2226; --line: #353b42; --accent: #7db8f5; --warn: #ffbf73; --warn-ground: #33240f } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 68rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem } p, ul { max-width: 44rem; margin: .5rem 0 }
a { color: var(--accent) } .soft, figcaption { color: var(--soft) }
figure { margin: 1rem 0 } figcaption { font-size: .9rem; max-width: 44rem }
.answer { background: var(--panel); border-radius: .5rem; padding: .75rem 1rem; margin: 1rem 0 }
.answer .big { font-size: 2rem; font-weight: 650; line-height: 1.2 }
.warning { background: var(--warn-ground); color: var(--warn); border-radius: .5rem; padding: .5rem 1rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0 }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere }
th { overflow-wrap: normal }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.chart svg { max-width: 100%; height: auto; color: var(--ink) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .5rem;
  margin: .5rem 0 }
.gallery figure { margin: 0 }
.gallery img { width: 100%; display: block; border-radius: .25rem; background: #fff }
.gallery figcaption { font-size: .75rem; line-height: 1.3; overflow-wrap: anywhere }
nav ul { columns: 16rem; padding-left: 1.25rem }
"""


class Html(str):
    """Text that is HTML already: `tag` does not escape it."""

    __slots__ = ()


Content = str | int | Html | None


def tag(name: str, *content: Content | Iterable[Content], **attributes: str) -> Html:
    """Return `<name attributes>content</name>`; text is escaped, Html is not, None is skipped.

    An attribute that is a Python keyword takes a trailing underscore: `class_="soft"`.
    """
    attribute_text = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{attribute_text}>{join(content)}</{name}>")


def join(content: Iterable[Content | Iterable[Content]]) -> Html:
    """Return the content, concatenated, as HTML."""
    parts: list[str] = []
    for part in content:
        if isinstance(part, Html):
            parts.append(part)
        elif isinstance(part, str | int):
            parts.append(escape(str(part)))
        elif part is not None:
            parts.append(join(part))
    return Html("".join(parts))


def table(head: Sequence[str], rows: Iterable[Sequence[Content]]) -> Html:
    """Return a table that scrolls horizontally on a phone; numeric columns are right-aligned."""

    def table_row(name: str, cells: Sequence[Content]) -> Html:
        return tag(
            "tr",
            [
                tag(name, value, class_="number") if is_numeric else tag(name, value)
                for value, is_numeric in zip(cells, numeric, strict=True)
            ],
        )

    body = [list(row) for row in rows]
    filled = [[row[column] for row in body if row[column] != ""] for column in range(len(head))]
    numeric = [bool(values) and all(map(_is_number, values)) for values in filled]
    table_body = tag("tbody", [table_row("td", row) for row in body])
    return tag("div", tag("table", tag("thead", table_row("th", head)), table_body), class_="scroll")


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a gallery, with its caption."""

    picture: bytes  # JPEG or PNG
    caption: str

    def html(self: Self) -> Html:
        """Return a <figure> with the picture inline."""
        return tag("figure", image(self.picture, self.caption), tag("figcaption", self.caption))


def image(picture: bytes, alt: str) -> Html:
    """Return an <img> with the picture (JPEG or PNG bytes) inline."""
    subtype = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    source = f"data:image/{subtype};base64,{base64.b64encode(picture).decode()}"
    return Html(f'<img src="{source}" alt="{escape(alt)}" loading="lazy">')


def gallery(tiles: Iterable[Tile]) -> Html:
    """Return a grid of pictures, as many per row as fit."""
    return tag("div", [tile.html() for tile in tiles], class_="gallery")


def chart(svg: str, caption: str) -> Html:
    """Return an inline SVG chart with its caption; it takes the page's text colour, light or dark."""
    return tag("figure", tag("div", Html(svg), class_="chart"), tag("figcaption", caption))


def page(title: str, *content: Content | Iterable[Content], style: str = "", script: str = "") -> str:
    """Return a complete HTML document.

    style: CSS in addition to STYLE. script: JavaScript, run when the page has been read; it must not contain
    `</`.
    """
    head = Html(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>"
    )
    end = f"<script>{script}</script>" if script else ""
    body = f"{tag('main', *content)}{end}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _is_number(value: Content) -> bool:
    if isinstance(value, int):
        return True
    return isinstance(value, str) and value.replace(",", "").replace(".", "", 1).strip("−-+% ").isdigit()
