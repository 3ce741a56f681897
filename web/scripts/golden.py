"""A few of the photos that come with keykind, and what Python says of them -> web/generated/golden.

`python web/scripts/golden.py` writes them; `make app` does it before each build, so that the app's self-test
always compares with the models that it carries. KEYKIND_MODELS names a folder with other models.
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
EACH = 3  # photos of each kind
NOTHING = 2  # photos without a key


def chosen() -> list[Path]:
    """Return photos of every kind, spread over those there are."""
    photos: list[Path] = []
    for kind in sorted((bundled_photos() / "test").iterdir()):
        all_of_it = sorted(kind.glob("*.jpg"))
        photos += all_of_it[:: len(all_of_it) // EACH][:EACH]
    return photos + sorted(bundled_negatives().glob("*.jpg"))[:NOTHING]


def recogniser() -> Recogniser:
    """Return the models that the app carries."""
    folder = Path(os.environ.get("KEYKIND_MODELS", shipped.FOLDER))
    model = load_model(folder / shipped.CLASSIFIER)
    return Recogniser(model, None if model.card.crop == "whole" else load_detector(folder / shipped.DETECTOR))


def write(out: Path = OUT) -> None:
    """Write the photos, and golden.json."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    photos = chosen()
    for photo in photos:
        shutil.copyfile(photo, out / photo.name)
    told = [one.as_json() | {"photo": Path(one.photo).name} for one in recogniser().recognise_many(photos)]
    (out / "golden.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write()
