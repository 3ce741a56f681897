"""Tests of full_finetune.py."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.cache import Cache  # noqa: E402
from keykind.train import full_finetune  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.bn_folding import fold, folded_arrays  # noqa: E402
from keykind.train.full_finetune import STATE, DeepRecipe, Photos, train_all, train_frozen  # noqa: E402

RECIPE = DeepRecipe(sizes=(32, 32), batch=4, head_views=1, head_epochs=1)
COUNT, KINDS = 10, 2


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)


@pytest.fixture(scope="module")
def photos():
    """Plain and striped squares."""
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) % KINDS
    crops = np.repeat(rng.integers(60, 200, (COUNT, 1, 1, 3)), 64, axis=1).repeat(64, axis=2)
    crops[labels == 1, ::8] = 255 - crops[labels == 1, ::8]
    return Photos(crops.astype(np.uint8), labels, KINDS)


@pytest.fixture(scope="module")
def train(photos, tmp_path_factory):
    root = tmp_path_factory.mktemp("all-layers")

    def run(backbone, name, recipe=RECIPE):
        with Cache(root / "cache") as cache:
            return train_all(backbone, photos, recipe, root / name, cache, 0)

    run.root = root
    return run


@pytest.fixture(scope="module")
def straight(backbone, train):
    return train(backbone, "straight")


def test_sizes_that_the_network_would_pad_differently_are_refused(backbone, train):
    with pytest.raises(ValueError, match="multiples of 32"):
        train(backbone, "refused", replace(RECIPE, sizes=(100,)))


@pytest.mark.slow
def test_every_tensor_of_the_network_moves_but_not_those_it_was_given(backbone, straight):
    assert backbone.digest == load_backbone("mobilenet_v2", "random", scaling="unit", seed=0).digest
    assert [epoch["size"] for epoch in straight.epochs] == list(RECIPE.sizes)
    before = folded_arrays(fold(backbone))
    for name, array in folded_arrays(fold(straight.backbone)).items():
        assert not np.array_equal(array, before[name]), name


@pytest.mark.slow
def test_training_goes_on_after_a_kill_with_the_same_result(backbone, straight, train, monkeypatch):
    (train.root / "killed").mkdir()
    (train.root / "killed" / STATE).write_bytes(b"torn")
    run = full_finetune._Trainer.run
    with monkeypatch.context() as patch:
        patch.setattr(full_finetune._Trainer, "run", lambda *call: run(*call) if call[1] == 1 else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(backbone, "killed")
    monkeypatch.setattr(full_finetune, "train_frozen", lambda *_: pytest.fail("trained the head again"))
    resumed = train(backbone, "killed")
    for one, other in zip(resumed.epochs, straight.epochs, strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    assert resumed.backbone.digest == straight.backbone.digest
    assert all(
        np.array_equal(a, b) for a, b in zip(resumed.head.arrays(), straight.head.arrays(), strict=True)
    )


@pytest.mark.slow
def test_training_all_layers_learns_what_can_be_learned(imagenet, train):
    pretrained = load_backbone("mobilenet_v2", str(imagenet), scaling="native", seed=0)
    deep = train(pretrained, "learned", replace(RECIPE, sizes=(64,) * 20, learning_rate=5e-4))
    assert deep.backbone.scaling == "unit"
    assert np.mean([epoch["accuracy"] for epoch in deep.epochs[-5:]]) > 0.8


@pytest.mark.slow
def test_a_head_on_the_frozen_network_follows_the_seed(backbone, photos, tmp_path):
    digest = backbone.digest
    with Cache(tmp_path) as cache:
        first, again, other = (train_frozen(backbone, photos, RECIPE, cache, seed) for seed in (0, 0, 1))
    assert backbone.digest == digest
    assert first.w1.shape == (1280, RECIPE.units)
    assert first.b2.shape == (KINDS,)
    assert np.array_equal(first.w1, again.w1)
    assert not np.array_equal(first.w1, other.w1)
