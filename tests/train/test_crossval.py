"""Tests of crossval.py."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra train is not installed")

from keykind.core.errors import BadDataset
from keykind.dataset.samples import Sample
from keykind.train.crossval import best_fold, make_folds


def sample(kind, group, i=0):
    name = f"{kind}/{group}-{i}.jpg"
    return Sample(Path(name), name, kind, group, "train", name, 400, 300, 100.0, 0.5, 0.0)


def photos(seed=0, folds=3):
    """Photos of four kinds, a different number of each key."""
    rng = np.random.default_rng(seed)
    samples = [
        sample(kind, f"{kind} {key}", i)
        for kind in ("cylinder", "dimple", "laser", "mortice")
        for key in range(int(rng.integers(folds, folds + 6)))
        for i in range(int(rng.choice([1, 1, 2, 10])))
    ]
    return [samples[i] for i in rng.permutation(len(samples))]


@pytest.mark.parametrize("folds", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_every_photo_validates_once_and_trains_in_all_other_folds(seed, folds):
    samples = photos(seed, folds)
    result = make_folds(samples, folds, seed)
    assert len(result) == folds
    assert sorted(np.concatenate([fold.validation for fold in result])) == list(range(len(samples)))
    for fold in result:
        assert sorted([*fold.train, *fold.validation]) == list(range(len(samples)))


@pytest.mark.parametrize("seed", range(10))
def test_no_key_is_on_both_sides_of_a_fold(seed):
    samples = photos(seed)
    for fold in make_folds(samples, 3, seed):
        train, validation = ({samples[row].group for row in rows} for rows in (fold.train, fold.validation))
        assert train.isdisjoint(validation)


@pytest.mark.parametrize("seed", range(10))
def test_every_kind_is_on_both_sides_of_every_fold(seed):
    samples = photos(seed)
    for fold in make_folds(samples, 3, seed):
        for rows in (fold.train, fold.validation):
            assert len({samples[row].kind for row in rows}) == 4


def test_kinds_are_spread_evenly_if_each_photo_shows_another_key():
    samples = [
        sample(kind, f"{kind} {key}") for kind, count in (("a", 30), ("b", 12)) for key in range(count)
    ]
    for fold in make_folds(samples, 3, 0):
        assert Counter(samples[row].kind for row in fold.validation) == {"a": 10, "b": 4}


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    samples = photos()
    first, again, other = (
        [fold.validation.tolist() for fold in make_folds(samples, 3, seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_as_many_keys_as_folds_are_just_enough():
    samples = [sample(kind, f"{kind} {key}") for kind in "ab" for key in range(3)]
    for fold in make_folds(samples, 3, 0):
        assert Counter(samples[row].kind for row in fold.validation) == {"a": 1, "b": 1}


def test_too_few_keys_are_reported_with_the_kind_and_the_numbers():
    samples = [sample("dimple", f"d{key % 2}", key) for key in range(9)]
    samples += [sample("laser", f"l{key}") for key in range(9)]
    with pytest.raises(
        BadDataset, match=r"dimple: 9 training photos of 2 different objects.*3 folds.*1 other object"
    ):
        make_folds(samples, 3, 0)


def test_keys_of_two_kinds_never_leave_a_fold_without_training_photos_of_a_kind():
    samples = [sample("a", "shared"), sample("b", "shared"), sample("b", "second"), sample("a", "third")]
    refusals = set()
    for seed in range(20):
        try:
            result = make_folds(samples, 2, seed)
        except BadDataset as error:
            refusals.add(error.fault[:40])
        else:
            assert all({samples[row].kind for row in fold.train} == {"a", "b"} for fold in result)
    assert refusals == {"would have no training photo in one fold"}


def test_the_best_fold_has_the_best_accuracy():
    assert best_fold([0.5, 0.9, 0.7], [0.1, 0.9, 0.2]) == 1


def test_of_equally_accurate_folds_the_one_with_the_lowest_loss_wins_then_the_first():
    assert best_fold([0.9, 0.5, 0.9], [0.4, 0.1, 0.3]) == 2
    assert best_fold([0.5, 0.9, 0.9], [0.1, 0.3, 0.3]) == 1
