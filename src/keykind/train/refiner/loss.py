"""Outputs and targets -> the loss of the refiner's network.

In:    values (n, 9) and logits of masks (n, h, w, 2); targets (n, TARGETS), masks (n, h, w, 2) uint8
Out:   the loss, and its parts
Needs: tensorflow                                                                          [train]

Classes, attributes and masks: cross-entropy; masks also by overlap (Dice loss: Milletari et al. 2016,
arXiv:1606.04797). Ends: L1, in widths of the crop.
"""

from collections.abc import Callable
from typing import Any

from keykind.detect.refiner import ATTRIBUTES, HEAD, MASK_SHAPE, TIP
from keykind.train.backend import tf
from keykind.train.detection_recipes import RefinerRecipe
from keykind.train.refiner.crops import CLASS_WEIGHT, ENDS_WEIGHT, KEY, MASK_WEIGHT, REMOTE

PARTS = ("key", "remote", "ends", "attributes", "masks", "overlap")
ENDS = slice(HEAD.start, TIP.stop)
Loss = Callable[[tuple[Any, Any], Any, Any], tuple[Any, Any]]
CELLS = MASK_SHAPE[0] * MASK_SHAPE[1]


def refiner_loss(recipe: RefinerRecipe) -> Loss:
    """Return the function from outputs, targets and masks to the loss and its PARTS (6,)."""
    weights = (
        1.0,
        recipe.remote_weight,
        recipe.end_weight,
        recipe.attribute_weight,
        recipe.mask_weight,
        recipe.overlap_weight,
    )

    def loss(outputs: tuple[Any, Any], targets: Any, masks: Any) -> tuple[Any, Any]:
        parts = tf.stack([*_value_losses(outputs[0], targets), *_mask_losses(outputs[1], targets, masks)])
        return tf.reduce_sum(parts * tf.constant(weights, tf.float32)), parts

    return loss


def _value_losses(values: Any, targets: Any) -> tuple[Any, ...]:
    """Return the losses of keys, remotes, ends and attributes."""
    classes, ends = targets[:, CLASS_WEIGHT], targets[:, ENDS_WEIGHT]
    attributes = _cross_entropy(targets[:, ATTRIBUTES], values[:, ATTRIBUTES])
    return (
        _mean(_cross_entropy(targets[:, KEY], values[:, KEY]), classes),
        _mean(_cross_entropy(targets[:, REMOTE], values[:, REMOTE]), classes),
        _mean(tf.reduce_sum(tf.abs(values[:, ENDS] - targets[:, ENDS]), axis=1), ends),
        _mean(tf.reduce_sum(attributes, axis=1), ends),
    )


def _mask_losses(logits: Any, targets: Any, masks: Any) -> tuple[Any, Any]:
    """Return the losses of masks: by cross-entropy and by overlap."""
    masked, truth = targets[:, MASK_WEIGHT], tf.cast(masks, tf.float32) / 255
    entropy = tf.reduce_sum(_cross_entropy(truth, logits), axis=(1, 2, 3)) / CELLS
    return _mean(entropy, masked), _mean(_dice(truth, tf.sigmoid(logits)), masked)


def _cross_entropy(targets: Any, logits: Any) -> Any:
    return tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)


def _mean(losses: Any, weights: Any) -> Any:
    """Return the weighted mean of losses (n,)."""
    return tf.reduce_sum(weights * losses) / (tf.reduce_sum(weights) + 1)


def _dice(truth: Any, masks: Any) -> Any:
    """Return the Dice loss (n,), the mean of key and blade."""
    both = tf.reduce_sum(truth * masks, axis=(1, 2))
    sums = tf.reduce_sum(truth + masks, axis=(1, 2))
    return tf.reduce_mean(1 - (2 * both + 1) / (sums + 1), axis=1)
