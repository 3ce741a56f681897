"""Marked photos -> COCO keypoints, one JSON file.

In:    PhotoOut(s)
Out:   the JSON text
Needs: numpy, pillow, ai-edge-litert

Format: https://cocodataset.org/#format-data, with the keypoints head and tip. An image has two more fields:
split, and n_keys, the number of its keys, all of which are marked; 0 if a person saw that it shows none.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keykind.dataset.formats.marks import EXPORTED, HEAD, TIP, PhotoOut, categories, category

N_KEYS = "n_keys"
VISIBLE = 2  # a keypoint that is marked and visible


def coco_text(photos: Sequence[PhotoOut]) -> str:
    """Return the file, a line for each photo and each key."""
    names = categories(photos)
    entries = [
        {"id": i, "name": name, "supercategory": "key", "keypoints": [HEAD, TIP], "skeleton": [[1, 2]]}
        for i, name in enumerate(names, 1)
    ]
    info = {"description": EXPORTED}
    parts = {
        "images": [_image(i, photo) for i, photo in enumerate(photos, 1)],
        "annotations": list(_annotations(photos, {name: i for i, name in enumerate(names, 1)})),
        "categories": entries,
    }
    blocks = [f'"{name}": [\n' + ",\n".join(map(_line, values)) + "\n]" for name, values in parts.items()]
    return f'{{"info": {_line(info)},\n"licenses": [],\n' + ",\n".join(blocks) + "\n}\n"


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _image(number: int, photo: PhotoOut) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": photo.file,
        "width": photo.width,
        "height": photo.height,
        "split": photo.marked.split,
        N_KEYS: len(photo.marked.ends),
    }


def _annotations(photos: Sequence[PhotoOut], numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    keys = ((image, photo, key) for image, photo in enumerate(photos, 1) for key in photo.marked.ends)
    for number, (image, photo, key) in enumerate(keys, 1):
        (x, y), (u, v) = photo.ends(key)
        yield {
            "id": number,
            "image_id": image,
            "category_id": numbers[category(key)],
            "keypoints": [*_rounded(x, y), VISIBLE, *_rounded(u, v), VISIBLE],
            "num_keypoints": 2,
            "bbox": _rounded(*photo.box(key)),
            "area": round(photo.area(key), 1),
            "iscrowd": 0,
        }


def _rounded(*values: float) -> list[float]:
    return [round(value, 1) for value in values]
