"""Features -> probabilities: the classification head on top of the frozen backbone.

In:    pooled features (n, k) float32
Out:   logits and probabilities (n, c)
Needs: numpy
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]  # indices of the kinds


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Dense + ReLU + dense: `logits = W2ᵀ relu(W1ᵀ x + b1) + b2`. Dropout is used in training only."""

    w1: Floats  # (k, u)
    b1: Floats  # (u,)
    w2: Floats  # (u, c)
    b2: Floats  # (c,)

    def hidden(self, features: Floats) -> Floats:
        """Return the activations of the hidden units: features (n, k) -> (n, u), >= 0."""
        activations: Floats = np.maximum(features @ self.w1 + self.b1, np.float32(0))
        return activations

    def logits(self, features: Floats) -> Floats:
        """Return the logits: features (n, k) -> (n, c). Raises ValueError if k differs from the head's."""
        if features.shape[-1] != self.w1.shape[0]:
            raise ValueError(
                f"features have {features.shape[-1]} channels, the head expects {self.w1.shape[0]}"
            )
        return self.hidden(features) @ self.w2 + self.b2

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return w1, b1, w2, b2, in the order of Keras's get_weights()."""
        return self.w1, self.b1, self.w2, self.b2


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities (n, c) that sum to 1; a temperature above 1 makes them less confident.

    Source of temperature scaling: Guo et al. 2017, arXiv:1706.04599.
    """
    scaled = logits / np.float32(temperature)
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), np.float32)
