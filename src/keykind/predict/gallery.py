"""Predictions and pictures of photos -> one HTML page, to look through them.

In:    predictions, each with its pictures as JPEG, one after another, any number
Out:   a self-contained page: totals, filters, pictures to enlarge; those that need a look first
Needs: numpy, pillow

Pictures are kept in a temporary file on the disk until the page is written, not in memory.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from keykind.core import html
from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write, writing_to
from keykind.core.html import Html, tag
from keykind.predict.answer_texts import answer_lines, certainty, has_unknown
from keykind.predict.gallery_page import (
    DIALOG,
    FAULTY,
    NOTHING,
    UNSURE,
    dot,
    filters,
    inline,
    totals,
)
from keykind.predict.prediction import ANSWERED, NOT_SURE, UNREADABLE, Prediction
from keykind.predict.wording import NOT_A_KEY, Wording

GENERATOR = "<!-- written by keykind -->"  # in each page: it may be replaced by another of the same name
MARK_BYTES = 4096  # of a page, within which it is
# Longer side of the pictures, px, until the page has so many photos: 300 make about 13 MB.
SIDES = ((300, 640), (1000, 360), (10**9, 280))
MAX_SHOWN = 3000  # photos; browsers become slow
MAX_LINES, MAX_LARGE_LINES = 4, 40  # of text below a photo, and below an enlarged one
_ORDER = {NOT_SURE: 0, UNREADABLE: 1, ANSWERED: 2, NOT_A_KEY: 3}
_BODY = "<!-- photos -->"  # where the photos go in the page


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a photo: the photo itself, or the evidence for one of its keys."""

    jpeg: bytes
    caption: str = ""


@dataclass(order=True, slots=True)
class _Figure:
    """Where the HTML of a photo lies in the temporary file; the last in the order is dropped first."""

    rank: tuple[int, float, int]  # reversed: the first in the page is the largest
    offset: int = field(compare=False)
    length: int = field(compare=False)


