"""A TFLite flatbuffer -> what its network takes and gives, checked before native code computes with it.

In:    the flatbuffer's bytes, from anyone
Out:   Signature(inputs, outputs); or BadModel
Needs: nothing beyond Python

LiteRT makes sure by itself that a flatbuffer is well-formed. It does not ask whether the network in it is one
that we want to run: a loop without end and an operation made for other purposes are well-formed too, and some
networks that keykind never writes end the process. That is asked here, in a few milliseconds.
"""

import math
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from struct import Struct

from keykind.core.errors import BadModel
from keykind.model.allowed_ops import ALLOWED_OPS, CHANGE_TYPE, PAIRS, SHAPED

IDENTIFIER = b"TFL3"  # at byte 4 of every TFLite flatbuffer
TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int8": 9}  # TensorType
MAX_ITEMS = 5_000  # tensors, operators or buffers; MobileNetV2 has about 220, EfficientNet 1,000
MAX_AXES = 8  # of a tensor; also tensors that go into or come out of one operator
MAX_ELEMENTS = 8_000_000  # of a tensor; the largest map of a network of 224 px has about 1.2 million
MAX_ALL = 500_000_000  # elements of all tensors together; MobileNetV2 has about 20 million
MAX_PRODUCTS = 20_000_000_000  # multiplications for one crop, some seconds; MobileNetV2 takes 0.3 billion

_INT8, _UINT8, _UINT16 = Struct("<b"), Struct("<B"), Struct("<H")
_INT32, _UINT32, _UINT64, _FLOAT = Struct("<i"), Struct("<I"), Struct("<Q"), Struct("<f")
_LEFT_OUT, _BIAS = -1, 2  # an input that is not there; the only place where it may lack


@dataclass(frozen=True, slots=True)
class Tensor:
    """What is known of a tensor without running anything."""

    type: str  # a key of TYPES
    shape: tuple[int, ...]
    constant: bool  # its values are in the file

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a network takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_signature(flatbuffer: bytes, name: Path | str) -> Signature:
    """Return what the network takes and gives; `name` is what an error calls the file.

    Raises BadModel for a network that is not of the kind that keykind writes: see the constants above. The
    order of the flatbuffer itself is checked only where it is read here; LiteRT checks it as a whole.
    """
    try:
        return _signature(_Table(flatbuffer, _at(flatbuffer, _UINT32, 0)))
    except _Unwanted as error:
        fault = f"holds a network that keykind does not run: it {error}"
        raise BadModel(name, fault=fault, remedy="give a file that keykind exported") from error


class _Unwanted(Exception):
    """What a flatbuffer has or does, and must not."""


class _Table:
    """One table of a flatbuffer. Nothing is read beyond the bytes there are."""

    __slots__ = ("data", "length", "place", "slots")

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place
        self.slots = place - _at(data, _INT32, place)
        self.length = _at(data, _UINT16, self.slots)

    def find(self, slot: int) -> int:
        """Return where a field stands, 0 if it is left out."""
        entry = 4 + 2 * slot
        offset = _at(self.data, _UINT16, self.slots + entry) if entry < self.length else 0
        return self.place + offset if offset else 0

    def number(self, slot: int, form: Struct) -> int:
        """Return a number, 0 if it is left out."""
        place = self.find(slot)
        return _at(self.data, form, place) if place else 0

    def vector(self, slot: int) -> tuple[int, int]:
        """Return where the first item of a list stands, and how many there are."""
        field = self.find(slot)
        if not field:
            return 0, 0
        place = field + _at(self.data, _UINT32, field)
        return place + 4, _at(self.data, _UINT32, place)

    def integers(self, slot: int) -> tuple[int, ...]:
        start, count = self.vector(slot)
        if count > MAX_AXES:
            raise _Unwanted(f"has {count:,} axes, inputs or outputs, more than {MAX_AXES}")
        return tuple(_at(self.data, _INT32, start + 4 * item) for item in range(count))

    def tables(self, slot: int) -> list["_Table"]:
        start, count = self.vector(slot)
        if count > MAX_ITEMS:
            raise _Unwanted(f"has {count:,} tensors, operators or buffers, more than {MAX_ITEMS:,}")
        places = range(start, start + 4 * count, 4)
        return [_Table(self.data, place + _at(self.data, _UINT32, place)) for place in places]


