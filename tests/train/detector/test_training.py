"""Tests of training.py, batches.py and two_stages.py: learning, resuming, and the files that are left."""

import json
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadDataset, BadWeights, KeykindError  # noqa: E402
from keykind.detect.detector import KeyDetector, load_detector  # noqa: E402
from keykind.detect.postprocess import HEIGHT, WIDTH  # noqa: E402
from keykind.train import by_steps, two_stages  # noqa: E402
from keykind.train.backend import tf  # noqa: E402
from keykind.train.detector import training  # noqa: E402
from keykind.train.detector.batches import BatchMaker  # noqa: E402
from keykind.train.detector.keys import UNKNOWN  # noqa: E402
from keykind.train.detector.labels import split_set  # noqa: E402
from keykind.train.detector.network import FEATURE_SHAPES, build_network  # noqa: E402
from keykind.train.detector.targets import target_rows, trim  # noqa: E402
from keykind.train.detector.training import (  # noqa: E402
    Start,
    TrainingPhotos,
    score_photos,
    train_detector,
)
from keykind.train.recipe import DetectorRecipe  # noqa: E402
from keykind.train.two_stages import Stage, Training  # noqa: E402

SMALL = DetectorRecipe(
    neck_channels=2, head_channels=4, batch=2, views=8, fine_tune_batch=1, fine_tune_views=2, warm_up=2
)


def new_network():
    keras.utils.set_random_seed(0)
    return build_network(SMALL)


def fake_batch(number):
    """Return features at random, and a key."""
    rng = np.random.default_rng(number)
    key = np.array([[100, 100, 200, 140, 30, 0, 0, 0, 0.5, 3000.0, UNKNOWN]])
    features = [rng.normal(0, 2, (2, *shape)).astype(np.float16) for shape in FEATURE_SHAPES]
    return [*features, trim(np.stack([target_rows(key)] * 2))]


