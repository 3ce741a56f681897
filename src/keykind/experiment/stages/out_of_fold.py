"""Beside the stages: predict each training photo by the head of the fold that was not trained on it.

In:    Context, Heads
Out:   OutOfFold, the rows of out_of_fold.csv
Needs: keras, tensorflow, scikit-learn                                                     [train]

Fine-tuning trains one model, on the photos of the best fold, so few photos would be new to it. These
predictions are therefore those of the heads on the frozen backbone, also in a run with fine-tuning.
"""

from dataclasses import dataclass

import numpy as np

from keykind.dataset.samples import Sample
from keykind.evaluate.metrics import fit_temperature
from keykind.experiment.context import Context
from keykind.experiment.stages.heads import Heads
from keykind.model.card import KEY
from keykind.model.head import Floats, Labels, softmax
from keykind.model.ood import MAX_OOD_SCORE, fit_prototypes, ood_scores


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """What the heads predict for the photos that they were not trained on."""

    samples: tuple[Sample, ...]  # the training photos, n
    folds: Labels  # (n,) the fold in whose validation part each photo is
    probabilities: Floats  # (n, c), calibrated on these very predictions
    ood: Floats  # (n,) out-of-distribution scores, by prototypes of the fold's training photos


def predict_out_of_fold(context: Context, heads: Heads) -> OutOfFold:
    """Return the prediction of the judging view of every training photo, by the head of its fold."""
    samples, kinds = context.training_photos, len(context.experiment.dataset.kinds)
    labels, features = context.experiment.labels(samples), _features(context, heads)
    folds = np.zeros(len(samples), np.intp)
    logits = np.zeros((len(samples), kinds), np.float32)
    ood = np.zeros(len(samples), np.float32)
    for i, (fold, trained) in enumerate(zip(heads.folds, heads.trained, strict=True)):
        rows = fold.validation
        folds[rows] = i
        logits[rows] = trained.head.logits(features[rows])
        prototypes = fit_prototypes(features[fold.train], labels[fold.train], kinds)
        ood[rows] = ood_scores(features[rows], prototypes)
    if context.recipe.crop == KEY:
        ood[[sample.region is None for sample in samples]] = MAX_OOD_SCORE
    return OutOfFold(samples, folds, softmax(logits, fit_temperature(logits, labels)), ood)


def _features(context: Context, heads: Heads) -> Floats:
    """Return the features (n, k) of the judging view of each training photo, by the frozen backbone."""
    view, views = context.recipe.judging_view, context.recipe.views
    if view in views:
        return np.asarray(heads.features[:, views.index(view)])
    return np.asarray(context.features("out-of-fold", context.training_photos, heads.network, view)[:, 0])
