"""Folders -> a trained detector: rendered datasets, photos without keys, hands, and real photos with marks.

In:    the folders; a recipe
Out:   the files of training.py in train/detector, train/refiner or train/segmenter
Needs: keras, tensorflow, opencv                                                           [train]

Marks of real photos are head and tip only. Width, occlusion and area, which the detector also learns, are
assumed; remotes.csv beside labels.csv may mark remotes and folded flip keys, with their width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadDataset
from keykind.core.geometry import Points, segment_box
from keykind.core.parallel import parallel_map
from keykind.dataset.splits import TEST
from keykind.detect.crops import MARKED_WIDTH
from keykind.evaluate.real_photos.annotated_photo import AnnotatedPhoto
from keykind.evaluate.real_photos.annotations import (
    KEYS,
    listed_names,
    read_annotations,
    read_table,
    table_of,
)
from keykind.photo.decode import read_photo
from keykind.train.detection_recipes import DetectorRecipe, SegmenterRecipe
from keykind.train.detector.keys import AREA, COLUMNS, HEAD, TIP, UNKNOWN, WIDTH, KeyRows
from keykind.train.detector.labels import split_set
from keykind.train.detector.pool import Scene, encode_jpeg
from keykind.train.detector.training import Start, TrainingPhotos, train_detector
from keykind.train.recipe import Recipe
from keykind.train.refiner.training import RefinerStart, train_refiner
from keykind.train.segmenter.training import SegmenterStart, train_segmenter

REMOTES = "remotes.csv"
REMOTE_COLUMNS = ("path", "head_x", "head_y", "tip_x", "tip_y", "width")  # px of the upright photo
MARKED_SIDE = 800  # px, longer side of marked photos in a pool
KEY_OCCLUSION, REMOTE_OCCLUSION = 0.1, 0.05  # assumed shares: most are held or hang on a ring
KEY_FILL, REMOTE_FILL = 0.6, 0.8  # share of its box that a key, or a remote, covers
BLADE_SHARE = 0.4  # of a key's area


@dataclass(frozen=True, slots=True)
class TrainingFolders:
    """Where the photos to train on are."""

    sets: Sequence[Path]  # written by `keykind render`
    backgrounds: Sequence[Path]  # photos without keys
    hands: Path | None = None  # PNG files of hands with an alpha channel
    marks: Path | None = None  # real photos: labels.csv, or its folder
    clutter: Path | None = None  # PNG files of small objects other than keys, with an alpha channel
    max_photos: int = 10_000  # of each set


def train_from_folders(
    folders: TrainingFolders, start: Start, recipe: DetectorRecipe, out: str | Path, seed: int
) -> Path:
    """Train the detector and return the path of its model file. Raises what `train_detector` raises."""
    return train_detector(training_photos(folders), start, recipe, out, seed)


def train_refiner_from_folders(
    folders: TrainingFolders, start: RefinerStart, recipe: Recipe, out: str | Path, seed: int
) -> Path:
    """Train the refiner and return the path of its model file. Raises what `train_refiner` raises."""
    return train_refiner(training_photos(folders), start, recipe, out, seed)


def train_segmenter_from_folders(
    folders: TrainingFolders, start: SegmenterStart, recipe: SegmenterRecipe, out: str | Path, seed: int
) -> Path:
    """Train the segmenter and return the path of its model file. Raises what `train_segmenter` raises."""
    return train_segmenter(training_photos(folders), start, recipe, out, seed)


def training_photos(folders: TrainingFolders) -> TrainingPhotos:
    """Return the photos in folders; photos of rendered datasets that are held out are left out.

    Raises BadDataset, BadPhoto.
    """
    marks = folders.marks
    table = table_of(marks) if marks else None
    tables = [table, table.with_name(KEYS), table.with_name(REMOTES)] if table else []
    return TrainingPhotos(
        [photo for folder in folders.sets for photo in split_set(folder, folders.max_photos)[0]],
        folders.backgrounds,
        folders.hands,
        marked_scenes(marks) if marks else (),
        [table for table in tables if table.exists()],
        folders.clutter,
    )


def marked_scenes(marks: Path) -> list[tuple[Path, Scene]]:
    """Return the photos for training all of whose keys are marked, each with its path.

    marks: their folder, or its labels.csv. Photos of its test split are left out, and so are photos of the
    same physical keys. Raises BadDataset, BadPhoto.
    """
    table = table_of(marks)
    photos = [photo for photo in read_annotations(table) if photo.n_keys == len(photo.marks)]
    tested = {photo.source for photo in photos if photo.split == TEST}
    kept = [photo for photo in photos if photo.source not in tested]
    if not kept:
        apart = f" for training, and {len(photos):,} for testing or of the same keys" if photos else ""
        fault = f"has 0 photos all of whose keys are marked{apart}"
        raise BadDataset(table, fault=fault, remedy=f"mark keys, in the column ends or in {KEYS}")
    remotes = _read_remotes(table.with_name(REMOTES), table)
    scenes = parallel_map(lambda photo: _scene(photo, remotes.get(photo.name, [])), kept)
    return [(photo.path, scene) for photo, scene in zip(kept, scenes, strict=True)]


def _scene(photo: AnnotatedPhoto, remotes: Sequence[tuple[Points, float]]) -> Scene:
    """Return a photo as a scene; remotes: keypoints (2, 2) and width of each, px."""
    pixels = read_photo(photo.path, min_side=MARKED_SIDE)
    sized = photo.at_size(pixels.width, pixels.height)
    rows = [_key_row(mark.keypoints) for mark in sized.marks]
    rows += [_remote_row(keypoints, width) for keypoints, width in remotes]
    keys = np.array(rows, np.float64).reshape(-1, COLUMNS)
    scale = min(MARKED_SIDE / max(pixels.width, pixels.height), 1.0)
    size = round(pixels.width * scale), round(pixels.height * scale)
    image = cv2.resize(pixels.pixels, size, interpolation=cv2.INTER_AREA)
    keys[:, : WIDTH + 1] *= scale
    keys[:, AREA] *= scale**2
    return Scene(encode_jpeg(np.asarray(image)), _box_parts(keys, size), keys)


def _key_row(keypoints: Points) -> NDArray[np.float64]:
    length = float(np.linalg.norm(keypoints[1] - keypoints[0]))
    width = MARKED_WIDTH * length
    area = KEY_FILL * width * length
    return np.array([*keypoints.ravel(), width, KEY_OCCLUSION, 0.0, 0.0, BLADE_SHARE, area, UNKNOWN])


def _remote_row(keypoints: Points, width: float) -> NDArray[np.float64]:
    area = REMOTE_FILL * width * float(np.linalg.norm(keypoints[1] - keypoints[0]))
    return np.array([*keypoints.ravel(), width, REMOTE_OCCLUSION, 0.0, 1.0, 0.0, area, UNKNOWN])


def _box_parts(keys: KeyRows, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the keys' boxes as parts of a view of a size (width, height): their pixels are not known."""
    parts = np.zeros(size[::-1], np.uint8)
    for i, key in enumerate(keys):
        box = segment_box(key[HEAD], key[TIP], float(key[WIDTH]))
        cv2.fillConvexPoly(parts, np.rint(box).astype(np.int32), 2 * i + 1)
    return parts


def _read_remotes(table: Path, labels: Path) -> dict[str, list[tuple[Points, float]]]:
    """Return keypoints and width of the remotes of each photo, by its name; none without a table.

    labels: the labels.csv that lists the photos.
    """
    names = listed_names(labels) if table.exists() else frozenset[str]()
    remotes: dict[str, list[tuple[Points, float]]] = {}
    for line, cells in read_table(table, REMOTE_COLUMNS) if table.exists() else ():
        origin, name = f"{table}, row {line}", cells["path"]
        if name not in names:
            fault, remedy = f"names {name}, which is not in {labels.name}", "add the photo there"
            raise BadDataset(origin, fault=fault, remedy=remedy)
        *points, width = (_number(cells[column], origin) for column in REMOTE_COLUMNS[1:])
        remotes.setdefault(name, []).append((np.array(points).reshape(2, 2), width))
    return remotes


def _number(text: str, origin: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        fault = f"has a value that is not a finite number ('{text}')"
        raise BadDataset(origin, fault=fault, remedy="correct it")
    return value
