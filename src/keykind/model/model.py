"""The model file: one .tflite with the network, its class names and its card.

In:    the file's bytes, from an untrusted source; crops (224, 224, 3) uint8
Out:   Model, Card, Answer; or BadModel. And back: flatbuffer + Card -> the file's bytes
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

A file is a TFLite flatbuffer followed by a zip of two members: labels.txt (one kind per line, as MediaPipe
expects) and card.json. Hashes detect damage, not forgery: a file is never trusted, and only the operators in
`allowed_ops` are run.
"""

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadModel, printable
from keykind.core.parallel import short_map
from keykind.model import shipped
from keykind.model.appended_zip import build_zip, read_zip
from keykind.model.card import CARD, EXPORT_AGAIN, LABELS, SIZE, WHOLE, Card, labels, read_card, write_card
from keykind.model.head import Floats
from keykind.model.interpreter import IDENTIFIER, InterpreterPool
from keykind.model.preprocess import Crop
from keykind.photo.decode import RESIZE

__all__ = ["GRID", "Answer", "Card", "Model", "load_model", "pack", "read_model_file", "unpack"]

GRID = 7  # side of a class map
MAX_BYTES = 200_000_000  # of a file; MobileNetV2 has 9 million, the largest backbone 24 million
TOLERANCE = 0.01  # of probabilities outside 0..1; int8 has a resolution of 1/256
CERTAIN_PROBABILITY = 0.9  # probability from which an answer is not averaged with that for the mirror image
CERTAIN_OOD = 0.8  # thresholds of the OOD score up to which it is not
# What LiteRT raises for a network that it cannot run, mostly the first three.
_RUN_ERRORS = (RuntimeError, ValueError, MemoryError, IndexError, TypeError)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The outputs of the network for one crop."""

    probabilities: Floats  # (c,), sum to 1
    maps: Floats | None  # (7, 7, c), >= 0: the evidence for each kind at each position
    ood_score: float | None  # 0..2; above card.ood_threshold the crop shows no key
    features: Floats | None = None  # (card.features,): the appearance of the crop, for predict/prototypes.py


class Model:
    """A network that is ready to run. Thread-safe."""

    def __init__(self, flatbuffer: bytes, card: Card, name: str | Path, digest: str | None = None) -> None:
        """Take what `unpack` returns, and the file's SHA-256. Raises BadModel if LiteRT cannot run it."""
        self.card = card
        self.name = printable(name)
        self.digest = digest or hashlib.sha256(flatbuffer + repr(card).encode()).hexdigest()
        self._flatbuffer = flatbuffer
        self._outputs = _outputs(card)
        self._pool = InterpreterPool(flatbuffer, _allocate)
        try:
            self._pool.warm_up()
        except _RUN_ERRORS as error:
            raise self._error(error) from error

    @cached_property
    def network(self) -> str:
        """Return the SHA-256 of the network alone: features of different networks do not compare."""
        return hashlib.sha256(self._flatbuffer).hexdigest()

    def run(self, crop: Crop) -> Answer:
        """Return the outputs for a crop (224, 224, 3) uint8.

        Raises BadModel if the network fails or gives invalid outputs, ValueError for any other shape or type.
        """
        if crop.shape != (SIZE, SIZE, 3) or crop.dtype != np.uint8:
            raise ValueError(f"expected a crop ({SIZE}, {SIZE}, 3) uint8, got {crop.shape} {crop.dtype}")
        try:
            arrays = self._pool.run(crop)
        except _RUN_ERRORS as error:
            raise self._error(error) from error
        return self._answer({self._outputs.get(array.shape, "unknown"): array[0] for array in arrays})

    def predict(self, crops: Sequence[Crop]) -> list[Answer]:
        """Return the answer for each crop; for a key, unless certain, the mean with its mirror image.

        A key mirrored along its axis is of the same kind, and the network was trained on both.
        """
        answers = short_map(self.run, crops)
        if self.card.crop == WHOLE:
            return answers
        doubtful = [i for i, answer in enumerate(answers) if not self._is_certain(answer)]
        mirrored = short_map(self.run, [np.ascontiguousarray(crops[i][::-1]) for i in doubtful])
        for i, mirror_image in zip(doubtful, mirrored, strict=True):
            answers[i] = _mean(answers[i], mirror_image)
        return answers

    def _is_certain(self, answer: Answer) -> bool:
        """Return whether the mirror image would hardly change an answer."""
        limit = self.card.ood_threshold
        known = limit is None or answer.ood_score is None or answer.ood_score < CERTAIN_OOD * limit
        return bool(answer.probabilities.max() >= CERTAIN_PROBABILITY and known)

    def _answer(self, outputs: dict[str, Floats]) -> Answer:
        # LiteRT may have computed other shapes than the file declares.
        if "unknown" in outputs or "probabilities" not in outputs:
            raise self._error(
                f"its outputs are {', '.join(f'{name} {array.shape}' for name, array in outputs.items())}"
            )
        probabilities, ood_score = outputs["probabilities"], outputs.get("novelty")
        in_range = probabilities.min() >= -TOLERANCE and probabilities.max() <= 1 + TOLERANCE
        if not in_range or not all(np.isfinite(array).all() for array in outputs.values()):
            raise self._error("its outputs are not probabilities")
        features = outputs.get("features")
        return Answer(
            probabilities,
            outputs.get("maps"),
            None if ood_score is None else float(ood_score[0]),
            None if features is None else features.reshape(-1),
        )

    def _error(self, reason: Exception | str) -> BadModel:
        text = (str(reason) or type(reason).__name__).splitlines()[0][:200]
        return BadModel(self.name, fault=f"holds a network that cannot be run ({text})", remedy=EXPORT_AGAIN)


