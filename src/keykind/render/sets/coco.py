"""Write the labels of a rendered dataset as one COCO file.

In:    labels of the photos, in order
Out:   coco.json, with oriented boxes, keypoints and part masks in addition to the standard fields
Needs: numpy
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.files import atomic_write
from keykind.core.geometry import decode_rle
from keykind.core.kinds import KINDS

CATEGORIES = {kind.name: i for i, kind in enumerate(KINDS, 1)}  # name -> id, the same in every dataset


def write_coco(path: str | Path, labels: Iterable[dict[str, Any]]) -> None:
    """Write the file, one annotation per line. Memory grows with the number of photos, not with their masks.

    A key without a visible pixel gets no annotation.
    """
    images = []
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write('{"info": {"description": "rendered by keykind"},\n"categories": ')
        stream.write(json.dumps([{"id": i, "name": name} for name, i in CATEGORIES.items()]))
        stream.write(',\n"annotations": [')
        count = 0
        for label in labels:
            images.append(_image(label))
            for annotation in _annotations(label):
                stream.write(",\n" if count else "\n")
                count += 1
                stream.write(json.dumps({"id": count, **annotation}, allow_nan=False))
        stream.write('\n],\n"images": [\n')
        stream.write(",\n".join(map(json.dumps, images)))
        stream.write("\n]}\n")


def _image(label: dict[str, Any]) -> dict[str, Any]:
    copied = {key: label[key] for key in ("width", "height", "scene", "seed")}
    return {"id": label["number"], "file_name": label["file"], **copied}


def _annotations(label: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in label["keys"]:
        mask = decode_rle(key["mask"])
        if mask.any():
            yield {
                "image_id": label["number"],
                "category_id": CATEGORIES[key["kind"]],
                "bbox": bounding_box(mask),
                "area": int(mask.sum()),
                "iscrowd": 0,
                "segmentation": key["mask"],
                "oriented_box": key["box"],
                **{name: key[name] for name in ("head", "tip", "occluded", "cut_off", "bow", "blade")},
            }


def bounding_box(mask: np.ndarray) -> list[int]:
    """Return the axis-aligned [x, y, width, height] in px of a non-empty (h, w) mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]
