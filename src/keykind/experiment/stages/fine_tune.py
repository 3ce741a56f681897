"""Stage 2: fine-tune the backbone with the best fold's head, fully, partially, both, or not at all.

In:    Context, Heads
Out:   TrainingResult; finished epochs are kept in the run folder
Needs: keras, tensorflow                                                                   [train]
"""

from dataclasses import dataclass, replace

import numpy as np

from keykind.experiment.context import Context
from keykind.experiment.stages.heads import Heads
from keykind.model.card import KEY
from keykind.model.head import Floats, Head
from keykind.train.augment import CONTEXT_SCALE
from keykind.train.backbone import Backbone
from keykind.train.crossval import Rows
from keykind.train.features import Network, store_crops
from keykind.train.full_finetune import LARGE_CROP, FullFineTuning, ViewTask, fine_tune_all_layers
from keykind.train.head_training import Task
from keykind.train.partial_finetune import PartialFineTuning, fine_tune_last_layers


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """The trained model."""

    heads: Heads
    backbone: Backbone
    network: Network  # the backbone in LiteRT
    head: Head
    full: FullFineTuning | None = None
    partial: PartialFineTuning | None = None

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the backbone was trained, too."""
        return self.full is not None or self.partial is not None


def fine_tune(context: Context, heads: Heads) -> TrainingResult:
    """Fine-tune as the recipe says: first all layers on strong views, then the last layers."""
    result = TrainingResult(heads, heads.backbone, heads.network, heads.head)
    if context.recipe.all_layers_epochs:
        result = _fine_tune_all_layers(context, result)
    if context.recipe.fine_tune_layers:
        result = _fine_tune_last_layers(context, result)
    return result


def _fine_tune_all_layers(context: Context, result: TrainingResult) -> TrainingResult:
    experiment, recipe = context.experiment, context.recipe
    photos = [context.training_photos[i] for i in result.heads.best_fold.train]
    samples = [*photos, *experiment.renders]
    aligned = recipe.crop == KEY
    scale, file = CONTEXT_SCALE if aligned else 1.0, context.folder.work / "crops-large.npy"
    crops = store_crops(samples, LARGE_CROP, file, scale, experiment.engine)
    whole = None
    if aligned and recipe.all_layers_loose_share:
        photos = [replace(sample, region=None) for sample in samples]
        file = context.folder.work / "crops-whole.npy"
        whole = store_crops(photos, LARGE_CROP, file, engine=experiment.engine)
    labels, kinds = experiment.labels(samples), len(experiment.dataset.kinds)
    if context.of_keys:  # the weights are near: of the bundled photos, 48 steps classify no more than 12
        recipe = replace(recipe, all_layers_min_steps=0)
    task = ViewTask(crops, labels, kinds, recipe, aligned, whole)
    full = fine_tune_all_layers(
        result.backbone,
        task,
        context.folder.work / "all-layers",
        context.cache,
        experiment.seed_for("all layers"),
        context.devices,
    )
    return replace(
        result, backbone=full.backbone, network=context.network(full.backbone), head=full.head, full=full
    )


def _fine_tune_last_layers(context: Context, result: TrainingResult) -> TrainingResult:
    experiment, plan, samples = context.experiment, context.experiment.plan, context.training_photos
    file = context.folder.work / "crops.npy"
    crops = store_crops(samples, result.network.size, file, engine=experiment.engine)

    def pixels(photos: Rows, views: Rows) -> Floats:
        pictures = [
            plan.picture(plan.views[view], crops[photo], samples[photo].sha256)
            for photo, view in zip(photos, views, strict=True)
        ]
        return np.stack(pictures) * np.float32(255)

    labels, kinds = experiment.labels(samples), len(experiment.dataset.kinds)
    task = Task(pixels, labels, kinds, result.heads.best_fold, context.recipe)
    partial = fine_tune_last_layers(
        result.backbone,
        result.head,
        task,
        context.folder.work / "fine-tune",
        experiment.seed_for("fine-tune"),
        context.devices,
    )
    network = context.network(partial.backbone)
    return replace(result, backbone=partial.backbone, network=network, head=partial.head, partial=partial)
