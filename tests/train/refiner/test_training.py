"""Tests of network.py, loss.py and training.py: outputs, learning, resuming, and the files that are left."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from dense import scene  # noqa: E402
from drawn_refiner import drawn_key  # noqa: E402
from keykind.core.errors import BadModel, BadWeights, KeykindError  # noqa: E402
from keykind.detect.detection import Detection  # noqa: E402
from keykind.detect.detector import KeyDetector  # noqa: E402
from keykind.detect.refiner import HEAD, HEIGHT, MASK_SHAPE, OUTPUTS, TIP, WIDTH, Refiner  # noqa: E402
from keykind.train import two_stages  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.detection_recipes import RefinerRecipe  # noqa: E402
from keykind.train.detector.labels import split_set  # noqa: E402
from keykind.train.detector.training import TrainingPhotos  # noqa: E402
from keykind.train.recipe import REPORT  # noqa: E402
from keykind.train.refiner import batches, training  # noqa: E402
from keykind.train.refiner.batches import PrepareBatches  # noqa: E402
from keykind.train.refiner.crops import CLASS_WEIGHT, ENDS_WEIGHT, KEY, MASK_WEIGHT, TARGETS  # noqa: E402
from keykind.train.refiner.loss import PARTS, refiner_loss  # noqa: E402
from keykind.train.refiner.network import (  # noqa: E402
    FEATURE_SHAPES,
    ExpectedPlaces,
    build_heads,
    build_refiner,
    build_trunk,
    convert_refiner,
    convert_trunk,
)
from keykind.train.refiner.training import RefinerStart, train_refiner  # noqa: E402
from keykind.train.trunk import Trunk  # noqa: E402
from keykind.train.two_stages import Stage, Training  # noqa: E402

SMALL = RefinerRecipe(channels=4, hidden=8, batch=4, crops=8, fine_tune_crops=8, warm_up=1)
RECIPE = replace(REPORT, refiner=SMALL)


@pytest.fixture(scope="module")
def trunk():
    return build_trunk(load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0))


@pytest.fixture
def heads():
    keras.utils.set_random_seed(0)
    return build_heads(SMALL)


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def test_ends_are_expected_places_and_corrections_are_small_at_first(heads):
    heatmaps = np.full((1, 12, 24, 2), -20, np.float32)
    heatmaps[0, 3, 6, 0] = heatmaps[0, 6, 2:4, 1] = 20
    places = np.asarray(ExpectedPlaces()(heatmaps))
    assert places == pytest.approx(np.array([[6.5, 3.5, 3, 6.5]]) / 24, abs=1e-5)
    rng = np.random.default_rng(0)
    values, masks = heads([rng.normal(0, 2, (2, *shape)).astype(np.float32) for shape in FEATURE_SHAPES])
    assert values.shape == (2, len(OUTPUTS))
    assert masks.shape == (2, *MASK_SHAPE)
    assert abs(np.asarray(values)[:, :2]).max() < 0.5


def test_the_trunk_s_file_gives_the_features_of_keras(trunk):
    crop = noise()
    expected = trunk(crop[None] / np.float32(255))
    for ours, theirs in zip(Trunk(convert_trunk(trunk))(crop), expected, strict=True):
        assert abs(ours.astype(np.float32) - np.asarray(theirs[0])).max() < 0.02 * abs(theirs).numpy().max()


def test_the_model_file_gives_the_outputs_of_keras(trunk, heads):
    model = build_refiner(trunk, heads)
    crop = noise()
    expected_values, logits = model(crop[None] / np.float32(255))
    values, masks = Refiner(convert_refiner(model)).outputs(crop)
    np.testing.assert_allclose(values, expected_values[0], atol=0.02)
    np.testing.assert_allclose(masks, 1 / (1 + np.exp(-logits[0])), atol=0.02)


def targets(rows=4):
    """Return targets and masks of keys, all of whose values count."""
    values, masks = np.zeros((rows, TARGETS), np.float32), np.zeros((rows, *MASK_SHAPE), np.uint8)
    values[:, KEY], values[:, HEAD], values[:, TIP] = 1, (0.1, 0.2), (0.9, 0.3)
    values[:, [CLASS_WEIGHT, ENDS_WEIGHT, MASK_WEIGHT]] = 1
    masks[:, 4:12, 10:40, 0], masks[:, 6:9, 20:40, 1] = 255, 255
    return values, masks


def test_perfect_outputs_have_hardly_any_loss_and_wrong_ones_much():
    values, masks = targets()
    loss = refiner_loss(SMALL)
    logits = np.where(masks > 127, 20, -20).astype(np.float32)
    perfect = np.where(values[:, : len(OUTPUTS)] > 0.5, 20, -20).astype(np.float32)
    perfect[:, HEAD.start : TIP.stop] = values[:, HEAD.start : TIP.stop]
    total, parts = loss((perfect, logits), values, masks)
    assert parts.shape == (len(PARTS),)
    assert float(total) < 0.01
    _, parts = loss((-perfect, -logits), values, masks)
    assert (np.asarray(parts)[[0, 2, 4, 5]] > (10, 1, 10, 0.7)).all()
    values[:, [CLASS_WEIGHT, ENDS_WEIGHT, MASK_WEIGHT]] = 0
    assert float(loss((-perfect, -logits), values, masks)[0]) == 0


def test_the_loss_of_one_batch_falls(heads, tmp_path):
    rng = np.random.default_rng(0)
    features = [rng.normal(0, 2, (4, *shape)).astype(np.float16) for shape in FEATURE_SHAPES]
    batch = [*features, *targets()]
    recipe = RefinerRecipe(channels=4, hidden=8, batch=1, crops=40, warm_up=1)
    training_heads = training.training_of(None, b"", replace(REPORT, refiner=recipe), tmp_path, 0, "")

    def one_batch(prepare, numbers, processes):
        return (batch for _ in numbers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_stages, "in_workers", one_batch)
        patch.setattr("keykind.train.by_steps.CURVE_STEPS", 5)
        curves = training_heads.train_once(Stage("heads", heads, b"trunk", 40, recipe.learning_rate))
    assert curves[-1]["loss"] < 0.7 * curves[0]["loss"], curves


TRAIN = Training.train


def only_top(training, stage):
    """Train the first stage; the second is interrupted at once."""
    return TRAIN(training, stage) if stage.trunk else 1 / 0


class Everywhere(KeyDetector):
    """A detector with the same candidate in any photo."""

    def __init__(self, flatbuffer):
        self.digest, self._refiner = "everywhere", None

    def dense_outputs(self, image):
        return scene(((100, 100), (220, 120), 40))


def tiny_trunk(backbone):
    """Return a network with the features' shapes, which trains in a moment."""
    pixels = keras.Input((HEIGHT, WIDTH, 3))
    maps, outputs = pixels, []
    for size, (_, _, channels) in zip((4, 2, 2), FEATURE_SHAPES, strict=True):
        maps = keras.layers.Conv2D(channels, size, size)(maps)
        outputs.append(maps)
    return keras.Model(pixels, outputs)