def train_neck(network, recipe, out, identity=""):
    """Train neck and heads on the batches of `two_stages.in_workers`; return the curves."""
    stage = Stage("neck", network, b"trunk", recipe.views // recipe.batch, recipe.learning_rate)
    return training.training_of(None, recipe, out, 0, identity).train_once(stage)


TRAIN = Training.train


def only_top(training, stage):
    """Train the first stage; the second is interrupted at once."""
    return TRAIN(training, stage) if stage.trunk else 1 / 0


def tiny_trunk(backbone):
    """Return a network with the features' shapes, which trains in a moment."""
    pixels = keras.Input((HEIGHT, WIDTH, 3))
    sides = [HEIGHT // shape[0] for shape in FEATURE_SHAPES]
    maps = [
        keras.layers.Conv2D(shape[2], 1)(keras.layers.AveragePooling2D(side)(pixels))
        for side, shape in zip(sides, FEATURE_SHAPES, strict=True)
    ]
    return keras.Model(pixels, maps)


@pytest.fixture
def eager():
    """Run training steps without tracing them, which takes longer than a few steps of a small network."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def fake_batches(monkeypatch):
    """Replace the worker processes; the list of the numbers of batches that were asked for."""
    made = []

    def in_workers(prepare, numbers, processes):
        for number in numbers:
            made.append(number)
            yield fake_batch(number)

    monkeypatch.setattr(two_stages, "in_workers", in_workers)
    return made


def test_the_loss_of_one_batch_falls(tmp_path, monkeypatch):
    monkeypatch.setattr(by_steps, "CURVE_STEPS", 5)
    monkeypatch.setattr(
        two_stages, "in_workers", lambda prepare, numbers, _: (fake_batch(0) for _ in numbers)
    )
    recipe = replace(SMALL, views=50, learning_rate=5e-3)
    curves = train_neck(new_network(), recipe, tmp_path)
    assert curves[-1]["loss"] < 0.8 * curves[0]["loss"]


def test_an_interrupted_training_resumes_with_the_same_weights(eager, fake_batches, tmp_path, monkeypatch):
    monkeypatch.setattr(by_steps, "CURVE_STEPS", 1)
    monkeypatch.setattr(by_steps, "CHECKPOINT_SECONDS", 0)
    networks = [new_network() for _ in range(2)]
    curves = train_neck(networks[0], SMALL, tmp_path / "whole")
    assert [point["step"] for point in curves] == [1, 2, 3, 4]

    def interrupted(*arguments):
        yield fake_batch(0)
        yield fake_batch(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(two_stages, "in_workers", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_neck(new_network(), SMALL, tmp_path / "parts")
    fake_batches.clear()
    assert train_neck(networks[1], SMALL, tmp_path / "parts") == curves
    assert fake_batches == [2, 3]
    for expected, weights in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(weights, expected)
    again = new_network()
    assert train_neck(again, SMALL, tmp_path / "parts") == curves  # finished: the file is read
    assert fake_batches == [2, 3]
    for expected, weights in zip(*(network.get_weights() for network in (networks[1], again)), strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_a_finished_stage_of_another_training_is_refused(eager, fake_batches, tmp_path):
    recipe = replace(SMALL, views=2)
    train_neck(new_network(), recipe, tmp_path, "first")
    with pytest.raises(KeykindError, match=r"neck\.json: is of a training by another recipe, start or seed"):
        train_neck(new_network(), recipe, tmp_path, "second")
    (tmp_path / "neck.json").write_text("[]")  # as earlier versions wrote it: of which training is not known
    with pytest.raises(KeykindError, match="is of a training by another"):
        train_neck(new_network(), recipe, tmp_path, "first")
    (tmp_path / "neck.json").write_text('{"identity": "first", "curves": []}')
    other = build_network(replace(SMALL, head_channels=6))
    with pytest.raises(
        BadWeights, match=r"neck\.weights\.h5: does not fit the network \(.{1,200}\); give weights"
    ):
        train_neck(other, recipe, tmp_path, "first")


def test_a_batch_is_the_same_whenever_it_is_made(pools):
    def trunk(image):
        return [np.full(shape, image.mean(), np.float16) for shape in FEATURE_SHAPES]

    makers = [BatchMaker(pools, trunk, SMALL, 3) for _ in range(2)]
    makers[0](0)
    (*features, targets), (*same, same_targets) = makers[0](1), makers[1](1)
    assert [maps.shape for maps in features] == [(2, *shape) for shape in FEATURE_SHAPES]
    assert np.array_equal(features[0], same[0])
    assert np.array_equal(targets, same_targets)
    assert not np.array_equal(features[0], makers[0](2)[0])
    views, targets = BatchMaker(pools, None, SMALL, 3)(0)
    assert (views.shape, views.dtype, len(targets)) == ((1, HEIGHT, WIDTH, 3), np.uint8, 1)


@pytest.mark.parametrize("missing", ["labelled", "backgrounds"])
def test_photos_with_and_without_keys_are_needed(bars, backgrounds, tmp_path, missing):
    labelled = [] if missing == "labelled" else split_set(bars)[0][:2]
    folders = [tmp_path] if missing == "backgrounds" else [backgrounds]
    with pytest.raises(
        BadDataset, match=r"training photos: are \d rendered ones and \d without keys; give at"
    ):
        training.build_pools(TrainingPhotos(labelled, folders), tmp_path / "pools")


def test_training_leaves_a_detector_that_can_be_scored(bars, backgrounds, hands, tmp_path, monkeypatch):
    asked = []

    def here(prepare, numbers, processes):
        asked.append((prepare.trunk is None, prepare.seed, list(numbers)))
        return map(prepare(), numbers)

    monkeypatch.setattr(two_stages, "in_workers", here)
    monkeypatch.setattr(training, "build_trunk", tiny_trunk)
    monkeypatch.setattr(training, "CALIBRATION_PHOTOS", 2)
    train, held_out = split_set(bars)
    photos = TrainingPhotos(train[:4], [backgrounds], hands)
    start, out = Start("keykind", "unit"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Training, "train", only_top)
        with pytest.raises(ZeroDivisionError):
            train_detector(photos, start, SMALL, out, 7)
    model = train_detector(photos, start, SMALL, out, 7)  # the first stage is not repeated
    assert asked == [(False, 14, [0, 1, 2, 3]), (True, 15, [0, 1])]
    written = json.loads((out / "detector.json").read_text("utf-8"))
    assert written["photos"] == 4
    assert written["recipe"]["views"] == 8
    assert (written["neck"][-1]["step"], written["curves"][-1]["step"]) == (4, 2)
    assert {"loss", "scores", "keypoints", "widths", "attributes"} < set(written["curves"][-1])
    metrics = score_photos(load_detector(model), held_out)
    assert (metrics.photos, metrics.keys) == (3, 3)
    assert 0 <= metrics.ap50 <= 1

    assert train_detector(photos, start, SMALL, out, 7) == model  # finished: not repeated
    assert len(asked) == 2
    begun = replace(start, detector=out / "detector.weights.h5")
    for other in ((start, SMALL, out, 8), (start, replace(SMALL, warm_up=1), out, 7), (begun, SMALL, out, 7)):
        with pytest.raises(KeykindError, match=r"detector\.json: is of a training by another"):
            train_detector(photos, *other)
    with pytest.raises(BadWeights, match=r"none\.h5: cannot be read"):
        train_detector(photos, replace(start, detector=tmp_path / "none.h5"), SMALL, out, 7)
    again = Start("keykind", "unit", out / "detector.weights.h5")
    untrained = replace(SMALL, views=0, fine_tune_views=0)  # the earlier weights are kept as they are
    further = train_detector(photos, again, untrained, tmp_path / "further", 0)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    expected, outputs = (KeyDetector.load(path).dense_outputs(image) for path in (model, further))
    np.testing.assert_array_equal(outputs, expected)
