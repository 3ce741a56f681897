"""A TFLite flatbuffer -> the inputs and outputs of its network, which is checked before it is run.

In:    the flatbuffer's bytes, from an untrusted source
Out:   Signature(inputs, outputs); or BadModel
Needs: ai-edge-litert, flatbuffers (installed with it)

LiteRT verifies that a flatbuffer is well-formed, but not that its network is harmless: it may loop for ever,
use an operator that reads files, or crash LiteRT. This module accepts only networks like keykind's own: a few
operators, fixed shapes, bounded size. TFLite's generated schema reads the fields; it never reads outside the
buffer, but raises an exception instead.
"""

import math
import struct
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as tfl

from keykind.core.errors import BadModel
from keykind.model.allowed_ops import ALLOWED_OPS, BROADCASTING, SHAPED_BY_INPUTS, TYPE_CHANGING

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int8": 9}  # TensorType
MAX_ITEMS = 5_000  # tensors, operators or buffers; MobileNetV2 has about 220, EfficientNet 1,000
MAX_AXES = 8  # of a tensor; also inputs or outputs of one operator
MAX_ELEMENTS = 8_000_000  # of a tensor; the largest feature map of a network of 224 px has about 1.2 million
MAX_TOTAL_ELEMENTS = 500_000_000  # of all tensors together; MobileNetV2 has about 20 million
MAX_MULTIPLICATIONS = 20_000_000_000  # per crop, some seconds; MobileNetV2 needs 0.3 billion

_MALFORMED = (struct.error, TypeError, ValueError)  # what the generated schema raises outside the buffer
_OMITTED, _BIAS = (
    -1,
    2,
)  # the index of an optional input that is omitted; the only position where that is valid


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's static properties."""

    type: str  # a key of TYPES
    shape: tuple[int, ...]
    constant: bool  # its values are in the file

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Signature:
    """A network's inputs and outputs."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_signature(flatbuffer: bytes, name: str | Path) -> Signature:
    """Return the inputs and outputs of the network; `name` is what an error calls the file.

    Raises BadModel for a network that keykind would not write: see the constants above. Only the parts of the
    flatbuffer that are used here are checked to be well-formed; LiteRT verifies all of it.
    """
    try:
        return _signature(tfl.Model.GetRootAs(flatbuffer))
    except _Rejected as error:
        fault = f"holds a network that keykind does not run: it {error}"
        raise BadModel(name, fault=fault, remedy="use a file that keykind exported") from error
    except _MALFORMED as error:
        fault = f"is not a well-formed TFLite file ({error})"
        raise BadModel(name, fault=fault, remedy="use a file that keykind exported") from error


def read_interface(flatbuffer: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the inputs and outputs of any TFLite network as text, e.g. "uint8 [1, 224, 224, 3]".

    For messages: nothing else of the network is read. At most MAX_AXES of each; none of a malformed file.
    """
    try:
        graph = tfl.Model.GetRootAs(flatbuffer).Subgraphs(0)
        return tuple(_described(graph, field) for field in ("Inputs", "Outputs"))  # type: ignore[return-value]
    except (AttributeError, IndexError, *_MALFORMED):
        return (), ()


def _described(graph: Any, field: str) -> tuple[str, ...]:
    names = {number: name.lower() for name, number in vars(tfl.TensorType).items() if isinstance(number, int)}
    count = min(getattr(graph, f"{field}Length")(), MAX_AXES)
    tensors = [graph.Tensors(getattr(graph, field)(i)) for i in range(count)]
    return tuple(f"{names.get(table.Type(), '?')} {_shape(table)}" for table in tensors)


def _shape(tensor: Any) -> str:
    """Return a tensor's shape as text; an axis that is only known at run time is "?"."""
    field = "Shape" if tensor.ShapeSignatureIsNone() else "ShapeSignature"
    axes = (getattr(tensor, field)(i) for i in range(min(getattr(tensor, f"{field}Length")(), MAX_AXES)))
    return f"[{', '.join('?' if axis < 0 else str(axis) for axis in axes)}]"


class _Rejected(Exception):
    """What a network has or does, and must not."""


