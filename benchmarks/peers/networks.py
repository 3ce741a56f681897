"""The networks of the peers that find and name keys, with random weights: they measure time only.

    python networks.py FOLDER

In:    nothing
Out:   FOLDER/detector.keras, detector.onnx, classifier.keras, classifier.onnx; prints their sizes as JSON
Needs: keras, tensorflow, tf2onnx

The detector has the size and the structure of a nano YOLO: a backbone of cross-stage blocks, a pyramid that
merges three scales down and up again, and a head per scale. The classifier is MobileNetV2. The weights are
initial ones of a fixed seed, but the scores have a fixed pattern, so that about as many candidates pass the
threshold as on a photo of one key with a trained detector.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers, ops
from numpy.typing import NDArray

SEED = 0
OPSET = 17
KINDS = 7  # that the classifier names
DETECTOR_SIDE, CLASSIFIER_SIDE = 640, 224  # px
WIDTHS = (16, 32, 64, 128, 256)  # channels at strides 2, 4, 8, 16, 32
DEPTHS = (1, 2, 2, 1)  # bottlenecks at strides 4, 8, 16, 32
BINS = 16  # of the distribution over each box side's distance
HEAD = 64  # channels
CANDIDATES = 20  # above the threshold
HIGH, LOW = 2.0, -6.0  # logits of these and of the others
KEY = (0.4, 0.4)  # where they are: inside upright and wide photos at the upper left of the square input
Tensor = keras.KerasTensor


def conv(x: Tensor, channels: int, kernel: int = 3, stride: int = 1) -> Tensor:
    """Return a convolution with bias, as after batch normalisation is folded in, and SiLU."""
    return layers.Conv2D(channels, kernel, stride, "same", activation="silu", kernel_initializer="he_normal")(
        x
    )


def cross_stage(x: Tensor, channels: int, depth: int, *, residual: bool) -> Tensor:
    """Return a cross-stage block: half of the channels pass bottlenecks; all steps are merged."""
    x = conv(x, channels, 1)
    parts = [x[..., : channels // 2], x[..., channels // 2 :]]
    for _ in range(depth):
        y = conv(conv(parts[-1], channels // 2), channels // 2)
        parts.append(layers.Add()([y, parts[-1]]) if residual else y)
    return conv(layers.Concatenate()(parts), channels, 1)


def pooled_pyramid(x: Tensor, channels: int) -> Tensor:
    """Return x merged with its maxima over neighbourhoods of three sizes."""
    parts = [conv(x, channels // 2, 1)]
    for _ in range(3):
        parts.append(layers.MaxPooling2D(5, 1, "same")(parts[-1]))
    return conv(layers.Concatenate()(parts), channels, 1)


def backbone(image: Tensor) -> list[Tensor]:
    """Return the maps of strides 8, 16 and 32."""
    x, maps = conv(image, WIDTHS[0], stride=2), []
    for channels, depth in zip(WIDTHS[1:], DEPTHS, strict=True):
        x = cross_stage(conv(x, channels, stride=2), channels, depth, residual=True)
        maps.append(x)
    return [*maps[1:3], pooled_pyramid(x, WIDTHS[-1])]


def neck(maps: Sequence[Tensor]) -> list[Tensor]:
    """Return the three maps, each merged with the coarser and then with the finer ones."""

    def merge(a: Tensor, b: Tensor, channels: int) -> Tensor:
        return cross_stage(layers.Concatenate()([a, b]), channels, 1, residual=False)

    fine, middle, coarse = maps
    middle = merge(layers.UpSampling2D()(coarse), middle, WIDTHS[3])
    fine = merge(layers.UpSampling2D()(middle), fine, WIDTHS[2])
    middle = merge(conv(fine, WIDTHS[2], stride=2), middle, WIDTHS[3])
    return [fine, middle, merge(conv(middle, WIDTHS[3], stride=2), coarse, WIDTHS[4])]


def yolo() -> keras.Model:
    """Return the detector: (1, 640, 640, 3) float32 in 0..1 -> (1, 8400, 5): centre, size in px, score."""
    image = keras.Input((DETECTOR_SIDE, DETECTOR_SIDE, 3), batch_size=1, name="image")
    distances, logits, cells, strides = [], [], [], []
    for level in neck(backbone(image)):
        side = level.shape[1]
        box, score = (conv(conv(level, HEAD), HEAD) for _ in range(2))
        distances.append(layers.Reshape((side**2, 4, BINS))(layers.Conv2D(4 * BINS, 1)(box)))
        logits.append(layers.Reshape((side**2, 1))(score_layer(1)(score)))
        steps = np.arange(side) + 0.5
        cells.append(np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2))
        strides.append(np.full((side**2, 1), DETECTOR_SIDE / side))
    shares = ops.softmax(ops.concatenate(distances, axis=1))
    sides = ops.sum(shares * np.arange(BINS, dtype=np.float32), axis=-1)  # left, top, right, bottom, in cells
    middles, scales = np.concatenate(cells), np.concatenate(strides)  # in cells; px per cell
    centres = (sides[..., 2:] - sides[..., :2]) / 2 + middles[None].astype(np.float32)
    boxes = ops.concatenate([centres, sides[..., 2:] + sides[..., :2]], axis=-1)
    boxes = boxes * scales[None].astype(np.float32)
    scores = ops.sigmoid(
        ops.maximum(ops.concatenate(logits, axis=1), pattern(middles * scales / DETECTOR_SIDE))
    )
    return keras.Model(image, ops.concatenate([boxes, scores], axis=-1))


def score_layer(channels: int) -> layers.Layer:
    """Return the layer of the logits: all LOW, up to small deviations."""
    deviations = keras.initializers.RandomNormal(stddev=1e-3)
    bias = keras.initializers.Constant(LOW)
    return layers.Conv2D(channels, 1, kernel_initializer=deviations, bias_initializer=bias)


def pattern(centres: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the least logits (1, n, 1) of boxes: HIGH if their centres (n, 2), 0..1, are nearest to KEY."""
    logits = np.full((1, len(centres), 1), 2 * LOW, np.float32)
    logits[:, np.linalg.norm(centres - KEY, axis=1).argsort(kind="stable")[:CANDIDATES]] = HIGH
    return logits


def size(model: keras.Model) -> dict[str, float]:
    """Return millions of parameters, and 1e9 floating-point operations: two per multiplication."""
    operations = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            operations += 2 * math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    return {"parameters": round(model.count_params() / 1e6, 2), "operations": round(operations / 1e9, 2)}


def write_onnx(model: keras.Model, path: Path) -> None:
    """Write an ONNX file with input "image" (1, 3, h, w) and output "output"."""
    spec = tf.TensorSpec(model.inputs[0].shape, tf.float32, name="image")
    function = tf.function(lambda image: tf.identity(model(image), name="output"))
    tf2onnx.convert.from_function(
        function, [spec], opset=OPSET, inputs_as_nchw=["image"], output_path=str(path)
    )


def mobilenet() -> keras.Model:
    """Return the classifier: (1, 224, 224, 3) float32 in -1..1 -> (1, KINDS) probabilities."""
    shape = (CLASSIFIER_SIDE, CLASSIFIER_SIDE, 3)
    image = keras.Input(shape, batch_size=1, name="image")
    return keras.applications.MobileNetV2(shape, weights=None, classes=KINDS, input_tensor=image)


def main(folder: Path) -> None:
    """Write the files."""
    keras.utils.set_random_seed(SEED)
    models = {"detector": yolo(), "classifier": mobilenet()}
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
        write_onnx(model, folder / f"{name}.onnx")
    print(json.dumps({name: size(model) for name, model in models.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
