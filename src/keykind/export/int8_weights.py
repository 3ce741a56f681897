"""A LiteRT network with float16 weights -> the same network with int8 weights.

In:    a TFLite flatbuffer as the converter writes it: float16 constants, each read by a DEQUANTIZE
Out:   a TFLite flatbuffer of a little more than half the size, with the same inputs and outputs
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

Kernels of dense convolutions and matrix products become int8 with one scale per output channel; XNNPACK then
quantises their inputs while it runs (dynamic-range quantisation), so that no photos are needed to calibrate.
Everything small stays float: depthwise and first kernels, biases, layers with few outputs such as
coordinates. TensorFlow's own option also quantises depthwise kernels, which XNNPACK does not run. Weights
alone, with a DEQUANTIZE, would be most alike, but LiteRT 2 unpacks int8 at every run.
"""

from collections import Counter
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from numpy.typing import NDArray

from keykind.model.interpreter import IDENTIFIER

MIN_KERNEL = 1024  # elements; smaller kernels stay float16
LEVELS = 127  # int8 without -128: symmetric around 0
CHANNELS = 0  # axis of a kernel's output channels
KERNEL, BIAS = 1, 2  # positions of an operator's inputs

_OPERATORS, _TYPES = tfl.BuiltinOperator, tfl.TensorType
_CONVERTED = (_OPERATORS.CONV_2D, _OPERATORS.FULLY_CONNECTED)
_SIZE_HINT = 1 << 20  # bytes of a new flatbuffer


def quantise_weights(flatbuffer: bytes) -> bytes:
    """Return the network with int8 weights; one without float16 weights to quantise is returned unchanged."""
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer, 0)
    network = _Network(model)
    for operator in network.graph.operators:
        if network.code(operator) in _CONVERTED and network.is_large_kernel(operator.inputs[KERNEL]):
            network.quantise(operator)
    if not network.unpacked:
        return flatbuffer
    network.clean_up()
    builder = flatbuffers.Builder(_SIZE_HINT)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def quantise_kernel(kernel: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a kernel (channels, ...) as int8 and the scale of each channel, float32."""
    largest = np.abs(kernel.astype(np.float32)).reshape(len(kernel), -1).max(axis=1)
    scales = np.where(largest > 0, largest / LEVELS, 1).astype(np.float32)
    levels = np.rint(kernel / scales.reshape(-1, *[1] * (kernel.ndim - 1)))
    return np.clip(levels, -LEVELS, LEVELS).astype(np.int8), scales


class _Network:
    """A model with one graph, being changed."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.subgraphs[0]
        self.unpacked: set[int] = set()  # tensors that were outputs of DEQUANTIZE and are now constants
        self.sources = {
            operator.outputs[0]: operator.inputs[0]
            for operator in self.graph.operators
            if self.code(operator) == _OPERATORS.DEQUANTIZE
            and self.graph.tensors[operator.inputs[0]].type == _TYPES.FLOAT16
        }
        self.uses = Counter(i for operator in self.graph.operators for i in map(int, operator.inputs))

    def code(self, operator: Any) -> int:
        """Return the operator's BuiltinOperator."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        return max(int(code.deprecatedBuiltinCode), int(code.builtinCode))

    def is_large_kernel(self, tensor: int) -> bool:
        """Return whether a tensor is made of a large float16 constant, for one operator only."""
        size = int(np.prod(self.graph.tensors[tensor].shape))
        return tensor in self.sources and self.uses[tensor] == 1 and size >= MIN_KERNEL

    def quantise(self, operator: Any) -> None:
        """Make the operator's kernel int8, and its bias float32, which XNNPACK then requires."""
        kernel, scales = quantise_kernel(self._float16(operator.inputs[KERNEL]))
        tensor = self._make_constant(operator.inputs[KERNEL], kernel, _TYPES.INT8)
        tensor.quantization = tfl.QuantizationParametersT()
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
        tensor.quantization.quantizedDimension = CHANNELS
        if len(operator.inputs) > BIAS and operator.inputs[BIAS] in self.sources.keys() - self.unpacked:
            bias = self._float16(operator.inputs[BIAS]).astype(np.float32)
            self._make_constant(operator.inputs[BIAS], bias, _TYPES.FLOAT32)
        if self.code(operator) == _OPERATORS.FULLY_CONNECTED:
            operator.builtinOptions.asymmetricQuantizeInputs = True

    def clean_up(self) -> None:
        """Remove the operators, tensors and constants that are not used any more."""
        graph = self.graph
        graph.operators = [
            operator for operator in graph.operators if operator.outputs[0] not in self.unpacked
        ]
        used = {i for operator in graph.operators for i in (*operator.inputs, *operator.outputs)}
        kept = sorted({*used, *graph.inputs, *graph.outputs} - {-1})
        numbers = {old: new for new, old in enumerate(kept)} | {-1: -1}  # -1: an optional input, left out
        graph.tensors = [graph.tensors[i] for i in kept]
        for table in (graph, *graph.operators):
            table.inputs = np.array([numbers[i] for i in table.inputs], np.int32)
            table.outputs = np.array([numbers[i] for i in table.outputs], np.int32)
        for signature in self.model.signatureDefs or ():
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = numbers[entry.tensorIndex]
        buffers = {tensor.buffer for tensor in graph.tensors}
        buffers |= {entry.buffer for entry in self.model.metadata or ()}
        for i in set(range(len(self.model.buffers))) - buffers:
            self.model.buffers[i].data = None

    def _float16(self, tensor: int) -> NDArray[np.float16]:
        """Return the constant that a tensor is made of."""
        source = self.graph.tensors[self.sources[tensor]]
        data = np.asarray(self.model.buffers[source.buffer].data, np.uint8)
        return data.view(np.float16).reshape(source.shape)

    def _make_constant(self, index: int, values: NDArray[Any], dtype: int) -> Any:
        """Store values in a tensor, which was an operator's output; return the tensor."""
        buffer = tfl.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor = self.graph.tensors[index]
        tensor.buffer, tensor.type = len(self.model.buffers) - 1, dtype
        self.unpacked.add(int(index))
        return tensor