def _signature(model: Any) -> Signature:
    if not model.ExternalBufferGroupsIsNone() or not model.ExternalBuffersIsNone():
        raise _Rejected("refers to other files")
    operators = [_operator_name(code) for code in _tables(model, "OperatorCodes")]
    graphs = _tables(model, "Subgraphs")
    if len(graphs) != 1:
        raise _Rejected(f"has {len(graphs)} graphs instead of 1")
    filled = [_is_filled(buffer) for buffer in _tables(model, "Buffers")]
    tensors = [_tensor(table, filled) for table in _tables(graphs[0], "Tensors")]
    total = sum(tensor.size for tensor in tensors)
    if total > MAX_TOTAL_ELEMENTS:
        raise _Rejected(f"has {total:,} tensor elements, more than {MAX_TOTAL_ELEMENTS:,}")
    inputs, outputs = _integers(graphs[0], "Inputs"), _integers(graphs[0], "Outputs")
    written = {i for i, tensor in enumerate(tensors) if tensor.constant}
    _write(written, inputs, len(tensors))
    multiplications = 0
    for table in _tables(graphs[0], "Operators"):
        name, operands, output = _operator(table, operators, tensors, written)
        multiplications += _multiplications(name, operands, tensors[output])
        _write(written, (output,), len(tensors))
    if multiplications > MAX_MULTIPLICATIONS:
        raise _Rejected(
            f"needs {multiplications:,} multiplications per crop, more than {MAX_MULTIPLICATIONS:,}"
        )
    if not written.issuperset(outputs):
        raise _Rejected("has an output that no operator writes")
    return Signature(tuple(tensors[i] for i in inputs), tuple(tensors[i] for i in outputs))


def _tables(table: Any, field: str) -> list[Any]:
    """Return the tables of a vector field, e.g. the "Tensors" of a SubGraph."""
    count = getattr(table, f"{field}Length")()
    if count > MAX_ITEMS:
        raise _Rejected(f"has {count:,} {field.lower()}, more than {MAX_ITEMS:,}")
    read = getattr(table, field)
    return [read(i) for i in range(count)]


def _integers(table: Any, field: str) -> tuple[int, ...]:
    """Return the integers of a vector field, e.g. the "Shape" of a Tensor."""
    count = getattr(table, f"{field}Length")()
    if count > MAX_AXES:
        raise _Rejected(f"has {count:,} axes, inputs or outputs, more than {MAX_AXES}")
    return tuple(getattr(table, f"{field}AsNumpy")().tolist()) if count else ()


def _is_filled(buffer: Any) -> bool:
    if buffer.Offset() or buffer.Size():
        raise _Rejected("keeps weights outside the flatbuffer")
    return bool(buffer.DataLength())


def _tensor(table: Any, filled: list[bool]) -> Tensor:
    number, shape, signature = table.Type(), _integers(table, "Shape"), _integers(table, "ShapeSignature")
    dtype = next((name for name in TYPES if TYPES[name] == number), None)
    if dtype is None:
        raise _Rejected(f"has a tensor of TFLite's type {number}, which is not one of {', '.join(TYPES)}")
    if min(shape, default=1) < 1 or (signature and signature != shape):
        raise _Rejected(f"has a tensor whose shape {list(signature or shape)} is not fixed")
    if math.prod(shape) > MAX_ELEMENTS:
        raise _Rejected(f"has a tensor of {math.prod(shape):,} elements, more than {MAX_ELEMENTS:,}")
    elsewhere = table.Sparsity() or not table.VariantTensorsIsNone() or table.ExternalBuffer()
    if table.IsVariable() or elsewhere:
        raise _Rejected("has a tensor that is variable, sparse, or stored elsewhere")
    if dtype == "int8" and not _has_scales(table, shape):
        raise _Rejected("has an int8 tensor without a scale above 0")
    buffer = table.Buffer()
    if buffer >= len(filled):
        raise _Rejected(f"has a tensor with buffer {buffer:,} of {len(filled):,}")
    return Tensor(dtype, shape, filled[buffer])


def _has_scales(tensor: Any, shape: tuple[int, ...]) -> bool:
    """Return whether a quantized tensor has valid scales, one in all or one per channel.

    LiteRT may end the process if it has not.
    """
    quantization = tensor.Quantization()
    if quantization is None or quantization.ScaleLength() not in (1, *shape):
        return False
    scales = quantization.ScaleAsNumpy()
    return bool(np.all((scales > 0) & np.isfinite(scales)))


