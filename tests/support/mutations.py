"""A file -> files that differ from it in a few bytes: what damage does, and what an attacker would try.

In:    the file's bytes, a random generator
Out:   other bytes; model files whose hashes agree with them all the same
"""

import numpy as np

from keykind.model.card import Card
from keykind.model.model import _sealed

EXTREMES = (
    0,
    1,
    2,
    4,
    255,
    1000,
    0x7FFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)  # numbers that break arithmetic
MOST = 4  # places that are changed


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return `data` with up to MOST changes: bits, bytes, numbers, parts copied, put in or lost."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, MOST + 1)):
        if len(changed) > 8:
            place, other = (int(at) for at in rng.integers(0, len(changed) - 4, 2))
            CHANGES[rng.integers(len(CHANGES))](changed, place, other, rng)
    return bytes(changed)


def _flip(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    data[place] ^= 1 << int(rng.integers(8))


def _replace(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    data[place] = int(rng.integers(256))


def _overflow(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    aligned = place & ~3
    data[aligned : aligned + 4] = int(rng.choice(EXTREMES)).to_bytes(4, "little")


def _copy(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    data[place : place + 4] = data[other : other + 4]


def _put_in(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    data[place:place] = data[other : other + int(rng.geometric(0.05))]


def _lose(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    del data[place : place + int(rng.geometric(0.05))]


def _cut(data: bytearray, place: int, other: int, rng: np.random.Generator) -> None:
    del data[place:]


CHANGES = (_flip, _replace, _overflow, _copy, _put_in, _lose, _cut)


def resealed(flatbuffer: bytes, card: Card, rng: np.random.Generator) -> bytes:
    """Return a model file of a mutated flatbuffer, of the same length, whose hashes are right."""
    changed = mutated(flatbuffer, rng)
    return _sealed(changed[: len(flatbuffer)].ljust(len(flatbuffer), b"\0"), card)
