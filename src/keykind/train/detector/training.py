"""Train the bundled detector on rendered datasets, and score it on photos held out from training.

In:    folders that `keykind render` wrote: photos of one key, of several, of none; MobileNetV2's weights
Out:   OUT/detector.tflite, OUT/detector.weights.h5, OUT/detector.json with the curves; DetectionMetrics
Needs: keras, tensorflow                                                                   [train]
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.files import atomic_write, write_bytes, write_json
from keykind.core.geometry import decode_rle
from keykind.core.parallel import parallel_map
from keykind.detect.detection import Detection, Detector
from keykind.detect.detector import SCORE_THRESHOLD
from keykind.detect.metrics import DetectionMetrics, LabelledKey, score_detections
from keykind.photo.decode import read_photo
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras
from keykind.train.detector.network import (
    LabelledPhoto,
    build_detector,
    convert_detector,
    labelled_photos,
    train_detector,
)
from keykind.train.recipe import DetectorRecipe

HELD_OUT = 20  # photos whose number in their set is a multiple of it are held out
MAX_PHOTOS = 10_000  # of a dataset
MIN_SCORE = 0.05  # score down to which precision is averaged
MODEL, WEIGHTS, CURVES = "detector.tflite", "detector.weights.h5", "detector.json"


@dataclass(frozen=True, slots=True)
class Start:
    """The weights that training starts from."""

    backbone: str = "keykind"  # see `load_backbone`
    scaling: str = "unit"  # of the pixels that the backbone's weights expect
    detector: Path | None = None  # detector.weights.h5 of an earlier training; None: drawn from the seed


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
    photos = photos[:: max(-(-len(photos) // max_photos), 1)]
    held_out = [photo for photo in photos if _number(photo) % HELD_OUT == 0]
    return [photo for photo in photos if _number(photo) % HELD_OUT], held_out


def train_on_photos(
    photos: Sequence[LabelledPhoto], start: Start, recipe: DetectorRecipe, out: str | Path, seed: int
) -> Path:
    """Train the detector on labelled photos and return the path of its model file.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for fewer photos than a batch, BadWeights, CannotWrite.
    """
    out = Path(out)
    if (out / MODEL).exists():
        return out / MODEL
    if len(photos) < recipe.batch:
        fault = f"has {len(photos):,} photos to train on, less than a batch of {recipe.batch}"
        raise BadDataset("the detector", fault=fault, remedy="render more photos")
    backbone = load_backbone("mobilenet_v2", start.backbone, scaling=start.scaling, seed=seed)
    keras.utils.set_random_seed(seed)
    network = build_detector(backbone)
    if start.detector:
        network.load_weights(start.detector)
    curves = train_detector(network, photos, recipe, out, seed)
    with atomic_write(out / WEIGHTS) as temporary:
        network.save_weights(temporary)
    write_json(out / CURVES, {"photos": len(photos), "curves": curves})
    write_bytes(out / MODEL, convert_detector(network))
    return out / MODEL


def score_photos(detector: Detector, photos: Sequence[LabelledPhoto]) -> DetectionMetrics:
    """Return the detection metrics over labelled photos, at the detector's own score threshold."""

    def detect(photo: LabelledPhoto) -> tuple[tuple[Detection, ...], list[LabelledKey]]:
        return detector.detect(read_photo(photo.photo), MIN_SCORE), list(_labelled_keys(photo.label))

    return score_detections(parallel_map(detect, photos), SCORE_THRESHOLD)


def _labelled_keys(label: Path) -> Iterator[LabelledKey]:
    """Yield the keys of a label of which at least one pixel is visible."""
    for key in json.loads(label.read_text("utf-8"))["keys"]:
        mask = decode_rle(key["mask"])
        if mask.any():
            head, tip = (np.array(key[name], float) for name in ("head", "tip"))
            yield LabelledKey(head, tip, mask, (1 - key["occluded"]) * (1 - key["cut_off"]))


def _number(photo: LabelledPhoto) -> int:
    """Return the number of a photo in its dataset."""
    return int(photo.label.stem.rpartition("-")[2])
