"""Tests of suggestions.py."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra train is not installed")

from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.metrics import score
from keykind.evaluate.suggestions import BLUR, MIN_KEYS, MIN_PHOTOS, suggest
from keykind.evaluate.thumbnails import PhotoPrediction


def sample(kind, i, split="test", sharpness=100.0):
    name = f"{kind}/{i}.jpg"
    return Sample(Path(name), name, kind, f"{kind} {i}", split, name, 400, 300, sharpness, 0.5, 0.0)


def dataset(**train):
    """A dataset with the given number of training photos and 12 test photos of each kind."""
    samples = [sample(kind, i, "train") for kind, count in train.items() for i in range(count)]
    samples += [sample(kind, i) for kind in train for i in range(12)]
    return Dataset(tuple(sorted(train)), tuple(samples), (), (), (), (), ())


def scores(confusion, keys=None):
    """Scores with this confusion matrix (rows dimple, laser, mortice); without `keys` one key per photo."""
    pairs = [pair for pair, count in np.ndenumerate(np.array(confusion)) for _ in range(count)]
    probabilities = np.eye(len(confusion), dtype=np.float32)[[predicted for _, predicted in pairs]]
    groups = [f"key {i % keys if keys else i}" for i in range(len(pairs))]
    labels = np.array([true for true, _ in pairs])
    rng = np.random.default_rng(0)
    kinds = ("dimple", "laser", "mortice")[: len(confusion)]
    return score(probabilities, labels, groups, kinds, resamples=100, rng=rng)


def predictions(correct, wrong, wrong_sharpness=100.0):
    right = [PhotoPrediction(sample("dimple", i), "dimple", 0.9) for i in range(correct)]
    blurred = [sample("dimple", i, sharpness=wrong_sharpness) for i in range(wrong)]
    return right + [PhotoPrediction(photo, "laser", 0.9) for photo in blurred]


def test_the_first_suggestion_is_the_commonest_confusion_with_its_numbers():
    first = suggest(dataset(dimple=20, laser=20), scores([[20, 3], [9, 21]]), [])[0]
    assert "more laser keys" in first
    assert "predicted as dimple" in first
    assert "9 of 30 test photos" in first


def test_only_the_two_commonest_confusions_are_suggested():
    sentences = suggest(
        dataset(dimple=20, laser=20, mortice=20), scores([[20, 3, 0], [9, 21, 0], [0, 1, 25]]), []
    )
    assert ["9 of 30" in sentences[0], "3 of 23" in sentences[1], len(sentences)] == [True, True, 2]


def test_kinds_with_few_test_keys_are_named_with_their_interval():
    few = scores([[30, 0], [0, 30]], keys=MIN_KEYS - 1)
    [sentence] = suggest(dataset(dimple=20, laser=20), few, [])
    low = few.per_kind[0].recall_interval[0]
    assert sentence.startswith("Testing")
    for kind in ("dimple", "laser"):
        assert f"{kind} has {MIN_KEYS - 1}" in sentence
    assert f"{low:.2f} and 1.00" in sentence
    enough = scores([[30, 0], [0, 30]], keys=MIN_KEYS)
    assert "Testing" not in " ".join(suggest(dataset(dimple=20, laser=20), enough, []))


def test_a_rare_kind_is_named_with_both_counts():
    [sentence] = suggest(dataset(dimple=41, laser=20), scores([[30, 0], [0, 30]]), [])
    assert "more laser (20 photos, dimple has 41)" in sentence
    assert "laser (20" not in " ".join(suggest(dataset(dimple=40, laser=20), scores([[30, 0], [0, 30]]), []))


def test_sharper_photos_are_suggested_if_misclassified_ones_are_blurred():
    clear = scores([[30, 0], [0, 30]])
    even = dataset(dimple=20, laser=20)
    [sentence] = suggest(even, clear, predictions(MIN_PHOTOS, MIN_PHOTOS, 100 * BLUR - 10))
    assert "50%" in sentence
    for others in (
        predictions(MIN_PHOTOS, MIN_PHOTOS, 100 * BLUR + 10),
        predictions(MIN_PHOTOS, MIN_PHOTOS - 1, 10),
        predictions(MIN_PHOTOS - 1, MIN_PHOTOS, 10),
        predictions(MIN_PHOTOS, 0),
    ):
        assert "Sharper" not in " ".join(suggest(even, clear, others))


def test_there_is_always_a_suggestion():
    [sentence] = suggest(dataset(dimple=20, laser=20), scores([[30, 0], [0, 30]]), predictions(60, 0))
    assert "new keys" in sentence
