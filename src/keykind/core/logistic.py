"""The logistic function and its inverse.

In:    logits; probabilities
Out:   probabilities; logits
Needs: numpy
"""

import math

import numpy as np
from numpy.typing import NDArray

MAX_LOGIT = 60.0  # larger ones would overflow, and are 1 in float64
SCORE_LOGIT = 16.0  # limit of a score's logit, so that 0 and 1 are finite
EPSILON = 1e-9  # of probabilities, whose logit at 0 and 1 is not finite


def sigmoid(logits: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probabilities of logits, in the same shape."""
    limited = np.clip(np.asarray(logits, np.float64), -MAX_LOGIT, MAX_LOGIT)
    return np.asarray(1 / (1 + np.exp(-limited)))


def logit(probability: float, limit: float) -> float:
    """Return the logit of a probability, from -limit to limit; limit: at most 20."""
    inside = min(max(probability, EPSILON), 1 - EPSILON)
    return max(min(math.log(inside / (1 - inside)), limit), -limit)
