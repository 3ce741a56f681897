"""Tests of model/ood.py."""

import numpy as np

from keykind.model.ood import KEY_RECALL, fit_ood_threshold, fit_prototypes, ood_scores

RNG = np.random.default_rng(0)
FEATURES = (
    np.abs(RNG.standard_normal((60, 16))).astype(np.float32)
    + 4 * np.eye(16, dtype=np.float32)[np.arange(60) % 3]
)
LABELS = np.arange(60) % 3


def test_training_features_score_below_others():
    prototypes = fit_prototypes(FEATURES, LABELS, 3)
    negatives = np.abs(RNG.standard_normal((20, 16))).astype(np.float32) + 4 * np.eye(16, dtype=np.float32)[9]
    assert ood_scores(FEATURES, prototypes).max() < ood_scores(negatives, prototypes).min()


def test_scores_do_not_depend_on_the_magnitude_of_features():
    prototypes = fit_prototypes(FEATURES, LABELS, 3)
    np.testing.assert_allclose(prototypes, fit_prototypes(3 * FEATURES, LABELS, 3), atol=1e-6)
    np.testing.assert_allclose(
        ood_scores(FEATURES, prototypes), ood_scores(0.1 * FEATURES, prototypes), atol=1e-6
    )


def test_the_threshold_keeps_the_promised_fraction_of_keys():
    scores = RNG.random(1000).astype(np.float32)
    assert abs((scores <= fit_ood_threshold(scores)).mean() - KEY_RECALL) < 0.005


def test_zero_features_and_kinds_without_photos_give_finite_scores():
    prototypes = fit_prototypes(FEATURES, LABELS, 5)
    assert np.all(prototypes[3:] == 0)
    assert np.isfinite(ood_scores(np.zeros((2, 16), np.float32), prototypes)).all()
