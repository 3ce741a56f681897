"""Tests of network.py, batches.py and training.py: the parts agree, training changes all, and is resumed."""

import json
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadDataset  # noqa: E402
from keykind.core.kinds import NAMES  # noqa: E402
from keykind.model.card import SIZE  # noqa: E402
from keykind.train import two_stages  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.bn_folding import fold, folded_arrays  # noqa: E402
from keykind.train.classifier import training  # noqa: E402
from keykind.train.classifier.network import build_network  # noqa: E402
from keykind.train.classifier.training import train_classifier  # noqa: E402
from keykind.train.classifier_recipe import ClassifierRecipe  # noqa: E402
from keykind.train.detector.labels import split_set  # noqa: E402
from keykind.train.detector.training import TrainingPhotos, build_pools  # noqa: E402
from keykind.train.recipe import DEFAULT  # noqa: E402
from keykind.train.trunk import Trunk  # noqa: E402
from keykind.train.two_stages import Training  # noqa: E402
from rendered_bars import draw_set  # noqa: E402
from tiny_backbone import mobilenet_shortened  # noqa: E402

SMALL = ClassifierRecipe(views=20, fine_tune_views=10, batch=2, warm_up=1, averaging=0.1)
RECIPE = replace(DEFAULT, classifier=SMALL, units=8)


def random_backbone(architecture="mobilenet_v2"):
    return load_backbone(architecture, "random", scaling="unit", seed=0)


@pytest.fixture
def pictures():
    return np.random.default_rng(1).random((2, SIZE, SIZE, 3), np.float32)


@pytest.fixture(scope="module")
def sources(backgrounds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    photos = split_set(draw_set(folder / "set", 2 * len(NAMES)))[0]
    return build_pools(TrainingPhotos(photos, [backgrounds]), folder / "pools")


@pytest.fixture
def in_this_process(monkeypatch):
    """Make batches here; the stages and steps that were asked for."""
    asked = []

    def here(prepare, numbers, processes):
        asked.append((prepare.trunk is not None, prepare.seed, len(numbers)))
        return map(prepare(), numbers)

    monkeypatch.setattr(two_stages, "in_workers", here)
    return asked


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "mobilenet_v2_dense"])
def test_the_trunk_and_the_top_are_the_whole(architecture, pictures):
    network = build_network(random_backbone(architecture), RECIPE, 7)
    whole = np.asarray(network.whole(pictures))
    np.testing.assert_allclose(network.top(network.trunk(pictures)), whole, atol=1e-4)
    backbone, head = network.trained("here")
    pooled = np.asarray(backbone.apply(pictures)).mean(axis=(1, 2))
    np.testing.assert_allclose(head.logits(pooled), whole, atol=1e-2 * abs(whole).max())


def test_the_trunk_s_file_gives_the_features_of_keras(pictures):
    with mobilenet_shortened():
        network = build_network(random_backbone(), RECIPE, 7)
        pixels = (255 * pictures[0]).astype(np.uint8)
        (ours,) = Trunk(network.convert_trunk())(pixels)
        (expected,) = network.trunk(pixels[None] / np.float32(255))
    np.testing.assert_allclose(ours, expected, atol=1e-3 * abs(np.asarray(expected)).max())


TRAIN = Training.train


def only_top(training, stage):
    """Train the first stage; the second is interrupted at once."""
    return TRAIN(training, stage) if stage.trunk else 1 / 0


@pytest.mark.slow
def test_training_changes_every_tensor_and_is_not_repeated(sources, in_this_process, tmp_path, monkeypatch):
    with mobilenet_shortened():
        initial = random_backbone()
        before = folded_arrays(fold(initial))
        with monkeypatch.context() as patch:
            patch.setattr(Training, "train", only_top)
            with pytest.raises(ZeroDivisionError):
                train_classifier(sources, initial, RECIPE, tmp_path / "out", 3)
        backbone, head = train_classifier(sources, initial, RECIPE, tmp_path / "out", 3)
        assert [stage for stage in in_this_process if stage[2]] == [(True, 6, 10), (False, 7, 5)]
        after = folded_arrays(fold(backbone))
        again, _ = train_classifier(sources, initial, RECIPE, tmp_path / "out", 3)
        assert again.digest == backbone.digest
        assert len(in_this_process) == 2
    same = [name for name, array in after.items() if np.array_equal(array, before[name])]
    assert not [name for name in same if after[name].size > 1]
    assert head.w2.shape == (RECIPE.units, len(NAMES))
    curves = json.loads((tmp_path / "out" / "whole.json").read_text("utf-8"))["curves"]
    assert list(curves[-1]) == ["step", "loss", *training.PARTS]


def test_a_kind_without_keys_is_named(backgrounds, tmp_path):
    photos = split_set(draw_set(tmp_path / "set", 3))[0]
    sources = build_pools(TrainingPhotos(photos, [backgrounds]), tmp_path / "pools")
    with pytest.raises(BadDataset, match=f"shows 0 keys of {NAMES[0]}, {NAMES[3]}"):
        train_classifier(sources, None, RECIPE, tmp_path / "out", 0)


def test_views_without_a_key_have_the_least_loss_if_no_kind_is_favoured():
    targets = np.array([[1, 0, 0, 0], [0.25] * 4], np.float32)
    loss, parts = training._losses(np.array([[9, 0, 0, 0], [0, 0, 0, 0]], np.float32), targets, 0.0)
    assert np.asarray(parts) == pytest.approx([0, np.log(4), 1], abs=1e-3)
    worse, _ = training._losses(np.array([[9, 0, 0, 0], [5, 0, 0, 0]], np.float32), targets, 0.0)
    assert float(worse) > float(loss)
