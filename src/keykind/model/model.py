"""The model file: one .tflite that holds the network, its kinds and its card.

In:    the file's bytes, from anyone; crops (224, 224, 3) uint8
Out:   Model, Card, Answer; or BadModel. And back: flatbuffer + Card -> the file's bytes
Needs: numpy, ai-edge-litert

A file is a TFLite flatbuffer and, behind it, a zip of two members: labels.txt (a kind a line, as MediaPipe
reads it) and card.json. Hashes tell damage, not forgery: nothing in a file is trusted, and nothing of it runs
but the operations that `flatbuffer` lists.
"""

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadModel, printable
from keykind.core.files import DAMAGE
from keykind.core.parallel import ordered
from keykind.model.card import EXPORT_AGAIN, LABELS, SIZE, WHOLE, Card, labels, read_card, write_card
from keykind.model.flatbuffer import IDENTIFIER, read_signature
from keykind.model.head import Floats
from keykind.model.interpreter import InterpreterPool
from keykind.model.preprocess import Crop
from keykind.photo.decode import RESIZE

__all__ = ["GRID", "Answer", "Card", "Model", "load_file", "load_model", "pack", "unpack"]

GRID = 7  # places of a class map along each side
CARD = "card.json"  # the zip's members are LABELS and this, in this order
MAX_BYTES = 200_000_000  # of a file; MobileNetV2 has 9 million, the largest backbone 24
MAX_ZIP = 1_000_000  # bytes of the zip: 1000 kinds and a long card
ROUNDING = 0.01  # how far a probability may leave 0..1: int8 tells it to 1/256
# LiteRT's words for a network it cannot run come as the first three.
_RUN_FAULTS = (RuntimeError, ValueError, MemoryError, IndexError, TypeError)

