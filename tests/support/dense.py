"""Outputs of the detector's network that predict given keys."""

import math

import numpy as np

from keykind.detect.postprocess import CELL_STRIDES, CENTRES, LOCATIONS, OFFSET_UNIT, OUTPUTS

BACKGROUND = -12.0  # logit of a score where there is no key


def empty_outputs():
    outputs = np.zeros((LOCATIONS, len(OUTPUTS)), np.float32)
    outputs[:, :2] = BACKGROUND
    return outputs


def put(outputs, location, head, tip, width, *, score=0.9, hidden=(0.1, 0.1), blade=0.9, remote=False):
    """Let a location predict a key."""
    unit = OFFSET_UNIT * CELL_STRIDES[location]
    outputs[location, :2] = BACKGROUND
    outputs[location, int(remote)] = _logit(score)
    outputs[location, 2:4] = (np.asarray(head) - CENTRES[location]) / unit
    outputs[location, 4:6] = (np.asarray(tip) - CENTRES[location]) / unit
    outputs[location, 6] = math.log(width / unit)
    outputs[location, 7:10] = [_logit(value) for value in (*hidden, blade)]


def scene(*keys, **options):
    """Return the outputs for keys (head, tip, width), each at the location nearest to its middle."""
    outputs = empty_outputs()
    for head, tip, width in keys:
        middle = (np.asarray(head) + np.asarray(tip)) / 2
        free = np.where(outputs[:, :2].max(axis=1) > BACKGROUND, np.inf, 0)
        location = int((np.hypot(*(CENTRES - middle).T) + free).argmin())
        put(outputs, location, head, tip, width, **options)
    return outputs


def _logit(share):
    return math.log(share / (1 - share))
