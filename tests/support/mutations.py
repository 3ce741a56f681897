"""Random mutations of a file: what damage does, and what an attacker would try.

In:    the file's bytes, a random generator
Out:   other bytes; model files whose hashes are valid all the same
"""

import numpy as np

from keykind.model.card import Card
from keykind.model.model import _assemble

# Numbers that tend to break arithmetic.
EXTREMES = (0, 1, 2, 4, 255, 1000, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MAX_MUTATIONS = 4  # per file


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Return `data` with 1 to MAX_MUTATIONS changes: bits, bytes, numbers, copied or deleted parts."""
    mutated = bytearray(data)
    for _ in range(rng.integers(1, MAX_MUTATIONS + 1)):
        if len(mutated) > 8:
            position, source = (int(i) for i in rng.integers(0, len(mutated) - 4, 2))
            MUTATIONS[rng.integers(len(MUTATIONS))](mutated, position, source, rng)
    return bytes(mutated)


def _flip_bit(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    data[position] ^= 1 << int(rng.integers(8))


def _replace_byte(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    data[position] = int(rng.integers(256))


def _write_extreme(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    aligned = position & ~3
    data[aligned : aligned + 4] = int(rng.choice(EXTREMES)).to_bytes(4, "little")


def _copy(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    data[position : position + 4] = data[source : source + 4]


def _insert(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    data[position:position] = data[source : source + int(rng.geometric(0.05))]


def _delete(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    del data[position : position + int(rng.geometric(0.05))]


def _truncate(data: bytearray, position: int, source: int, rng: np.random.Generator) -> None:
    del data[position:]


MUTATIONS = (_flip_bit, _replace_byte, _write_extreme, _copy, _insert, _delete, _truncate)


def mutate_and_seal(flatbuffer: bytes, card: Card, rng: np.random.Generator) -> bytes:
    """Return a model file with a mutated flatbuffer of the same length and valid hashes."""
    mutated = mutate(flatbuffer, rng)
    return _assemble(mutated[: len(flatbuffer)].ljust(len(flatbuffer), b"\0"), card)
