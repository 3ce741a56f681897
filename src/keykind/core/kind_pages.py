"""What the app's page of a kind says: where it is used, how to recognise it, what it is confused with.

In:    keykind/kinds/<kind>/page.toml, with the same languages as kind.toml; the pictures in <kind>/views
Out:   KindPage: texts by language, the region of a key that identifies its kind, views
Needs: nothing beyond Python

A module of its own, because only the app's build needs it: kinds.py is read whenever keykind is imported.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from keykind.core.kinds import KINDS, Kind

FILE, VIEWS = "page.toml", "views"
VIEW_FILE = re.compile(r"(\d)-([a-z_]+)\.avif")  # position in the page, what it shows
TEXTS = ("title", "use", "look", "mistakes", "mark", "variant")
FIELDS = {*TEXTS, "also", "differs"}

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageTexts:
    """The texts of a page in one language."""

    title: str  # full name, as a heading
    also: tuple[str, ...]  # other names, for searching
    use: str  # where it is used
    look: str  # how to recognise it, two or three sentences
    mistakes: str  # what it is confused with, and why
    mark: str  # one sentence about the feature that identifies it; names the kind
    variant: str  # caption of the view "variant"
    differs: Mapping[str, str]  # another kind -> the one thing to look at; names both


@dataclass(frozen=True, slots=True)
class Pictures:
    """What web/scripts/views.py renders."""

    key: int  # seed of the key that the first three views show
    variant: int  # seed of a key of another shape
    mark_from: tuple[float, float, float]  # direction from the key to the camera that shows its mark


@dataclass(frozen=True, slots=True)
class KindPage:
    """The page of a kind; texts are keyed by language (ISO 639-1)."""

    name: str
    region: Region  # of the mark: left, top, right, bottom of an aligned crop, 0..1; see detect/align.py
    texts: Mapping[str, PageTexts]
    pictures: Pictures
    views: tuple[tuple[str, str], ...]  # what it shows ("side", "angle", "mark", "variant"), file name

    def as_json(self) -> dict[str, Any]:
        """Return the entry of the app's kinds.json, without the name."""
        return {
            "region": list(self.region),
            "views": [{"shows": shows, "file": file} for shows, file in self.views],
            "page": {language: asdict(texts) for language, texts in self.texts.items()},
        }


def read_pages(folder: Traversable | None = None, kinds: Sequence[Kind] = KINDS) -> dict[str, KindPage]:
    """Return the page of each kind that has one; folder: with the kinds' folders.

    Raises ValueError if a page.toml is not valid TOML, lacks an entry or a language, or names no other kind.
    """
    root = folder if folder is not None else files("keykind") / "kinds"
    names = {kind.name for kind in kinds}
    return {
        kind.name: _read_page(root.joinpath(kind.name), kind, names)
        for kind in kinds
        if root.joinpath(kind.name, FILE).is_file()
    }


def _read_page(folder: Traversable, kind: Kind, names: set[str]) -> KindPage:
    file = folder.joinpath(FILE)
    try:
        fields = tomllib.loads(file.read_text("utf-8"))
        region, pictures = _region(fields.pop("region")), _pictures(fields.pop("pictures"))
        texts = {language: _texts(entries) for language, entries in fields.items()}
        _check_languages(texts, kind, names)
    except KeyError as error:
        raise ValueError(f"{file}: no entry {error}; see the page.toml of another kind") from error
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return KindPage(kind.name, region, texts, pictures, _views(folder.joinpath(VIEWS)))


def _region(values: Sequence[float]) -> Region:
    left, top, right, bottom = (float(value) for value in values)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"region is {list(values)}: it needs left < right and top < bottom within 0..1")
    return left, top, right, bottom


def _pictures(entries: Mapping[str, Any]) -> Pictures:
    x, y, z = (float(value) for value in entries["mark_from"])
    return Pictures(int(entries["key"]), int(entries["variant"]), (x, y, z))


def _texts(entries: Mapping[str, Any]) -> PageTexts:
    """Return the texts of one language, each on a single line."""
    if unknown := entries.keys() - FIELDS:
        raise ValueError(f"unknown entry {', '.join(sorted(unknown))}")
    return PageTexts(
        **{name: _line(entries[name]) for name in TEXTS},
        also=tuple(_line(name) for name in entries["also"]),
        differs={other: _line(text) for other, text in entries.get("differs", {}).items()},
    )


def _line(text: str) -> str:
    """Return a text without line breaks; the no-break spaces of French punctuation stay."""
    return re.sub(r"[ \n]+", " ", text).strip()


def _check_languages(texts: Mapping[str, PageTexts], kind: Kind, names: set[str]) -> None:
    """Raise ValueError if languages are not those of kind.toml, or differ in the kinds that they mention."""
    if texts.keys() != kind.labels.keys():
        raise ValueError(f"languages are {', '.join(texts)}; those of kind.toml: {', '.join(kind.labels)}")
    mentioned = {language: set(page.differs) for language, page in texts.items()}
    for language, others in mentioned.items():
        if others != mentioned["en"]:
            raise ValueError(f"{language}.differs needs the same kinds as en.differs")
        if unknown := others - names | others & {kind.name}:
            raise ValueError(f"{language}.differs: {', '.join(sorted(unknown))} is not another kind")


def _views(folder: Traversable) -> tuple[tuple[str, str], ...]:
    """Return what each picture of a folder shows, and its file name, in the order of the page."""
    if not folder.is_dir():
        return ()
    matches = [VIEW_FILE.fullmatch(entry.name) for entry in folder.iterdir()]
    named = sorted(match[0] for match in matches if match)
    return tuple((name[2:].removesuffix(".avif"), name) for name in named)
