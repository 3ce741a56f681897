"""Stage 3: calibrate the model on photos that it was not trained on.

In:    Context, TrainingResult
Out:   Calibration: temperature, prototypes, threshold of the out-of-distribution (OOD) score
Needs: keras, tensorflow, scikit-learn                                                     [train]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from keykind.evaluate.metrics import fit_temperature
from keykind.experiment.context import Context
from keykind.experiment.stages.fine_tune import TrainingResult
from keykind.model.head import Floats, Head, Labels
from keykind.model.ood import KEY_RECALL, fit_ood_threshold, fit_prototypes, ood_scores
from keykind.train.crossval import Fold


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What turns the model's outputs into probabilities and OOD decisions."""

    temperature: float
    prototypes: Floats  # (c, k), of all training photos
    ood_threshold: float  # OOD score above which a photo is taken to show no key


def calibrate(context: Context, result: TrainingResult) -> Calibration:
    """Calibrate on validation photos: of every fold by its own head, or of the best one after fine-tuning."""
    heads, experiment = result.heads, context.experiment
    if result.is_fine_tuned:
        pairs = [(result.head, heads.best_fold)]
    else:
        pairs = [(trained.head, fold) for trained, fold in zip(heads.trained, heads.folds, strict=True)]
    labels, kinds = experiment.labels(context.training_photos), len(experiment.dataset.kinds)
    calibration = fit_calibration(pairs, _features(context, result), labels, kinds)
    if context.of_keys or not context.calibration_negatives:
        return calibration
    view, samples = context.recipe.judging_view, context.calibration_negatives
    others = np.asarray(context.features("calibrate-negatives", samples, result.network, view)[:, 0])
    scores = ood_scores(others, calibration.prototypes)
    return replace(calibration, ood_threshold=widened_threshold(calibration.ood_threshold, scores))


def widened_threshold(threshold: float, negatives: Floats) -> float:
    """Return the OOD threshold of a model of whole photos: halfway to photos of other things, in ratio.

    threshold: that of the model's own photos. negatives (n,): scores of photos of other things.
    No detector says that a photo shows something known, so the score alone must not refuse the model's own
    classes. The photos that it was fitted to are few and, as the best fold's, easier than new ones: of 72 new
    photos of three drawn classes 32% were above it, and of other photos 5% below 2.3 times it.
    """
    nearest = float(np.quantile(negatives, 1 - KEY_RECALL))
    return max(threshold, math.sqrt(threshold * nearest))


def fit_calibration(
    pairs: Sequence[tuple[Head, Fold]], features: Floats, labels: Labels, kinds: int
) -> Calibration:
    """Return the calibration from heads, each applied to the validation photos of its fold.

    features (n, k) of one view, labels (n,).
    """
    logits = [head.logits(features[fold.validation]) for head, fold in pairs]
    scores = []
    for _, fold in pairs:
        prototypes = fit_prototypes(features[fold.train], labels[fold.train], kinds)
        scores.append(ood_scores(features[fold.validation], prototypes))
    validation_labels = [labels[fold.validation] for _, fold in pairs]
    return Calibration(
        fit_temperature(np.concatenate(logits), np.concatenate(validation_labels)),
        fit_prototypes(features, labels, kinds),
        fit_ood_threshold(np.concatenate(scores)),
    )


def _features(context: Context, result: TrainingResult) -> Floats:
    """Return the features (n, k) of the judging view of each training photo."""
    view, views = context.recipe.judging_view, context.recipe.views
    if not result.is_fine_tuned and view in views:
        return np.asarray(result.heads.features[:, views.index(view)])
    return np.asarray(context.features("calibrate", context.training_photos, result.network, view)[:, 0])
