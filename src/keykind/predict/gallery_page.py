"""The fixed parts of the gallery page: style, script, totals and filters.

In:    the kinds of the model; numbers of photos and keys
Out:   HTML
Needs: nothing beyond Python
"""

from collections.abc import Mapping, Sequence
from importlib import resources

from keykind.core.html import Html, table, tag
from keykind.predict.palette import colour_of, css
from keykind.predict.wording import Wording

UNSURE, NOTHING, FAULTY = "s", "n", "u"  # what a filter looks for, besides the numbers of kinds
CERTAINTIES = (90, 75, 60)  # percent, below which a filter shows photos

DIALOG = """<dialog aria-label="enlarged photo"><div class="large{maps}">
<nav><button type="button" data-step="-1" aria-label="previous photo">‹</button><span class="soft"></span>
<button type="button" data-step="1" aria-label="next photo">›</button>
<button type="button" data-close aria-label="close">×</button></nav>
<div class="frame"></div><figcaption></figcaption></div></dialog>"""


def inline(name: str) -> Html:
    """Return the style (gallery.css) or the script (gallery.js) of the page."""
    return Html((resources.files("keykind.predict") / "page" / name).read_text("utf-8"))


def totals(
    kinds: Sequence[str], photos: Mapping[str, int], keys: Mapping[str, int], wording: Wording
) -> Html:
    """Return a table with a row per kind that was found. photos, keys: their numbers per kind."""
    found = [kind for kind in kinds if photos.get(kind)]
    if not found:
        return Html("")
    if not wording.of_keys:  # a photo is one item
        head = ["class", "photos"]
        rows = [[kind, f"{photos[kind]:,}"] for kind in found]
    else:
        head = ["kind", wording.items, "photos"]
        rows = [[kind, f"{keys[kind]:,}", f"{photos[kind]:,}"] for kind in found]
    known = wording.counted(sum(keys[kind] for kind in found))
    one, several = ("kind", "kinds") if wording.of_keys else ("class", "classes")
    known = f"{known} of" if wording.of_keys else f"{known} with an answer, of"
    summary = f"{known} {len(found):,} {one if len(found) == 1 else several}"
    return tag("details", tag("summary", summary), table(head, rows))


def filters(kinds: Sequence[str], found: Mapping[str, int], count: int, wording: Wording) -> Html:
    """Return two rows of buttons. found: the number of photos per number of a kind, UNSURE and so on."""
    names = [(str(i), _dotted(kind, kinds)) for i, kind in enumerate(kinds)]
    names += [
        (UNSURE, Html("not sure")),
        (NOTHING, tag("span", wording.rejected)),
        (FAULTY, Html("unreadable")),
    ]
    answers = [_button("only", "", Html("all"), count)]
    answers += [_button("only", key, name, found[key]) for key, name in names if found.get(key)]
    limits = [_button("below", "101", Html("any certainty"))]
    limits += [_button("below", str(limit), Html(f"below {limit}%")) for limit in CERTAINTIES]
    shown = tag("span", class_="soft", id="count")
    return Html(
        tag("div", answers, class_="bar", role="group", **{"aria-label": "answers"})
        + tag("div", limits, shown, class_="bar", role="group", **{"aria-label": "certainty"})
    )


def dot(kind: str | None, kinds: Sequence[str]) -> Html:
    """Return a dot in the colour of a kind."""
    return tag("span", class_="dot", style=f"background:{css(colour_of(kind, kinds))}")


def _dotted(kind: str, kinds: Sequence[str]) -> Html:
    return Html(dot(kind, kinds) + tag("span", kind))


def _button(name: str, value: str, text: Html, count: int | None = None) -> Html:
    attributes = {f"data-{name}": value, "aria-pressed": "true" if value in ("", "101") else "false"}
    number = None if count is None else tag("b", f"{count:,}")
    return tag("button", text, number, type="button", **attributes)
