"""Tests of stages/calibrate.py."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.experiment.stages import calibrate as module
from keykind.experiment.stages.calibrate import calibrate, fit_calibration, widened_threshold
from keykind.experiment.stages.fine_tune import fine_tune
from keykind.experiment.stages.heads import train_heads
from keykind.model.head import Head
from keykind.model.ood import ood_scores
from keykind.train.crossval import Fold

PHOTOS, KINDS = 40, 2
LABELS = np.arange(PHOTOS) % KINDS


def linear_head(scale):
    """A head whose logits are `scale` times the two features."""
    eye = np.eye(2, dtype=np.float32)
    return Head(eye, np.zeros(2, np.float32), eye * np.float32(scale), np.zeros(2, np.float32))


@pytest.fixture
def features():
    """Features of photos of two kinds, some on the wrong side."""
    rng = np.random.default_rng(0)
    return (np.eye(2)[LABELS] + 0.5 * np.abs(rng.standard_normal((PHOTOS, 2)))).astype(np.float32)


FOLDS = Fold(np.arange(20), np.arange(20, 40)), Fold(np.arange(20, 40), np.arange(20))


def test_an_overconfident_head_gets_a_higher_temperature(features):
    temperatures = [
        fit_calibration([(linear_head(scale), FOLDS[0])], features, LABELS, KINDS).temperature
        for scale in (1, 10)
    ]
    assert temperatures[1] == pytest.approx(10 * temperatures[0], rel=0.01)


def test_only_validation_photos_set_the_temperature(features):
    before = fit_calibration([(linear_head(3), FOLDS[0])], features, LABELS, KINDS)
    features[FOLDS[0].train] = features[FOLDS[0].train, ::-1]
    after = fit_calibration([(linear_head(3), FOLDS[0])], features, LABELS, KINDS)
    assert after.temperature == before.temperature


def test_prototypes_are_of_all_training_photos_and_the_threshold_passes_most_of_them(features):
    calibration = fit_calibration([(linear_head(3), fold) for fold in FOLDS], features, LABELS, KINDS)
    assert calibration.prototypes.shape == (KINDS, 2)
    assert np.linalg.norm(calibration.prototypes, axis=1) == pytest.approx(1, abs=1e-5)
    passed = ood_scores(features, calibration.prototypes) <= calibration.ood_threshold
    assert 0.9 <= passed.mean() <= 1


def test_every_fold_is_used_until_the_model_is_fine_tuned(make_context, initial, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "fit_calibration", lambda pairs, *_: calls.append(pairs))
    context = make_context(fine_tune_layers=1, fine_tune_epochs=1)
    heads = train_heads(context, *initial(context))
    tuned = fine_tune(context, heads)
    calibrate(context, replace(tuned, partial=None))
    calibrate(context, tuned)
    assert [fold for _, fold in calls[0]] == list(heads.folds)
    assert calls[1] == [(tuned.head, heads.best_fold)]


@pytest.mark.parametrize("views", [("edge",), ("plain_augmented", "edge"), ("plain", "edge")])
def test_the_judging_view_is_calibrated_also_if_it_is_not_trained_on(make_context, initial, views):
    context = make_context(views=views)
    result = fine_tune(context, train_heads(context, *initial(context)))
    calibration = calibrate(context, result)
    view = context.recipe.judging_view
    features = context.features("expected", context.training_photos, result.network, view)[:, 0]
    labels = context.experiment.labels(context.training_photos)
    pairs = [
        (trained.head, fold) for trained, fold in zip(result.heads.trained, result.heads.folds, strict=True)
    ]
    expected = fit_calibration(pairs, np.asarray(features), labels, len(context.experiment.dataset.kinds))
    assert calibration.temperature == expected.temperature
    np.testing.assert_array_equal(calibration.prototypes, expected.prototypes)


def test_the_threshold_of_whole_photos_is_halfway_to_photos_of_other_things_and_never_lower():
    far = np.linspace(0.8, 1.6, 101, dtype=np.float32)
    assert widened_threshold(0.2, far) == pytest.approx((0.2 * 0.84) ** 0.5, rel=1e-3)
    assert widened_threshold(0.2, far / 10) == 0.2
