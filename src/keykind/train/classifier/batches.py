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

from keykind.model.interpreter import InterpreterPool
from keykind.train.classifier.recipe import ClassifierRecipe
from keykind.train.classifier.views import classifier_view, find_keys
from keykind.train.detector.batches import Sources
from keykind.train.detector.views import Pools

Batch = list[NDArray[np.generic]]  # views or features of the frozen part (n, ...); then targets (n, kinds)


@dataclass(frozen=True, slots=True)
class PrepareBatches:
    """Prepares a worker process: call it there."""

    sources: Sources
    frozen: bytes | None  # a LiteRT file; None: batches of views instead of features
    recipe: ClassifierRecipe
    seed: int

    def __call__(self) -> Callable[[int], Batch]:
        """Return the function from a number to a batch."""
        cv2.setNumThreads(1)
        return BatchMaker(self.sources.open(), self.frozen, self.recipe, self.seed)


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(self, pools: Pools, frozen: bytes | None, recipe: ClassifierRecipe, seed: int) -> None:
        self._pools, self._keys = pools, find_keys(pools)
        self._frozen = InterpreterPool(frozen) if frozen else None
        self._recipe, self._seed = recipe, seed

    def __call__(self, number: int) -> Batch:
        """Return batch `number`."""
        rngs = [np.random.default_rng([self._seed, number, i]) for i in range(self._recipe.batch)]
        images, targets = zip(
            *(classifier_view(self._pools, self._keys, self._recipe, rng) for rng in rngs), strict=True
        )
        inputs: list[NDArray[np.generic]] = [np.stack(images)]
        if self._frozen:
            inputs = [np.stack(maps) for maps in zip(*map(self._features, images), strict=True)]
        return [*inputs, np.stack(targets)]

    def _features(self, image: NDArray[np.uint8]) -> list[NDArray[np.float16]]:
        """Return the outputs of the frozen part, finest first: LiteRT may have them in any order."""
        assert self._frozen is not None  # noqa: S101 - called only then
        outputs = sorted(self._frozen.run(image), key=lambda output: output.shape, reverse=True)
        return [output[0].astype(np.float16) for output in outputs]