_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_NEEDS = 20  # of the zip format: 2.0
_MADE_BY = 3 << 8 | _NEEDS  # Unix, for the rights
_DAY = 1 << 5 | 1  # 1 January 1980, the first that a zip can tell: the same model gives the same bytes
_RIGHTS = 0o100644 << 16  # a file that its owner may write and everyone may read


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network says of one crop."""

    probabilities: Floats  # (c,), sum to 1
    maps: Floats | None  # (7, 7, c), >= 0: where the evidence for each kind stands
    novelty: float | None  # how unlike the keys it was trained on


class Model:
    """A network that is ready to run. Threads may share it."""

    def __init__(self, flatbuffer: bytes, card: Card, name: Path | str) -> None:
        """Take what `unpack` returned. Raises BadModel if LiteRT refuses it."""
        self.card = card
        self.name = printable(name)
        self.digest = hashlib.sha256(flatbuffer + repr(card).encode()).hexdigest()
        self._outputs = _outputs(card)
        self._runner = InterpreterPool(flatbuffer, _allocate)
        try:
            self._runner.prepare()
        except _RUN_FAULTS as error:
            raise self._fault(error) from error

    def run(self, crop: Crop) -> Answer:
        """Return what the network says of a crop (224, 224, 3) uint8. Safe in threads.

        Raises BadModel if it cannot say, ValueError for a crop of another shape or type.
        """
        if crop.shape != (SIZE, SIZE, 3) or crop.dtype != np.uint8:
            raise ValueError(f"expected a crop ({SIZE}, {SIZE}, 3) uint8, got {crop.shape} {crop.dtype}")
        try:
            arrays = self._runner.run(crop)
        except _RUN_FAULTS as error:
            raise self._fault(error) from error
        return self._answer({self._outputs.get(array.shape, "unknown"): array[0] for array in arrays})

    def answers(self, crops: Sequence[Crop]) -> list[Answer]:
        """Return what `run` does for each crop; of keys cut out the mean for a crop and its mirror image.

        Mirrored along its axis a key is of the same kind, and the network learned from both.
        """
        if self.card.crop == WHOLE:
            return list(ordered(self.run, crops))
        mirrored = (np.ascontiguousarray(crop[::-1]) for crop in crops)
        both = list(ordered(self.run, chain.from_iterable(zip(crops, mirrored, strict=True))))
        return list(map(_mean, both[::2], both[1::2]))

    def _answer(self, outputs: dict[str, Floats]) -> Answer:
        if "unknown" in outputs or "probabilities" not in outputs:  # the file's shapes are not those computed
            raise self._fault(
                f"it gives {', '.join(f'{name} {array.shape}' for name, array in outputs.items())}"
            )
        probabilities, novelty = outputs["probabilities"], outputs.get("novelty")
        inside = probabilities.min() >= -ROUNDING and probabilities.max() <= 1 + ROUNDING
        if not inside or not all(np.isfinite(array).all() for array in outputs.values()):
            raise self._fault("what it gives are no probabilities")
        return Answer(probabilities, outputs.get("maps"), None if novelty is None else float(novelty[0]))

    def _fault(self, why: Exception | str) -> BadModel:
        text = (str(why) or type(why).__name__).splitlines()[0][:200]
        return BadModel(self.name, fault=f"holds a network that cannot be run ({text})", remedy=EXPORT_AGAIN)


def _mean(one: Answer, mirrored: Answer) -> Answer:
    """Return the mean of what was said of a key and of its mirror image."""

    def between(first: Any, second: Any) -> Any:
        return None if first is None else (first + second) / 2

    back = None if mirrored.maps is None else mirrored.maps[::-1]
    novelty = between(one.novelty, mirrored.novelty)
    return Answer(between(one.probabilities, mirrored.probabilities), between(one.maps, back), novelty)


def _allocate(interpreter: Any) -> None:
    """Give the tensors their places. Raises ValueError if the shapes in the file are not those computed.

    With such lies a network takes any memory it likes, but none of it before it first runs.
    """
    told = [detail["shape"].tolist() for detail in interpreter.get_tensor_details()]
    interpreter.allocate_tensors()
    for one, detail in zip(
        told, interpreter.get_tensor_details(), strict=False
    ):  # LiteRT adds some of its own
        if one != detail["shape"].tolist():
            raise ValueError(f"a tensor of {detail['shape'].tolist()} is said to be {one}")


def load_model(path: Path) -> Model:
    """Return the model in a file, ready to run. Raises BadModel."""
    flatbuffer, card = unpack(load_file(path), path)
    return Model(flatbuffer, card, path)


def load_file(path: Path) -> bytes:
    """Return the bytes of a file, for `unpack`. Raises BadModel if it cannot be read or is too long."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe could keep us waiting for ever
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise BadModel(path, fault=f"is {what}, not a file", remedy="give the .tflite file itself")
        if status.st_size > MAX_BYTES:
            raise _too_long(status.st_size, path)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        why = error.strerror if isinstance(error, OSError) else None
        fault = f"cannot be read ({why or error})"
        raise BadModel(path, fault=fault, remedy="check the name, the folder and your rights") from error


def pack(flatbuffer: bytes, card: Card) -> bytes:
    """Return the bytes of a model file; the same arguments give the same bytes.

    Raises BadModel if `unpack` would refuse them: if the card and the network do not agree, for example.
    """
    data = _sealed(flatbuffer, card)
    unpack(data, "the new model")
    return data


def unpack(data: bytes, name: Path | str) -> tuple[bytes, Card]:
    """Return a model file's flatbuffer and card, both checked; `name` is what an error calls the file.

    Raises BadModel for anything but bytes that `pack` could have written. Runs nothing of them.
    """
    if len(data) > MAX_BYTES:
        raise _too_long(len(data), name)
    if data[4:8] != IDENTIFIER:
        sign = printable(data[:16].decode("latin-1"))
        fault = f"is not a model file (starts with '{sign}'; {len(data):,} bytes)"
        raise BadModel(name, fault=fault, remedy="give a .tflite file that keykind exported")
    members, start = _members(data, name)
    flatbuffer = data[:start]
    card = read_card(members.get(CARD, b""), flatbuffer, RESIZE, name)
    if list(members) != [LABELS, CARD] or data[start:] != _zipped(members, start):
        raise BadModel(name, fault="has a zip at its end that keykind did not write", remedy=EXPORT_AGAIN)
    if members[LABELS] != labels(card):
        fault = f"has a {LABELS} that does not list the {len(card.kinds)} kinds of its card"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)
    _check_signature(flatbuffer, card, name)
    return flatbuffer, card