# The slots below are the fields of TFLite's schema, version 3, in their order from 0.


def _signature(model: _Table) -> Signature:
    if model.find(8) or model.find(9):
        raise _Unwanted("refers to other files")
    operators = [_operator_name(code) for code in model.tables(1)]
    graphs = model.tables(2)
    if len(graphs) != 1:
        raise _Unwanted(f"has {len(graphs)} graphs instead of 1")
    filled = [_is_filled(buffer) for buffer in model.tables(4)]
    tensors = [_tensor(table, filled) for table in graphs[0].tables(0)]
    total = sum(tensor.size for tensor in tensors)
    if total > MAX_ALL:
        raise _Unwanted(f"computes with {total:,} numbers, more than {MAX_ALL:,}")
    inputs, outputs = graphs[0].integers(1), graphs[0].integers(2)
    written = {place for place, tensor in enumerate(tensors) if tensor.constant}
    _write(written, inputs, len(tensors))
    products = 0
    for table in graphs[0].tables(3):
        name, taken, given = _operator(table, operators, tensors, written)
        products += _products(name, taken, tensors[given])
        _write(written, (given,), len(tensors))
    if products > MAX_PRODUCTS:
        raise _Unwanted(f"multiplies {products:,} times for a photo, more than {MAX_PRODUCTS:,}")
    if not written.issuperset(outputs):
        raise _Unwanted("gives a tensor that is not written")
    return Signature(tuple(tensors[i] for i in inputs), tuple(tensors[i] for i in outputs))


def _is_filled(buffer: _Table) -> bool:
    if buffer.number(1, _UINT64) or buffer.number(2, _UINT64):
        raise _Unwanted("keeps weights outside of the flatbuffer")
    return buffer.vector(0)[1] > 0


def _tensor(table: _Table, filled: list[bool]) -> Tensor:
    number, shape, signature = table.number(1, _INT8), table.integers(0), table.integers(7)
    kind = next((kind for kind in TYPES if TYPES[kind] == number), None)
    if kind is None:
        raise _Unwanted(f"has a tensor of TFLite's type {number}, which is not among {', '.join(TYPES)}")
    if min(shape, default=1) < 1 or (signature and signature != shape):
        raise _Unwanted(f"has a tensor whose shape {list(signature or shape)} is not fixed")
    if math.prod(shape) > MAX_ELEMENTS:
        raise _Unwanted(f"has a tensor of {math.prod(shape):,} numbers, more than {MAX_ELEMENTS:,}")
    if table.number(5, _UINT8) or table.find(6) or table.find(9) or table.number(10, _UINT32):
        raise _Unwanted("has a tensor that is variable, sparse, or kept elsewhere")
    if kind == "int8" and not _has_scales(table):
        raise _Unwanted("has an int8 tensor without a scale above 0")
    buffer = table.number(2, _UINT32)
    if buffer >= len(filled):
        raise _Unwanted(f"has a tensor with buffer {buffer:,} of {len(filled):,}")
    return Tensor(kind, shape, filled[buffer])


def _has_scales(tensor: _Table) -> bool:
    """Tell whether numbers stand for others, as in int8: LiteRT may end the process where they do not."""
    field = tensor.find(4)
    if not field:
        return False
    start, count = _Table(tensor.data, field + _at(tensor.data, _UINT32, field)).vector(2)
    if not 0 < count <= (len(tensor.data) - start) // _FLOAT.size:
        return False
    scales = tensor.data[start : start + _FLOAT.size * count]
    return all(0 < scale < math.inf for (scale,) in _FLOAT.iter_unpack(scales))


def _operator_name(code: _Table) -> str:
    number = max(
        code.number(0, _INT8), code.number(3, _INT32)
    )  # large numbers stand in the second field alone
    name = next((name for name, entry in ALLOWED_OPS.items() if entry[0] == number), None)
    if name is None:
        raise _Unwanted(f"uses TFLite's operator {number}, which no model of keykind needs")
    return name


