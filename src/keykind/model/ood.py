"""Out-of-distribution (OOD) scores: how unlike the training photos a crop is.

In:    pooled features (n, k) float32 of the training photos and of other crops, labels
Out:   prototypes (c, k); OOD scores (n,) in 0..2, and the threshold above which a crop shows no key
Needs: numpy

The prototype of a kind is the mean direction of its features; the score of a crop is 1 minus the cosine
similarity to the nearest prototype. On the development photos it separates keys from other objects as well as
distances that need the full covariance (docs/benchmarks.md), and in the model file it is one small product.
Source: the nearest class mean of Mensink et al. 2013, doi:10.1109/TPAMI.2013.83, with cosine similarity.
"""

import numpy as np

from keykind.model.head import Floats, Labels

KEY_RECALL = 0.95  # fraction of unseen keys that must score below the threshold
MAX_OOD_SCORE = 2.0  # of features in the opposite direction
EPSILON = 1e-6  # below this length, features have no direction


def fit_prototypes(features: Floats, labels: Labels, kinds: int) -> Floats:
    """Return the mean direction of each kind's features: (n, k), labels (n,) -> (c, k) float32.

    Prototypes have unit length, or length 0 for a kind without photos.
    """
    directions = _normalise(features)
    sums = np.zeros((kinds, features.shape[1]), np.float32)
    np.add.at(sums, labels, directions)
    return _normalise(sums)


def ood_scores(features: Floats, prototypes: Floats) -> Floats:
    """Return 1 minus the largest cosine similarity to a prototype: (n, k), (c, k) -> (n,)."""
    scores: Floats = np.float32(1) - (_normalise(features) @ prototypes.T).max(axis=1)
    return scores


def fit_ood_threshold(scores: Floats) -> float:
    """Return the threshold below which KEY_RECALL of these scores are: (n,), of keys not used in training."""
    return float(np.quantile(scores, KEY_RECALL))


def _normalise(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, EPSILON), np.float32)
