"""labels.csv of decisions -> photos with the keys marked in them.

In:    labels.csv as `keykind.dataset.label_file` writes it, with the column ends
Out:   AnnotatedPhoto(s), sorted by path; no photo is decoded
Needs: numpy

A mark has one of keykind's kinds, which are the answers of its classifier. A key of any other kind, e.g. of
one's own classes, is read as one of unknown kind: it counts for the detector, which has no kinds, and is not
compared with the kind in an answer.
"""

from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.kinds import NAMES
from keykind.dataset.csv_table import table_lines
from keykind.dataset.headings import folded
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_rows import has_decisions, read_labels
from keykind.dataset.listing import counted
from keykind.dataset.marked_photos import MarkedPhoto, marked_photos
from keykind.evaluate.real_photos.annotated_photo import NO_KEY, SEVERAL, UNSURE, AnnotatedPhoto, Mark

COUNT = "n_keys"  # column of a table of photos whose marks are in keys.csv


def is_decided(table: Path) -> bool:
    """Return whether a table is a labels.csv of decisions, by its columns.

    Raises BadDataset if it also has the column of a table whose marks are in keys.csv.
    """
    if not has_decisions(table):
        return False
    _, heading = table_lines(table)[0]
    if COUNT in map(folded, heading):
        fault = f"has the columns of decisions (ends or excluded) and {COUNT}, whose marks are in keys.csv"
        remedy = f"delete the column {COUNT} to use the decisions, or the columns ends and excluded"
        raise BadDataset(table, fault=fault, remedy=remedy)
    return True


def decided_photos(table: Path, folder: Path) -> tuple[AnnotatedPhoto, ...]:
    """Return the photos all of whose keys are marked; their source is the physical key, if one is named.

    folder: of the photos. Raises BadDataset if there are none, or the table is invalid.
    """
    photos = tuple(_annotated(photo, table, folder) for photo in marked_photos(table, folder))
    if not photos:
        rows = counted(len(read_labels(table).rows), "row")
        fault = f"has {rows}, 0 of them of photos whose keys are marked"
        remedy = "mark all keys of some photos in the column ends, and write none for photos without keys"
        raise BadDataset(table, fault=fault, remedy=remedy)
    return photos


def decided_names(table: Path) -> frozenset[str]:
    """Return the paths of all rows, also of photos that are excluded or not marked. Raises BadDataset."""
    return frozenset(read_labels(table).rows)


def _annotated(photo: MarkedPhoto, table: Path, folder: Path) -> AnnotatedPhoto:
    origin = f"{table}, {photo.name}"
    marks = tuple(Mark(np.array([key.head, key.tip]), _kind(key), origin) for key in photo.ends)
    return AnnotatedPhoto(
        folder / photo.name,
        photo.name,
        _label(marks),
        photo.key or photo.name,
        len(marks),
        marks=marks,
        origin=origin,
        split=photo.split,
    )


def _kind(key: KeyEnds) -> str:
    kind = folded(key.kind)
    return kind if kind in NAMES else ""


def _label(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return NO_KEY
    return SEVERAL if len(marks) > 1 else marks[0].kind or UNSURE
