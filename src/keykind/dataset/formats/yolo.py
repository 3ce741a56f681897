"""Marked photos -> YOLO pose: data.yaml, and a text file of labels for each photo.

In:    PhotoOut(s)
Out:   the texts of the files
Needs: numpy, pillow, ai-edge-litert

A line of labels is: class, box (centre x, y, width, height), head (x, y, visibility), tip (the same); all but
class and visibility in shares of the photo's sides. An empty file says that the photo shows no key.
Format: https://docs.ultralytics.com/datasets/pose
"""

import json
from collections.abc import Sequence

from keykind.dataset.formats.coco import VISIBLE
from keykind.dataset.formats.marks import EXPORTED, HEAD, TIP, PhotoOut, categories, category
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.splits import TEST

DATA_FILE, LABELS, IMAGES = "data.yaml", "labels", "images"
TRAIN, VAL = "train", "val"  # folders of images and of labels
DIGITS = 6  # of a share: a hundredth of a pixel of the largest photos


def data_text(photos: Sequence[PhotoOut]) -> str:
    """Return data.yaml."""
    names = [f"  {i}: {json.dumps(name, ensure_ascii=False)}" for i, name in enumerate(categories(photos))]
    has_test = any(photo.marked.split == TEST for photo in photos)
    lines = [
        f"# {EXPORTED}",
        f"train: {IMAGES}/{TRAIN}",
        f"val: {IMAGES}/{VAL}" if has_test else f"val: {IMAGES}/{TRAIN}  # no photo is for testing",
        "kpt_shape: [2, 3]",
        "flip_idx: [0, 1]  # a mirrored key has the same head and tip",
        "names:",
        *names,
        "kpt_names:",
        *(f"  {i}: [{HEAD}, {TIP}]" for i in range(len(names))),
    ]
    return "\n".join(lines) + "\n"


def place_of(photo: PhotoOut) -> str:
    """Return the path of a photo below the folders images and labels.

    YOLO's tools find the labels by writing labels for the last folder named images: no other may be named so.
    """
    *folders, name = photo.file.split("/")
    renamed = [f"{folder}_" if folder == IMAGES else folder for folder in folders]
    return "/".join([VAL if photo.marked.split == TEST else TRAIN, *renamed, name])


def label_text(photo: PhotoOut, names: Sequence[str]) -> str:
    """Return a photo's file of labels. names: of the classes."""
    return "".join(f"{names.index(category(key))} {_shares(photo, key)}\n" for key in photo.marked.ends)


def _shares(photo: PhotoOut, key: KeyEnds) -> str:
    left, top, width, height = photo.box(key)
    sides = photo.width, photo.height
    values = (left + width / 2, top + height / 2), (width, height), *photo.ends(key)
    centre, size, head, tip = (
        " ".join(f"{value / side:.{DIGITS}f}" for value, side in zip(pair, sides, strict=True))
        for pair in values
    )
    return f"{centre} {size} {head} {VISIBLE} {tip} {VISIBLE}"
