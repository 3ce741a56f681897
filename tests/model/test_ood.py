"""Tests of novelty.py."""

import numpy as np

from keykind.model.ood import KNOWN, fit_ood_threshold, learn_prototypes, ood_scores

RNG = np.random.default_rng(0)
FEATURES = (
    np.abs(RNG.standard_normal((60, 16))).astype(np.float32)
    + 4 * np.eye(16, dtype=np.float32)[np.arange(60) % 3]
)
LABELS = np.arange(60) % 3


def test_what_was_learned_is_less_novel_than_what_was_not():
    prototypes = learn_prototypes(FEATURES, LABELS, 3)
    strange = np.abs(RNG.standard_normal((20, 16))).astype(np.float32) + 4 * np.eye(16, dtype=np.float32)[9]
    assert ood_scores(FEATURES, prototypes).max() < ood_scores(strange, prototypes).min()


def test_brightness_of_the_features_changes_nothing():
    prototypes = learn_prototypes(FEATURES, LABELS, 3)
    np.testing.assert_allclose(prototypes, learn_prototypes(3 * FEATURES, LABELS, 3), atol=1e-6)
    np.testing.assert_allclose(
        ood_scores(FEATURES, prototypes), ood_scores(0.1 * FEATURES, prototypes), atol=1e-6
    )


def test_the_share_of_keys_below_the_threshold_is_the_one_promised():
    novelties = RNG.random(1000).astype(np.float32)
    assert abs((novelties <= fit_ood_threshold(novelties)).mean() - KNOWN) < 0.005


def test_features_of_nothing_and_kinds_without_photos_give_numbers():
    prototypes = learn_prototypes(FEATURES, LABELS, 5)
    assert np.all(prototypes[3:] == 0)
    assert np.isfinite(ood_scores(np.zeros((2, 16), np.float32), prototypes)).all()
