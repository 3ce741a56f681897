"""What the scan found out about each photo, and as bytes for the cache.

In:    a Sample or a read error; the regions seen in a photo and the decision about each
Out:   Measured and Seen, small enough to keep for all photos; bytes, and back
Needs: numpy, pillow
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vector = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a photo's file is, whatever it shows."""

    error: str | None = None  # why it cannot be read; the rest is then 0
    sha256: str = ""  # of the file's bytes
    width: int = 0  # px of the upright photo
    height: int = 0
    sharpness: float = 0.0  # as of dataset.samples
    brightness: float = 0.0  # 0..1
    clipped: float = 0.0  # share of black and white pixels
    damage: str | None = None

    def to_bytes(self) -> bytes:
        """Return the bytes that `measured_from` reads."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Found:
    """Something detected in a photo and taken for a key."""

    head: tuple[float, float]  # px of the upright photo
    tip: tuple[float, float]
    width: float  # across the line from head to tip, px
    score: float  # of the detection, 0..1

    @property
    def length(self) -> float:
        """The distance from head to tip, px."""
        return float(np.hypot(self.tip[0] - self.head[0], self.tip[1] - self.head[1]))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a model says about a photo."""

    kind: str | None = None  # None: not known, or no key
    reason: str | None = None  # why the kind is not known, in words
    probabilities: Floats | None = None  # (c,) of the model's kinds; None: nothing was detected
    ood: float | None = None  # out-of-distribution score; None: the model has none
    sharpness: float | None = None  # of the key, as of detect.sharpness; None: there is no detector
    found: tuple[Found, ...] = ()  # highest score first
    features: Vector | None = None  # (k,) of the key's appearance; None: the model gives none

    def to_bytes(self) -> bytes:
        """Return the bytes that `seen_from` reads."""
        probabilities = (
            None if self.probabilities is None else [round(p, 5) for p in map(float, self.probabilities)]
        )
        values = {
            "kind": self.kind,
            "reason": self.reason,
            "probabilities": probabilities,
            "ood": self.ood,
            "sharpness": self.sharpness,
            "found": [[*found.head, *found.tip, found.width, found.score] for found in self.found],
            "features": None if self.features is None else base64.b64encode(self.features.tobytes()).decode(),
        }
        return json.dumps(values).encode()


def measured_from(data: bytes) -> Measured:
    """Return what `to_bytes` wrote."""
    return Measured(**json.loads(data))


def seen_from(data: bytes) -> Seen:
    """Return what `to_bytes` wrote."""
    values: dict[str, Any] = json.loads(data)
    features, probabilities = values["features"], values["probabilities"]
    return Seen(
        values["kind"],
        values["reason"],
        None if probabilities is None else np.array(probabilities, np.float32),
        values["ood"],
        values["sharpness"],
        tuple(Found((a, b), (c, d), width, score) for a, b, c, d, width, score in values["found"]),
        None if features is None else np.frombuffer(base64.b64decode(features), np.float16),
    )
