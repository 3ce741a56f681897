"""What was seen in a photo, before it is decided whether it is a key.

In:    a photo; a model; a detector, or none
Out:   Seen: the size of the photo, and its regions with the model's output and the evidence about each
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Callable
from dataclasses import dataclass

from keykind.core.geometry import Points
from keykind.detect.crops import KeyCrop, crop_all
from keykind.detect.detection import Detector
from keykind.detect.sharpness import sharpness
from keykind.model.card import SIZE
from keykind.model.decision import Evidence
from keykind.model.model import Answer, Model
from keykind.model.preprocess import Crop
from keykind.photo import decode
from keykind.photo.decode import Photo
from keykind.photo.source import Source, fetch, load_pixels

EXPLANATION_SIDE = 800  # px, shorter side of an explained photo, if it has as many

Point = tuple[float, float]  # x, y in pixels of the upright original


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region of a photo that may be a key, and the model's output for it."""

    output: Answer
    evidence: Evidence
    box: tuple[Point, ...]
    head: Point | None  # None: the whole photo
    tip: Point | None
    display: Callable[[], Crop]  # the pixels on which an explanation is drawn


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen in one photo."""

    width: int  # px of the upright original
    height: int
    regions: tuple[Region, ...]  # highest detection score first
    damage: str | None = None  # what is wrong with the photo's data


def see(source: Source, model: Model, detector: Detector | None, min_score: float) -> Seen:
    """Return the detections in a photo with at least this score, or without a detector the whole photo.

    Raises BadPhoto if the photo cannot be read.
    """
    source = fetch(source)
    if detector is None:
        return see_whole(source, model)
    size, damage = (0, 0), None

    def read(min_side: int) -> Photo:
        nonlocal size, damage
        photo = load_pixels(source, min_side=min_side)
        size, damage = (photo.width, photo.height), photo.damage
        return photo

    crops = crop_all(read, detector, min_score)
    outputs = model.predict([crop.crop for crop in crops])
    return Seen(*size, tuple(map(_region, crops, outputs)), damage)


def see_whole(source: Source, model: Model) -> Seen:
    """Return the whole photo as one region. Raises BadPhoto if the photo cannot be read."""
    source = fetch(source)
    photo = load_pixels(source, min_side=SIZE)
    output = model.run(decode.resize(photo.pixels, SIZE))
    width, height = float(photo.width), float(photo.height)
    box = (0.0, 0.0), (width, 0.0), (width, height), (0.0, height)

    def display() -> Crop:
        return load_pixels(source, min_side=EXPLANATION_SIDE).pixels

    evidence = Evidence(output.probabilities, output.ood_score)
    region = Region(output, evidence, box, None, None, display)
    return Seen(photo.width, photo.height, (region,), photo.damage)


def evidence_of(crop: KeyCrop, output: Answer) -> Evidence:
    """Return what is known about a detection from its crop and the model's output for it."""
    key = crop.detection
    return Evidence(
        output.probabilities,
        output.ood_score,
        key.score,
        key.length,
        key.blade_share,
        key.occlusion,
        key.truncation,
        key.remote,
        sharpness(crop.crop, crop.region, key),
    )


def _region(crop: KeyCrop, output: Answer) -> Region:
    key = crop.detection
    head, tip, *box = (_point(position) for position in (key.head, key.tip, *key.box))
    evidence = evidence_of(crop, output)
    return Region(output, evidence, tuple(box), head, tip, lambda: crop.display(EXPLANATION_SIDE // 2))


def _point(position: Points) -> Point:
    x, y = position.tolist()
    return round(x, 1), round(y, 1)
