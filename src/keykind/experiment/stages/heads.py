"""Stage 1: train a head on each fold, and choose the best fold.

In:    Context, the initial Backbone, the folds
Out:   Heads; each finished fold is kept in the run folder
Needs: keras, tensorflow                                                                   [train]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.progress import progress
from keykind.experiment.context import Context
from keykind.experiment.run_folder import RunFolder
from keykind.model.head import Floats, Head
from keykind.train.backbone import Backbone
from keykind.train.crossval import Fold, best_fold
from keykind.train.features import Network
from keykind.train.head_training import CURVES, Task, TrainedHead, train_head

WEIGHTS = ("w1", "b1", "w2", "b2")  # names of a head's arrays in the file of a fold


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """The heads of all folds, on the frozen backbone."""

    backbone: Backbone
    network: Network  # the backbone in LiteRT
    features: Floats  # (n, views, k) of the training photos, by the recipe's views
    folds: tuple[Fold, ...]
    trained: tuple[TrainedHead, ...]  # one per fold
    best: int  # index of the best fold

    @property
    def head(self) -> Head:
        """The head of the best fold."""
        return self.trained[self.best].head

    @property
    def best_fold(self) -> Fold:
        """The photos of the best fold."""
        return self.folds[self.best]


def train_heads(context: Context, backbone: Backbone, folds: Sequence[Fold]) -> Heads:
    """Train one head per fold on cached features of the frozen backbone."""
    recipe, experiment = context.recipe, context.experiment
    network = context.network(backbone)
    features = context.features("train", context.training_photos, network, *recipe.views)
    context.timer.record("features")
    labels, kinds = experiment.labels(context.training_photos), len(experiment.dataset.kinds)
    trained = []
    for i, fold in progress(enumerate(folds), len(folds), "training"):
        task = Task(lambda photos, views: features[photos, views], labels, kinds, fold, recipe)
        trained.append(
            _train_fold(context.folder, i, task, backbone.channels, experiment.seed_for("fold", i))
        )
    best = best_fold([head.val_accuracy for head in trained], [head.val_loss for head in trained])
    return Heads(backbone, network, features, tuple(folds), tuple(trained), best)


def _train_fold(folder: RunFolder, i: int, task: Task, channels: int, seed: int) -> TrainedHead:
    """Return the head of a fold, from the run folder if an earlier run finished it."""
    step = f"fold-{i}"
    saved = folder.load_step(step)
    if saved is None:
        trained = train_head(task, channels, seed)
        arrays = dict(zip(WEIGHTS, trained.head.arrays(), strict=True))
        curves = {curve: np.array(values) for curve, values in trained.history.items()}
        result = {"result": np.array([trained.val_loss, trained.val_accuracy])}
        folder.save_step(step, arrays | curves | result)
        return trained
    head = Head(*(saved[name] for name in WEIGHTS))
    return TrainedHead(head, {curve: saved[curve].tolist() for curve in CURVES}, *saved["result"].tolist())
