"""Training batches of the detector: views or their features, and their targets.

In:    Sources: folders of pools and hands, the trunk; a recipe; a seed
Out:   batch n, the same in every run with the same seed
Needs: numpy, opencv, ai-edge-litert                                                       [train]
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.clutter import read_things
from keykind.train.detector.holding import read_hands
from keykind.train.detector.pool import ScenePool
from keykind.train.detector.targets import target_rows, trim
from keykind.train.detector.views import Pools, training_view
from keykind.train.trunk import Trunk, batch_inputs

Batch = list[NDArray[np.generic]]  # feature maps (n, h, w, c) float16, or views; then targets (n, m, 12)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a worker process finds what views are made of."""

    scenes: Path  # folders of pools
    backgrounds: Path
    marked: Path | None
    hands: Path | None  # folders of PNG files
    things: Path | None = None

    def open(self) -> Pools:
        """Return the pools."""
        return Pools(
            ScenePool(self.scenes),
            ScenePool(self.backgrounds),
            read_hands(self.hands) if self.hands else (),
            ScenePool(self.marked) if self.marked else None,
            read_things(self.things) if self.things else (),
        )


@dataclass(frozen=True, slots=True)
class PrepareBatches:
    """Prepares a worker process: call it there."""

    sources: Sources
    trunk: bytes | None  # a LiteRT file; None: batches of views instead of features
    recipe: DetectorRecipe
    seed: int

    def __call__(self) -> "BatchMaker":
        """Return the function from a number to a batch."""
        cv2.setNumThreads(1)
        trunk = Trunk(self.trunk) if self.trunk else None
        return BatchMaker(self.sources.open(), trunk, self.recipe, self.seed)


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(self, pools: Pools, trunk: Trunk | None, recipe: DetectorRecipe, seed: int) -> None:
        self._pools, self._trunk, self._recipe, self._seed = pools, trunk, recipe, seed

    def __call__(self, number: int) -> Batch:
        """Return batch `number`."""
        size = self._recipe.batch if self._trunk else self._recipe.fine_tune_batch
        views = [
            training_view(self._pools, self._recipe, np.random.default_rng([self._seed, number, i]))
            for i in range(size)
        ]
        targets = trim(np.stack([target_rows(view.keys) for view in views]))
        return [*batch_inputs([view.image for view in views], self._trunk), targets]
