"""YOLO pose -> photos with marked keys.

In:    a folder with data.yaml and folders labels, or its data.yaml
Out:   Marks; a photo whose labels cannot be read is a problem, and the others are read
Needs: numpy, pillow, ai-edge-litert
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keykind.core.errors import BadDataset, printable
from keykind.core.files import READ_ERRORS
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
from keykind.dataset.formats.simple_yaml import parse_yaml
from keykind.dataset.formats.yolo import DATA_FILE, IMAGES, LABELS
from keykind.dataset.key_ends import KeyEnds, Point
from keykind.dataset.listing import ReadError, counted
from keykind.photo.formats import SUFFIXES

SHAPE = "kpt_shape"  # in data.yaml: number of keypoints, and of the values of each
BOX_VALUES = 5  # of a line before its keypoints: class and box
MAX_SHARE = 1.001  # of a side: programs place points on the border


@dataclass(frozen=True, slots=True)
class _Data:
    """What data.yaml says."""

    names: Mapping[int, str]  # of the classes
    points: int  # keypoints of an object
    values: int  # of a keypoint: x, y, and perhaps its visibility
    ends: Mapping[int, tuple[int, int]]  # class -> indices of head and tip


def read_yolo(source: Path) -> Marks:
    """Return the photos of a dataset. Raises BadDataset if data.yaml is wrong, or there are no labels."""
    file = data_file(source)
    if file is None:
        fault = f"has no {DATA_FILE} with {SHAPE}"
        raise BadDataset(source, fault=fault, remedy="give the folder of a YOLO pose dataset")
    data, folder = _read_data(file), file.parent
    files = sorted(path for path in folder.rglob("*.txt") if LABELS in path.relative_to(folder).parts[:-1])
    if not files:
        fault = f"has no text files in a folder named {LABELS}"
        raise BadDataset(folder, fault=fault, remedy="give the folder of a YOLO pose dataset")
    photos, problems = [], []
    images = _Images(folder)
    for path in files:
        try:
            photos.append(PhotoIn(images.name(path), printable(path), _keys(path, data), is_relative=True))
        except BadEntry as error:
            problems.append(ReadError(printable(path), f"{printable(str(error))}; {LEFT_OUT}"))
    return Marks(tuple(photos), 0, tuple(problems))


def data_file(source: Path) -> Path | None:
    """Return the data.yaml of a dataset, which may have another name; None if there is none."""
    if source.is_file():
        return source
    files = sorted(source.glob("*.y*ml"), key=lambda path: (path.name != DATA_FILE, path.name))
    return next((path for path in files if SHAPE.encode() in path.read_bytes()), None)


def _read_data(path: Path) -> _Data:
    try:
        content = parse_yaml(path.read_text("utf-8-sig"))
        names, (points, values) = _names(content["names"]), map(int, content[SHAPE])
        stated = content.get("kpt_names") or {}
        stated = stated if isinstance(stated, dict) else dict.fromkeys(map(str, names), stated)
        ends = {number: _ends(stated.get(str(number), []), points) for number in names}
    except (*READ_ERRORS, TypeError, AttributeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)[:100]
        remedy = f"it needs names: [...] and {SHAPE}: [2, 3]"
        raise BadDataset(
            path, fault=f"does not describe a YOLO pose dataset ({reason})", remedy=remedy
        ) from error
    if values not in (2, 3):
        raise BadDataset(path, fault=f"has {values} values a keypoint", remedy="use 2, or 3 with visibility")
    return _Data(names, points, values, ends)


def _names(value: Any) -> dict[int, str]:
    """Return the names of the classes, which are a list or a mapping."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return {int(number): str(name) for number, name in pairs}


def _ends(names: Sequence[str], points: int) -> tuple[int, int]:
    """Return which keypoints are head and tip. Raises BadEntry if that is not clear."""
    if not names and points != 2:
        raise BadEntry(f"it has {counted(points, 'keypoint')} without names in kpt_names")
    return head_and_tip(names)


class _Images:
    """The images beside labels; each folder is listed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, str]] = {}  # folder -> name without extension -> name

    def name(self, labels: Path) -> str:
        """Return the path of the photo of a file of labels, below the folder of images."""
        parts = labels.relative_to(self._folder).parts
        level = parts.index(LABELS)
        inside = parts[level + 1 : -1]
        folder = self._folder.joinpath(*parts[:level], IMAGES, *inside)
        if folder not in self._names:
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            self._names[folder] = {path.stem: path.name for path in files if path.suffix.lower() in SUFFIXES}
        return "/".join([*inside, self._names[folder].get(labels.stem, labels.stem)])


def _keys(path: Path, data: _Data) -> tuple[KeyEnds, ...]:
    """Return the keys in a file of labels. Raises BadEntry, naming the line."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except READ_ERRORS as error:
        raise BadEntry(f"cannot be read ({error})") from error
    keys = []
    for number, line in enumerate(lines, 1):
        try:
            keys += [_key(line.split(), data)] if line.strip() else []
        except BadEntry as error:
            raise BadEntry(f"line {number} {error}") from error
    return tuple(keys)


def _key(cells: Sequence[str], data: _Data) -> KeyEnds:
    needed = BOX_VALUES + data.points * data.values
    if len(cells) != needed:
        raise BadEntry(f"has {counted(len(cells), 'number')}, but needs {needed}")
    try:
        kind, values = int(cells[0]), [float(cell) for cell in cells[1:]]
    except ValueError as error:
        raise BadEntry(f"has a value that is not a number ({error})") from error
    if kind not in data.names:
        raise BadEntry(f"is of class {kind}, which has no name in {DATA_FILE}")
    points = values[BOX_VALUES - 1 :]
    head, tip = (
        _point(points[data.values * i : data.values * (i + 1)], name)
        for name, i in zip((HEAD, TIP), data.ends[kind], strict=True)
    )
    return key_between(head, tip, data.names[kind])


def _point(values: Sequence[float], name: str) -> Point:
    x, y, *visibility = values
    if visibility == [0]:
        raise BadEntry(f"has no {name}: its visibility is 0")
    if not (math.isfinite(x + y) and 0 <= min(x, y) <= max(x, y) <= MAX_SHARE):
        raise BadEntry(f"has the {name} {x:g}, {y:g}, but shares of the photo's sides are 0 to 1")
    return x, y
