"""A LiteRT network with float16 weights -> the same network with int8 weights.

In:    a TFLite flatbuffer as the converter writes it: float16 constants, each read by a DEQUANTIZE
Out:   a TFLite flatbuffer of a little more than half the size, with the same inputs and outputs
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

Kernels of dense convolutions and matrix products become int8 with one scale per output channel; XNNPACK
unpacks them once, and computes in float32, so that results are the same on every processor and in browsers.
Layers with int8 kernels and float inputs (dynamic-range quantisation) are a little faster, but quantise their
inputs while they run, and round them differently in WebAssembly. Everything small stays float16: depthwise
and first kernels, biases, layers with few outputs such as coordinates.
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
KERNEL = 1  # position among an operator's inputs

_OPERATORS, _TYPES = tfl.BuiltinOperator, tfl.TensorType
_CONVERTED = (_OPERATORS.CONV_2D, _OPERATORS.FULLY_CONNECTED)
_SIZE_HINT = 1 << 20  # bytes of a new flatbuffer


def quantise_weights(flatbuffer: bytes) -> bytes:
    """Return the network with int8 weights; one without float16 weights to quantise is returned unchanged."""
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer, 0)
    kernels = _large_kernels(model)
    if not kernels:
        return flatbuffer
    for tensor in kernels:
        _quantise(model, tensor)
    builder = flatbuffers.Builder(_SIZE_HINT)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def quantise_kernel(kernel: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a kernel (channels, ...) as int8 and the scale of each channel, float32."""
    largest = np.abs(kernel.astype(np.float32)).reshape(len(kernel), -1).max(axis=1)
    scales = np.where(largest > 0, largest / LEVELS, 1).astype(np.float32)
    levels = np.rint(kernel / scales.reshape(-1, *[1] * (kernel.ndim - 1)))
    return np.clip(levels, -LEVELS, LEVELS).astype(np.int8), scales


def _large_kernels(model: Any) -> list[Any]:
    """Return the float16 constants that are large kernels of one operator each."""
    graph = model.subgraphs[0]
    sources = {
        operator.outputs[0]: graph.tensors[operator.inputs[0]]
        for operator in graph.operators
        if _code(model, operator) == _OPERATORS.DEQUANTIZE
        and graph.tensors[operator.inputs[0]].type == _TYPES.FLOAT16
    }
    uses = Counter(int(i) for operator in graph.operators for i in operator.inputs)
    kernels = [
        operator.inputs[KERNEL] for operator in graph.operators if _code(model, operator) in _CONVERTED
    ]
    return [
        sources[i]
        for i in kernels
        if i in sources and uses[i] == 1 and np.prod(sources[i].shape) >= MIN_KERNEL
    ]


def _code(model: Any, operator: Any) -> int:
    """Return the operator's BuiltinOperator."""
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.deprecatedBuiltinCode), int(code.builtinCode))


def _quantise(model: Any, tensor: Any) -> None:
    """Make a float16 constant int8."""
    buffer = model.buffers[tensor.buffer]
    kernel, scales = quantise_kernel(np.asarray(buffer.data, np.uint8).view(np.float16).reshape(tensor.shape))
    buffer.data = np.frombuffer(kernel.tobytes(), np.uint8)
    tensor.type = _TYPES.INT8
    tensor.quantization = tfl.QuantizationParametersT()
    tensor.quantization.scale = scales
    tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
    tensor.quantization.quantizedDimension = CHANNELS
