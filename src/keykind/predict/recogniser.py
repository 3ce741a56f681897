"""Photos -> what kinds of keys they show.

In:    photos: files, bytes, arrays, PIL images; a model file
Out:   Prediction(s) in the order of the photos; one that cannot be read carries its fault; Explanation
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadModel, BadPhoto, Unreachable
from keykind.core.geometry import Points
from keykind.core.parallel import Engine, ordered
from keykind.detect.crops import KeyCrop, crop_keys
from keykind.detect.detector import KeyDetector, load_detector
from keykind.model import shipped
from keykind.model.card import SIZE, WHOLE
from keykind.model.gradcam import Explanation
from keykind.model.model import Answer, Model, load_model
from keykind.model.preprocess import Crop
from keykind.photo import decode
from keykind.photo.source import Source, fetch, load_pixels, name_of

SHIPPED = shipped.FOLDER / "keys.tflite"
DIGITS = 4  # of a probability in JSON and tables
SHARP = 800  # px that the shorter side of an explained photo keeps, where it has them

ANSWERED, NOT_SURE, NOT_A_KEY, UNREADABLE = VERDICTS = "answered", "not sure", "not a key", "unreadable"

Point = tuple[float, float]  # x, y in pixels of the upright original


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a photo."""

    kind: str | None  # None: the model is not sure
    probability: float  # of the most probable kind
    probabilities: dict[str, float]  # kind -> 0..1, in the model's order
    box: tuple[Point, ...]  # four corners
    head: Point | None  # None: the whole photo was looked at
    tip: Point | None

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold, probabilities rounded."""
        return {
            "kind": self.kind,
            "probability": round(self.probability, DIGITS),
            "probabilities": {kind: round(value, DIGITS) for kind, value in self.probabilities.items()},
            "box": [list(corner) for corner in self.box],
            "head": self.head and list(self.head),
            "tip": self.tip and list(self.tip),
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was said of one photo."""

    photo: str  # its name
    keys: tuple[Key, ...]  # none: the photo shows no key, or could not be read
    error: str | None = None  # why it could not be read, and what to do
    transient: bool = False  # whether that lies on the way to the photo, not in it

    @property
    def verdict(self) -> str:
        """Return which of VERDICTS was reached; one key of a known kind is an answer."""
        if self.error is not None:
            return UNREADABLE
        if not self.keys:
            return NOT_A_KEY
        return ANSWERED if any(key.kind is not None for key in self.keys) else NOT_SURE

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {"photo": self.photo, "keys": [key.as_json() for key in self.keys], "error": self.error}


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A model at work on photos. Safe in threads."""

    model: Model
    detector: KeyDetector | None = None  # None: a photo is looked at as a whole, as one key

    @classmethod
    def load(cls, path: Path | None = None, *, whole: bool = False) -> "Recogniser":
        """Return a recogniser with the model of a file; None: with the model that comes with keykind.

        Keys are looked for where the model was trained on keys cut out, unless `whole`.
        Raises BadModel if the file cannot be used, or no model comes with this version.
        """
        model = load_model(path or shipped_model())
        return cls(model, None if whole or model.card.crop == WHOLE else load_detector())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that the model tells apart, in its order."""
        return self.model.card.kinds

    def recognise(self, source: Source) -> Prediction:
        """Say what a photo shows. Raises BadPhoto if it cannot be read."""
        sights = self._seen(source)
        return Prediction(name_of(source), tuple(filter(None, (self._judged(sight) for sight in sights))))

    def attempt(self, source: Source) -> Prediction:
        """Say what a photo shows; one that cannot be read is a Prediction with its error."""
        try:
            return self.recognise(source)
        except BadPhoto as error:
            words = f"{error.fault}; {error.remedy}"
            return Prediction(name_of(source), (), words, isinstance(error, Unreachable))

    def recognise_many(self, sources: Iterable[Source], engine: Engine = ordered) -> Iterator[Prediction]:
        """Attempt photos, in their order, several at once; memory stays bounded for any number."""
        return engine(self.attempt, sources)

    def explain(self, source: Source, number: int = 0) -> Explanation:
        """Say what a photo shows and why; with a detector, the key of that number, the surest is 0.

        Keys are numbered as `recognise` tells them; behind them comes what was found and is unlike any key.
        Raises BadPhoto if it cannot be read or has fewer keys, BadModel if the model gives no class maps.
        """
        if not self.model.card.maps:
            fault = "gives no class maps, so it cannot show why (files for MediaPipe have none)"
            raise BadModel(self.model.name, fault=fault, remedy="give the file that was exported with maps")
        judged = [(self._judged(sight), sight) for sight in self._seen(source)]
        judged.sort(key=lambda one: one[0] is None)
        if number >= len(judged):
            fault = f"has no key {number + 1}; keys found: {len(judged)}"
            raise BadPhoto(name_of(source), fault=fault, remedy="look at it as a whole, or at another key")
        key, sight = judged[number]
        said = NOT_A_KEY if key is None else key.kind or NOT_SURE
        assert sight.answer.maps is not None  # noqa: S101 - the card says so, and loading checked the card
        maps = {kind: sight.answer.maps[..., place] for place, kind in enumerate(self.kinds)}
        return Explanation(name_of(source), said, _by_kind(self.kinds, sight.answer), maps, sight.shown())

    def _seen(self, source: Source) -> list["_Sight"]:
        """Return what is looked at in a photo, and what the model says of it."""
        source = fetch(source)
        if self.detector is None:
            picture = load_pixels(source, at_least=SIZE)
            answer = self.model.run(decode.resize(picture.pixels, SIZE))
            width, height = float(picture.width), float(picture.height)
            box = (0.0, 0.0), (width, 0.0), (width, height), (0.0, height)
            return [_Sight(answer, box, None, None, lambda: load_pixels(source, at_least=SHARP).pixels)]
        pieces = crop_keys(lambda least: load_pixels(source, at_least=least), self.detector)
        answers = self.model.answers([piece.crop for piece in pieces])
        return list(map(_sight_of, pieces, answers))

    def _judged(self, sight: "_Sight") -> Key | None:
        """Return what is said of a key, or None where it is too unlike every key."""
        card = self.model.card
        limit, novelty = card.ood_threshold, sight.answer.novelty
        if limit is not None and novelty is not None and novelty > limit:
            return None
        probabilities = _by_kind(self.kinds, sight.answer)
        best = max(probabilities, key=probabilities.__getitem__)
        kind = best if probabilities[best] >= card.confidence_threshold else None
        return Key(kind, probabilities[best], probabilities, sight.box, sight.head, sight.tip)


def shipped_model() -> Path:
    """Return the model file that comes with keykind. Raises BadModel if this version has none."""
    if not SHIPPED.is_file():
        raise BadModel("model", fault="none comes with this version of keykind", remedy="give a model file")
    return SHIPPED


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """A part of a photo that was looked at, and what the model says of it."""

    answer: Answer
    box: tuple[Point, ...]
    head: Point | None
    tip: Point | None
    shown: Callable[[], Crop]  # what an explanation is drawn on


def _sight_of(piece: KeyCrop, answer: Answer) -> _Sight:
    found = piece.found
    head, tip, *box = (_point(place) for place in (found.head, found.tip, *found.box))
    return _Sight(answer, tuple(box), head, tip, lambda: piece.shown(SHARP // 2))


def _point(place: Points) -> Point:
    x, y = place.tolist()
    return round(x, 1), round(y, 1)


def _by_kind(kinds: tuple[str, ...], answer: Answer) -> dict[str, float]:
    """Return kind -> probability; rounding in a small file may have brought one a little out of 0..1."""
    return dict(zip(kinds, map(float, np.clip(answer.probabilities, 0, 1)), strict=True))
