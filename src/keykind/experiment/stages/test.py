"""Stage 4: test the calibrated model on the test photos, and on photos without a key.

In:    Context, TrainingResult, Calibration
Out:   TestResult
Needs: keras, tensorflow, scikit-learn                                                     [train]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.dataset.samples import Sample
from keykind.evaluate.metrics import OODMetrics, Scores, score, score_ood
from keykind.experiment.context import Context
from keykind.experiment.stages.calibrate import Calibration
from keykind.experiment.stages.fine_tune import TrainingResult
from keykind.model.card import KEY
from keykind.model.head import Floats, softmax
from keykind.model.ood import MAX_OOD_SCORE, ood_scores
from keykind.train.saliency import Saliency, class_map_of, measure_saliency

TEST_VIEWS = ("plain", "edge")
MAX_SALIENCY_PHOTOS = 1000  # test photos whose saliency is measured


@dataclass(frozen=True, slots=True, eq=False)
class TestResult:
    """What the model predicts for the test photos, and how good that is."""

    probabilities: dict[str, Floats]  # for each of TEST_VIEWS, (n, c), before calibration
    scores: dict[str, Scores]  # for each of TEST_VIEWS, before calibration
    calibrated: Scores  # of the judging view
    ood: dict[str, OODMetrics]  # for each set of photos without a key
    saliency: Saliency | None  # None: no test photo has a rendered label


def run_test(context: Context, result: TrainingResult, calibration: Calibration) -> TestResult:
    """Predict every test photo, plain and as edges, and score the predictions."""
    samples, judging_view = context.test_photos, context.recipe.judging_view
    features = context.features("test", samples, result.network, *TEST_VIEWS)
    logits = {view: result.head.logits(np.asarray(features[:, i])) for i, view in enumerate(TEST_VIEWS)}
    probabilities = {view: softmax(values) for view, values in logits.items()}
    judged = np.asarray(features[:, TEST_VIEWS.index(judging_view)])
    return TestResult(
        probabilities,
        {view: _score(context, values) for view, values in probabilities.items()},
        _score(context, softmax(logits[judging_view], calibration.temperature)),
        _score_ood(context, result, calibration, judged),
        measure_saliency(samples[:MAX_SALIENCY_PHOTOS], class_map_of(result.network, result.head)),
    )


def _score(context: Context, probabilities: Floats) -> Scores:
    experiment, samples = context.experiment, context.test_photos
    return score(
        probabilities,
        experiment.labels(samples),
        [sample.group for sample in samples],
        experiment.dataset.kinds,
        resamples=context.recipe.bootstrap,
        rng=np.random.default_rng(experiment.seed_for("bootstrap")),
    )


def _score_ood(
    context: Context, result: TrainingResult, calibration: Calibration, features: Floats
) -> dict[str, OODMetrics]:
    """Return how well OOD scores separate test photos, with features (n, k), from each set of negatives."""
    keys = _ood_scores(context, context.test_photos, features, calibration)
    metrics = {}
    for i, (name, samples) in enumerate(context.test_negatives.items()):
        view = context.recipe.judging_view
        negatives = np.asarray(context.features(f"negatives-{i}", samples, result.network, view)[:, 0])
        scores = _ood_scores(context, samples, negatives, calibration)
        metrics[name] = score_ood(keys, scores, calibration.ood_threshold)
    return metrics


def _ood_scores(
    context: Context, samples: Sequence[Sample], features: Floats, calibration: Calibration
) -> Floats:
    """Return the OOD score of each photo, (n,); the largest possible if no key was detected in it."""
    scores = ood_scores(features, calibration.prototypes)
    if context.recipe.crop == KEY:
        scores[[sample.region is None for sample in samples]] = MAX_OOD_SCORE
    return scores
