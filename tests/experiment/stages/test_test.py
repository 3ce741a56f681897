"""Tests of stages/test.py."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.dataset import read_negatives
from keykind.experiment.stages import test as stage
from keykind.experiment.stages.calibrate import calibrate
from keykind.experiment.stages.fine_tune import fine_tune
from keykind.experiment.stages.heads import train_heads
from keykind.model.ood import MAX_OOD_SCORE
from small_runs import Halves


@pytest.fixture
def run_stages(make_context, initial):
    def run(context):
        result = fine_tune(context, train_heads(context, *initial(context)))
        calibration = calibrate(context, result)
        return calibration, stage.run_test(context, result, calibration)

    return run


def test_both_views_of_every_test_photo_are_predicted(make_context, run_stages):
    context = make_context()
    _, tested = run_stages(context)
    count, kinds = len(context.test_photos), len(context.experiment.dataset.kinds)
    for view in ("plain", "edge"):
        assert tested.probabilities[view].shape == (count, kinds)
        assert tested.probabilities[view].sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert tested.scores[view].confusion.sum() == count
    assert not np.array_equal(tested.probabilities["plain"], tested.probabilities["edge"])


def test_calibration_changes_the_confidence_and_no_prediction(make_context, run_stages):
    _, tested = run_stages(make_context())
    plain = tested.scores["plain"]
    assert np.array_equal(tested.calibrated.confusion, plain.confusion)
    assert tested.calibrated.log_loss != plain.log_loss


def test_photos_without_a_key_are_scored_by_set(make_context, run_stages):
    negatives = {"drawn": read_negatives(bundled_negatives())[0][:8]}
    context = make_context()
    context = replace(context, experiment=replace(context.experiment, negatives=negatives))
    _, tested = run_stages(context)
    assert list(tested.ood) == ["drawn"]
    assert (tested.ood["drawn"].keys, tested.ood["drawn"].negatives) == (len(context.test_photos), 8)


def test_a_photo_in_which_no_key_is_detected_has_the_largest_ood_score(make_context, run_stages, monkeypatch):
    scored = []
    score_ood = stage.score_ood
    monkeypatch.setattr(stage, "score_ood", lambda *call: scored.append(call) or score_ood(*call))
    context = make_context(crop="key")
    experiment = replace(context.experiment, negatives={"drawn": read_negatives(bundled_negatives())[0][:8]})
    context = replace(context, experiment=experiment.crop_keys(Halves()))
    run_stages(context)
    ((keys, negatives, _),) = scored
    for scores, samples in (
        (keys, context.test_photos),
        (negatives, context.experiment.negatives["drawn"]),
    ):
        undetected = np.array([sample.region is None for sample in samples])
        assert 0 < undetected.sum() < len(undetected)
        assert np.array_equal(scores == MAX_OOD_SCORE, undetected)


def test_saliency_is_measured_only_on_photos_with_a_rendered_label(make_context, run_stages, monkeypatch):
    _, tested = run_stages(make_context())
    assert tested.saliency is None  # these photos are drawn
