"""Generate what the app is built with: the texts of the kinds, packed models, the self-test's photos.

`python web/scripts/generate.py` writes web/generated; `make app` runs it before each build. kinds.json has
the label, hint and page of each kind in each language, from src/keykind/kinds. golden/ has bundled photos and
Python's results for them, so the self-test compares with the models in the app. packs/ has these models,
packed with the detector as the reference, and sources.json: the SHA-256 of each model file. KEYKIND_MODELS
may name a folder with other models.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from keykind.core.kind_pages import read_pages
from keykind.core.kinds import KINDS
from keykind.dataset.bundled import bundled_negatives, bundled_photos
from keykind.model import shipped
from keykind.model.packed import pack_file
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser

OUT = Path(__file__).parents[1] / "generated"
PER_KIND = 3  # photos of each kind
NEGATIVES = 2  # photos without a key
DECIDED = 0.8  # probability of a kind
PACKS = {"detector": shipped.DETECTOR, "classifier": shipped.CLASSIFIER, "refiner": shipped.REFINER}


def kinds() -> list[dict[str, Any]]:
    """Return name, label, hint, and page if there is one, of each kind; the texts are keyed by language."""
    pages = read_pages()
    return [
        {"name": kind.name, "label": kind.labels, "hint": kind.hints}
        | (pages[kind.name].as_json() if kind.name in pages else {})
        for kind in KINDS
    ]


def select_photos(python: Recogniser) -> list[Path]:
    """Return PER_KIND evenly spaced photos of each kind with a decided answer, and some without a key."""
    selected: list[Path] = []
    for kind in sorted((bundled_photos() / "test").iterdir()):
        photos = [photo for photo in sorted(kind.glob("*.jpg")) if is_decided(python.attempt(photo))]
        selected += photos[:: max(len(photos) // PER_KIND, 1)][:PER_KIND]
    return selected + sorted(bundled_negatives().glob("*.jpg"))[:NEGATIVES]


def is_decided(prediction: Prediction) -> bool:
    """Return whether rounding errors of a browser do not change an answer: it is one key of a sure kind."""
    return len(prediction.keys) == 1 and prediction.keys[0].probability >= DECIDED


def models() -> Path:
    """Return the folder of the app's models."""
    return Path(os.environ.get("KEYKIND_MODELS", shipped.FOLDER))


def recogniser() -> Recogniser:
    """Return a recogniser with the app's models."""
    return Recogniser.from_folder(models())


def write_packs(out: Path) -> None:
    """Write the packed models, each named as in the app, and the hashes of their files."""
    out.mkdir()
    detector = (models() / shipped.DETECTOR).read_bytes()
    sources: dict[str, str] = {}
    for name, file in PACKS.items():
        if (models() / file).is_file():
            data = (models() / file).read_bytes()
            (out / f"{name}.bin").write_bytes(pack_file(data, None if name == "detector" else detector))
            sources[file] = hashlib.sha256(data).hexdigest()
    (out / "sources.json").write_text(json.dumps(sources) + "\n", "utf-8")


def write(out: Path = OUT) -> None:
    """Write kinds.json, the packed models, the photos, and golden.json."""
    shutil.rmtree(out, ignore_errors=True)
    golden = out / "golden"
    golden.mkdir(parents=True)
    (out / "kinds.json").write_text(json.dumps(kinds(), ensure_ascii=False) + "\n", "utf-8")
    write_packs(out / "packs")
    python = recogniser()
    photos = select_photos(python)
    for photo in photos:
        shutil.copyfile(photo, golden / photo.name)
    predictions = python.recognise_many(photos)
    entries = [each.as_json() | {"photo": Path(each.photo).name} for each in predictions]
    (golden / "golden.json").write_text(json.dumps(entries, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write()
