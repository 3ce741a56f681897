"""Networks for MediaPipe's ObjectDetector and ImageClassifier, with random weights: they measure time only.

    python mediapipe_networks.py FOLDER

In:    nothing
Out:   FOLDER/ssd.tflite, FOLDER/classifier.tflite, with metadata; prints the former's size as JSON
Needs: keras, tensorflow, mediapipe

The detector is an SSDLite on MobileNetV2 of 320 px, as large as the detectors in MediaPipe's documentation.
It has no post-processing operator: the metadata has its anchors; MediaPipe decodes and suppresses the boxes.
"""

import json
import sys
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from networks import KINDS, SEED, mobilenet, pattern, score_layer, size
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

SIDE = 320  # px
EXTRAS = (512, 256, 256, 128)  # channels of the maps after MobileNetV2's two
SHAPES = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4), (1.7, 0.6), (0.6, 1.7), (1.2, 1.2))  # width, height of anchors
SCALES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)  # of the anchors of each map, in sides of the image
PARSER = "1.5.0"  # version of the metadata's schema that the files need


def ssd() -> tuple[keras.Model, NDArray[np.float64]]:
    """Return the detector, (1, 320, 320, 3) -> boxes (1, n, 4), scores (1, n, 1), and its anchors (n, 4)."""
    shape, each = (SIDE, SIDE, 3), len(SHAPES)
    image = keras.Input(shape, batch_size=1)
    trunk = keras.applications.MobileNetV2(shape, include_top=False, weights=None, input_tensor=image)
    maps = [trunk.get_layer("block_13_expand_relu").output, trunk.output]
    for channels in EXTRAS:
        x = layers.Conv2D(channels // 2, 1, activation="relu6")(maps[-1])
        x = layers.DepthwiseConv2D(3, 2, "same", activation="relu6")(x)
        maps.append(layers.Conv2D(channels, 1, activation="relu6")(x))
    boxes, scores, anchors = [], [], []
    for level, scale in zip(maps, SCALES, strict=True):
        side = level.shape[1]
        count = side**2 * each
        box, score = (layers.DepthwiseConv2D(3, padding="same", activation="relu6")(level) for _ in range(2))
        boxes.append(layers.Reshape((count, 4))(layers.Conv2D(4 * each, 1)(box)))
        scores.append(layers.Reshape((count, 1))(score_layer(each)(score)))
        steps = (np.arange(side) + 0.5) / side
        anchors += [(x, y, scale * w, scale * h) for y in steps for x in steps for w, h in SHAPES]
    logits = ops.maximum(layers.Concatenate(axis=1)(scores), pattern(np.array(anchors)[:, :2]))
    outputs = [layers.Concatenate(axis=1)(boxes), ops.sigmoid(logits)]
    return keras.Model(image, outputs), np.array(anchors)


def to_tflite(model: keras.Model) -> bytearray:
    """Return the model as a TFLite flatbuffer."""
    spec = tf.TensorSpec(model.inputs[0].shape, tf.float32)
    function = tf.function(model).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(function)
    return bytearray(tf.lite.TFLiteConverter.from_concrete_functions([frozen], tf.Module()).convert())


def import_writers() -> tuple[ModuleType, ...]:
    """Return MediaPipe's modules that write metadata.

    They import a compiled module, for the version of the schema, that MediaPipe's wheel does not contain.
    """
    version = ModuleType("_pywrap_metadata_version")
    version.GetMinimumMetadataParserVersion = lambda _: PARSER  # type: ignore[attr-defined]
    package = ModuleType("mediapipe.tasks.cc.metadata.python")
    package._pywrap_metadata_version = version  # type: ignore[attr-defined]
    sys.modules[package.__name__] = package
    from mediapipe.tasks.python.metadata.metadata_writers import (  # noqa: PLC0415 - see above
        image_classifier,
        metadata_info,
        metadata_writer,
        object_detector,
    )

    return image_classifier, metadata_info, metadata_writer, object_detector


def main(folder: Path) -> None:
    """Write the files."""
    keras.utils.set_random_seed(SEED)
    detector, anchors = ssd()
    image_classifier, metadata_info, metadata_writer, object_detector = import_writers()
    fixed = [object_detector.FixedAnchor(*anchor) for anchor in anchors.tolist()]
    writer = object_detector.MetadataWriter.create_for_models_without_nms(
        to_tflite(detector),
        [127.5],
        [127.5],
        metadata_writer.Labels().add(["key"]),
        object_detector.SsdAnchorsOptions(object_detector.FixedAnchorsSchema(fixed)),
        object_detector.TensorsDecodingOptions(
            num_classes=1,
            num_boxes=len(fixed),
            num_coords=4,
            keypoint_coord_offset=0,
            num_keypoints=0,
            num_values_per_keypoint=2,
            x_scale=10,
            y_scale=10,
            w_scale=5,
            h_scale=5,
            apply_exponential_on_box_size=True,
            sigmoid_score=False,
        ),
        metadata_info.RawDetectionOutputTensorsOrder.SCORE_LOCATION,  # the converter reverses them
    )
    (folder / "ssd.tflite").write_bytes(writer.populate()[0])
    labels = metadata_writer.Labels().add([f"kind {i}" for i in range(KINDS)])
    writer = image_classifier.MetadataWriter.create(to_tflite(mobilenet()), [127.5], [127.5], labels)
    (folder / "classifier.tflite").write_bytes(writer.populate()[0])
    print(json.dumps({"ssd": size(detector)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
