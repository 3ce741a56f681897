"""Training views -> aligned crops of their keys, with the masks of these; batches of them.

In:    Sources: folders of pools and hands; a recipe; a seed
Out:   batch n, the same in every run with the same seed
Needs: numpy, opencv, ai-edge-litert                                                       [train]
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.detect.refiner import HEIGHT, WIDTH
from keykind.detect.segmenter import COLUMNS, ROWS, segmented_region
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector import keys
from keykind.train.detector.batches import Sources
from keykind.train.detector.keys import View
from keykind.train.detector.views import Pools, training_view
from keykind.train.detector.warp import extract_unstretched, pixel_matrix
from keykind.train.trunk import Trunk, batch_inputs

MIN_LENGTH, MIN_VISIBILITY = 70.0, 0.25  # px and visible share of a key, in a view
MAX_KEYS = 4  # of a view
CLOSE, FAR, FAR_SHARE = 0.015, 0.05, 0.3  # standard deviation by which an end is moved, key lengths
WIDTH_NOISE = 0.15  # standard deviation of the logarithm of the width

Batch = list[NDArray[np.generic]]  # feature maps, or crops; then masks (n, ROWS, COLUMNS) uint8
Example = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # crop (HEIGHT, WIDTH, 3), mask (ROWS, COLUMNS)


@dataclass(frozen=True, slots=True)
class PrepareBatches:
    """Prepares a worker process: call it there."""

    sources: Sources
    trunk: bytes | None  # a LiteRT file; None: batches of crops instead of features
    recipe: DetectorRecipe  # of the views
    batch: int
    seed: int

    def __call__(self) -> Callable[[int], Batch]:
        """Return the function from a number to a batch."""
        cv2.setNumThreads(1)
        return BatchMaker(self, self.sources.open(), Trunk(self.trunk) if self.trunk else None)


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(self, task: PrepareBatches, pools: Pools, trunk: Trunk | None) -> None:
        self._task, self._pools, self._trunk = task, pools, trunk

    def __call__(self, number: int) -> Batch:
        """Return batch `number`."""
        examples: list[Example] = []
        i = 0
        while len(examples) < self._task.batch:
            rng = np.random.default_rng([self._task.seed, number, i])
            examples += view_examples(training_view(self._pools, self._task.recipe, rng), rng)
            i += 1
        crops, masks = zip(*examples[: self._task.batch], strict=True)
        return [*batch_inputs(crops, self._trunk), np.stack(masks)]


def view_examples(view: View, rng: np.random.Generator) -> Iterator[Example]:
    """Yield the crops of some of a view's keys with exact masks, their ends moved as the refiner errs."""
    rows = view.boxed + rng.permutation(len(view.keys) - view.boxed)[:MAX_KEYS]
    for row in rows.tolist():
        key = view.keys[row]
        length = math.dist(key[keys.HEAD], key[keys.TIP])
        visible = (1 - key[keys.OCCLUSION]) * (1 - key[keys.TRUNCATION])
        if length >= MIN_LENGTH and visible >= MIN_VISIBILITY and key[keys.REMOTE] < 0.5:
            yield _example(view, row, length, rng)


def _example(view: View, row: int, length: float, rng: np.random.Generator) -> Example:
    key = view.keys[row]
    deviation = length * (FAR if rng.random() < FAR_SHARE else CLOSE)
    head, tip = (key[part] + rng.normal(0, deviation, 2) for part in (keys.HEAD, keys.TIP))
    region = segmented_region(head, tip, float(key[keys.WIDTH] * math.exp(rng.normal(0, WIDTH_NOISE))))
    crop = extract_unstretched(view.image, region, HEIGHT)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    size = 2 * WIDTH, 2 * HEIGHT
    parts = cv2.warpAffine(view.parts, pixel_matrix(region, size), size, flags=flags)
    own = np.zeros(256, np.uint8)
    own[[2 * row + 1, 2 * row + 2]] = 255
    mask = cv2.resize(cv2.LUT(parts, own), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        crop, mask = crop[::-1], mask[::-1]
    return np.ascontiguousarray(crop), np.ascontiguousarray(mask)
