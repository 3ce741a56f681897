"""Tests of stages/heads.py."""

import numpy as np
import pytest

from keykind.experiment.stages import heads as module
from keykind.experiment.stages.heads import train_heads


def test_each_fold_has_a_head_and_the_most_accurate_is_chosen(make_context, initial):
    context = make_context()
    heads = train_heads(context, *initial(context))
    assert len(heads.trained) == len(heads.folds) == 2
    assert heads.features.shape == (len(context.training_photos), 1, heads.backbone.channels)
    accuracies = [trained.val_accuracy for trained in heads.trained]
    assert accuracies[heads.best] == max(accuracies)
    assert heads.head is heads.trained[heads.best].head
    assert heads.best_fold is heads.folds[heads.best]


def test_the_same_seed_gives_the_same_heads(make_context, initial):
    first, again = (
        train_heads(context, *initial(context)) for context in map(make_context, ("first", "again"))
    )
    for one, other in zip(first.trained, again.trained, strict=True):
        assert one.history == other.history
        assert all(map(np.array_equal, one.head.arrays(), other.head.arrays()))


def test_a_finished_fold_is_not_trained_again(make_context, initial, monkeypatch):
    context = make_context()
    before = train_heads(context, *initial(context))
    monkeypatch.setattr(module, "train_head", lambda *_: pytest.fail("trained again"))
    after = train_heads(context, *initial(context))
    for saved, trained in zip(after.trained, before.trained, strict=True):
        assert saved.history == trained.history
        assert (saved.val_loss, saved.val_accuracy) == (trained.val_loss, trained.val_accuracy)
        assert all(map(np.array_equal, saved.head.arrays(), trained.head.arrays()))


def test_a_damaged_fold_is_trained_again(make_context, initial):
    context = make_context()
    before = train_heads(context, *initial(context))
    (context.folder.work / "fold-1.npz").write_bytes(b"torn")
    after = train_heads(context, *initial(context))
    assert after.trained[1].history == before.trained[1].history
