"""Everything that determines a run, in one frozen value.

In:    dataset, recipe, weights, seed, photos without a key, rendered photos
Out:   Experiment; its identity, by which a resumed run recognises itself
Needs: numpy, pillow, ai-edge-litert
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.cache import Cache
from keykind.core.parallel import Engine, parallel_map
from keykind.dataset.samples import Dataset, Sample
from keykind.detect.detection import Detector
from keykind.model.head import Labels
from keykind.model.preprocess import Augmentation
from keykind.train.features import Plan
from keykind.train.key_regions import Subject, with_key_crops
from keykind.train.recipe import AUTO, Recipe

SCHEMA = 3  # of recipe.json: raised when runs of older versions can no longer be resumed


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to train and test, how, and the folder of the results."""

    dataset: Dataset
    recipe: Recipe
    weights: str  # keykind, imagenet, random, or a weights file
    seed: int
    out: Path
    notice: str | None = None  # first line of the report
    negatives: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)  # sets of photos without a key
    renders: tuple[Sample, ...] = ()  # rendered photos of the same kinds, added to full fine-tuning
    engine: Engine = parallel_map  # for detecting keys, cropping, and computing features
    devices: str | None = None  # for training, see `find_devices`; the result is the same up to rounding
    options: Mapping[str, Any] = field(default_factory=dict)  # of `train`, kept in recipe.json to resume with
    announce: Callable[[str], None] = field(default=silent, compare=False)  # called with what the run decides

    @property
    def plan(self) -> Plan:
        """The views that the head is trained on."""
        recipe = self.recipe
        return Plan(recipe.views, Augmentation(recipe.rotation, recipe.zoom, recipe.flip), self.seed)

    def identity(self, initial_network: str, detector: Detector | None) -> dict[str, Any]:
        """Return everything that determines the result, as JSON values: what recipe.json holds.

        initial_network: the digest of the backbone. detector: of key crops, or to decide about them; None
        for whole photos.
        """
        recipe = {key: value for key, value in self.recipe.as_json().items() if key != "name"}
        return {
            "schema": SCHEMA,
            "recipe": recipe,
            "seed": self.seed,
            "initial_network": initial_network,
            "photos": self.dataset.digest(),
            "strangers": [_digest(samples) for samples in self.negatives.values()],
            "renders": _digest(self.renders),
        } | ({"detector": detector.digest} if detector else {})

    def cropped_for(self, subject: Subject | None) -> "Experiment":
        """Return the experiment with the crop that suits its photos, if the recipe leaves that open."""
        if subject is None or self.recipe.crop != AUTO:
            return self
        return replace(self, recipe=replace(self.recipe, crop=subject.crop))

    def crop_keys(self, detector: Detector, cache: Cache | None = None) -> "Experiment":
        """Return the experiment with each photo reduced to its key, if one is detected."""
        crop = partial(with_key_crops, detector=detector, engine=self.engine, cache=cache)
        return replace(
            self,
            dataset=replace(self.dataset, samples=crop(self.dataset.samples)),
            negatives={name: crop(photos) for name, photos in self.negatives.items()},
            renders=crop(self.renders),
        )

    def seed_for(self, *purpose: str | int) -> int:
        """Return a seed for one purpose, so that no stage depends on how many numbers another one draws."""
        return int.from_bytes(hashlib.sha256(repr((self.seed, purpose)).encode()).digest()[:4])

    def labels(self, samples: Sequence[Sample]) -> Labels:
        """Return the index of each sample's kind, (n,)."""
        index = {kind: i for i, kind in enumerate(self.dataset.kinds)}
        return np.array([index[sample.kind] for sample in samples], np.intp)


def _digest(samples: Sequence[Sample]) -> str:
    return hashlib.sha256(" ".join(sample.sha256 for sample in samples).encode()).hexdigest()