def _operator_name(code: Any) -> str:
    # Operators above 127 are in the second field alone, which old files do not have.
    number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
    name = next((name for name, entry in ALLOWED_OPS.items() if entry[0] == number), None)
    if name is None:
        raise _Rejected(f"uses TFLite's operator {number}, which no model of keykind needs")
    return name


def _operator(
    table: Any, operators: list[str], tensors: list[Tensor], written: set[int]
) -> tuple[str, list[Tensor], int]:
    """Return an operator's name, its input tensors and the index of its output, all checked."""
    code = table.OpcodeIndex()
    if code >= len(operators):
        raise _Rejected(f"has an operator with code {code:,} of {len(operators):,}")
    name = operators[code]
    if _has_custom_options(table):
        raise _Rejected(f"has {name} with custom options")
    inputs, outputs = _integers(table, "Inputs"), _integers(table, "Outputs")
    _, minimum, maximum = ALLOWED_OPS[name]
    if not minimum <= len(inputs) <= maximum or len(outputs) != 1:
        raise _Rejected(f"has {name} with {len(inputs)} inputs and {len(outputs)} outputs")
    if not written.issuperset(inputs[:_BIAS] + tuple(i for i in inputs[_BIAS:] if i != _OMITTED)):
        raise _Rejected(f"has {name} of a tensor that is not written before it")
    if outputs[0] not in range(len(tensors)):
        raise _Rejected(f"has {name} to tensor {outputs[0]:,} of {len(tensors):,}")
    operands = [tensors[i] for i in inputs if i != _OMITTED]
    if name in SHAPED_BY_INPUTS and not all(tensor.constant for tensor in operands[1:]):
        raise _Rejected(f"has {name} to a shape that is only known at run time")
    _check_shapes(name, operands, tensors[outputs[0]])
    return name, operands, outputs[0]


def _has_custom_options(operator: Any) -> bool:
    if (
        operator.BuiltinOptions2Type()
        or operator.LargeCustomOptionsOffset()
        or operator.LargeCustomOptionsSize()
    ):
        return True
    fields = ("CustomOptions", "MutatingVariableInputs", "Intermediates")
    return not all(getattr(operator, f"{field}IsNone")() for field in fields)


def _check_shapes(name: str, inputs: list[Tensor], output: Tensor) -> None:
    """Check what LiteRT does not: it may access memory outside a tensor that is declared too small."""
    if output.type != inputs[0].type and name not in TYPE_CHANGING:
        raise _Rejected(f"has {name} from {inputs[0].type} to {output.type}")
    if not _shapes_match(name, inputs, output):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in inputs)
        raise _Rejected(f"has {name} from {shapes} to {list(output.shape)}")


def _shapes_match(name: str, inputs: list[Tensor], output: Tensor) -> bool:
    if name in BROADCASTING:
        return output.shape == _broadcast(inputs[0].shape, inputs[1].shape)
    if name == "CONCATENATION":
        return output.size == sum(tensor.size for tensor in inputs)
    if name == "RESHAPE":
        return output.size == inputs[0].size
    return len(inputs) > 1 or name == "AVERAGE_POOL_2D" or output.shape == inputs[0].shape


def _multiplications(name: str, inputs: list[Tensor], output: Tensor) -> int:
    """Return an upper bound of an operator's multiplications, or of a pool's additions."""
    if name == "AVERAGE_POOL_2D":
        return output.size * math.prod(inputs[0].shape[1:3])
    if name == "BATCH_MATMUL":
        return output.size * max(inputs[0].shape[-2:], default=1)
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        channels = inputs[1].shape[-1 if name == "DEPTHWISE_CONV_2D" else 0] if inputs[1].shape else 1
        return output.size * inputs[1].size // channels
    return output.size


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of two tensors broadcast together, or (0,) if they do not match."""
    pairs = list(zip_longest(reversed(a), reversed(b), fillvalue=1))
    matches = all(1 in pair or pair[0] == pair[1] for pair in pairs)
    return tuple(max(pair) for pair in reversed(pairs)) if matches else (0,)


def _write(written: set[int], indices: tuple[int, ...], count: int) -> None:
    """Add tensors to `written`; each is written once: by the file, the caller or an operator."""
    for i in indices:
        if i in written or not 0 <= i < count:
            raise _Rejected(f"writes tensor {i:,} of {count:,}, which does not exist or is written already")
        written.add(i)
