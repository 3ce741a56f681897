"""Features -> probabilities: the small network on top of the frozen one.

In:    pooled features (n, k) float32
Out:   logits and probabilities (n, c)
Needs: numpy
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]  # a number for each kind, in the order of the kinds


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Dense + ReLU, then dense: `logits = W2ᵀ relu(W1ᵀ x + b1) + b2`. Dropout acts in training only."""

    w1: Floats  # (k, u)
    b1: Floats  # (u,)
    w2: Floats  # (u, c)
    b2: Floats  # (c,)

    def hidden(self, features: Floats) -> Floats:
        """Return the activation of the hidden units: features (n, k) -> (n, u), >= 0."""
        activation: Floats = np.maximum(features @ self.w1 + self.b1, np.float32(0))
        return activation

    def logits(self, features: Floats) -> Floats:
        """Return features (n, k) -> logits (n, c). Raises ValueError if k is not the head's."""
        if features.shape[-1] != self.w1.shape[0]:
            raise ValueError(
                f"features have {features.shape[-1]} channels, the head expects {self.w1.shape[0]}"
            )
        return self.hidden(features) @ self.w2 + self.b2

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return w1, b1, w2, b2: the order in which Keras lists them."""
        return self.w1, self.b1, self.w2, self.b2


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities (n, c) that sum to 1; a temperature above 1 makes them less sure.

    Source of the temperature: Guo et al. 2017, arXiv:1706.04599.
    """
    scaled = logits / np.float32(temperature)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