def _outputs(card: Card) -> dict[tuple[int, ...], str]:
    """Return what a network with this card may give, by shape."""
    kinds = len(card.kinds)
    outputs = {(1, kinds): "probabilities", (1, 1): "novelty"}
    return outputs | ({(1, GRID, GRID, kinds): "maps"} if card.maps else {})


def _check_signature(flatbuffer: bytes, card: Card, name: Path | str) -> None:
    signature = read_signature(flatbuffer, name)
    taken = [(tensor.type, tensor.shape) for tensor in signature.inputs]
    if taken != [("uint8", (1, SIZE, SIZE, 3))]:
        fault = f"takes {_told(taken)} instead of uint8 [1, {SIZE}, {SIZE}, 3]"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)
    given = [(tensor.type, tensor.shape) for tensor in signature.outputs]
    wanted = [("float32", shape) for shape in _outputs(card)]
    may_lack = [("float32", (1, 1))] if card.ood_threshold is None else []
    if sorted(given) not in (sorted(wanted), sorted(set(wanted) - set(may_lack))):
        fault = f"gives {_told(given)} where its card of {len(card.kinds)} kinds promises {_told(wanted)}"
        raise BadModel(name, fault=fault, remedy=EXPORT_AGAIN)


def _told(tensors: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{kind} {list(shape)}" for kind, shape in tensors) or "nothing"


def _too_long(count: int, name: Path | str) -> BadModel:
    fault = f"has {count:,} bytes, more than the limit of {MAX_BYTES:,}"
    return BadModel(name, fault=fault, remedy="give a .tflite file that keykind exported")


def _members(data: bytes, name: Path | str) -> tuple[dict[str, bytes], int]:
    """Return the members of the zip at the end of a file, and where it starts."""
    before = max(0, len(data) - MAX_ZIP)  # so that no hostile list of members takes long to read
    try:
        with zipfile.ZipFile(BytesIO(data[before:])) as archive:
            infos = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):  # could unfold to anything
                raise ValueError("a member is compressed")
            if CARD not in archive.namelist() or len(set(archive.namelist())) < len(infos):
                raise ValueError(f"not exactly one {CARD} in it")
            members = {info.filename: archive.read(info) for info in infos}
            return members, before + min(info.header_offset for info in infos)
    except DAMAGE as error:
        fault = f"has no card at its end, or is cut off ({len(data):,} bytes; {str(error)[:100]})"
        remedy = "give a .tflite file that keykind exported, or copy it again"
        raise BadModel(name, fault=fault, remedy=remedy) from error


def _sealed(flatbuffer: bytes, card: Card) -> bytes:
    try:
        members = {LABELS: labels(card), CARD: write_card(card, flatbuffer, RESIZE)}
    except (TypeError, ValueError) as error:
        raise BadModel(CARD, fault=f"cannot hold this card ({error})", remedy="give plain values") from error
    return flatbuffer + _zipped(members, len(flatbuffer))


def _zipped(members: dict[str, bytes], start: int) -> bytes:
    """Return a zip that stands at byte `start` of a file: the one way in which keykind writes it.

    By hand, because a file is compared with it when it is read: no version of Python may write another.
    """
    bodies, entries = b"", b""
    for name, data in members.items():
        common = (_NEEDS, 0, 0, 0, _DAY, zlib.crc32(data), len(data), len(data), len(name), 0)
        place = start + len(bodies)
        entries += _CENTRAL.pack(b"PK\1\2", _MADE_BY, *common, 0, 0, 0, _RIGHTS, place) + name.encode()
        bodies += _LOCAL.pack(b"PK\3\4", *common) + name.encode() + data
    count, whole = len(members), start + len(bodies)
    return bodies + entries + _END.pack(b"PK\5\6", 0, 0, count, count, len(entries), whole, 0)
