"""Training batches of the refiner: views, the detector's candidates in them, their crops or features.

In:    Sources: folders of pools and hands; the detector; a recipe; a seed
Out:   batch n, the same in every run with the same seed
Needs: numpy, opencv, ai-edge-litert                                                       [train]
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.detect.detector import KeyDetector
from keykind.train.detector.batches import Sources
from keykind.train.detector.views import Pools, training_view
from keykind.train.recipe import Recipe
from keykind.train.refiner.crops import Example, view_examples
from keykind.train.trunk import Trunk, batch_inputs

Batch = list[NDArray[np.generic]]  # feature maps, or crops; then targets and masks


@dataclass(frozen=True, slots=True)
class PrepareBatches:
    """Prepares a worker process: call it there."""

    sources: Sources
    detector: bytes  # model files
    trunk: bytes | None  # None: batches of crops instead of features
    recipe: Recipe
    seed: int

    def __call__(self) -> Callable[[int], Batch]:
        """Return the function from a number to a batch."""
        cv2.setNumThreads(1)
        trunk = Trunk(self.trunk) if self.trunk else None
        return BatchMaker(self.sources.open(), KeyDetector(self.detector), trunk, self.recipe, self.seed)


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(
        self, pools: Pools, detector: KeyDetector, trunk: Trunk | None, recipe: Recipe, seed: int
    ) -> None:
        self._pools, self._detector, self._trunk = pools, detector, trunk
        self._recipe, self._seed = recipe, seed

    def __call__(self, number: int) -> Batch:
        """Return batch `number`: arrays of `refiner.batch` rows."""
        examples = self._examples(number)
        targets = np.stack([example.targets for example in examples])
        masks = np.stack([example.masks for example in examples])
        return [*batch_inputs([example.crop for example in examples], self._trunk), targets, masks]

    def _examples(self, number: int) -> list[Example]:
        examples: list[Example] = []
        size, i = self._recipe.refiner.batch, 0
        while len(examples) < size:
            rng = np.random.default_rng([self._seed, number, i])
            view = training_view(self._pools, self._recipe.detector, rng)
            examples += view_examples(view, self._detector, rng)
            i += 1
        return examples[:size]
