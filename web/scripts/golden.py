"""Bundled photos and Python's results for them -> web/generated/golden, for the app's self-test.

`python web/scripts/golden.py` writes the folder. `make app` runs it before each build, so the self-test
always compares with the models in the app. KEYKIND_MODELS is a folder with other models.
"""

import json
import os
import shutil
from pathlib import Path

from keykind.dataset.bundled import bundled_negatives, bundled_photos
from keykind.detect.detector import load_detector
from keykind.model import shipped
from keykind.model.model import load_model
from keykind.predict.recogniser import Recogniser

OUT = Path(__file__).parents[1] / "generated" / "golden"
PER_KIND = 3  # photos of each kind
NEGATIVES = 2  # photos without a key


def select_photos() -> list[Path]:
    """Return PER_KIND evenly spaced photos of each kind, and some without a key."""
    selected: list[Path] = []
    for kind in sorted((bundled_photos() / "test").iterdir()):
        photos = sorted(kind.glob("*.jpg"))
        selected += photos[:: len(photos) // PER_KIND][:PER_KIND]
    return selected + sorted(bundled_negatives().glob("*.jpg"))[:NEGATIVES]


def recogniser() -> Recogniser:
    """Return a recogniser with the app's models."""
    folder = Path(os.environ.get("KEYKIND_MODELS", shipped.FOLDER))
    model = load_model(folder / shipped.CLASSIFIER)
    return Recogniser(model, None if model.card.crop == "whole" else load_detector(folder / shipped.DETECTOR))


def write(out: Path = OUT) -> None:
    """Write the photos and golden.json."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    photos = select_photos()
    for photo in photos:
        shutil.copyfile(photo, out / photo.name)
    predictions = recogniser().recognise_many(photos)
    entries = [each.as_json() | {"photo": Path(each.photo).name} for each in predictions]
    (out / "golden.json").write_text(json.dumps(entries, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write()