@pytest.fixture
def in_this_process(monkeypatch, tmp_path):
    """Make batches here, with a fake detector; the numbers of steps that were asked for."""
    asked = []

    def here(prepare, numbers, processes):
        asked.append((prepare.trunk is None, prepare.seed, list(numbers)))
        return map(prepare(), numbers)

    monkeypatch.setattr(two_stages, "in_workers", here)
    monkeypatch.setattr(batches, "KeyDetector", Everywhere)
    monkeypatch.setattr(training.KeyDetector, "load", lambda path: None)
    monkeypatch.setattr(training, "load_backbone", lambda *_, **__: SimpleNamespace(digest=""))
    monkeypatch.setattr(training, "build_trunk", tiny_trunk)
    (tmp_path / "detector.tflite").write_bytes(b"detector")
    return asked


def test_training_leaves_a_refiner(bars, backgrounds, hands, tmp_path, in_this_process, monkeypatch):
    photos = TrainingPhotos(split_set(bars)[0][:4], [backgrounds], hands)
    start = RefinerStart(tmp_path / "detector.tflite", "keykind", "unit")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Training, "train", only_top)
        with pytest.raises(ZeroDivisionError):
            train_refiner(photos, start, RECIPE, out, 7)
    model = train_refiner(photos, start, RECIPE, out, 7)  # the first stage is not repeated
    assert in_this_process == [(False, 14, [0, 1]), (True, 15, [0, 1])]
    written = json.loads((out / "refiner.json").read_text("utf-8"))
    assert written["photos"] == 4
    assert written["recipe"]["crops"] == 8
    assert [list(written[stage][-1]) for stage in ("heads", "curves")] == [["step", "loss", *PARTS]] * 2
    assert train_refiner(photos, start, RECIPE, out, 7) == model
    assert len(in_this_process) == 2  # nor is a finished training
    (tmp_path / "other.tflite").write_bytes(b"another detector")
    with pytest.raises(
        KeykindError, match=r"refiner\.json: is of a training by another recipe, start or seed"
    ):
        train_refiner(photos, replace(start, detector=tmp_path / "other.tflite"), RECIPE, out, 7)

    photo, head, tip = drawn_key((320, 240), 200, 0.4)
    (key,) = Refiner.load(model).refine(photo, [Detection(0.6, head, tip, 60.0)])
    assert np.isfinite(key.box).all()
    assert key.mask.key.shape == MASK_SHAPE[:2]

    further = RefinerStart(start.detector, "keykind", "unit", out / "refiner.weights.h5")
    train_refiner(photos, further, RECIPE, tmp_path / "further", 7)
    assert in_this_process[2:] == [(True, 15, [0, 1])]  # all of it at once
    further = replace(further, refiner=tmp_path / "torn.weights.h5")
    further.refiner.write_bytes(b"torn")
    with pytest.raises(BadWeights, match=r"torn\.weights\.h5: does not fit the network"):
        train_refiner(photos, further, RECIPE, tmp_path / "torn", 7)


def test_a_detector_that_is_none_is_refused_first(tmp_path):
    (tmp_path / "detector.tflite").write_bytes(b"torn")
    start = RefinerStart(tmp_path / "detector.tflite", "keykind", "unit")
    with pytest.raises(BadModel, match="is not a detector"):
        train_refiner(TrainingPhotos([], []), start, RECIPE, tmp_path / "out", 0)


def test_workers_can_be_prepared(pools, tmp_path, monkeypatch):
    class Opened:
        def open(self):
            return pools

    monkeypatch.setattr(batches, "KeyDetector", Everywhere)
    crops, *_ = PrepareBatches(Opened(), b"", None, RECIPE, 0)()(0)
    assert len(crops) == SMALL.batch
