"""Tests of full_finetune.py."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.cache import Cache  # noqa: E402
from keykind.train import full_finetune  # noqa: E402
from keykind.train.backbone import ARCHITECTURES, load_backbone  # noqa: E402
from keykind.train.bn_folding import fold, folded_arrays  # noqa: E402
from keykind.train.full_finetune import (  # noqa: E402
    STATE,
    ViewTask,
    fine_tune_all_layers,
    repeats,
    train_head_on_views,
)
from keykind.train.recipe import DEFAULT, REPORT  # noqa: E402
from tiny_backbone import mobilenet_shortened  # noqa: E402

RECIPE = replace(
    REPORT,
    all_layers_epochs=2,
    all_layers_sizes=(32,),
    all_layers_batch=4,
    all_layers_head_views=1,
    all_layers_head_epochs=1,
)
COUNT, KINDS = 10, 2


@pytest.fixture(scope="module")
def complete():
    """The complete MobileNetV2; the tests of this module use its first blocks only."""
    with mobilenet_shortened() as architecture:
        yield architecture


@pytest.fixture(scope="module")
def backbone(complete):
    return load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)


@pytest.fixture(scope="module")
def task():
    """Plain and striped squares."""
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) % KINDS
    crops = np.repeat(rng.integers(60, 200, (COUNT, 1, 1, 3)), 64, axis=1).repeat(64, axis=2)
    crops[labels == 1, ::8] = 255 - crops[labels == 1, ::8]
    return ViewTask(crops.astype(np.uint8), labels, KINDS, RECIPE)


@pytest.fixture(scope="module")
def train(task, tmp_path_factory):
    root = tmp_path_factory.mktemp("all-layers")

    def run(backbone, name, recipe=RECIPE):
        with Cache(root / "cache") as cache:
            return fine_tune_all_layers(backbone, replace(task, recipe=recipe), root / name, cache, 0)

    run.root = root
    return run


@pytest.fixture(scope="module")
def undisturbed(backbone, train):
    return train(backbone, "undisturbed")


def test_sizes_that_the_network_would_pad_differently_are_refused(backbone, train):
    with pytest.raises(ValueError, match="multiples of 32"):
        train(backbone, "refused", replace(RECIPE, all_layers_sizes=(100,)))


def test_every_tensor_of_the_network_changes_but_the_initial_backbone_does_not(backbone, undisturbed):
    assert backbone.digest == load_backbone("mobilenet_v2", "random", scaling="unit", seed=0).digest
    assert [epoch["size"] for epoch in undisturbed.epochs] == [32, 32]
    before = folded_arrays(fold(backbone))
    for name, array in folded_arrays(fold(undisturbed.backbone)).items():
        assert not np.array_equal(array, before[name]), name


def test_training_resumes_after_a_kill_with_the_same_result(backbone, undisturbed, train, monkeypatch):
    (train.root / "killed").mkdir()
    (train.root / "killed" / STATE).write_bytes(b"torn")
    run_epoch = full_finetune._Trainer.run_epoch
    with monkeypatch.context() as patch:
        patch.setattr(
            full_finetune._Trainer, "run_epoch", lambda *call: run_epoch(*call) if call[1] == 1 else 1 / 0
        )
        with pytest.raises(ZeroDivisionError):
            train(backbone, "killed")
    monkeypatch.setattr(
        full_finetune, "train_head_on_views", lambda *_: pytest.fail("trained the head again")
    )
    resumed = train(backbone, "killed")
    for epoch, expected in zip(resumed.epochs, undisturbed.epochs, strict=True):
        assert epoch | {"seconds": 0} == expected | {"seconds": 0}
    assert resumed.backbone.digest == undisturbed.backbone.digest
    assert all(
        np.array_equal(a, b) for a, b in zip(resumed.head.arrays(), undisturbed.head.arrays(), strict=True)
    )


@pytest.mark.slow
def test_full_fine_tuning_learns_separable_photos(imagenet, complete, train, monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "mobilenet_v2", complete)
    pretrained = load_backbone("mobilenet_v2", str(imagenet), scaling="native", seed=0)
    recipe = replace(RECIPE, all_layers_epochs=20, all_layers_sizes=(64,), all_layers_learning_rate=5e-4)
    tuned = train(pretrained, "learned", recipe)
    assert tuned.backbone.scaling == "unit"
    assert np.mean([epoch["accuracy"] for epoch in tuned.epochs[-5:]]) > 0.8


def test_a_head_on_the_frozen_backbone_depends_on_the_seed(backbone, task, tmp_path):
    digest = backbone.digest
    with Cache(tmp_path) as cache:
        first, again, other = (train_head_on_views(backbone, task, cache, seed) for seed in (0, 0, 1))
    assert backbone.digest == digest
    assert first.w1.shape == (backbone.channels, RECIPE.units)
    assert first.b2.shape == (KINDS,)
    assert np.array_equal(first.w1, again.w1)
    assert not np.array_equal(first.w1, other.w1)


def test_few_photos_are_seen_several_times_per_epoch_to_reach_the_least_number_of_steps():
    recipe = replace(DEFAULT, all_layers_epochs=6, all_layers_min_steps=48)
    assert [repeats(steps, recipe) for steps in (1, 3, 8, 100)] == [8, 3, 1, 1]
    assert repeats(1, replace(recipe, all_layers_min_steps=0)) == 1
