"""Tests of experiment.py: what identifies a run, and seeds."""

from dataclasses import replace

import pytest

from small_runs import Halves


def test_everything_that_changes_the_result_changes_the_identity(small_experiment):
    recipe, dataset = small_experiment.recipe, small_experiment.dataset
    sample = dataset.samples[0]
    changes = {
        "seed": {"seed": 1},
        "recipe": {"recipe": replace(recipe, all_layers_batch=8)},
        "photos": {"dataset": replace(dataset, samples=dataset.samples[1:])},
        "strangers": {"negatives": {"drawn": (sample,)}},
        "renders": {"renders": (sample,)},
    }
    before = small_experiment.identity("digest", None)
    for key, change in changes.items():
        after = replace(small_experiment, **change).identity("digest", None)
        assert {name for name in before if before[name] != after[name]} == {key}
    assert small_experiment.identity("other", None)["initial_network"] != before["initial_network"]
    assert small_experiment.identity("digest", Halves()).keys() - before.keys() == {"detector"}


@pytest.mark.parametrize(
    "change", [{"devices": "cpu:2"}, {"notice": "x"}, {"weights": "/moved.h5"}, {"options": {"photos": "x"}}]
)
def test_what_leaves_the_result_unchanged_is_not_part_of_the_identity(small_experiment, change):
    identity = small_experiment.identity("digest", None)
    assert replace(small_experiment, **change).identity("digest", None) == identity
    renamed = replace(small_experiment, recipe=replace(small_experiment.recipe, name="mine"))
    assert renamed.identity("digest", None) == identity


def test_each_purpose_has_its_own_seed(small_experiment):
    seeds = [small_experiment.seed_for(*purpose) for purpose in (("folds",), ("fold", 0), ("fold", 1))]
    assert len(set(seeds)) == 3
    assert seeds == [
        small_experiment.seed_for(*purpose) for purpose in (("folds",), ("fold", 0), ("fold", 1))
    ]
    assert replace(small_experiment, seed=1).seed_for("folds") not in seeds


def test_keys_are_cropped_in_photos_negatives_and_renders(small_experiment):
    samples = small_experiment.dataset.samples
    cropped = replace(small_experiment, negatives={"n": samples}, renders=samples).crop_keys(Halves())
    regions = [sample.region for sample in cropped.dataset.samples]
    assert 0 < sum(region is not None for region in regions) < len(regions)
    assert [sample.region for sample in cropped.negatives["n"]] == regions
    assert [sample.region for sample in cropped.renders] == regions


def test_labels_are_indices_of_the_kinds(small_experiment):
    samples = small_experiment.dataset.samples
    labels = small_experiment.labels(samples)
    assert [small_experiment.dataset.kinds[i] for i in labels] == [sample.kind for sample in samples]
