"""The metadata of a model file <-> card.json and labels.txt inside it.

In:    a Card and the flatbuffer that it describes; or the bytes of card.json, from an untrusted source
Out:   card.json and labels.txt; or the Card, validated; or BadModel
Needs: nothing beyond Python
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from keykind import __version__
from keykind.core.errors import BadModel, printable
from keykind.core.files import READ_ERRORS

SCHEMA = 2  # incremented when older versions of keykind can no longer read the file
WITHOUT_FEATURES = 1  # schema of a file without features, which keykind 0.10 and before can read
SIZE = 224  # side of a crop, px
PRECISIONS = ("fp32", "fp16", "int8")
CROPS = WHOLE, KEY = "whole", "key"
VIEWS = ("plain", "edge")
SUBJECT = "subject"  # entry of `about`: "key" if the photos trained on show keys, else "other"
OTHER = "other"
LABELS = "labels.txt"  # where other programs, e.g. MediaPipe, look for the class names
CARD = "card.json"  # the zip has LABELS and this, in this order
MAX_KINDS = 1000
MAX_FEATURES = 4096  # numbers of one crop
MAX_NAME = 255  # characters of a kind's name, as of a folder's
MAX_TEMPERATURE, MAX_OOD_THRESHOLD = 1e3, 1e9  # sanity limits
JSON_NAMES = {
    "confidence_threshold": "least_probability",
    "ood_threshold": "most_novelty",
}  # Card -> card.json
EXPORT_AGAIN = "copy the file from its source again, or export it again"


@dataclass(frozen=True, slots=True)
class Card:
    """The metadata of a model file."""

    kinds: tuple[str, ...]  # in the order of the probabilities
    precision: str  # fp32, fp16 or int8
    crop: str  # whole: the entire photo; key: one key, aligned, head left and tip right
    view: str  # plain or edge: the preprocessing within the graph
    temperature: float  # applied in the graph
    confidence_threshold: float  # of the most probable kind; below it the answer is "not sure"
    ood_threshold: float | None  # above it the crop shows no key; None: the model cannot tell
    maps: bool  # whether the model outputs class maps
    about: dict[str, Any]  # for people: recipe, data, scores, licence, source of the weights; what it shows
    features: int | None = None  # numbers that describe the appearance of a crop; None: no such output

    @property
    def of_keys(self) -> bool:
        """Return whether the classes are kinds of keys; otherwise no text about the model mentions keys."""
        return self.crop == KEY or self.about.get(SUBJECT) == KEY


def labels(card: Card) -> bytes:
    """Return labels.txt: one kind per line, in the order of the probabilities."""
    return "".join(f"{kind}\n" for kind in card.kinds).encode()


def write_card(card: Card, flatbuffer: bytes, resize: str) -> bytes:
    """Return card.json for the network in `flatbuffer`; `resize` names the filter that its crops need.

    Raises ValueError or TypeError for values that JSON cannot represent.
    """
    return _json(
        {
            "schema": WITHOUT_FEATURES if card.features is None else SCHEMA,
            "keykind": __version__,
            **_entries(card),
            "size": SIZE,
            "resize": resize,
            "sha256": _hash(flatbuffer),
            "labels_sha256": _hash(labels(card)),
        }
    )


def read_card(data: bytes, flatbuffer: bytes, resize: str, name: str | Path) -> Card:
    """Return the Card in card.json; `name` is what an error calls the file.

    Raises BadModel if it is damaged, newer than this version, not exactly as `write_card` writes it, or made
    for another flatbuffer.
    """
    try:
        entries = json.loads(data)
        newer = (
            isinstance(entries, dict) and type(entries.get("schema")) is int and entries["schema"] > SCHEMA
        )
        if not newer and (not isinstance(entries, dict) or _json(entries) != data):
            raise ValueError("it is not in the form that keykind writes")
    except READ_ERRORS as error:
        fault = f"has a card.json that cannot be read ({str(error)[:100]})"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN) from error
    if newer:
        origin = (
            f"was written by keykind {str(entries.get('keykind'))[:20]}, schema {str(entries['schema'])[:20]}"
        )
        raise BadModel(
            name, fault=f"{origin}; this version reads {SCHEMA}", remedy="run: pip install -U keykind"
        )
    _check(entries, _checks(entries, flatbuffer, resize), name)
    values = {field.name: entries.get(JSON_NAMES.get(field.name, field.name)) for field in fields(Card)}
    card = Card(**values | {"kinds": tuple(entries["kinds"])})
    if entries["labels_sha256"] != _hash(labels(card)):
        raise BadModel(
            name, fault="has a card that does not match the hash of its labels", remedy=EXPORT_AGAIN
        )
    return card


def _entries(card: Card) -> dict[str, Any]:
    entries = {JSON_NAMES.get(name, name): value for name, value in asdict(card).items()}
    if card.features is None:
        del entries["features"]  # as before there was such an output
    return entries


def _check(entries: dict[str, Any], checks: dict[str, Callable[[Any], bool]], name: str | Path) -> None:
    if missing := [key for key in checks if key not in entries]:
        raise BadModel(name, fault=f"has a card without {', '.join(missing)}", remedy=EXPORT_AGAIN)
    if unknown := [key for key in entries if key not in checks]:
        raise BadModel(
            name, fault=f"has a card with the unknown entry {unknown[0][:50]!r}", remedy=EXPORT_AGAIN
        )
    for key, is_valid in checks.items():
        if not is_valid(entries[key]):
            value = printable(repr(entries[key]))[:60]
            raise BadModel(name, fault=f"has a card whose {key} cannot be {value}", remedy=EXPORT_AGAIN)


def _checks(entries: dict[str, Any], flatbuffer: bytes, resize: str) -> dict[str, Callable[[Any], bool]]:
    """Return a check for every entry of card.json."""
    has_features = entries.get("schema") != WITHOUT_FEATURES
    features = {"features": _is_feature_count} if has_features else {}
    return features | {
        "schema": lambda value: type(value) is int and value in (WITHOUT_FEATURES, SCHEMA),
        "keykind": lambda value: isinstance(value, str) and len(value) <= MAX_NAME,
        "kinds": _are_valid_kinds,
        "precision": lambda value: value in PRECISIONS,
        "crop": lambda value: value in CROPS,
        "view": lambda value: value in VIEWS,
        "temperature": lambda value: _is_number(value, MAX_TEMPERATURE) and value > 0,
        "least_probability": lambda value: _is_number(value, 1) and value >= 0,
        "most_novelty": lambda value: value is None or _is_number(value, MAX_OOD_THRESHOLD),
        "maps": lambda value: isinstance(value, bool),
        "about": lambda value: isinstance(value, dict),
        "size": lambda value: type(value) is int and value == SIZE,
        "resize": lambda value: value == resize,
        "sha256": lambda value: value == _hash(flatbuffer),
        "labels_sha256": lambda value: isinstance(value, str),
    }


def _are_valid_kinds(value: Any) -> bool:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_KINDS:
        return False
    if not all(isinstance(kind, str) for kind in value) or len(set(value)) < len(value):
        return False
    return all(kind.strip() and kind.isprintable() and len(kind) <= MAX_NAME for kind in value)


def _is_feature_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_FEATURES


def _is_number(value: Any, maximum: float) -> bool:
    return type(value) in (int, float) and -maximum <= value <= maximum


def _json(entries: dict[str, Any]) -> bytes:
    """Return the canonical form of card.json, which no two parsers can read differently."""
    return (json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
