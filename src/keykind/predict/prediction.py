"""What is predicted for a photo: its keys, what was refused, or why it could not be read.

In:    what predict/recogniser.py finds
Out:   Prediction, Key, Candidate; JSON values
Needs: numpy, pillow
"""

import math
from dataclasses import dataclass, field
from typing import Any

from keykind.model.head import Floats
from keykind.predict.regions import Point
from keykind.predict.wording import NOT_A_KEY

DIGITS = 4  # of a probability in JSON and tables

ANSWERED, NOT_SURE, UNREADABLE = "answered", "not sure", "unreadable"
VERDICTS = ANSWERED, NOT_SURE, NOT_A_KEY, UNREADABLE


def rounded_down(probability: float) -> str:
    """Return a probability as text with two digits, never above a threshold that it is below."""
    return f"{math.floor(100 * probability + 1e-4) / 100:.2f}"  # float32 may be below by 1e-7


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a photo."""

    kind: str | None  # None: not known
    probability: float  # that it is of the most probable kind
    probabilities: dict[str, float]  # kind -> 0..1, in the model's order; the rest to 1: anything else
    box: tuple[Point, ...]  # four corners
    head: Point | None  # None: the whole photo was classified
    tip: Point | None
    reason: str | None = None  # why the kind is not known, one of keykind.model.decision.REASONS
    seconds: tuple[float, float] | None = None  # in a video: when it is first and last seen
    features: Floats | None = field(default=None, compare=False, repr=False)  # (n,) for predict/prototypes.py

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, probabilities rounded."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "probability": round(self.probability, DIGITS),
            "probabilities": {kind: round(value, DIGITS) for kind, value in self.probabilities.items()},
            "box": [list(corner) for corner in self.box],
            "head": self.head and list(self.head),
            "tip": self.tip and list(self.tip),
            **({} if self.seconds is None else {"seconds": [round(time, 2) for time in self.seconds]}),
        }


@dataclass(frozen=True, slots=True)
class Candidate(Key):
    """Something that was seen in a photo and is not taken for a key; its kind is None."""

    why: str = ""  # one of keykind.model.decision.REFUSALS
    key_probability: float = 0.0  # that it is a key
    score: float | None = None  # of the detection; None: the whole photo was classified

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, probabilities rounded."""
        return Key.as_json(self) | {
            "why": self.why,
            "key_probability": round(self.key_probability, DIGITS),
            "score": None if self.score is None else round(self.score, DIGITS),
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """The keys of one photo, or why it could not be read."""

    photo: str  # name
    keys: tuple[Key, ...]  # highest score first; empty: nothing like a key was seen, or it could not be read
    error: str | None = None  # why it could not be read, and what to do
    transient: bool = False  # whether the error is transient, e.g. a network failure
    width: int | None = None  # px of the upright photo; None: it could not be read
    height: int | None = None
    candidates: tuple[Candidate, ...] = ()  # what was seen but is not taken for a key, highest score first
    damaged: str | None = None  # what is wrong with the photo's data, although it is answered

    @property
    def verdict(self) -> str:
        """Return one of VERDICTS; a photo is answered if the kind of at least one key is known."""
        if self.error is not None:
            return UNREADABLE
        if not self.keys:
            return NOT_A_KEY
        return ANSWERED if any(key.kind is not None for key in self.keys) else NOT_SURE

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "photo": self.photo,
            "keys": [key.as_json() for key in self.keys],
            "error": self.error,
            "width": self.width,
            "height": self.height,
            "candidates": [candidate.as_json() for candidate in self.candidates],
            "damaged": self.damaged,
        }
