"""COCO keypoints -> photos with marked keys.

In:    a JSON file as COCO, CVAT, Label Studio and keykind write it
Out:   Marks; what is wrong with an entry is a problem, and the others are read
Needs: numpy, pillow, ai-edge-litert

A photo counts as marked only if all of its keys are. One with an annotation that cannot be read is left out,
and so is one without annotations, at which perhaps nobody has looked, unless keykind exported it.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from keykind.core.errors import BadDataset, printable
from keykind.core.files import READ_ERRORS
from keykind.dataset.formats.coco import N_KEYS
from keykind.dataset.formats.marks import (
    HEAD,
    LEFT_OUT,
    TIP,
    BadEntry,
    Marks,
    PhotoIn,
    head_and_tip,
    key_between,
)
from keykind.dataset.key_ends import KeyEnds, Point
from keykind.dataset.listing import ReadError, counted

PARTS = ("images", "annotations", "categories")
VALUES = 3  # of a keypoint: x, y, and visibility: 0 not marked, 1 hidden, 2 visible
Id = int | str
Entry = Mapping[str, Any]


def read_coco(path: Path) -> Marks:
    """Return the photos of a file. Raises BadDataset if it is not such a file."""
    images, annotations, categories = _load(path)
    reader = _Reader(path)
    for entry in categories:
        reader.add_category(entry)
    for entry in images:
        reader.add_image(entry)
    for entry in annotations:
        reader.add_annotation(entry)
    return reader.marks()


def is_coco(path: Path) -> bool:
    """Return whether a file is JSON with the lists of COCO. Raises BadDataset if it is not JSON."""
    content = _json(path)
    return isinstance(content, dict) and all(isinstance(content.get(name), list) for name in PARTS[:2])


def _load(path: Path) -> tuple[list[Entry], ...]:
    """Return images, annotations and categories; an entry that is no object is an empty one."""
    content = _json(path)
    parts = [content.get(name, []) for name in PARTS] if isinstance(content, dict) else []
    if not parts or "images" not in content or not all(isinstance(part, list) for part in parts):
        fault = f"is JSON, but has no lists {', '.join(PARTS)}"
        raise BadDataset(path, fault=fault, remedy="export it as COCO keypoints")
    return tuple([entry if isinstance(entry, dict) else {} for entry in part] for part in parts)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (*READ_ERRORS, RecursionError) as error:
        fault = f"cannot be read as JSON ({str(error)[:100]})"
        raise BadDataset(path, fault=fault, remedy="export it again from its program") from error


@dataclass(frozen=True, slots=True)
class _Category:
    name: str
    points: tuple[int, int]  # indices of head and tip
    count: int  # of keypoints
    is_stated: bool  # whether the file names its keypoints


@dataclass(slots=True)
class _Reader:
    """The entries of a file, and what is wrong with them."""

    path: Path
    images: dict[Id, PhotoIn] = field(default_factory=dict)
    without_keys: set[Id] = field(default_factory=set)  # ids of images that show none
    categories: dict[Id, _Category | None] = field(default_factory=dict)  # None: its keypoints are not clear
    keys: defaultdict[Id, list[KeyEnds]] = field(default_factory=lambda: defaultdict(list))  # by image
    incomplete: set[Id] = field(default_factory=set)  # ids of images with a key that could not be read
    others: Counter[str] = field(default_factory=Counter)  # annotations without keypoints, by category
    problems: list[ReadError] = field(default_factory=list)

    def fail(self, entry: str, fault: str, remedy: str = LEFT_OUT) -> None:
        """Record what is wrong with an entry."""
        self.problems.append(ReadError(printable(f"{self.path}, {entry}"), printable(f"{fault}; {remedy}")))

    def add_category(self, entry: Entry) -> None:
        """Take a category and where its keypoints are."""
        number, name = _id(entry.get("id")), str(entry.get("name", ""))
        names = entry.get("keypoints") or []
        names = [str(point) for point in names] if isinstance(names, list) else []
        try:
            points = head_and_tip(names)
            self.categories[number] = _Category(name, points, len(names) or 2, bool(names))
        except BadEntry as error:
            self.categories[number] = None
            remedy = "name two of them head and tip; photos with such keys are left out"
            self.fail(f"category {number} ({name})", str(error), remedy)

    def add_image(self, entry: Entry) -> None:
        """Take an image."""
        number, file = _id(entry.get("id")), entry.get("file_name")
        if not isinstance(file, str) or not file:
            self.fail(f"image {number}", "has no file_name")
            return
        if number in self.images:
            self.fail(f"image {number}", f"is {self.images[number].file} and {file}")
            self.incomplete.add(number)
            return
        origin = printable(f"{self.path}, image {number} ({file})")
        self.images[number] = PhotoIn(file, origin, (), _size(entry))
        if entry.get(N_KEYS) == 0:
            self.without_keys.add(number)

    def add_annotation(self, entry: Entry) -> None:
        """Take a key."""
        number, image = _id(entry.get("id")), _id(entry.get("image_id"))
        if image not in self.images:
            fault = f"is of image {image}, which is not among the {counted(len(self.images), 'image')}"
            self.fail(f"annotation {number}", fault, "add the image, or delete the annotation")
            return
        category = self.categories.get(_id(entry.get("category_id")))
        if category is not None and not category.is_stated and not entry.get("keypoints"):
            self.others[category.name] += 1
            return
        try:
            self.keys[image].append(_key(entry, category))
        except BadEntry as error:
            self.fail(f"annotation {number} of image {image} ({self.images[image].file})", str(error))
            self.incomplete.add(image)

    def marks(self) -> Marks:
        """Return the photos all of whose keys could be read."""
        for name, count in self.others.items():
            fault = f"has no keypoints; {counted(count, 'annotation')} with boxes only"
            self.fail(f"category {name}", fault, "mark head and tip if these are keys")
        photos = [
            replace(photo, keys=tuple(self.keys[number]))
            for number, photo in self.images.items()
            if number not in self.incomplete and (number in self.without_keys or self.keys[number])
        ]
        unmarked = len(self.images) - len(photos) - len(self.incomplete)
        return Marks(tuple(photos), unmarked, tuple(self.problems))


def _id(value: Any) -> Id:
    return value if isinstance(value, int | str) else json.dumps(value)[:40]


def _size(entry: Entry) -> tuple[int, int] | None:
    sides = entry.get("width"), entry.get("height")
    return sides if all(isinstance(side, int) and side > 0 for side in sides) else None  # type: ignore[return-value]


def _key(entry: Entry, category: _Category | None) -> KeyEnds:
    """Return the key of an annotation. Raises BadEntry."""
    if category is None:
        raise BadEntry(f"is of category {entry.get('category_id')}, whose keypoints are not known")
    if entry.get("iscrowd"):
        raise BadEntry("is a crowd, not one key")
    values, needed = entry.get("keypoints"), VALUES * category.count
    if not isinstance(values, list) or len(values) != needed:
        actual = len(values) if isinstance(values, list) else 0
        raise BadEntry(f"has {actual} numbers in keypoints, but {category.name} needs {needed}")
    head, tip = (
        _point(values[VALUES * i : VALUES * (i + 1)], name)
        for name, i in zip((HEAD, TIP), category.points, strict=True)
    )
    return key_between(head, tip, category.name)


def _point(values: Sequence[Any], name: str) -> Point:
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise BadEntry(f"has the {name} {json.dumps(values)[:80]}, not three numbers")
    x, y, visibility = values
    if visibility == 0:
        raise BadEntry(f"has no {name}: its visibility is 0")
    return float(x), float(y)
