"""File names -> a proposal of which photos show one and the same object.

In:    the listed photos of a dataset, without known groups
Out:   one sentence that names the photos and the `--group-pattern` with which they become groups, or none
Needs: nothing beyond Python

`abus-1.jpg` and `abus-2.jpg` look like two photos of one object; `IMG_0001.jpg` and `IMG_0002.jpg`, or
`key-1.jpg` and `key-2.jpg`, are merely counted. Nothing is grouped unless the pattern is given.
"""

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from keykind.dataset.listing import PhotoEntry, counted, first_few, shorten

# A number of at most three digits, perhaps in brackets: cameras count with four or more.
NUMBER = r"[ _.(-]*(?<!\d)\d{1,3}\)?"
ENDING, ENDING_OR_NONE = r"[.]\w+$", r"(?:[.]\w+)?$"
NAMED = re.compile(rf"^(?P<stem>.+?){NUMBER}{ENDING_OR_NONE}")
# What cameras, phones, scanners and messengers write before the number.
CAMERAS = re.compile(
    r"(_?img|dsc[a-z]{0,2}|_?dsc|_?mg|dcp|dscn|dscf|pict|sam|cimg|gopr|gx?\d*|pxl|mvimg|vid|mov|p\d*|hpim|"
    r"kimg|wp|scan|doc|imag|image|whatsapp|signal|telegram|screenshot|bildschirmfoto|photo|foto|fullsizerender|"
    r"burst|capture|snapshot|webcam|frame|file|download|untitled|unbenannt)([ _.-]?[ex]?\d.*|[ _.-].*)?",
    re.IGNORECASE,
)
# Words for anything at all: what follows is a mere count.
COMMON = frozenset(
    (
        *(
            "a",
            "an",
            "the",
            "new",
            "old",
            "my",
            "copy",
            "front",
            "back",
            "side",
            "top",
            "left",
            "right",
            "view",
        ),
        *("key", "keys", "photo", "photos", "pic", "pics", "picture", "pictures", "image", "images", "img"),
        *("sample", "samples", "item", "items", "object", "objects", "example", "train", "test", "val"),
        *("schluessel", "schlüssel", "bild", "foto", "fotos", "kopie", "clé", "clef", "llave", "chiave"),
    )
)
FEW = 6  # photos of one object; more with the only stem of a kind, or one of all kinds, are merely counted
MAX_PHOTOS = 40  # of one object
BY_NAMES = "By their names, "  # how the sentence begins
FLAG = "--group-pattern"


def proposal(photos: Sequence[PhotoEntry]) -> str | None:
    """Return the sentence about photos whose names look like one object's, or None.

    Photos with a known key are left alone.
    """
    unknown = [photo for photo in photos if photo.key_id is None]
    groups = name_groups(unknown)
    if not groups:
        return None
    pattern = group_pattern(unknown, groups)
    count = sum(map(len, groups.values()))
    listed = "; ".join(first_few(map(shorten, names), " = ") for names in list(groups.values())[:2])
    more = f" and {len(groups) - 2:,} more" if len(groups) > 2 else ""
    return (
        f"{BY_NAMES}{count:,} photos show {counted(len(groups), 'object')} several times "
        f"({listed}{more}), but each photo counts as an object of its own. If the names are right, scores "
        f"are too high unless you add: {FLAG} {shlex.quote(pattern)}"
    )


def name_groups(photos: Sequence[PhotoEntry]) -> dict[tuple[str, str], list[str]]:
    """Return the photos whose names differ in a number only: (kind, stem) -> at least two names, sorted."""
    stems: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    counts = Counter(photo.kind for photo in photos)
    for photo in photos:
        if stem := object_stem(photo.name, photo.kind):
            stems[photo.kind, stem].append(photo.name)
    return {
        (kind, stem): sorted(names)
        for (kind, stem), names in sorted(stems.items())
        if 2 <= len(names) <= MAX_PHOTOS and not _is_count(kind, stem, stems, counts)
    }


def _is_count(
    kind: str, stem: str, stems: Mapping[tuple[str, str], Sequence[str]], counts: Mapping[str, int]
) -> bool:
    """Return whether a stem is how photos of a kind are counted, or those of a source in all kinds.

    stems: the photos of each; counts: all photos of each kind.
    """
    count = len(stems[kind, stem])
    only = sum(other == kind for other, _ in stems) == 1
    everywhere = len(counts) > 1 and all((other, stem) in stems for other in counts)
    return (only and count == counts[kind]) or (
        count > FEW and ((only and count > counts[kind] / 2) or (everywhere and stem.isalpha()))
    )


def object_stem(name: str, kind: str) -> str | None:
    """Return the part of a photo's name that may name an object; None for a mere count, as of a camera."""
    match = NAMED.match(PurePosixPath(name).name)
    if not match:
        return None
    stem = match["stem"].rstrip(" _.(-")
    letters = "".join(filter(str.isalpha, stem)).casefold()
    of_kind = "".join(filter(str.isalpha, kind)).casefold()
    if not letters or (letters in COMMON | {of_kind} and not any(map(str.isdigit, stem))):
        return None
    return None if CAMERAS.fullmatch(stem) else stem


def group_pattern(photos: Sequence[PhotoEntry], groups: Mapping[tuple[str, str], Sequence[str]]) -> str:
    """Return the regular expression that groups these photos, and leaves all others alone.

    Its group is the stem, with the folder of the kind if kinds share a stem.
    """
    grouped = {name for names in groups.values() for name in names}
    stems: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for photo in photos:
        if stem := object_stem(photo.name, photo.kind):
            stems[photo.kind, stem].add(photo.name)
    shared = Counter(stem for _, stem in stems)
    folder = r"(?:[^/]+/)?" if any(shared[stem] > 1 for _, stem in groups) else ""
    end = NUMBER + (ENDING if all(re.search(ENDING, name) for name in grouped) else ENDING_OR_NONE)
    single = {name for names in stems.values() if len(names) == 1 for name in names}
    matched = {photo.name for photo in photos if re.search(rf"([^/]+?){end}", photo.name)}
    others = matched - grouped - single
    if not others:
        return rf"({folder}[^/]+?){end}"
    wanted = _alternatives(stem for _, stem in groups)
    unwanted = _alternatives(found["stem"] for name in others if (found := NAMED.match(name.split("/")[-1])))
    if len(wanted) <= len(unwanted):
        return rf"(?:^|/)({folder}{wanted}){end}"
    return rf"(?:^|/)({folder}(?!{unwanted}{end})[^/]+?){end}"


def _alternatives(stems: Iterable[str]) -> str:
    escaped = (re.escape(stem).replace(r"\-", "-").replace(r"\ ", " ") for stem in sorted(set(stems)))
    return f"(?:{'|'.join(escaped)})"
