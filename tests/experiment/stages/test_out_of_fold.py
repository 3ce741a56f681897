"""Tests of stages/out_of_fold.py, and of the table that is made of it."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.experiment.artifacts import write_out_of_fold
from keykind.experiment.stages.heads import train_heads
from keykind.experiment.stages.out_of_fold import predict_out_of_fold
from keykind.model.ood import MAX_OOD_SCORE
from small_runs import read_rows


@pytest.fixture
def predicted(make_context, initial):
    context = make_context()
    heads = train_heads(context, *initial(context))
    return context, heads, predict_out_of_fold(context, heads)


def test_every_training_photo_is_predicted_by_the_head_that_was_not_trained_on_it(predicted):
    context, heads, found = predicted
    assert found.samples == context.training_photos
    features = np.asarray(heads.features[:, 0])
    for i, (fold, trained) in enumerate(zip(heads.folds, heads.trained, strict=True)):
        assert set(np.flatnonzero(found.folds == i)) == set(fold.validation)
        logits = trained.head.logits(features[fold.validation])
        logits -= logits.max(axis=1, keepdims=True)
        scaled = np.log(found.probabilities[fold.validation])
        scaled -= scaled.max(axis=1, keepdims=True)
        temperature = (logits * logits).sum() / (logits * scaled).sum()
        np.testing.assert_allclose(scaled * temperature, logits, atol=1e-3)


def test_probabilities_are_calibrated_on_the_photos_that_the_heads_have_not_seen(predicted):
    context, _, found = predicted
    labels = context.experiment.labels(found.samples)

    def loss(exponent):
        powers = found.probabilities**exponent
        return -np.log((powers / powers.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]).mean()

    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    assert loss(1) <= min(loss(0.8), loss(1.25)) + 1e-3


@pytest.mark.parametrize("views", [("edge",), ("plain", "edge")])
def test_the_judging_view_is_predicted_also_if_it_is_not_the_first_one(make_context, initial, views):
    context = make_context(views=views)
    heads = train_heads(context, *initial(context))
    found = predict_out_of_fold(context, heads)
    view = context.recipe.judging_view
    features = context.features("expected", found.samples, heads.network, view)[:, 0]
    answers = [
        heads.trained[fold].head.logits(np.asarray(row)[None])[0].argmax()
        for fold, row in zip(found.folds, features, strict=True)
    ]
    assert found.probabilities.argmax(axis=1).tolist() == answers


def test_a_photo_without_a_detected_key_has_the_largest_score_if_keys_are_cropped(predicted):
    context, heads, found = predicted
    assert found.ood.max() < MAX_OOD_SCORE
    recipe = replace(context.recipe, crop="key")
    cropped = replace(context, experiment=replace(context.experiment, recipe=recipe))
    assert (predict_out_of_fold(cropped, heads).ood == MAX_OOD_SCORE).all()


def test_the_table_has_a_row_per_training_photo(predicted):
    context, _, found = predicted
    write_out_of_fold(context, found)
    rows = read_rows(context.folder.path / "out_of_fold.csv")
    kinds = context.experiment.dataset.kinds
    assert list(rows[0]) == [
        "photo",
        "key",
        "fold",
        "true",
        "answer",
        "ood",
        *(f"p({kind})" for kind in kinds),
    ]
    assert [(row["photo"], row["key"], row["true"]) for row in rows] == [
        (sample.name, sample.group, sample.kind) for sample in context.training_photos
    ]
    assert {row["fold"] for row in rows} == {"0", "1"}
    for row in rows:
        probabilities = {kind: float(row[f"p({kind})"]) for kind in kinds}
        assert probabilities[row["answer"]] == max(probabilities.values())
        assert 0 <= float(row["ood"]) <= MAX_OOD_SCORE
