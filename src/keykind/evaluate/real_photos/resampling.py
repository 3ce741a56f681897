"""Sources of photos -> weights of bootstrap resamples, and intervals of what was computed with them.

In:    the source of each photo; values per resample
Out:   weights (resamples + 1, photos), the first row without resampling; Estimate(s)
Needs: numpy
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
LEVEL = 0.95  # confidence level of intervals


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value measured on real photos with its interval; None where there is nothing to measure."""

    value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"value": self.value, "interval": None if self.low is None else [self.low, self.high]}


def source_weights(sources: Sequence[str], resamples: int, rng: np.random.Generator) -> Values:
    """Return how often each photo is drawn, (resamples + 1, n), when sources are drawn with replacement.

    Photos of one source are of the same keys, hands and rooms, so they are not independent. The first row is
    1 for each photo: the value itself.
    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 8; clusters: Field and Welsh
    2007, doi:10.1111/j.1467-9868.2007.00593.x.
    """
    names, index = np.unique(np.asarray(sources), return_inverse=True)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    return np.concatenate([np.ones((1, len(names))), draws])[:, index]


def estimate(values: Values) -> Estimate:
    """Return the value (the first) with the interval of the resamples (the others); NaN: none to measure."""
    if np.isnan(values[0]):
        return Estimate(None, None, None)
    valid = values[1:][~np.isnan(values[1:])]
    if not len(valid):
        return Estimate(float(values[0]), None, None)
    low, high = np.quantile(valid, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values[0]), float(low), float(high))


def ratio(numerator: Values, denominator: Values) -> Values:
    """Return numerator / denominator; NaN where the denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)
