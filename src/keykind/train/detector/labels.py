"""Rendered datasets -> their photos with the keys and remotes of the labels, as scenes of a pool.

In:    folders that `keykind render` wrote
Out:   LabelledPhoto(s), split into those to train on and those held out; Scene
Needs: numpy, opencv                                                                       [train]
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadDataset
from keykind.core.files import LABELS, READ_ERRORS
from keykind.core.geometry import Mask, decode_rle, width_across
from keykind.core.kinds import NAMES
from keykind.core.parallel import parallel_map
from keykind.photo.decode import read_photo
from keykind.train.detector.keys import COLUMNS, MAX_KEYS, UNKNOWN, KeyRows, View
from keykind.train.detector.pool import Scene, cut_outs

HELD_OUT = 20  # photos whose number in their set is a multiple of it are held out
MAX_PHOTOS = 10_000  # of a dataset


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A rendered photo and its label."""

    photo: Path
    label: Path

    @property
    def number(self) -> int:
        """Return its number in its dataset."""
        return int(self.label.stem.rpartition("-")[2])

    def read(self) -> Scene:
        """Return the photo as a scene with the keys cut out of it. Raises BadDataset, BadPhoto."""
        view = self.view()
        return Scene(self.photo.read_bytes(), view.parts, view.keys, tuple(cut_outs(view)))

    def entries(self) -> list[tuple[dict[str, Any], bool]]:
        """Return the keys and remotes of the label as JSON values, and whether each is a remote.

        Raises BadDataset.
        """
        try:
            label = json.loads(self.label.read_text("utf-8"))
            return [
                *((key, False) for key in label["keys"]),
                *((remote, True) for remote in label.get("remotes", ())),
            ]
        except READ_ERRORS as error:
            remedy = "delete it and render the dataset again"
            raise BadDataset(self.label, fault=f"is damaged ({error})", remedy=remedy) from error

    def view(self) -> View:
        """Return the photo with its keys and remotes. Raises BadDataset, BadPhoto."""
        image = read_photo(self.photo).pixels
        parts = np.zeros(image.shape[:2], np.uint8)
        rows = []
        for entry, remote in self.entries()[:MAX_KEYS]:
            mask = decode_rle(entry["mask"])
            blade = decode_rle(entry["blade"]) if "blade" in entry else np.zeros_like(mask)
            rows.append(_row(entry, mask, blade, remote=remote))
            parts[mask], parts[mask & blade] = 2 * len(rows) - 1, 2 * len(rows)
        return View(image, parts, _stack(rows))


def labelled_photos(folder: str | Path) -> list[LabelledPhoto]:
    """Return the photos of a rendered dataset with their labels, sorted."""
    folder = Path(folder)
    labels = sorted((folder / LABELS).glob("*.json"))
    return [
        LabelledPhoto(folder / label.stem.rpartition("-")[0] / f"{label.stem}.jpg", label) for label in labels
    ]


def split_set(
    folder: str | Path, max_photos: int = MAX_PHOTOS
) -> tuple[list[LabelledPhoto], list[LabelledPhoto]]:
    """Return the photos to train on and those held out, at most `max_photos`, evenly spread over the dataset.

    Raises BadDataset if the folder has no labelled photos.
    """
    photos = labelled_photos(folder)
    if not photos:
        remedy = "give a folder that `keykind render` wrote"
        raise BadDataset(folder, fault="has 0 labelled photos", remedy=remedy)
    step = -(-len(photos) // max(max_photos - 1, 1))  # both parts may have one more than their share
    held_out = [photo for photo in photos if photo.number % HELD_OUT == 0]
    return [photo for photo in photos if photo.number % HELD_OUT][::step], held_out[::step]


def labelled_scenes(photos: Sequence[LabelledPhoto]) -> Iterator[Scene]:
    """Yield each photo as a scene. Raises BadDataset, BadPhoto."""
    return parallel_map(LabelledPhoto.read, photos)


def _row(entry: dict[str, Any], mask: Mask, blade: Mask, *, remote: bool) -> NDArray[np.float64]:
    """Return a key or remote of a label as a row of KeyRows."""
    head, tip = np.array(entry["head"], float), np.array(entry["tip"], float)
    area = float(mask.sum())
    return np.array(
        [
            *head,
            *tip,
            width_across(mask, head, tip),
            entry["occluded"],
            entry["cut_off"],
            float(remote),
            float(blade.sum()) / max(area, 1.0),
            area,
            float(NAMES.index(entry["kind"])) if entry.get("kind") in NAMES else UNKNOWN,
        ]
    )


def _stack(rows: Sequence[NDArray[np.float64]]) -> KeyRows:
    return np.array(rows, np.float64).reshape(-1, COLUMNS)
