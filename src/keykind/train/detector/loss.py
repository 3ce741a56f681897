"""Outputs and targets -> the loss of the detector's network.

In:    outputs (n, LOCATIONS, 10), targets (n, m, 12)
Out:   the loss, and its parts
Needs: tensorflow                                                                          [train]

Scores: quality focal loss (Li et al. 2020, arXiv:2006.04388). Heads and tips: smooth L1, in key lengths.
Widths: L1 of the logarithm. Occlusion, truncation, share of blade: cross-entropy. Powers are plain squares,
because `pow` is slow in TensorFlow on a CPU.
"""

from collections.abc import Callable
from typing import Any

from keykind.detect.postprocess import ATTRIBUTES, CELL_STRIDES, CLASSES, LOG_WIDTH, OFFSET_UNIT
from keykind.train.backend import tf
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector import keys
from keykind.train.detector.assignment import Assignment, assign, predicted_points

PARTS = ("scores", "keypoints", "widths", "attributes")  # of the loss
BACKGROUND_WEIGHT = 0.75  # of locations without a key in the loss of scores
SMOOTH_ERROR = 0.1  # key lengths up to which the loss of a keypoint is quadratic
MAX_ERROR = 4.0  # key lengths: farther off, a keypoint has no gradient
MIN_LENGTH = 12.0  # px: errors of shorter keys do not weigh more
NORM_EPSILON = 1e-4  # px: the gradient of a vector's length at 0 is not defined

Loss = Callable[[Any, Any], tuple[Any, Any]]


def detector_loss(recipe: DetectorRecipe) -> Loss:
    """Return the function from outputs and targets to the loss and its PARTS (4,)."""
    weights = (1.0, recipe.keypoint_weight, recipe.width_weight, recipe.attribute_weight)

    def loss(outputs: Any, targets: Any) -> tuple[Any, Any]:
        assignment = assign(targets, outputs)
        total = tf.maximum(tf.reduce_sum(assignment.quality), 1.0)
        parts = tf.stack(
            [
                _score_loss(assignment, outputs),
                tf.reduce_sum(assignment.quality * _keypoint_loss(assignment.targets, outputs)),
                tf.reduce_sum(assignment.quality * _width_loss(assignment.targets, outputs)),
                tf.reduce_sum(assignment.quality * _attribute_loss(assignment.targets, outputs)),
            ]
        )
        parts = parts / total
        return tf.reduce_sum(parts * tf.constant(weights, tf.float32)), parts

    return loss


def _score_loss(assignment: Assignment, outputs: Any) -> Any:
    """Return the quality focal loss, summed over locations and classes."""
    remote = assignment.targets[..., keys.REMOTE]
    target = tf.stack([assignment.quality * (1 - remote), assignment.quality * remote], axis=-1)
    logits = outputs[..., CLASSES]
    weight = tf.square(target - tf.sigmoid(logits)) * (1 - assignment.ignored)[..., None]
    weight = tf.stop_gradient(tf.where(target > 0, weight, BACKGROUND_WEIGHT * weight))
    return tf.reduce_sum(weight * tf.nn.sigmoid_cross_entropy_with_logits(target, logits))


def _keypoint_loss(targets: Any, outputs: Any) -> Any:
    """Return the loss of head and tip at each location."""
    length = tf.norm(targets[..., keys.TIP] - targets[..., keys.HEAD], axis=-1)
    losses = []
    for predicted, part in zip(predicted_points(outputs), (keys.HEAD, keys.TIP), strict=True):
        error = tf.norm(predicted - targets[..., part] + NORM_EPSILON, axis=-1)
        error = tf.minimum(error / tf.maximum(length, MIN_LENGTH), MAX_ERROR)
        quadratic = tf.square(error) / (2 * SMOOTH_ERROR)
        losses.append(tf.where(error < SMOOTH_ERROR, quadratic, error - SMOOTH_ERROR / 2))
    return losses[0] + losses[1]


def _width_loss(targets: Any, outputs: Any) -> Any:
    width = tf.maximum(targets[..., keys.WIDTH], 1.0) / (OFFSET_UNIT * CELL_STRIDES)
    return tf.abs(outputs[..., LOG_WIDTH] - tf.math.log(width))


def _attribute_loss(targets: Any, outputs: Any) -> Any:
    """Return the cross-entropy of occlusion, truncation and share of blade, summed."""
    columns = tf.stack(
        [targets[..., column] for column in (keys.OCCLUSION, keys.TRUNCATION, keys.BLADE)], axis=-1
    )
    target = tf.clip_by_value(columns, 0.0, 1.0)
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(target, outputs[..., ATTRIBUTES]), axis=-1)
