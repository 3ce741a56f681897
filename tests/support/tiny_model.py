"""Model files of a few kilobytes, for tests that do not need a trained network.

In:    kinds, whether the network outputs maps and an OOD score, a seed
Out:   a flatbuffer; a model file. Different crops get different answers; the same arguments the same bytes

The network averages the colours of each of 7 x 7 squares, in 0..1. The maps are a 1x1 convolution of them;
the probabilities are the softmax of a dense layer over their mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl

from keykind.export.features_output import with_features
from keykind.model.model import GRID, SIZE, Card, pack
from keykind.model.tflite_metadata import with_metadata

KINDS = ("cylinder", "dimple", "laser_track", "mortice")
CARD = Card(KINDS, "fp32", "whole", "plain", 1.0, 0.5, 1000.0, True, {"licence": "Apache-2.0"})
WEIGHT_SCALE = 5.0  # of the dense layer: different crops get clearly different probabilities

_FLOAT, _BYTE, _INT = tfl.TensorType.FLOAT32, tfl.TensorType.UINT8, tfl.TensorType.INT32
_OPERATORS = tfl.BuiltinOperator
_OPTIONS = tfl.BuiltinOptions


def tiny_file(path: Path, **changes: object) -> Path:
    """Write a model file whose card is CARD with `changes`, and whose network matches it."""
    path.write_bytes(tiny_bytes(**changes))
    return path


def tiny_bytes(**changes: object) -> bytes:
    card = replace(CARD, **changes)
    flatbuffer = tiny_model(card.kinds, maps=card.maps, ood_score=card.ood_threshold is not None)
    if card.features is not None:
        flatbuffer, _ = with_features(flatbuffer)  # the mean colour of the crop: three of them
    return pack(with_metadata(flatbuffer, card), card)


def tiny_model(kinds: Sequence[str], maps: bool = True, ood_score: bool = True, seed: int = 0) -> bytes:
    rng, count = np.random.default_rng(seed), len(kinds)
    net = Builder()
    pixels = net.tensor("pixels", (1, SIZE, SIZE, 3), _BYTE)
    colours = net.apply(_OPERATORS.CAST, [pixels], (1, SIZE, SIZE, 3), _cast())
    unit = net.apply(
        _OPERATORS.MUL, [colours, net.constant(np.float32([1 / 255]))], (1, SIZE, SIZE, 3), tfl.MulOptionsT()
    )
    squares = net.apply(_OPERATORS.AVERAGE_POOL_2D, [unit], (1, GRID, GRID, 3), _pool(SIZE // GRID))
    axes = net.constant(np.int32([1, 2]))
    mean = net.apply(_OPERATORS.MEAN, [squares, axes], (1, 3), tfl.ReducerOptionsT())
    logits = net.dense(mean, WEIGHT_SCALE * rng.normal(0, 1, (count, 3)), np.zeros(count))
    outputs = [net.apply(_OPERATORS.SOFTMAX, [logits], (1, count), _softmax())]
    if maps:
        kernel, bias = rng.normal(0, 1, (count, 1, 1, 3)), rng.uniform(0, 0.5, count)
        weights = [net.constant(np.float32(kernel)), net.constant(np.float32(bias))]
        outputs.append(
            net.apply(_OPERATORS.CONV_2D, [squares, *weights], (1, GRID, GRID, count), _convolution())
        )
    if ood_score:
        outputs.append(net.dense(mean, np.ones((1, 3)), np.zeros(1)))
    return net.flatbuffer([pixels], outputs)


def crops(count: int, seed: int = 0) -> list[np.ndarray]:
    """Return crops (SIZE, SIZE, 3) uint8 with a random colour in each square."""
    colours = np.random.default_rng(seed).integers(0, 256, (count, GRID, GRID, 3), dtype=np.uint8)
    return list(colours.repeat(SIZE // GRID, axis=1).repeat(SIZE // GRID, axis=2))


def repack(flatbuffer: bytes, change: Callable[[Any], None]) -> bytes:
    """Return the flatbuffer after `change(model)`; model is a ModelT of TFLite's schema."""
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer)
    change(model)
    return _pack(model)


def _pack(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class Builder:
    """Builds a TFLite model."""

    def __init__(self) -> None:
        self.tensors, self.operators, self.codes, self.buffers = [], [], [], [tfl.BufferT()]

    def tensor(self, name: str, shape: tuple[int, ...], dtype: int = _FLOAT, buffer: int = 0) -> int:
        tensor = tfl.TensorT(shape=list(shape), type=dtype, buffer=buffer, name=name)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, values: np.ndarray) -> int:
        self.buffers.append(tfl.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        dtype = _INT if values.dtype == np.int32 else _FLOAT
        return self.tensor(f"constant_{len(self.buffers)}", values.shape, dtype, len(self.buffers) - 1)

    def apply(
        self, operator: int, inputs: list[int], shape: tuple[int, ...], options: object, dtype: int = _FLOAT
    ) -> int:
        if operator not in self.codes:
            self.codes.append(operator)
        output = self.tensor(f"step_{len(self.operators)}", shape, dtype)
        union = getattr(_OPTIONS, type(options).__name__.removesuffix("T"))
        self.operators.append(
            tfl.OperatorT(
                self.codes.index(operator),
                inputs,
                [output],
                builtinOptionsType=union,
                builtinOptions=options,
            )
        )
        return output

    def dense(self, features: int, kernel: np.ndarray, bias: np.ndarray) -> int:
        weights = [self.constant(np.float32(kernel)), self.constant(np.float32(bias))]
        return self.apply(
            _OPERATORS.FULLY_CONNECTED, [features, *weights], (1, len(bias)), tfl.FullyConnectedOptionsT()
        )

    def flatbuffer(self, inputs: list[int], outputs: list[int]) -> bytes:
        graph = tfl.SubGraphT(self.tensors, inputs, outputs, self.operators, "main")
        codes = [tfl.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code) for code in self.codes]
        return _pack(tfl.ModelT(3, codes, [graph], "tiny", self.buffers))


def _cast() -> tfl.CastOptionsT:
    return tfl.CastOptionsT(inDataType=_BYTE, outDataType=_FLOAT)


def _pool(side: int) -> tfl.Pool2DOptionsT:
    valid = tfl.Padding.VALID
    return tfl.Pool2DOptionsT(padding=valid, strideW=side, strideH=side, filterWidth=side, filterHeight=side)


def _softmax() -> tfl.SoftmaxOptionsT:
    return tfl.SoftmaxOptionsT(beta=1.0)


def _convolution() -> tfl.Conv2DOptionsT:
    relu = tfl.ActivationFunctionType.RELU
    return tfl.Conv2DOptionsT(padding=tfl.Padding.VALID, strideW=1, strideH=1, fusedActivationFunction=relu)
