"""Features -> how little a crop looks like anything that was learned.

In:    pooled features (n, k) float32 of the training photos and of a photo in question, labels
Out:   prototypes (c, k); novelty (n,) in 0..2, and the largest that a key has
Needs: numpy

A kind's prototype is the mean direction of its photos' features; the novelty of a photo is one less the
cosine to the nearest of them. On the development photos it tells keys from other things as well as distances
that need the covariance of all channels (docs/benchmarks.md), and in the model file it is one small product.
Source: the nearest class mean of Mensink et al. 2013, doi:10.1109/TPAMI.2013.83, with cosine similarity.
"""

import numpy as np

from keykind.model.head import Floats, Labels

KNOWN = 0.95  # share of keys that were not trained on which must pass as keys
UNLIKE = 2.0  # novelty of what is unlike every key: the opposite direction
LEAST = 1e-6  # length below which features have no direction


def learn_prototypes(features: Floats, labels: Labels, kinds: int) -> Floats:
    """Return the mean direction of each kind's features, (c, k) float32 of length 1; 0 for an absent kind.

    features (n, k), labels (n,).
    """
    directions = _directions(features)
    sums = np.zeros((kinds, features.shape[1]), np.float32)
    np.add.at(sums, labels, directions)
    return _directions(sums)


def ood_scores(features: Floats, prototypes: Floats) -> Floats:
    """Return one less the largest cosine to a prototype: (n, k), (c, k) -> (n,)."""
    nearest: Floats = np.float32(1) - (_directions(features) @ prototypes.T).max(axis=1)
    return nearest


def fit_ood_threshold(novelties: Floats) -> float:
    """Return the novelty that KNOWN of these keys stay below; none of them was trained on."""
    return float(np.quantile(novelties, KNOWN))


def _directions(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, LEAST), np.float32)
