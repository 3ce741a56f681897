"""Tests of network.py and training.py: the loss falls, the file gives what Keras gives, what is left."""

import json

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import KeykindError  # noqa: E402
from keykind.detect.refiner import HEIGHT, WIDTH  # noqa: E402
from keykind.detect.segmenter import COLUMNS, ROWS, Segmenter  # noqa: E402
from keykind.train import two_stages  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.detection_recipes import RefinerRecipe, SegmenterRecipe  # noqa: E402
from keykind.train.detector.labels import split_set  # noqa: E402
from keykind.train.detector.training import TrainingPhotos  # noqa: E402
from keykind.train.refiner import network as refiner_network  # noqa: E402
from keykind.train.segmenter import training  # noqa: E402
from keykind.train.segmenter.network import (  # noqa: E402
    FEATURE_SHAPES,
    build_decoder,
    build_segmenter,
    build_trunk,
    convert_segmenter,
)

SMALL = SegmenterRecipe(crops=8, fine_tune_crops=8, batch=4, warm_up=1)


@pytest.fixture(scope="module")
def refiner_weights(tmp_path_factory):
    trunk = refiner_network.build_trunk(load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0))
    path = tmp_path_factory.mktemp("refiner") / "refiner.weights.h5"
    refiner_network.build_refiner(trunk, refiner_network.build_heads(RefinerRecipe())).save_weights(path)
    return path


def test_the_model_file_gives_the_masks_of_keras(refiner_weights):
    model = build_segmenter(build_trunk(training.refiner_trunk(refiner_weights)), build_decoder())
    crop = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    logits = np.asarray(model(crop[None] / np.float32(255)))[0, ..., 0]
    mask = Segmenter(convert_segmenter(model)).probabilities(crop)
    np.testing.assert_allclose(mask, 1 / (1 + np.exp(-logits)), atol=0.03)


def test_perfect_masks_have_hardly_any_loss_and_inverted_ones_much():
    masks = np.zeros((2, ROWS, COLUMNS), np.uint8)
    masks[:, 10:30, 20:70] = 255
    logits = np.where(masks > 0, 20, -20).astype(np.float32)[..., None]
    loss = training.segmenter_loss(SMALL)
    assert float(loss(logits, masks)[0]) < 0.01
    assert (np.asarray(loss(-logits, masks)[1]) > (10, 0.9)).all()


def test_the_loss_of_one_batch_falls(tmp_path, monkeypatch):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    masks = np.zeros((4, ROWS, COLUMNS), np.uint8)
    masks[:, 10:30, 20:70] = 255
    batch = [*(rng.normal(0, 2, (4, *shape)).astype(np.float16) for shape in FEATURE_SHAPES), masks]
    recipe = SegmenterRecipe(batch=4, crops=80, warm_up=1)
    task = training.training_of(None, recipe, tmp_path, 0, "")
    monkeypatch.setattr(
        two_stages, "in_workers", lambda prepare, numbers, processes: (batch for _ in numbers)
    )
    monkeypatch.setattr("keykind.train.by_steps.CURVE_STEPS", 5)
    curves = task.train_once(two_stages.Stage("decoder", build_decoder(), b"trunk", 20, 2e-3))
    assert curves[-1]["loss"] < 0.7 * curves[0]["loss"], curves


def test_training_leaves_a_segmenter_and_is_not_repeated(bars, backgrounds, refiner_weights, tmp_path):
    photos = TrainingPhotos(split_set(bars, 40)[0], [backgrounds])
    start = training.SegmenterStart(refiner_weights)
    path = training.train_segmenter(photos, start, SMALL, tmp_path, 0)
    assert path == tmp_path / "segmenter.tflite"
    assert Segmenter.load(path)
    assert json.loads((tmp_path / "segmenter.json").read_text("utf-8"))["recipe"]["batch"] == 4
    written = path.stat().st_mtime_ns
    assert training.train_segmenter(photos, start, SMALL, tmp_path, 0).stat().st_mtime_ns == written
    with pytest.raises(KeykindError):
        training.train_segmenter(photos, start, SMALL, tmp_path, 1)
    further = training.SegmenterStart(refiner_weights, tmp_path / "segmenter.weights.h5")
    assert Segmenter.load(training.train_segmenter(photos, further, SMALL, tmp_path / "further", 0))