def _mean(answer: Answer, mirrored: Answer) -> Answer:
    """Return the mean of the answers for a key and for its mirror image."""

    def mean(a: Any, b: Any) -> Any:
        return None if a is None else (a + b) / 2

    maps = None if mirrored.maps is None else mirrored.maps[::-1]
    return Answer(
        mean(answer.probabilities, mirrored.probabilities),
        mean(answer.maps, maps),
        mean(answer.ood_score, mirrored.ood_score),
        mean(answer.features, mirrored.features),
    )


def _allocate(interpreter: Any) -> None:
    """Allocate the tensors. Raises ValueError if LiteRT computes shapes unlike those declared in the file.

    A network with wrong shapes could use any amount of memory, but it does not before it is first run.
    """
    declared = [detail["shape"].tolist() for detail in interpreter.get_tensor_details()]
    interpreter.allocate_tensors()
    # LiteRT appends tensors of its own, hence strict=False.
    for shape, detail in zip(declared, interpreter.get_tensor_details(), strict=False):
        if shape != detail["shape"].tolist():
            raise ValueError(f"a tensor of shape {detail['shape'].tolist()} is declared as {shape}")


def load_model(path: str | Path) -> Model:
    """Return the model in a file, ready to run. Raises BadModel."""
    data = read_model_file(path)
    digest = hashlib.sha256(data).hexdigest()
    flatbuffer, card = _split(data, path)
    if not shipped.is_bundled(shipped.CLASSIFIER, digest):
        _check_signature(flatbuffer, card, path)
    return Model(flatbuffer, card, path, digest)


def read_model_file(path: str | Path) -> bytes:
    """Return the bytes of a file, for `unpack`. Raises BadModel if it cannot be read or is too large."""
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading from a pipe could block for ever
            actual = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise BadModel(path, fault=f"is {actual}, not a file", remedy="give the path of a .tflite file")
        if status.st_size > MAX_BYTES:
            raise _too_large(status.st_size, path)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else None
        fault = f"cannot be read ({reason or error})"
        raise BadModel(path, fault=fault, remedy="check the name, the folder and the permissions") from error


