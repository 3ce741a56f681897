"""Train the bundled refiner: its heads on frozen features first, then the whole network.

In:    what the detector's training views are made of; the detector's model file; MobileNetV2's weights
Out:   OUT/refiner.tflite, OUT/refiner.weights.h5, OUT/refiner.json with the curves; OUT/pools,
       OUT/heads.weights.h5 and OUT/*-state.npz, from which a training that was interrupted is resumed
Needs: keras, tensorflow, opencv                                                           [train]
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keykind.core.files import READ_ERRORS, atomic_write, write_bytes, write_json
from keykind.core.parallel import cpu_count
from keykind.detect.detector import KeyDetector
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras, tf
from keykind.train.by_steps import Schedule, Trainee, train_by_steps
from keykind.train.detector.batches import Sources
from keykind.train.detector.checkpoint import Curves
from keykind.train.detector.training import TrainingPhotos, build_pools
from keykind.train.recipe import Recipe
from keykind.train.refiner.batches import Batch, PrepareBatches
from keykind.train.refiner.loss import PARTS, refiner_loss
from keykind.train.refiner.network import (
    build_heads,
    build_refiner,
    build_trunk,
    convert_refiner,
    convert_trunk,
)
from keykind.train.workers import in_workers

MODEL, WEIGHTS, CURVES = "refiner.tflite", "refiner.weights.h5", "refiner.json"
HEADS, HEADS_CURVES, HEADS_STATE = "heads.weights.h5", "heads.json", "heads-state.npz"  # of the first stage
STATE = "refiner-state.npz"  # of the second
HEADS_STREAM, REFINER_STREAM = 0, 1  # independent streams of views


@dataclass(frozen=True, slots=True)
class RefinerStart:
    """What training starts from."""

    detector: Path  # detector.tflite, whose candidates are refined
    backbone: str = "imagenet"  # see `load_backbone`
    scaling: str = "native"  # of the pixels that the backbone's weights expect
    refiner: Path | None = None  # refiner.weights.h5 of an earlier training, of which all is trained further


def train_refiner(
    photos: TrainingPhotos, start: RefinerStart, recipe: Recipe, out: str | Path, seed: int
) -> Path:
    """Train the refiner by `recipe.refiner`, on views by `recipe.detector`; return its model file's path.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for photos that are missing or cannot be read, BadModel, BadWeights, CannotWrite, and
    KeykindError if `out` holds a training by another recipe, detector or seed.
    """
    out = Path(out)
    if (out / MODEL).exists():
        return out / MODEL
    KeyDetector.load(start.detector)  # an error in a worker would come late
    backbone = load_backbone("mobilenet_v2", start.backbone, scaling=start.scaling, seed=seed)
    keras.utils.set_random_seed(seed)
    trunk, heads = build_trunk(backbone), build_heads(recipe.refiner)
    refiner = build_refiner(trunk, heads)
    run = _Run(build_pools(photos, out / "pools"), start.detector.read_bytes(), recipe, out, seed)
    if start.refiner:
        refiner.load_weights(start.refiner)
        head_curves: Curves = []
    else:
        head_curves = run.train_heads(trunk, heads)
    curves = run.train_all(refiner)
    _save(refiner, out / WEIGHTS)
    facts = {"photos": len(photos.labelled), "recipe": asdict(recipe.refiner)}
    write_json(out / CURVES, {**facts, "heads": head_curves, "curves": curves})
    write_bytes(out / MODEL, convert_refiner(refiner))
    return out / MODEL


@dataclass(frozen=True, slots=True)
class _Run:
    """The two stages of a training."""

    sources: Sources
    detector: bytes
    recipe: Recipe
    out: Path
    seed: int

    def train_heads(self, trunk: Any, heads: Any) -> Curves:
        """Train the heads on features of the frozen trunk, unless that is done; return the curves."""
        if (self.out / HEADS_CURVES).exists():
            heads.load_weights(self.out / HEADS)
            return _read_curves(self.out / HEADS_CURVES)
        loss_of = refiner_loss(self.recipe.refiner)

        def loss(*batch: Any) -> tuple[Any, Any]:
            *features, targets, masks = batch
            outputs = heads([tf.cast(values, tf.float32) for values in features], training=True)
            return loss_of(outputs, targets, masks)

        curves = self._train(
            Trainee("the refiner", heads, loss, PARTS),
            convert_trunk(trunk),
            HEADS_STREAM,
            self._schedule(self.recipe.refiner.crops, self.recipe.refiner.learning_rate),
            self.out / HEADS_STATE,
        )
        _save(heads, self.out / HEADS)
        write_json(self.out / HEADS_CURVES, curves)
        return curves

    def train_all(self, refiner: Any) -> Curves:
        """Train all of the network; return the curves."""
        loss_of = refiner_loss(self.recipe.refiner)

        def loss(crops: Any, targets: Any, masks: Any) -> tuple[Any, Any]:
            outputs = refiner(tf.cast(crops, tf.float32) / 255, training=True)
            return loss_of(outputs, targets, masks)

        recipe = self.recipe.refiner
        schedule = self._schedule(recipe.fine_tune_crops, recipe.fine_tune_rate)
        trainee = Trainee("the refiner", refiner, loss, PARTS)
        return self._train(trainee, None, REFINER_STREAM, schedule, self.out / STATE)

    def _train(
        self, trainee: Trainee, trunk: bytes | None, stream: int, schedule: Schedule, state: Path
    ) -> Curves:
        # Odd and even seeds of the batches: the second stage sees other views than the first.
        prepare = PrepareBatches(self.sources, self.detector, trunk, self.recipe, 2 * self.seed + stream)

        def batches(numbers: range) -> Iterator[Batch]:
            return in_workers(prepare, numbers, cpu_count())

        digest = hashlib.sha256(self.detector).hexdigest()
        recipes = asdict(self.recipe.refiner), asdict(self.recipe.detector)
        identity = json.dumps([*recipes, self.seed, digest])
        return train_by_steps(trainee, batches, schedule, state, identity)

    def _schedule(self, crops: int, rate: float) -> Schedule:
        recipe = self.recipe.refiner
        return Schedule(
            max(crops // recipe.batch, 1),
            rate,
            recipe.final_rate,
            recipe.warm_up,
            recipe.weight_decay,
            recipe.clip_norm,
            recipe.averaging,
        )


def _save(model: Any, path: Path) -> None:
    with atomic_write(path) as temporary:
        model.save_weights(temporary)


def _read_curves(path: Path) -> Curves:
    try:
        curves: Curves = json.loads(path.read_text("utf-8"))
    except READ_ERRORS:
        return []  # they are for people only
    return curves
