"""A model of one's own -> photos for the app's self-test, and Python's results for them.

In:    a model file; photos of keys, as bytes by name
Out:   the photos whose result does not depend on rounding, or drawings; golden.json
Needs: numpy, pillow, ai-edge-litert
"""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from keykind.model.card import SIZE, WHOLE, Card
from keykind.model.model import load_model
from keykind.photo import decode
from keykind.photo.source import load_pixels
from keykind.predict.prediction import DIGITS, Prediction
from keykind.predict.recogniser import Recogniser

INDEX = "golden.json"
DECIDED = 0.8  # probability of a kind from which rounding in a browser does not change an answer
DRAWINGS = {"drawing-1.png": (320, 240), "drawing-2.png": (240, 320), "drawing-3.png": (256, 256)}  # px
SHAPES = 12  # in a drawing


def expected(model: str | Path, photos: Mapping[str, bytes], card: Card) -> dict[str, bytes]:
    """Return the files of the self-test for a model: photos and golden.json; none if no answer is certain.

    A model of whole photos is compared by its probabilities; if its classes are not keys, of drawings.
    """
    if card.crop == WHOLE:
        pictures = dict(photos) if card.of_keys else drawings(np.random.default_rng(0))
        entries = _of_whole_photos(model, pictures)
    else:
        recogniser = Recogniser.load(model)
        predictions = {name: recogniser.recognise(data) for name, data in photos.items()}
        decided = {name: each for name, each in predictions.items() if _is_decided(each)}
        pictures = {name: photos[name] for name in decided}
        entries = [each.as_json() | {"photo": name} for name, each in decided.items()]
    if not pictures:
        return {}
    return pictures | {INDEX: f"{json.dumps(entries, indent=1, ensure_ascii=False)}\n".encode()}


def drawings(rng: np.random.Generator) -> dict[str, bytes]:
    """Return pictures of random shapes, PNG by name: any model has an answer to them."""
    return {name: _drawing(size, rng) for name, size in DRAWINGS.items()}


def _drawing(size: tuple[int, int], rng: np.random.Generator) -> bytes:
    image = Image.new("RGB", size, _colour(rng))
    draw = ImageDraw.Draw(image)
    for i in range(SHAPES):
        (left, right), (top, bottom) = (sorted(rng.integers(0, side, 2).tolist()) for side in size)
        shape = draw.ellipse if i % 2 else draw.rectangle
        shape((left, top, right, bottom), fill=_colour(rng))
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _of_whole_photos(path: str | Path, pictures: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return for each picture the probability of each class, whatever the decision is about it."""
    model = load_model(path)
    entries = []
    for name, data in pictures.items():
        pixels = decode.resize(load_pixels(data, min_side=SIZE).pixels, SIZE)
        values = np.clip(model.run(pixels).probabilities, 0, 1).tolist()
        classes = {kind: round(value, DIGITS) for kind, value in zip(model.card.kinds, values, strict=True)}
        entries.append({"photo": name, "classes": classes})
    return entries


def _is_decided(prediction: Prediction) -> bool:
    return len(prediction.keys) == 1 and prediction.keys[0].probability >= DECIDED
