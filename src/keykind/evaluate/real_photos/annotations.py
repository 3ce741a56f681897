"""Folder of real photos -> photos with the keys marked in them.

In:    labels.csv of decisions (see `decided`); or labels.csv (path, label, n_keys, source; optional: in_hand,
       ground) and keys.csv (path, number, kind, head_x, head_y, tip_x, tip_y, px of the upright photo); or
       JSON with marks by the photos' SHA-256
Out:   AnnotatedPhoto(s) in the order of labels.csv; no photo is decoded
Needs: numpy

Of a key that the frame cuts off, the point where it leaves the frame is marked in place of the end that is
outside. A key of which too little is visible gets no mark, but counts in n_keys.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadDataset, printable
from keykind.core.files import READ_ERRORS
from keykind.core.geometry import Points
from keykind.core.kinds import NAMES
from keykind.dataset.csv_table import SUFFIXES, table_lines
from keykind.dataset.listing import first_few
from keykind.evaluate.real_photos.annotated_photo import NO_KEY, SEVERAL, UNSURE, AnnotatedPhoto, Mark
from keykind.evaluate.real_photos.decided import decided_names, decided_photos, is_decided

LABELS, KEYS = "labels.csv", "keys.csv"
PHOTO_COLUMNS = ("path", "label", "n_keys", "source")
MARK_COLUMNS = ("path", "number", "kind", "head_x", "head_y", "tip_x", "tip_y")
COORDINATES = MARK_COLUMNS[3:]
FLAGS = {"": None, "0": False, "1": True}  # of in_hand


def read_annotations(
    source: str | Path,
    marks_file: str | Path | None = None,
    exclude: Collection[str] = (),
    split: str | None = None,
) -> tuple[AnnotatedPhoto, ...]:
    """Return the photos of a folder's labels.csv with their marks, if there are any.

    source: the folder, or its labels.csv. Of a labels.csv of decisions, only photos whose keys are marked.
    marks_file: JSON, SHA-256 of a photo -> `keys`, `partial` (head x, y, tip x, y each) and `dense` (left,
    top, right, bottom each), in shares of the photo's sides; it completes or replaces keys.csv. Or another
    labels.csv of decisions, or its folder, whose paths are read relative to the source.
    exclude: sources to leave out, e.g. because a model was trained on them. split: "train" or "test" only.
    Raises BadDataset, naming file and row, if a table is missing or a row is invalid.
    """
    table = table_of(source)
    photos = _listed(table, table.parent, marks_file)
    _check_sources(table, {photo.source for photo in photos}, exclude)
    for photo in photos:
        _check_marks(photo)
    kept = tuple(photo for photo in photos if photo.source not in exclude)
    if kept and split and not any(photo.split == split for photo in kept):
        fault = f"has 0 photos for {split} among {len(kept):,} with marks"
        raise _bad(table, fault, f"write {split} into the column split of some, or measure on all")
    kept = tuple(photo for photo in kept if split in (None, photo.split))
    if not kept:
        raise _bad(table, f"has no photo to measure on ({len(photos)} rows)", "list photos, or exclude less")
    return kept


def table_of(source: str | Path) -> Path:
    """Return the labels.csv of a source: the file itself, or the one in the folder."""
    source = Path(source)
    return source if source.is_file() else source / LABELS


def listed_names(table: Path) -> frozenset[str]:
    """Return the paths of all photos in a labels.csv of either form. Raises BadDataset."""
    if is_decided(table):
        return decided_names(table)
    return frozenset(cells["path"] for _, cells in read_table(table, PHOTO_COLUMNS))


def _listed(table: Path, folder: Path, marks_file: str | Path | None) -> list[AnnotatedPhoto]:
    """Return the photos of a labels.csv of either form, with all marks."""
    if marks_file is not None and (Path(marks_file).is_dir() or Path(marks_file).suffix in SUFFIXES):
        other = table_of(marks_file)
        if not is_decided(other):
            fault, remedy = (
                "has no column ends, which would mark keys",
                "give a labels.csv of decisions, or JSON",
            )
            raise _bad(other, fault, remedy)
        return list(decided_photos(other, folder))
    if is_decided(table):
        _check_no_marks(folder / KEYS)
        photos = {photo.name: photo for photo in decided_photos(table, folder)}
    else:
        photos = _counted_photos(table, folder)
    if marks_file is not None:
        by_hash = _read_marks(Path(marks_file))
        return [_with_hashed_marks(photo, by_hash) for photo in photos.values()]
    return list(photos.values())


def _counted_photos(table: Path, folder: Path) -> dict[str, AnnotatedPhoto]:
    """Return the photos of a table with the column n_keys, with the marks in keys.csv, by their names."""
    photos: dict[str, AnnotatedPhoto] = {}
    for line, cells in read_table(table, PHOTO_COLUMNS):
        photo = _photo(folder, cells, f"{table}, row {line}")
        if photo.name in photos:
            raise _bad(f"{table}, row {line}", f"lists {photo.name} a second time", "delete one of them")
        photos[photo.name] = photo
    return photos | _with_marks(folder / KEYS, photos) if (folder / KEYS).exists() else photos


def _check_no_marks(table: Path) -> None:
    """Raise BadDataset if keys.csv has marks beside those in the column ends of labels.csv."""
    lines = table_lines(table) if table.exists() else []
    if lines and set(COORDINATES) <= set(lines[0][1]):
        fault = f"has marks, and so has the column ends of {LABELS} beside it"
        raise _bad(table, fault, f"move it out of the folder, or the decisions in {LABELS}")


def read_table(table: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Return each row of a CSV table with its line. Raises BadDataset, naming the columns that it lacks."""
    try:
        text = table.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            actual = printable(", ".join(reader.fieldnames or ())[:200]) or "none"
            fault = f"has no column {', '.join(missing)}; its columns are: {actual}"
            remedy = f"name the columns {', '.join(needed)} in the first line, separated by commas"
            raise _bad(table, fault, remedy)
        return [
            (
                reader.line_num,
                {name: (value or "").strip() for name, value in row.items() if name is not None},
            )
            for row in reader
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise _bad(table, f"cannot be read ({reason})", "give a folder with this table, as UTF-8") from error


def _photo(folder: Path, cells: Mapping[str, str], origin: str) -> AnnotatedPhoto:
    label, count, in_hand = cells["label"], cells["n_keys"], cells.get("in_hand", "")
    if not cells["path"]:
        raise _bad(origin, "has no path", "name a photo, or delete the row")
    path = Path(cells["path"])
    if path.is_absolute() or ".." in path.parts:
        fault = f"names {path}, which is not a path inside the folder"
        raise _bad(origin, fault, "put the photo into the folder and give its path from there")
    labels = (*NAMES, SEVERAL, NO_KEY, UNSURE)
    if label not in labels:
        raise _bad(origin, f"has the label '{label}'", f"use one of {', '.join(labels)}")
    if count and not count.isdecimal():
        raise _bad(origin, f"has n_keys '{count}'", "give a whole number, or nothing if it was not counted")
    n_keys = int(count) if count else None
    if (label == NO_KEY) != (n_keys == 0):
        no_key = f"a {NO_KEY} photo has 0 keys; give 0 or another label"
        remedy = no_key if label == NO_KEY else f"only {NO_KEY} has 0 keys"
        raise _bad(origin, f"has the label {label} and n_keys '{count}'", remedy)
    if in_hand not in FLAGS:
        raise _bad(origin, f"has in_hand '{in_hand}'", "give 1, 0, or nothing if it is not known")
    return AnnotatedPhoto(
        folder / path,
        cells["path"],
        label,
        cells["source"] or cells["path"],
        n_keys,
        FLAGS[in_hand],
        cells.get("ground", ""),
        origin=origin,
    )


def _with_marks(table: Path, photos: Mapping[str, AnnotatedPhoto]) -> dict[str, AnnotatedPhoto]:
    """Return the photos that have rows in keys.csv, with these marks."""
    marks: dict[str, dict[int, Mark]] = {}  # photo -> number -> mark
    for line, cells in read_table(table, MARK_COLUMNS):
        origin = f"{table}, row {line}"
        if cells["path"] not in photos:
            raise _bad(origin, f"names {cells['path']}, which is not in {LABELS}", "add the photo there")
        if cells["kind"] not in ("", *NAMES):
            fault = f"has the kind '{cells['kind']}'"
            raise _bad(origin, fault, f"use one of {', '.join(NAMES)}, or nothing if a person cannot tell")
        if not cells["number"].isdecimal():
            raise _bad(
                origin, f"has the number '{cells['number']}'", "number the keys of a photo 1, 2, 3, ..."
            )
        number, group = int(cells["number"]), marks.setdefault(cells["path"], {})
        if number in group:
            fault = f"marks key {number} of {cells['path']} a second time"
            raise _bad(origin, fault, "delete one of the two rows, or give each key a number of its own")
        keypoints = _keypoints([cells[name] for name in COORDINATES], origin)
        group[number] = Mark(keypoints, cells["kind"], origin)
    return {name: replace(photos[name], marks=tuple(group.values())) for name, group in marks.items()}


def _read_marks(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (*READ_ERRORS, TypeError) as error:
        remedy = "give a JSON file: SHA-256 of each photo -> keys, partial, dense"
        raise _bad(path, f"cannot be read ({str(error)[:100]})", remedy) from error


def _with_hashed_marks(photo: AnnotatedPhoto, by_hash: Mapping[str, Any]) -> AnnotatedPhoto:
    try:
        name = hashlib.sha256(photo.path.read_bytes()).hexdigest()
    except OSError:  # reported when the photo is read
        return photo
    if name not in by_hash:
        return photo
    origin = f"marks of {photo.name}"
    try:
        keys, partial, dense = (list(by_hash[name][group]) for group in ("keys", "partial", "dense"))
    except (LookupError, TypeError) as error:
        raise _bad(origin, f"are incomplete ({error})", "give keys, partial and dense") from error
    kind = photo.label if photo.label in NAMES else ""
    return replace(
        photo,
        marks=tuple(Mark(_keypoints(key, origin), kind, origin) for key in keys),
        partial=tuple(Mark(_keypoints(key, origin), kind, origin) for key in partial),
        dense=tuple(_keypoints(region, origin) for region in dense),
        n_keys=None if photo.n_keys is None else max(photo.n_keys, len(keys)),
        relative=True,
    )


def _keypoints(values: Sequence[Any], origin: str) -> Points:
    """Return head and tip (2, 2) from their four coordinates."""
    try:
        x, y, u, v = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        shown = printable(", ".join(map(str, values)))[:100]
        raise _bad(origin, f"has the coordinates {shown}", "give four numbers") from error
    for name, value in zip(COORDINATES, (x, y, u, v), strict=True):
        if not math.isfinite(value):
            raise _bad(origin, f"{name} is {value}", "give four finite numbers")
    if (x, y) == (u, v):
        fault = f"has its head at {x:g}, {y:g} and its tip at {u:g}, {v:g}"
        raise _bad(origin, fault, "mark two different points")
    return np.array([[x, y], [u, v]])


def _check_marks(photo: AnnotatedPhoto) -> None:
    """Raise BadDataset if the photo has more marks than keys, or marks of other kinds than its label only."""
    count, kinds = len(photo.marks), {mark.kind for mark in photo.marks}
    if photo.n_keys is not None and count > photo.n_keys:
        marks = "1 mark" if count == 1 else f"{count} marks"
        fault = f"has n_keys {photo.n_keys} for {photo.name}, which has {marks}"
        raise _bad(photo.origin, fault, "correct the number, or delete marks")
    if photo.label in NAMES and kinds and not kinds & {photo.label, ""}:
        fault = f"labels {photo.name} {photo.label}, but its marks are of {', '.join(sorted(kinds))}"
        raise _bad(photo.origin, fault, f"correct the label, or the kind in {KEYS}")


def _check_sources(table: Path, known: Collection[str], exclude: Collection[str]) -> None:
    for source in exclude:
        if source not in known:
            remedy = f"exclude one of its sources: {first_few(sorted(known))}"
            raise _bad(table, f"has no source '{source}'", remedy)


def _bad(subject: str | Path, fault: str, remedy: str) -> BadDataset:
    return BadDataset(subject, fault=fault, remedy=remedy)
