"""Tests of network.py: training, resuming, and parity of the model file with Keras."""

import json

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.geometry import encode_rle  # noqa: E402
from keykind.detect.detector import KeyDetector  # noqa: E402
from keykind.detect.postprocess import GRID, KEY, OFFSETS, OUTPUTS, SIDE  # noqa: E402
from keykind.photo.decode import Photo  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.detector import network as module  # noqa: E402
from keykind.train.detector.network import (  # noqa: E402
    build_detector,
    convert_detector,
    detector_loss,
    labelled_photos,
)
from keykind.train.recipe import DetectorRecipe  # noqa: E402

RECIPE = DetectorRecipe(sizes=(64, 96), batch=2)


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """A rendered dataset of four photos, each with a dark bar on a light background."""
    folder = tmp_path_factory.mktemp("bars")
    (folder / "labels").mkdir()
    (folder / "bar").mkdir()
    for i in range(4):
        bow, blade = np.zeros((2, 120, 160), bool)
        top = 20 + 20 * i
        bow[top : top + 24, 20:50], blade[top + 6 : top + 18, 50:130] = True, True
        pixels = np.full((120, 160, 3), 220, np.uint8)
        pixels[bow], pixels[blade] = 40, 90
        Image.fromarray(pixels).save(folder / "bar" / f"bar-{i:06}.jpg", quality=95)
        key = {"head": [20, top + 12], "tip": [130, top + 12], "occluded": 0, "cut_off": 0}
        label = {"keys": [key | {"bow": encode_rle(bow), "blade": encode_rle(blade)}]}
        (folder / "labels" / f"bar-{i:06}.json").write_text(json.dumps(label), "utf-8")
    return folder


def test_labelled_photos_are_sorted(bars):
    photos = labelled_photos(bars)
    assert [photo.label.stem for photo in photos] == [f"bar-{i:06}" for i in range(4)]
    assert all(photo.photo.is_file() for photo in photos)


def test_the_output_grid_has_a_quarter_of_the_input_s_sides(backbone):
    model = build_detector(backbone)
    outputs = model(np.zeros((1, 64, 96, 3), np.uint8))
    assert outputs.shape == (1, 16, 24, len(OUTPUTS))
    assert float(1 / (1 + np.exp(-outputs[0, 8, 12, 0]))) < 0.2  # initially no cell is a centre


def test_perfect_outputs_have_almost_no_loss_and_wrong_ones_much():
    target = np.zeros((1, 8, 8, 12), np.float32)
    target[0, 4, 4], target[0, 2:6, 2:6, 11] = (1, 1, 1, 1, 1, 0.1, 0, -0.1, 0, 1, 0, 1), 0.25
    perfect = np.where(target[..., :11] > 0.5, 20, -20).astype(np.float32)
    perfect[..., OFFSETS] = target[..., OFFSETS]
    loss = detector_loss(DetectorRecipe())
    assert float(loss(target, perfect)) < 0.1
    wrong_offsets = perfect.copy()
    wrong_offsets[..., OFFSETS] += 0.5
    assert float(loss(target, wrong_offsets)) > 3
    assert float(loss(target, -perfect)) > 3


def new_network(backbone):
    keras.utils.set_random_seed(0)
    return build_detector(backbone)


def test_interrupted_training_resumes_with_the_same_result(backbone, bars, tmp_path, monkeypatch):
    photos = labelled_photos(bars)
    uninterrupted, interrupted, resumed = (new_network(backbone) for _ in range(3))
    curves = module.train_detector(uninterrupted, photos, RECIPE, tmp_path / "uninterrupted", 0)
    assert [epoch["size"] for epoch in curves] == list(RECIPE.sizes)
    run_epoch, calls = module.run_epoch, []

    def fail_second(*call):
        calls.append(call)
        return run_epoch(*call) if len(calls) == 1 else 1 / 0

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_epoch", fail_second)
        with pytest.raises(ZeroDivisionError):
            module.train_detector(interrupted, photos, RECIPE, tmp_path / "interrupted", 0)
    again = module.train_detector(resumed, photos, RECIPE, tmp_path / "interrupted", 0)
    assert [epoch["loss"] for epoch in again] == [epoch["loss"] for epoch in curves]
    for expected, weights in zip(uninterrupted.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_a_few_steps_lower_the_loss(backbone, bars, tmp_path):
    recipe = DetectorRecipe(sizes=(64,) * 12, batch=4, mosaic_share=0.0)
    curves = module.train_detector(new_network(backbone), labelled_photos(bars), recipe, tmp_path, 0)
    assert curves[-1]["loss"] < 0.7 * curves[0]["loss"], curves


def test_the_model_file_gives_the_outputs_of_keras(backbone):
    model = build_detector(backbone)
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    expected = model(image[None])[0].numpy()
    detector = KeyDetector(convert_detector(model))
    outputs = detector.dense_outputs(image)
    assert outputs.shape == (GRID, GRID, len(OUTPUTS))
    np.testing.assert_allclose(outputs[..., OFFSETS], expected[..., OFFSETS], atol=0.02)
    np.testing.assert_allclose(outputs[..., KEY], 1 / (1 + np.exp(-expected[..., KEY])), atol=0.02)
    detections = detector.detect(Photo(image, 3200, 3200, "array"), 0.0)
    assert all(np.isfinite(detection.box).all() for detection in detections)
