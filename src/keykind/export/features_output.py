"""A classifier's LiteRT network -> the same network with one more output: features of the crop's appearance.

In:    a TFLite flatbuffer as `convert` writes it; a Projection fitted to its backbone, or None
Out:   a TFLite flatbuffer with one more output, float32 [1, 1, 1, n]
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

Operators are appended, none is changed, so that all other outputs stay the same to the last bit. The shape
has four axes, so that it differs from that of probabilities.
"""

from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from numpy.typing import NDArray

from keykind.core.errors import BadModel
from keykind.model.interpreter import IDENTIFIER
from keykind.model.model import GRID

_OPERATORS, _TYPES = tfl.BuiltinOperator, tfl.TensorType
_SIZE_HINT = 1 << 20  # bytes of a new flatbuffer


def with_features(flatbuffer: bytes) -> tuple[bytes, int]:
    """Return the network with the output of features, and their number.

    The features are the mean of the backbone's last feature map over the crop.
    Raises BadModel for a network without the mean over a feature map (1, 7, 7, k).
    """
    network = _Network(tfl.ModelT.InitFromPackedBuf(flatbuffer))
    pooled = network.as_float(network.pooled())
    count = int(network.tensor(pooled).shape[-1])
    features = network.reshape(pooled, (1, 1, 1, count), "features")
    network.add_output(features, "features")
    return network.pack(), count


class _Network:
    """A model with one graph, to which operators are appended."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.subgraphs[0]

    def tensor(self, index: int) -> Any:
        """Return a tensor."""
        return self.graph.tensors[index]

    def pooled(self) -> int:
        """Return the mean (1, k) of the last feature map (1, 7, 7, k), which the head reads."""
        for operator in reversed(self.graph.operators):
            shape = tuple(self.tensor(operator.inputs[0]).shape)
            is_map = len(shape) == 4 and shape[:3] == (1, GRID, GRID)
            output = tuple(self.tensor(operator.outputs[0]).shape)
            if self._code(operator) == _OPERATORS.MEAN and is_map and output == (1, shape[3]):
                return int(operator.outputs[0])
        fault = f"has no mean over a feature map (1, {GRID}, {GRID}, k)"
        raise BadModel("the network", fault=fault, remedy="export it with another backbone")

    def as_float(self, index: int) -> int:
        """Return a tensor as float32."""
        tensor = self.tensor(index)
        if tensor.type == _TYPES.FLOAT32:
            return index
        output = self._add_tensor(tensor.shape, _TYPES.FLOAT32, "features_float")
        self._append(_OPERATORS.DEQUANTIZE, [index], output, None, None)
        return output

    def reshape(self, index: int, shape: tuple[int, ...], name: str) -> int:
        """Return a tensor in another shape."""
        options = tfl.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        output = self._add_tensor(shape, _TYPES.FLOAT32, name)
        to = self._add_constant(np.array(shape, np.int32), _TYPES.INT32, f"{name}_shape")
        kind = tfl.BuiltinOptions.ReshapeOptions
        self._append(_OPERATORS.RESHAPE, [index, to], output, kind, options)
        return output

    def add_output(self, index: int, name: str) -> None:
        """Make a tensor an output."""
        self.graph.outputs = np.append(self.graph.outputs, index).astype(np.int32)
        for signature in self.model.signatureDefs or ():
            entry = tfl.TensorMapT()
            entry.name, entry.tensorIndex = name.encode(), index
            signature.outputs = [*(signature.outputs or []), entry]

    def pack(self) -> bytes:
        """Return the flatbuffer."""
        builder = flatbuffers.Builder(_SIZE_HINT)
        builder.Finish(self.model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    def _code(self, operator: Any) -> int:
        code = self.model.operatorCodes[operator.opcodeIndex]
        return max(int(code.deprecatedBuiltinCode), int(code.builtinCode))

    def _append(self, code: int, inputs: list[int], output: int, kind: int | None, options: Any) -> None:
        operator = tfl.OperatorT()
        operator.opcodeIndex = self._opcode(code)
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if kind is not None:
            operator.builtinOptionsType, operator.builtinOptions = kind, options
        self.graph.operators.append(operator)

    def _opcode(self, code: int) -> int:
        """Return the index of an operator's code, which is added if it is new."""
        codes = [
            max(int(each.deprecatedBuiltinCode), int(each.builtinCode)) for each in self.model.operatorCodes
        ]
        if code not in codes:
            entry = tfl.OperatorCodeT()
            entry.builtinCode = entry.deprecatedBuiltinCode = code
            entry.version = 1
            self.model.operatorCodes.append(entry)
            return len(codes)
        return codes.index(code)

    def _add_tensor(self, shape: Any, dtype: int, name: str, buffer: int = 0) -> int:
        tensor = tfl.TensorT()
        tensor.shape, tensor.type, tensor.name = np.array(shape, np.int32), dtype, name.encode()
        tensor.buffer, tensor.hasRank = buffer, True
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def _add_constant(self, values: NDArray[Any], dtype: int, name: str) -> int:
        buffer = tfl.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        return self._add_tensor(values.shape, dtype, name, len(self.model.buffers) - 1)