class Gallery:
    """The page, while photos are added to it."""

    def __init__(self, kinds: Sequence[str], wording: Wording, *, has_maps: bool = False) -> None:
        """Take the kinds of the model. has_maps: photos come with the evidence for their keys."""
        self._kinds, self._wording, self._has_maps = tuple(kinds), wording, has_maps
        self._spool: IO[bytes] = TemporaryFile(prefix="keykind-")  # noqa: SIM115 - closed by `write`
        self._figures: list[_Figure] = []  # a heap: the last in the page is at its top
        self.count = 0  # photos
        self._photos: Counter[str] = Counter()  # per kind
        self._keys: Counter[str] = Counter()  # per kind
        self._found: Counter[str] = Counter()  # photos per what the filters look for

    def add(self, name: str, prediction: Prediction, pictures: Sequence[Picture]) -> None:
        """Add a photo with the name that the page shows; without pictures, it could not be read."""
        verdict = NOT_SURE if has_unknown(prediction) else prediction.verdict
        worst = -_ORDER[verdict], -certainty(prediction), -self.count
        self.count += 1
        kinds = [key.kind for key in prediction.keys if key.kind is not None]
        self._keys.update(kinds)
        self._photos.update(set(kinds))
        self._found.update(self._tokens(prediction))
        if len(self._figures) >= MAX_SHOWN and worst < self._figures[0].rank:
            return
        data = self._figure(name, prediction, pictures).encode("utf-8", "replace")
        offset = self._spool.seek(0, 2)
        self._spool.write(data)
        figure = _Figure(worst, offset, len(data))
        if len(self._figures) >= MAX_SHOWN:
            heapq.heapreplace(self._figures, figure)
        else:
            heapq.heappush(self._figures, figure)

    def write(self, path: Path, title: str, notes: Sequence[str] = ()) -> None:
        """Write the page, atomically, and forget the photos. Raises CannotWrite."""
        before, after = self._page(title, notes).split(_BODY)
        with atomic_write(path) as temporary, temporary.open("wb") as page:
            page.write(before.encode("utf-8", "replace"))
            for figure in sorted(self._figures, reverse=True):
                self._spool.seek(figure.offset)
                page.write(self._spool.read(figure.length))
            page.write(after.encode("utf-8", "replace"))
        self._spool.close()

    def _page(self, title: str, notes: Sequence[str]) -> str:
        if self.count > len(self._figures):
            shown = f"{len(self._figures):,} of {self.count:,}"
            notes = [*notes, f"Shown are the {shown} photos that most need a look; the numbers are of all."]
        now = datetime.now().astimezone()
        return html.page(
            title,
            Html(GENERATOR),
            tag("style", inline("gallery.css")),
            tag("h1", title),
            tag("p", f"{now.day} {now:%B %Y, %H:%M}.", [f" {note}" for note in notes], class_="soft"),
            totals(self._kinds, self._photos, self._keys, self._wording),
            filters(self._kinds, self._found, self.count, self._wording),
            tag("div", Html(_BODY), class_="photos maps" if self._has_maps else "photos"),
            tag("p", "No photo matches.", class_="soft", id="none", hidden=""),
            Html(DIALOG.replace("{maps}", " maps" if self._has_maps else "")),
            tag("script", inline("gallery.js")),
        )

    def _figure(self, name: str, prediction: Prediction, pictures: Sequence[Picture]) -> Html:
        """Return a photo with its answers, as HTML."""
        lines = answer_lines(prediction, self._wording)
        few = len(lines) <= MAX_LINES + 1  # "and 1 more" would take as much space as that one
        texts = [
            tag(
                "li",
                dot(line.kind, self._kinds),
                tag("b", line.answer),
                line.details and f"; {line.details}",
                class_="" if few or i < MAX_LINES else "extra",
            )
            for i, line in enumerate(lines[:MAX_LARGE_LINES])
        ]
        if not few:
            texts.append(tag("li", f"and {len(lines) - MAX_LINES:,} more", class_="soft more"))
        frames = [_frame(picture, name) for picture in pictures]
        frames = frames or [tag("span", UNREADABLE, class_="nothing")]
        label = {"aria-label": f"enlarge {name}"}
        caption = tag("figcaption", tag("span", name, class_="name"), tag("ul", texts))
        filtered = {"data-k": " ".join(self._tokens(prediction)), "data-c": f"{_percent(prediction)}"}
        return tag(
            "figure", tag("button", frames, type="button", class_="frame", **label), caption, **filtered
        )

    def _tokens(self, prediction: Prediction) -> Iterator[str]:
        """Yield what the filters look for: the numbers of the kinds, and the verdict."""
        for kind in dict.fromkeys(key.kind for key in prediction.keys if key.kind is not None):
            yield str(self._kinds.index(kind))
        if has_unknown(prediction):
            yield UNSURE
        if prediction.verdict in (NOT_A_KEY, UNREADABLE):
            yield NOTHING if prediction.verdict == NOT_A_KEY else FAULTY


def side_of(index: int) -> int:
    """Return the longer side of the picture of a photo, px; index: how many photos come before it."""
    return next(side for limit, side in SIDES if index < limit)


def check_own(path: Path) -> None:
    """Raise CannotWrite unless a path is that of a new page, or of one that keykind wrote."""
    if path.suffix.lower() not in (".html", ".htm"):
        fault = f"ends in '{path.suffix}', but the gallery is written as .html"
        raise CannotWrite(path, fault=fault, remedy="give a name that ends in .html")
    if not path.exists():
        return
    with writing_to(path), path.open("rb") as stream:
        is_own = GENERATOR.encode() in stream.read(MARK_BYTES)
    if not is_own:
        fault = "exists, and is no gallery that keykind wrote"
        raise CannotWrite(path, fault=fault, remedy="give another name, or add --force to replace it")


def _frame(picture: Picture, name: str) -> Html:
    caption = tag("em", picture.caption) if picture.caption else None
    return tag("span", html.image(picture.jpeg, picture.caption or name), caption)


def _percent(prediction: Prediction) -> int:
    """Return the certainty in percent, rounded down as it is in the texts."""
    return math.floor(100 * certainty(prediction) + 1e-4)
