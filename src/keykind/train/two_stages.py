"""Train a network by steps, in two stages: its top on features of the frozen trunk first, then all of it.

In:    Training: what both stages share; the Stage
Out:   the trained model, and its curves; OUT/NAME-state.npz, from which an interrupted stage is resumed;
       OUT/NAME.weights.h5 and OUT/NAME.json, with identity and curves, of a stage that is not to be repeated
Needs: keras, tensorflow                                                                   [train]

The gradients of a new top would distort pretrained features (Kumar et al. 2022, arXiv:2202.10054).
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keykind.core.errors import BadWeights
from keykind.core.files import READ_ERRORS, atomic_write, write_json
from keykind.core.parallel import cpu_count
from keykind.train.backend import tf
from keykind.train.by_steps import Batch, RecipeBySteps, Schedule, Trainee, train_by_steps
from keykind.train.checkpoint import Curves, check_identity
from keykind.train.workers import in_workers

Prepare = Callable[[], Callable[[int], Batch]]  # prepares a worker process; see `in_workers`
MAX_REASON = 200  # characters of Keras's message that are shown
TOP_STREAM, WHOLE_STREAM = 0, 1  # independent streams of views


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What is trained, on what, and for how long."""

    name: str  # of its files
    model: Any  # keras.Model; of features, or of pixels 0..1 (n, h, w, 3)
    trunk: bytes | None  # what computes its features, a LiteRT file; None: it is the whole network
    steps: int
    learning_rate: float  # see Schedule


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What the stages of a training share."""

    name: str  # of the network, for errors
    loss: Callable[..., tuple[Any, Any]]  # from outputs and targets to the loss and its parts (n,)
    parts: tuple[str, ...]  # names of these parts
    recipe: RecipeBySteps
    prepare: Callable[[bytes | None, int], Prepare]  # for a trunk and a seed; None: batches of views
    out: Path
    seed: int
    identity: str  # what must be the same for a training to be resumed: recipe, seed, models it depends on

    def train_once(self, stage: Stage) -> Curves:
        """Train a stage, unless it is finished: then its weights are loaded.

        Raises as `train`, and BadWeights if the weights are damaged.
        """
        weights, table = self.out / f"{stage.name}.weights.h5", self.out / f"{stage.name}.json"
        if weights.exists():
            curves = check_finished(table, self.identity)
            load_weights(stage.model, weights)
            return curves
        curves = self.train(stage)
        write_json(table, {"identity": self.identity, "curves": curves})
        save_weights(stage.model, weights)
        return curves

    def train(self, stage: Stage) -> Curves:
        """Train a stage, or resume it; return its curves.

        Raises KeykindError if `out` has the state of another training, or the loss is not finite.
        """
        stream = TOP_STREAM if stage.trunk else WHOLE_STREAM
        prepare = self.prepare(stage.trunk, 2 * self.seed + stream)

        def batches(numbers: range) -> Iterator[Batch]:
            return in_workers(prepare, numbers, cpu_count())

        return train_by_steps(
            Trainee(self.name, stage.model, self._loss_of(stage), self.parts),
            batches,
            Schedule.by(self.recipe, stage.steps, stage.learning_rate),
            self.out / f"{stage.name}-state.npz",
            self.identity,
        )

    def _loss_of(self, stage: Stage) -> Callable[..., tuple[Any, Any]]:
        """Return the function from a batch to the loss and its parts."""

        def on_features(*batch: Any) -> tuple[Any, Any]:
            count = len(stage.model.inputs)
            features = [tf.cast(values, tf.float32) for values in batch[:count]]
            return self.loss(stage.model(features, training=True), *batch[count:])

        def on_views(views: Any, *targets: Any) -> tuple[Any, Any]:
            return self.loss(stage.model(tf.cast(views, tf.float32) / 255, training=True), *targets)

        return on_features if stage.trunk else on_views


def save_weights(model: Any, path: Path) -> None:
    """Write the weights of a Keras model. Raises CannotWrite."""
    with atomic_write(path) as temporary:
        model.save_weights(temporary)


def load_weights(model: Any, path: Path) -> None:
    """Read the weights of a Keras model. Raises BadWeights."""
    try:
        model.load_weights(path)
    except (TypeError, *READ_ERRORS) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:MAX_REASON]
        remedy = "give weights of the same recipe"
        raise BadWeights(path, fault=f"does not fit the network ({reason})", remedy=remedy) from error


def digest_of(path: Path | None) -> str | None:
    """Return the SHA-256 of a weights file, None without one. Raises BadWeights if it cannot be read."""
    try:
        return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason, remedy = error.strerror or error, "give weights of the same recipe"
        raise BadWeights(path or "", fault=f"cannot be read ({reason})", remedy=remedy) from error


def check_finished(table: Path, identity: str) -> Curves:
    """Return the curves in the NAME.json of a finished training or stage.

    Raises KeykindError if it is of another identity, or of none.
    """
    try:
        facts = dict(json.loads(table.read_text("utf-8")))
    except (TypeError, *READ_ERRORS):
        facts = {}
    check_identity(table, facts.get("identity"), identity)
    return list(facts["curves"])
