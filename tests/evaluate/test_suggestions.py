"""Tests of next_photos.py."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra train is not installed")

from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.metrics import score
from keykind.evaluate.suggestions import BLUR, FEW_KEYS, LARGE, suggest
from keykind.evaluate.thumbnails import Answer


def sample(kind, number, split="test", sharpness=100.0):
    name = f"{kind}/{number}.jpg"
    return Sample(Path(name), name, kind, f"{kind} {number}", split, name, 400, 300, sharpness, 0.5, 0.0)


def dataset(**train):
    """A set with so many training photos of each kind, and 12 test photos of each."""
    samples = [sample(kind, number, "train") for kind, count in train.items() for number in range(count)]
    samples += [sample(kind, number) for kind in train for number in range(12)]
    return Dataset(tuple(sorted(train)), tuple(samples), (), (), (), (), ())


def scores(confusion, keys=None):
    """Scores of answers that make this confusion matrix (rows dimple, laser, mortice); a photo is a key."""
    pairs = [pair for pair, count in np.ndenumerate(np.array(confusion)) for _ in range(count)]
    answers = np.eye(len(confusion), dtype=np.float32)[[answer for _, answer in pairs]]
    groups = [f"key {place % keys if keys else place}" for place in range(len(pairs))]
    labels = np.array([true for true, _ in pairs])
    rng = np.random.default_rng(0)
    kinds = ("dimple", "laser", "mortice")[: len(confusion)]
    return score(answers, labels, groups, kinds, resamples=100, rng=rng)


def answers(right, wrong, sharp=100.0, dull=100.0):
    told = [Answer(sample("dimple", place, sharpness=sharp), "dimple", 0.9) for place in range(right)]
    return told + [Answer(sample("dimple", place, sharpness=dull), "laser", 0.9) for place in range(wrong)]


def test_the_first_advice_is_the_commonest_confusion_with_its_numbers():
    first = suggest(dataset(dimple=20, laser=20), scores([[20, 3], [9, 21]]), [])[0]
    assert "more laser keys" in first
    assert "called dimple" in first
    assert "9 of 30 test photos" in first


def test_only_the_two_commonest_confusions_are_told():
    told = suggest(dataset(dimple=20, laser=20, mortice=20), scores([[20, 3, 0], [9, 21, 0], [0, 1, 25]]), [])
    assert ["9 of 30" in told[0], "3 of 23" in told[1], len(told)] == [True, True, 2]


def test_kinds_with_few_test_keys_are_told_with_how_little_that_says():
    thin = scores([[30, 0], [0, 30]], keys=FEW_KEYS - 1)
    [sentence] = suggest(dataset(dimple=20, laser=20), thin, [])
    low = thin.per_kind[0].recall_interval[0]
    assert sentence.startswith("To test")
    for kind in ("dimple", "laser"):
        assert f"{kind} has {FEW_KEYS - 1}" in sentence
    assert f"{low:.2f} to 1.00" in sentence
    enough = scores([[30, 0], [0, 30]], keys=FEW_KEYS)
    assert "To test" not in " ".join(suggest(dataset(dimple=20, laser=20), enough, []))


def test_a_rare_kind_is_told_with_both_counts():
    [sentence] = suggest(dataset(dimple=41, laser=20), scores([[30, 0], [0, 30]]), [])
    assert "more laser (20 photos, dimple has 41)" in sentence
    assert "laser (20" not in " ".join(suggest(dataset(dimple=40, laser=20), scores([[30, 0], [0, 30]]), []))


def test_blurred_photos_are_told_where_the_wrong_answers_are_blurred():
    clear = scores([[30, 0], [0, 30]])
    even = dataset(dimple=20, laser=20)
    [sentence] = suggest(even, clear, answers(LARGE, LARGE, dull=100 * BLUR - 10))
    assert "50%" in sentence
    for others in (
        answers(LARGE, LARGE, dull=100 * BLUR + 10),
        answers(LARGE, LARGE - 1, dull=10),
        answers(LARGE - 1, LARGE, dull=10),
        answers(LARGE, 0),
    ):
        assert "Sharper" not in " ".join(suggest(even, clear, others))


def test_there_is_always_something_to_do_next():
    [sentence] = suggest(dataset(dimple=20, laser=20), scores([[30, 0], [0, 30]]), answers(60, 0))
    assert "new keys" in sentence
