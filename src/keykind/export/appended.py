"""Append operators to a LiteRT network, or remove what was appended.

In:    a TFLite flatbuffer of one graph
Out:   AppendedNetwork; a flatbuffer with more operators, the others unchanged
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

Large constants are stored as float16, each read by a DEQUANTIZE, as the converter writes them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from numpy.typing import NDArray

from keykind.model.head import Floats
from keykind.model.interpreter import IDENTIFIER

_OPERATORS, _TYPES, _OPTIONS = tfl.BuiltinOperator, tfl.TensorType, tfl.BuiltinOptions
_NONE = tfl.ActivationFunctionType.NONE
_VALID = tfl.Padding.VALID
_SIZE_HINT = 1 << 20  # bytes of a new flatbuffer
_LARGE = 1024  # elements of a constant that is stored as float16
_CHANNEL_AXIS = 3
_OMITTED = -1  # an optional input that is left out


class AppendedNetwork:
    """A network with one graph, to which operators are appended. Tensors are given by their indices."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Take the flatbuffer."""
        self._model = tfl.ModelT.InitFromPackedBuf(flatbuffer)
        self._graph = self._model.subgraphs[0]

    def tensor(self, index: int) -> Any:
        """Return a tensor."""
        return self._graph.tensors[index]

    def outputs_of(self, code: int) -> Iterator[tuple[Any, int]]:
        """Yield the operators of a code, each with its output."""
        for operator in self._graph.operators:
            entry = self._model.operatorCodes[operator.opcodeIndex]
            if code == max(int(entry.deprecatedBuiltinCode), int(entry.builtinCode)):
                yield operator, int(operator.outputs[0])

    def float_tensors(self, shape: tuple[int, ...]) -> list[int]:
        """Return the float32 tensors of a shape that operators compute, in their order."""
        written = [int(operator.outputs[0]) for operator in self._graph.operators]
        return [
            i
            for i in written
            if tuple(self.tensor(i).shape) == shape and self.tensor(i).type == _TYPES.FLOAT32
        ]

    def as_float(self, index: int) -> int:
        """Return a tensor as float32."""
        tensor = self.tensor(index)
        if tensor.type == _TYPES.FLOAT32:
            return index
        return self._append(_OPERATORS.DEQUANTIZE, [index], tensor.shape)

    def reshape(self, index: int, shape: tuple[int, ...]) -> int:
        """Return a tensor in another shape."""
        options = tfl.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        to = self._constant(np.array(shape, np.int32), _TYPES.INT32)
        return self._append(_OPERATORS.RESHAPE, [index, to], shape, _OPTIONS.ReshapeOptions, options)

    def average_pool(self, index: int, factor: int) -> int:
        """Return a map averaged over squares of factor x factor."""
        options = tfl.Pool2DOptionsT()
        options.padding, options.fusedActivationFunction = _VALID, _NONE
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = factor
        batch, height, width, channels = self.tensor(index).shape
        shape = (batch, height // factor, width // factor, channels)
        return self._append(_OPERATORS.AVERAGE_POOL_2D, [index], shape, _OPTIONS.Pool2DOptions, options)

    def concatenate(self, indices: Sequence[int]) -> int:
        """Return maps concatenated by channel."""
        options = tfl.ConcatenationOptionsT()
        options.axis, options.fusedActivationFunction = _CHANNEL_AXIS, _NONE
        shapes = [self.tensor(index).shape for index in indices]
        shape = (*shapes[0][:_CHANNEL_AXIS], sum(shape[_CHANNEL_AXIS] for shape in shapes))
        kind = _OPTIONS.ConcatenationOptions
        return self._append(_OPERATORS.CONCATENATION, list(indices), shape, kind, options)

    def convolution(self, index: int, kernel: Floats, bias: Floats) -> int:
        """Return a 1 x 1 convolution; kernel (out, 1, 1, in), bias (out,)."""
        options = tfl.Conv2DOptionsT()
        options.padding, options.fusedActivationFunction = _VALID, _NONE
        options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
        inputs = [index, self._weights(kernel), self._weights(bias)]
        shape = (*self.tensor(index).shape[:_CHANNEL_AXIS], len(bias))
        return self._append(_OPERATORS.CONV_2D, inputs, shape, _OPTIONS.Conv2DOptions, options)

    def depthwise(self, index: int, kernel: Floats, multiplier: int) -> int:
        """Return a depthwise convolution without padding; kernel (1, h, w, multiplier x channels)."""
        options = tfl.DepthwiseConv2DOptionsT()
        options.padding, options.fusedActivationFunction, options.depthMultiplier = _VALID, _NONE, multiplier
        options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
        batch, height, width, _ = self.tensor(index).shape
        _, rows, columns, channels = kernel.shape
        shape = (batch, height - rows + 1, width - columns + 1, channels)
        bias = np.zeros(channels, np.float32)
        inputs = [index, self._weights(kernel), self._weights(bias)]
        kind = _OPTIONS.DepthwiseConv2DOptions
        return self._append(_OPERATORS.DEPTHWISE_CONV_2D, inputs, shape, kind, options)

    def dense(self, index: int, weights: Floats, bias: Floats) -> int:
        """Return a dense layer of (1, in); weights (out, in), bias (out,)."""
        options = tfl.FullyConnectedOptionsT()
        options.fusedActivationFunction = _NONE
        inputs = [index, self._weights(weights), self._weights(bias)]
        kind = _OPTIONS.FullyConnectedOptions
        return self._append(_OPERATORS.FULLY_CONNECTED, inputs, (1, len(bias)), kind, options)

    def add_output(self, index: int, name: str) -> None:
        """Make a tensor an output."""
        self.tensor(index).name = name.encode()
        self._graph.outputs = np.append(self._graph.outputs, index).astype(np.int32)
        for signature in self._model.signatureDefs or ():
            entry = tfl.TensorMapT()
            entry.name, entry.tensorIndex = name.encode(), index
            signature.outputs = [*(signature.outputs or []), entry]

    def remove_outputs(self, is_removed: Callable[[Any], bool]) -> None:
        """Remove the outputs of which this is true, given a tensor, and all operators that only they need."""
        graph = self._graph
        kept = [int(i) for i in graph.outputs if not is_removed(self.tensor(i))]
        graph.outputs = np.array(kept, np.int32)
        for signature in self._model.signatureDefs or ():
            signature.outputs = [entry for entry in signature.outputs or () if entry.tensorIndex in kept]
        needed = set(kept)
        for operator in reversed(graph.operators):
            if operator.outputs[0] in needed:
                needed.update(int(i) for i in operator.inputs)
        graph.operators = [operator for operator in graph.operators if operator.outputs[0] in needed]
        used = {self.tensor(i).buffer for i in needed - {_OMITTED}}
        used |= {entry.buffer for entry in self._model.metadata or ()}
        for i in set(range(len(self._model.buffers))) - used:
            self._model.buffers[i].data = None

    def pack(self) -> bytes:
        """Return the flatbuffer."""
        builder = flatbuffers.Builder(_SIZE_HINT)
        builder.Finish(self._model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    def _append(
        self, code: int, inputs: list[int], shape: Sequence[int], kind: int | None = None, options: Any = None
    ) -> int:
        """Append an operator with a float32 output of this shape; return the output."""
        operator = tfl.OperatorT()
        operator.opcodeIndex = self._opcode(code)
        output = self._add_tensor(shape, _TYPES.FLOAT32)
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if kind is not None:
            operator.builtinOptionsType, operator.builtinOptions = kind, options
        self._graph.operators.append(operator)
        return output

    def _opcode(self, code: int) -> int:
        """Return the index of an operator's code, which is added if it is new."""
        entries = self._model.operatorCodes
        codes = [max(int(entry.deprecatedBuiltinCode), int(entry.builtinCode)) for entry in entries]
        if code in codes:
            return codes.index(code)
        entry = tfl.OperatorCodeT()
        entry.builtinCode = entry.deprecatedBuiltinCode = code
        entry.version = 1
        entries.append(entry)
        return len(codes)

    def _add_tensor(self, shape: Sequence[int], dtype: int, buffer: int = 0) -> int:
        tensor = tfl.TensorT()
        tensor.shape, tensor.type, tensor.buffer, tensor.hasRank = (
            np.array(shape, np.int32),
            dtype,
            buffer,
            True,
        )
        tensor.name = f"appended_{len(self._graph.tensors)}".encode()
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _constant(self, values: NDArray[Any], dtype: int) -> int:
        buffer = tfl.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return self._add_tensor(values.shape, dtype, len(self._model.buffers) - 1)

    def _weights(self, values: Floats) -> int:
        if values.size < _LARGE:
            return self._constant(values.astype(np.float32), _TYPES.FLOAT32)
        half = self._constant(values.astype(np.float16), _TYPES.FLOAT16)
        return self._append(_OPERATORS.DEQUANTIZE, [half], values.shape)
