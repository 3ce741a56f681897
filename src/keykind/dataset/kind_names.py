"""Spellings of kinds -> one name for each kind.

In:    listings, whose kinds are spelled as on disk or in a table
Out:   the same with one spelling a kind, printable, and restricted to chosen kinds; notes
Needs: nothing beyond Python
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.groups import make_unique
from keykind.dataset.listing import Listing, counted, first_few
from keykind.dataset.table_text import normal, visible

COPY = re.compile(
    r"(?: ?\(\d+\)|[ -]+(?:copy|kopie|copie|copia)(?: ?\(?\d+\)?)?)$"
)  # what file managers append


def merge_kinds(listings: Sequence[Listing]) -> tuple[list[Listing], list[str]]:
    """Return the listings with kinds equal but for case, spaces or Unicode normal form as one, and notes.

    Characters that are not seen do not count. Kinds of nearly the same name stay apart, with a note.

    The most frequent spelling wins, of equally frequent ones the one in lower case.
    """
    counts = Counter(entry.kind for listing in listings for entry in listing.photos)
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for listing in listings:
        for kind in listing.kinds:
            spellings[folded_kind(kind)].add(kind)
    names: dict[str, str] = {}
    notes = []
    for alike in spellings.values():
        ranked = sorted(alike, key=lambda kind: (-counts[kind], kind != kind.lower(), kind))
        chosen = " ".join(visible(normal(ranked[0])).split()) or ranked[0]
        names |= dict.fromkeys(alike, chosen)
        if len(alike) > 1:
            listed = first_few(f"{_visible(kind)} ({counted(counts[kind], 'photo')})" for kind in ranked)
            notes.append(f"Spellings of one kind: {listed}; they are read as {printable(chosen)}.")
    return [_renamed(listing, names) for listing in listings], [*sorted(notes), *_alike(set(names.values()))]


def folded_kind(kind: str) -> str:
    """Return what the spellings of one kind have in common."""
    return " ".join(visible(normal(normal(kind).casefold())).split())


def _alike(kinds: set[str]) -> list[str]:
    """Return a sentence about each set of kinds that may be one: double_bit and double-bit, 1 and 1.0."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for kind in sorted(kinds):
        groups[loosely(kind)].append(kind)
    for key in list(groups):
        original = COPY.sub("", key)
        if original != key and original in groups:
            groups[original] += groups.pop(key)
    return [
        f"Kinds of nearly the same name: {first_few(map(printable, alike))}; they stay apart; rename them if "
        "they are one."
        for alike in groups.values()
        if len(alike) > 1
    ]


def loosely(kind: str) -> str:
    """Return a spelling in which hyphens, underscores, wide letters and zeros after a point do not count."""
    folded = visible(unicodedata.normalize("NFKC", kind)).casefold().strip()
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", re.sub(r"(\d)\.0+$", r"\1", folded))


def _visible(kind: str) -> str:
    """Return a spelling so that its difference is seen: normal form D looks like C."""
    if visible(kind) != kind:
        return f"{printable(kind)} with a character that is not seen"
    return printable(kind) + ("" if normal(kind) == kind else " in another Unicode form")


def _renamed(listing: Listing, names: dict[str, str]) -> Listing:
    return replace(
        listing,
        photos=tuple(
            entry if names[entry.kind] == entry.kind else replace(entry, kind=names[entry.kind])
            for entry in listing.photos
        ),
        kinds=tuple(sorted({names[kind] for kind in listing.kinds})),
    )


def with_printable_kinds(listings: Sequence[Listing]) -> list[Listing]:
    """Return the listings with printable kind names; names that differ on disk stay different."""
    kinds = {kind for listing in listings for kind in listing.kinds}
    originals = sorted(kinds, key=lambda kind: (printable(kind) != kind, kind))  # printable names stay as is
    names = dict(zip(originals, make_unique(map(printable, originals)), strict=True))
    return [_renamed(listing, names) for listing in listings]


def select_kinds(listings: Sequence[Listing], kinds: Sequence[str] | None, photos: Path) -> list[Listing]:
    """Return the listings restricted to the given kinds."""
    if kinds is None:
        return list(listings)
    existing = sorted({kind for listing in listings for kind in listing.kinds})
    by_fold = {folded_kind(kind): kind for kind in existing}
    unknown = [printable(kind) for kind in kinds if folded_kind(kind) not in by_fold]
    if unknown:
        fault = f"has no kind {' or '.join(unknown)}; it has {len(existing):,}: {', '.join(existing)}"
        raise BadDataset(photos, fault=fault, remedy="choose from those")
    chosen = {by_fold[folded_kind(kind)] for kind in kinds}
    return [
        replace(
            listing,
            photos=tuple(entry for entry in listing.photos if entry.kind in chosen),
            kinds=tuple(kind for kind in listing.kinds if kind in chosen),
        )
        for listing in listings
    ]