def pack(flatbuffer: bytes, card: Card) -> bytes:
    """Return the bytes of a model file; the same arguments give the same bytes.

    Raises BadModel if `unpack` would reject them, e.g. because the card does not match the network.
    """
    data = _assemble(flatbuffer, card)
    unpack(data, "the new model")
    return data


def unpack(data: bytes, name: str | Path) -> tuple[bytes, Card]:
    """Return a model file's flatbuffer and card, both validated; `name` is what an error calls the file.

    Raises BadModel for any bytes that `pack` could not have written. Does not run the network.
    """
    flatbuffer, card = _split(data, name)
    _check_signature(flatbuffer, card, name)
    return flatbuffer, card


def _split(data: bytes, name: str | Path) -> tuple[bytes, Card]:
    """Return flatbuffer and card like `unpack`, with the network itself unchecked. Raises BadModel."""
    if len(data) > MAX_BYTES:
        raise _too_large(len(data), name)
    if data[4:8] != IDENTIFIER:
        start = printable(data[:16].decode("latin-1"))
        fault = f"is not a model file (starts with '{start}'; {len(data):,} bytes)"
        raise BadModel(name, fault=fault, remedy="use a .tflite file that keykind exported")
    members, offset = read_zip(data, name)
    flatbuffer = data[:offset]
    card = read_card(members.get(CARD, b""), flatbuffer, RESIZE, name)
    if list(members) != [LABELS, CARD] or data[offset:] != build_zip(members, offset):
        raise BadModel(name, fault="ends in a zip that keykind did not write", remedy=EXPORT_AGAIN)
    if members[LABELS] != labels(card):
        fault = f"has a {LABELS} that differs from the {len(card.kinds)} kinds of its card"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)
    return flatbuffer, card


def _outputs(card: Card) -> dict[tuple[int, ...], str]:
    """Return the names of the outputs that a network with this card may have, by shape."""
    kinds = len(card.kinds)
    outputs: dict[tuple[int, ...], str] = {(1, kinds): "probabilities", (1, 1): "novelty"}
    maps = {(1, GRID, GRID, kinds): "maps"} if card.maps else {}
    return outputs | maps | ({} if card.features is None else {(1, 1, 1, card.features): "features"})


def _check_signature(flatbuffer: bytes, card: Card, name: str | Path) -> None:
    from keykind.model.flatbuffer import read_signature  # noqa: PLC0415 - slow, and not for the bundled file

    signature = read_signature(flatbuffer, name)
    inputs = [(tensor.type, tensor.shape) for tensor in signature.inputs]
    if inputs != [("uint8", (1, SIZE, SIZE, 3))]:
        fault = f"takes {_describe(inputs)} instead of uint8 [1, {SIZE}, {SIZE}, 3]"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)
    outputs = [(tensor.type, tensor.shape) for tensor in signature.outputs]
    expected = [("float32", shape) for shape in _outputs(card)]
    optional = [("float32", (1, 1))] if card.ood_threshold is None else []
    if sorted(outputs) not in (sorted(expected), sorted(set(expected) - set(optional))):
        needed = f"its card of {len(card.kinds)} kinds needs {_describe(expected)}"
        fault = f"outputs {_describe(outputs)}, but {needed}"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)


def _describe(tensors: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{dtype} {list(shape)}" for dtype, shape in tensors) or "nothing"


def _too_large(count: int, name: str | Path) -> BadModel:
    fault = f"has {count:,} bytes, more than the limit of {MAX_BYTES:,}"
    return BadModel(name, fault=fault, remedy="use a .tflite file that keykind exported")


def _assemble(flatbuffer: bytes, card: Card) -> bytes:
    try:
        members = {LABELS: labels(card), CARD: write_card(card, flatbuffer, RESIZE)}
    except (TypeError, ValueError) as error:
        raise BadModel(
            CARD, fault=f"cannot represent this card ({error})", remedy="use JSON values"
        ) from error
    return flatbuffer + build_zip(members, len(flatbuffer))