def _operator(
    table: _Table, operators: list[str], tensors: list[Tensor], written: set[int]
) -> tuple[str, list[Tensor], int]:
    """Return an operator's name, its inputs and the place of its output, all of which are as they must be."""
    if table.number(0, _UINT32) >= len(operators):
        raise _Unwanted(f"has an operator of kind {table.number(0, _UINT32):,} of {len(operators):,}")
    name = operators[table.number(0, _UINT32)]
    if table.number(11, _UINT8) or any(table.find(slot) for slot in (5, 8, 9, 10)):
        raise _Unwanted(f"has {name} with options of its own")
    inputs, outputs = table.integers(1), table.integers(2)
    _, least, most = ALLOWED_OPS[name]
    if not least <= len(inputs) <= most or len(outputs) != 1:
        raise _Unwanted(f"has {name} of {len(inputs)} inputs and {len(outputs)} outputs")
    if not written.issuperset(
        inputs[:_BIAS] + tuple(place for place in inputs[_BIAS:] if place != _LEFT_OUT)
    ):
        raise _Unwanted(f"has {name} of a tensor that is not written before it")
    if outputs[0] not in range(len(tensors)):
        raise _Unwanted(f"has {name} to tensor {outputs[0]:,} of {len(tensors):,}")
    taken = [tensors[place] for place in inputs if place != _LEFT_OUT]
    if name in SHAPED and not all(tensor.constant for tensor in taken[1:]):
        raise _Unwanted(f"has {name} to a shape that is only known when it runs")
    _check_shapes(name, taken, tensors[outputs[0]])
    return name, taken, outputs[0]


def _check_shapes(name: str, inputs: list[Tensor], output: Tensor) -> None:
    """Check what LiteRT does not: it may read or write beyond a tensor whose shape is a lie."""
    if output.type != inputs[0].type and name not in CHANGE_TYPE:
        raise _Unwanted(f"has {name} from {inputs[0].type} to {output.type}")
    if not _fit(name, inputs, output):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in inputs)
        raise _Unwanted(f"has {name} from {shapes} to {list(output.shape)}")


def _fit(name: str, inputs: list[Tensor], output: Tensor) -> bool:
    if name in PAIRS:
        return output.shape == _joint(inputs[0].shape, inputs[1].shape)
    if name == "CONCATENATION":
        return output.size == sum(tensor.size for tensor in inputs)
    if name == "RESHAPE":
        return output.size == inputs[0].size
    return len(inputs) > 1 or name == "AVERAGE_POOL_2D" or output.shape == inputs[0].shape


def _products(name: str, inputs: list[Tensor], output: Tensor) -> int:
    """Return at most how many multiplications, or sums of a pool, an operator takes."""
    if name == "AVERAGE_POOL_2D":
        return output.size * math.prod(inputs[0].shape[1:3])
    if name == "BATCH_MATMUL":
        return output.size * max(inputs[0].shape[-2:], default=1)
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        channels = inputs[1].shape[-1 if name == "DEPTHWISE_CONV_2D" else 0] if inputs[1].shape else 1
        return output.size * inputs[1].size // channels
    return output.size


def _joint(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of two tensors taken number by number, or (0,) if they do not fit."""
    pairs = list(zip_longest(reversed(one), reversed(other), fillvalue=1))
    fits = all(1 in pair or pair[0] == pair[1] for pair in pairs)
    return tuple(max(pair) for pair in reversed(pairs)) if fits else (0,)


def _write(written: set[int], places: tuple[int, ...], count: int) -> None:
    """Note that the tensors are written: each once, by the file, the caller or an operator."""
    for place in places:
        if place in written or not 0 <= place < count:
            raise _Unwanted(f"writes tensor {place:,} of {count:,}, which is written already or not there")
        written.add(place)


def _at(data: bytes, form: Struct, place: int) -> int:
    if not 0 <= place <= len(data) - form.size:
        raise _Unwanted(f"points at byte {place:,} of {len(data):,}")
    value: int = form.unpack_from(data, place)[0]
    return value
