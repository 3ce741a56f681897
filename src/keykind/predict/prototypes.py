"""Recognise one's own keys by their appearance: features of a few photos of each -> which of them a key is.

In:    features of crops, as `Key.features` has them; the SHA-256 of the network that they are from
Out:   Prototype of a key; Match: the key, or none of them
Needs: numpy

Appearance only: shape, colour, material and marks as the network sees them. Nothing is measured, and no depth
of a cut is computed or stored. The app does the same in web/src/core/prototypes.ts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keykind.core.errors import KeykindError

SCHEMA = 1  # of a prototype as JSON
MIN_PHOTOS, MAX_PHOTOS = 3, 5  # of a key that are asked for; both faces, on different grounds
MAX_VECTORS = 32  # of one prototype, e.g. from a file
MAX_FEATURES = 4096  # numbers of one vector, as in a model's card
LEAST_SIMILARITY = 0.55  # below it a key is none of those that were enrolled; see docs/my-keys.md
RIVALS = 3  # photos of one's other keys that are most similar to a key
USUAL_RIVAL, CROWDING = 0.4, 0.8  # their similarity that needs no correction; the correction for each 1 above
MAX_CROWDING = 0.32  # so that a key that was enrolled twice is still recognised
DIGITS = 4  # of a number in JSON
MIN_LENGTH = 1e-6  # of a vector, before it is divided by its length

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Prototype:
    """What is kept of the photos of one key."""

    network: str  # SHA-256 of the network (Model.network): features of another do not compare
    vectors: Floats  # (photos, n), unit length

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        vectors = np.round(self.vectors.astype(float), DIGITS).tolist()
        return {"schema": SCHEMA, "network": self.network, "vectors": vectors}


@dataclass(frozen=True, slots=True)
class Match:
    """How a key compares with the prototypes."""

    index: int | None  # of the prototype that it is; None: none of them
    nearest: int | None  # of the most similar prototype, even if it is too unlike; None: none can be compared
    similarity: float  # to the nearest, less its `crowding`
    margin: float  # by which the next most similar prototype is less similar, 0..2


def enrol(vectors: Sequence[ArrayLike], network: str) -> Prototype:
    """Return the prototype of a key from the features (n,) of photos of it, and their network.

    3 to 5 photos are best, of both faces, on different grounds and in different light.
    Raises KeykindError if there are none, or they are no finite vectors of one length.
    """
    if not 1 <= len(vectors) <= MAX_VECTORS:
        remedy = f"give {MIN_PHOTOS} to {MAX_PHOTOS} photos of the key"
        raise KeykindError("key", fault=f"has features of {len(vectors)} photos", remedy=remedy)
    arrays = [np.asarray(vector, np.float32) for vector in vectors]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or arrays[0].ndim != 1 or not 1 <= arrays[0].size <= MAX_FEATURES:
        fault = f"has features of the shapes {', '.join(map(str, sorted(shapes)))}"
        raise KeykindError("key", fault=fault, remedy="give vectors of one length, from one model")
    if not all(np.isfinite(array).all() for array in arrays):
        fault = "has features that are not finite"
        raise KeykindError("key", fault=fault, remedy="compute them again with the model")
    return Prototype(network, np.stack([_unit(array) for array in arrays]))


def match(
    vector: ArrayLike,
    prototypes: Sequence[Prototype],
    network: str,
    least_similarity: float = LEAST_SIMILARITY,
) -> Match:
    """Return which prototype a key with these features (n,) is, or that it is none of them.

    Prototypes of another network are ignored. The default of `least_similarity` was fitted to the bundled
    model. Raises KeykindError if the length of the vector differs from that of a prototype of its network.
    """
    unit = _unit(np.asarray(vector, np.float32))
    compared = [(i, prototype) for i, prototype in enumerate(prototypes) if prototype.network == network]
    if not compared:
        return Match(None, None, -1.0, 0.0)
    known = [prototype for _, prototype in compared]
    similarities = {i: similarity(unit, prototype) - crowding(prototype, known) for i, prototype in compared}
    order = sorted(similarities, key=lambda i: -similarities[i])
    best = similarities[order[0]]
    margin = best - (similarities[order[1]] if len(order) > 1 else -1.0)
    return Match(order[0] if best >= least_similarity else None, order[0], best, margin)


def similarity(unit: Floats, prototype: Prototype) -> float:
    """Return how similar a vector (n,) of unit length is to a prototype, -1..1.

    The mean of two cosines: with the nearest photo, and with the mean of all photos.
    """
    if unit.shape != prototype.vectors.shape[1:]:
        fault = f"has {unit.size} features instead of {prototype.vectors.shape[1]}"
        raise KeykindError("key", fault=fault, remedy="compute them with the model of the prototype")
    nearest = float((prototype.vectors @ unit).max())
    return (nearest + float(_unit(prototype.vectors.mean(axis=0)) @ unit)) / 2


def crowding(prototype: Prototype, prototypes: Sequence[Prototype]) -> float:
    """Return by how much similarities to a prototype are too high, since one's other keys resemble it, too.

    Where all photos have the same ground and light, or all keys one shape, even an unknown key is similar.
    Normalises scores by those of a cohort (Z-norm, known from speaker verification): here one's other keys.
    """
    rivals = [
        similarity(vector, prototype)
        for other in prototypes
        if other is not prototype
        for vector in other.vectors
    ]
    if not rivals:
        return 0.0
    level = float(np.mean(sorted(rivals)[-RIVALS:]))
    return min(max(CROWDING * (level - USUAL_RIVAL), 0.0), MAX_CROWDING)


def from_json(entries: Any) -> Prototype:
    """Return the prototype that `as_json` gave. Raises KeykindError for anything else."""
    try:
        vectors = [np.array(vector, np.float32) for vector in entries["vectors"]]
        schema, network = entries["schema"], str(entries["network"])
    except (KeyError, TypeError, ValueError) as error:
        fault = f"is not a prototype ({type(error).__name__}: {error})"
        raise KeykindError("prototype", fault=fault, remedy="enrol the key again") from error
    if schema != SCHEMA:
        fault = f"has schema {schema!r}; this version reads {SCHEMA}"
        raise KeykindError("prototype", fault=fault, remedy="enrol the key again")
    return enrol(vectors, network)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(math.sqrt(float(vector @ vector)), MIN_LENGTH), np.float32)
