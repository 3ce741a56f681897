"""Labels of a set -> one COCO file.

In:    labels of the photos, in order
Out:   coco.json as object detectors read it, with oriented boxes, ends and part masks besides
Needs: numpy
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.files import whole_file
from keykind.core.geometry import decode
from keykind.core.kinds import KINDS

CATEGORIES = {kind.name: place for place, kind in enumerate(KINDS, 1)}  # the same in every set


def write_coco(path: Path, labels: Iterable[dict[str, Any]]) -> None:
    """Write the file, an annotation a line; memory grows with the number of photos, not with their masks.

    A key of which no whole pixel is seen has no annotation.
    """
    images = []
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write('{"info": {"description": "rendered by keykind"},\n"categories": ')
        stream.write(json.dumps([{"id": place, "name": name} for name, place in CATEGORIES.items()]))
        stream.write(',\n"annotations": [')
        number = 0
        for label in labels:
            images.append(_image(label))
            for annotation in _annotations(label):
                stream.write(",\n" if number else "\n")
                number += 1
                stream.write(json.dumps({"id": number, **annotation}, allow_nan=False))
        stream.write('\n],\n"images": [\n')
        stream.write(",\n".join(map(json.dumps, images)))
        stream.write("\n]}\n")


def _image(label: dict[str, Any]) -> dict[str, Any]:
    kept = {key: label[key] for key in ("width", "height", "scene", "seed")}
    return {"id": label["number"], "file_name": label["file"], **kept}


def _annotations(label: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in label["keys"]:
        mask = decode(key["mask"])
        if mask.any():
            yield {
                "image_id": label["number"],
                "category_id": CATEGORIES[key["kind"]],
                "bbox": bounds(mask),
                "area": int(mask.sum()),
                "iscrowd": 0,
                "segmentation": key["mask"],
                "oriented_box": key["box"],
                **{name: key[name] for name in ("head", "tip", "occluded", "cut_off", "bow", "blade")},
            }


def bounds(mask: np.ndarray) -> list[int]:
    """Return [x, y, width, height] in px of the upright rectangle around a (h, w) mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]
