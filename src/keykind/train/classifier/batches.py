"""Training batches of the classifier: views, or the features of views, and what is to be learned.

In:    Sources: folders of pools and hands; a recipe; a seed
Out:   batch n, the same in every run with the same seed
Needs: numpy, opencv, ai-edge-litert. Not TensorFlow                                       [train]
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.train.classifier.views import classifier_view, find_keys
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.detector.batches import Sources
from keykind.train.detector.views import Pools
from keykind.train.trunk import Trunk, batch_inputs

Batch = list[NDArray[np.generic]]  # views, or their features (n, ...); then targets (n, kinds)


@dataclass(frozen=True, slots=True)
class PrepareBatches:
    """Prepares a worker process: call it there."""

    sources: Sources
    trunk: bytes | None  # a LiteRT file; None: batches of views instead of features
    recipe: ClassifierRecipe
    seed: int

    def __call__(self) -> Callable[[int], Batch]:
        """Return the function from a number to a batch."""
        cv2.setNumThreads(1)
        trunk = Trunk(self.trunk) if self.trunk else None
        return BatchMaker(self.sources.open(), trunk, self.recipe, self.seed)


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(self, pools: Pools, trunk: Trunk | None, recipe: ClassifierRecipe, seed: int) -> None:
        self._pools, self._keys = pools, find_keys(pools)
        self._trunk, self._recipe, self._seed = trunk, recipe, seed

    def __call__(self, number: int) -> Batch:
        """Return batch `number`."""
        rngs = [np.random.default_rng([self._seed, number, i]) for i in range(self._recipe.batch)]
        images, targets = zip(
            *(classifier_view(self._pools, self._keys, self._recipe, rng) for rng in rngs), strict=True
        )
        return [*batch_inputs(images, self._trunk), np.stack(targets)]
