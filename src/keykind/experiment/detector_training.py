"""Folders -> a trained detector: rendered datasets, photos without keys, hands, and real photos with marks.

In:    the folders; a recipe
Out:   the files of train/detector/training.py, or of train/refiner/training.py
Needs: keras, tensorflow, opencv                                                           [train]

Marks of real photos are head and tip only. Width, occlusion and area, which the detector also learns, are
assumed; remotes.csv beside keys.csv may mark remotes and folded flip keys, with their width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadDataset
from keykind.core.geometry import Points, segment_box
from keykind.evaluate.real_photos.annotations import AnnotatedPhoto, read_annotations, read_marks_table
from keykind.photo.decode import read_photo
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.keys import AREA, COLUMNS, HEAD, TIP, UNKNOWN, WIDTH, KeyRows
from keykind.train.detector.labels import split_set
from keykind.train.detector.pool import Scene, encode_jpeg
from keykind.train.detector.training import Start, TrainingPhotos, train_detector
from keykind.train.recipe import Recipe
from keykind.train.refiner.training import RefinerStart, train_refiner

REMOTES = "remotes.csv"
REMOTE_COLUMNS = ("path", "head_x", "head_y", "tip_x", "tip_y", "width")  # px of the upright photo
MARKED_SIDE = 800  # px, longer side of marked photos
KEY_WIDTH = 0.33  # of a marked key, key lengths: the median of everyday keys
KEY_OCCLUSION, REMOTE_OCCLUSION = 0.1, 0.05  # assumed shares: most are held or hang on a ring
KEY_FILL, REMOTE_FILL = 0.6, 0.8  # share of its box that a key, or a remote, covers
BLADE_SHARE = 0.4  # of a key's area


@dataclass(frozen=True, slots=True)
class TrainingFolders:
    """Where the photos to train on are."""

    sets: Sequence[Path]  # written by `keykind render`
    backgrounds: Sequence[Path]  # photos without keys
    hands: Path | None = None  # PNG files of hands with an alpha channel
    marks: Path | None = None  # real photos: labels.csv, keys.csv, and remotes.csv if there are remotes
    clutter: Path | None = None  # PNG files of small things that are no keys, with an alpha channel
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


def training_photos(folders: TrainingFolders) -> TrainingPhotos:
    """Return the photos in folders; photos of rendered datasets that are held out are left out.

    Raises BadDataset, BadPhoto.
    """
    return TrainingPhotos(
        [photo for folder in folders.sets for photo in split_set(folder, folders.max_photos)[0]],
        folders.backgrounds,
        folders.hands,
        marked_scenes(folders.marks) if folders.marks else (),
        folders.clutter,
    )


def marked_scenes(folder: Path) -> list[tuple[Path, Scene]]:
    """Return the photos of a folder all of whose keys are marked, each with its path.

    Raises BadDataset, BadPhoto.
    """
    remotes = _read_remotes(folder / REMOTES)
    scenes = [
        (photo.path, _scene(photo, remotes.get(photo.name, [])))
        for photo in read_annotations(folder)
        if not photo.hidden and not photo.dense
    ]
    if not scenes:
        fault = "has 0 photos all of whose keys are marked"
        raise BadDataset(folder, fault=fault, remedy="mark them in keys.csv")
    return scenes


def _scene(photo: AnnotatedPhoto, remotes: Sequence[tuple[Points, float]]) -> Scene:
    """Return a photo as a scene; remotes: keypoints (2, 2) and width of each, px."""
    pixels = read_photo(photo.path)
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
    width = KEY_WIDTH * length
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


def _read_remotes(table: Path) -> dict[str, list[tuple[Points, float]]]:
    """Return keypoints and width of the remotes of each photo, by its name; none without a table."""
    remotes: dict[str, list[tuple[Points, float]]] = {}
    if table.exists():
        for line, cells in read_marks_table(table, REMOTE_COLUMNS):
            try:
                *points, width = (float(cells[name]) for name in REMOTE_COLUMNS[1:])
            except ValueError as error:
                fault = f"has a value that is no number ({error})"
                raise BadDataset(f"{table}, row {line}", fault=fault, remedy="correct it") from error
            remotes.setdefault(cells["path"], []).append((np.array(points).reshape(2, 2), width))
    return remotes
