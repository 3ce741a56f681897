"""Targets and outputs -> which locations detect which key, and how well: task-aligned assignment.

In:    targets (n, m, 12), see targets.py; outputs (n, LOCATIONS, 10), see postprocess.py
Out:   Assignment
Needs: tensorflow                                                                          [train]

A key is learned at the locations, inside its box and at the strides of its length, that predict it best
already: by score and by the similarity of their keypoints to its own (Feng et al. 2021, arXiv:2108.07755).
The location that is best gets the similarity itself as its target score, the others less in proportion.
"""

from typing import Any, NamedTuple

from keykind.detect.postprocess import CELL_STRIDES, CENTRES, CLASSES, HEAD, OFFSET_UNIT, TIP
from keykind.train.backend import tf
from keykind.train.detector import keys
from keykind.train.detector.targets import IGNORED, NONE, STATE, TARGET

LENGTHS = {8: (0.0, 120.0), 16: (50.0, 260.0), 32: (140.0, 1e9)}  # px of the keys learned at a stride
BOX_MARGIN, MIN_HALF_WIDTH = 0.4, 0.8  # strides: how far beyond the ends, and across, a location may be
KEYPOINT_TOLERANCE = 0.2  # mean keypoint error, in key lengths, at which the similarity is 1/e
CENTRALITY = 2.0  # how much locations off the middle of the key are less preferred
INITIAL_METRIC = 1e-6  # of the centrality: decides while no location predicts the key
TOP_LOCATIONS = 7  # of a key
# Of the best location's target score: a key that is predicted badly is learned all the same.
MIN_QUALITY = 0.1
EPSILON = 1e-9


class Assignment(NamedTuple):
    """What each location is to predict."""

    targets: Any  # (n, LOCATIONS, 12) the row of its key; only meaningful where quality > 0
    quality: Any  # (n, LOCATIONS) target score, 0..1; 0: background
    ignored: Any  # (n, LOCATIONS) 1 where a key to be ignored is and no other; its score has no target


class Geometry(NamedTuple):
    """Where locations are relative to keys, (n, m, LOCATIONS) each."""

    inside: Any  # whether a location is in the key's box
    fitting: Any  # whether the key's length is one of its stride's
    centrality: Any  # 1 at the middle of the key, less towards its ends


def predicted_points(outputs: Any) -> tuple[Any, Any]:
    """Return the heads and tips (n, LOCATIONS, 2) that outputs predict, px."""
    unit = (OFFSET_UNIT * CELL_STRIDES)[:, None]
    return CENTRES + outputs[..., HEAD] * unit, CENTRES + outputs[..., TIP] * unit


def assign(targets: Any, outputs: Any) -> Assignment:
    """Return what each location is to predict, given what it predicts now; no gradient flows through it."""
    outputs = tf.stop_gradient(outputs)
    geometry = _geometry(targets)
    state = targets[..., STATE, None]
    candidate = geometry.inside & geometry.fitting & (state != NONE)
    similarity = _similarity(targets, outputs)
    score = tf.sigmoid(outputs[:, None, :, CLASSES])
    score = tf.where(targets[..., keys.REMOTE, None] > 0.5, score[..., 1], score[..., 0])
    metric = tf.sqrt(score) * tf.square(similarity) + INITIAL_METRIC
    metric = tf.where(candidate, metric * geometry.centrality, 0.0)
    threshold = tf.math.top_k(metric, TOP_LOCATIONS).values[..., -1:]
    metric = tf.where(metric >= tf.maximum(threshold, EPSILON), metric, 0.0)
    owner = tf.argmax(metric, axis=1)
    owned = tf.one_hot(owner, targets.shape[1], axis=1) * tf.cast(metric > 0, tf.float32)
    rows = tf.gather(targets, owner, batch_dims=1)
    is_target = tf.cast(tf.reduce_any(owned > 0, axis=1) & (rows[..., STATE] == TARGET), tf.float32)
    ignored = tf.reduce_any(geometry.inside & (state == IGNORED), axis=1)
    return Assignment(
        rows,
        _quality(metric * owned, similarity * owned) * is_target,
        tf.cast(ignored, tf.float32) * (1 - is_target),
    )


def _geometry(targets: Any) -> Geometry:
    head, axis, length = _axes(targets)
    relative = CENTRES[None, None] - head[:, :, None]
    along = tf.einsum("nmlk,nmk->nml", relative, axis)
    across = tf.abs(relative[..., 1] * axis[..., None, 0] - relative[..., 0] * axis[..., None, 1])
    margin = BOX_MARGIN * CELL_STRIDES
    half_width = tf.maximum(targets[..., keys.WIDTH, None] / 2, MIN_HALF_WIDTH * CELL_STRIDES)
    inside = (along > -margin) & (along < length[..., None] + margin) & (across < half_width)
    shortest, longest = (
        tf.constant([LENGTHS[int(stride)][i] for stride in CELL_STRIDES], tf.float32) for i in (0, 1)
    )
    fitting = (length[..., None] >= shortest) & (length[..., None] < longest)
    centrality = tf.exp(-CENTRALITY * tf.square(along / length[..., None] - 0.5))
    return Geometry(inside, fitting, centrality)


def _axes(targets: Any) -> tuple[Any, Any, Any]:
    """Return head (..., 2), unit vector from head to tip (..., 2) and length (...) of targets, px."""
    head = targets[..., keys.HEAD]
    offset = targets[..., keys.TIP] - head
    length = tf.maximum(tf.norm(offset, axis=-1), 1.0)
    return head, offset / length[..., None], length


def _similarity(targets: Any, outputs: Any) -> Any:
    """Return how similar the keypoints of locations and targets are, (n, m, LOCATIONS) 0..1."""
    heads, tips = predicted_points(outputs)
    head_error = tf.norm(heads[:, None] - targets[:, :, None, keys.HEAD], axis=-1)
    tip_error = tf.norm(tips[:, None] - targets[:, :, None, keys.TIP], axis=-1)
    length = _axes(targets)[2]
    return tf.exp(-(head_error + tip_error) / 2 / (KEYPOINT_TOLERANCE * length[..., None]))


def _quality(metric: Any, similarity: Any) -> Any:
    """Return the target scores (n, LOCATIONS), given metric and similarity, 0 where a key has no location."""
    best = tf.reduce_max(metric, axis=2, keepdims=True)
    most_similar = tf.maximum(tf.reduce_max(similarity, axis=2, keepdims=True), MIN_QUALITY)
    return tf.reduce_sum(metric / (best + EPSILON) * most_similar, axis=1)
