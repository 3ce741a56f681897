"""Tests of train_detector.py: what is learned, that the file says what Keras says, and that it goes on."""

import json

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.geometry import encode_rle  # noqa: E402
from keykind.detect.detector import KeyDetector  # noqa: E402
from keykind.detect.postprocess import OFFSETS, OUTPUTS, GRID, KEY, SIDE  # noqa: E402
from keykind.photo.decode import Photo  # noqa: E402
from keykind.train.backbone import load_backbone  # noqa: E402
from keykind.train.detector import network as module  # noqa: E402
from keykind.train.detector.network import (  # noqa: E402
    detector_loss,
    detector_network,
    labelled_in,
    to_detector_file,
)
from keykind.train.recipe import DetectorRecipe  # noqa: E402

RECIPE = DetectorRecipe(sizes=(64, 96), batch=2)


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("mobilenet_v2", "keykind", scaling="unit", seed=0)


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """Four photos of one dark bar each on a light ground, as a rendered set."""
    folder = tmp_path_factory.mktemp("bars")
    (folder / "labels").mkdir()
    (folder / "bar").mkdir()
    for number in range(4):
        bow, blade = np.zeros((2, 120, 160), bool)
        top = 20 + 20 * number
        bow[top : top + 24, 20:50], blade[top + 6 : top + 18, 50:130] = True, True
        pixels = np.full((120, 160, 3), 220, np.uint8)
        pixels[bow], pixels[blade] = 40, 90
        Image.fromarray(pixels).save(folder / "bar" / f"bar-{number:06}.jpg", quality=95)
        key = {"head": [20, top + 12], "tip": [130, top + 12], "occluded": 0, "cut_off": 0}
        label = {"keys": [key | {"bow": encode_rle(bow), "blade": encode_rle(blade)}]}
        (folder / "labels" / f"bar-{number:06}.json").write_text(json.dumps(label), "utf-8")
    return folder


def test_a_rendered_set_is_listed_in_order(bars):
    photos = labelled_in(bars)
    assert [one.label.stem for one in photos] == [f"bar-{number:06}" for number in range(4)]
    assert all(one.photo.is_file() for one in photos)


def test_pictures_of_any_size_give_a_grid_of_a_quarter(backbone):
    model = detector_network(backbone)
    told = model(np.zeros((1, 64, 96, 3), np.uint8))
    assert told.shape == (1, 16, 24, len(OUTPUTS))
    assert float(1 / (1 + np.exp(-told[0, 8, 12, 0]))) < 0.2  # no place is first taken for a middle


def test_a_perfect_answer_has_almost_no_loss_and_a_wrong_one_much():
    target = np.zeros((1, 8, 8, 12), np.float32)
    target[0, 4, 4], target[0, 2:6, 2:6, 11] = (1, 1, 1, 1, 1, 0.1, 0, -0.1, 0, 1, 0, 1), 0.25
    sure = np.where(target[..., :11] > 0.5, 20, -20).astype(np.float32)
    sure[..., OFFSETS] = target[..., OFFSETS]
    loss = detector_loss(DetectorRecipe())
    assert float(loss(target, sure)) < 0.1
    astray = sure.copy()
    astray[..., OFFSETS] += 0.5
    assert float(loss(target, astray)) > 3
    assert float(loss(target, -sure)) > 3


def fresh(backbone):
    keras.utils.set_random_seed(0)
    return detector_network(backbone)


def test_training_goes_on_after_a_kill_with_the_same_result(backbone, bars, tmp_path, monkeypatch):
    photos = labelled_in(bars)
    straight, killed_one, resumed = (fresh(backbone) for _ in range(3))
    curves = module.train_detector(straight, photos, RECIPE, tmp_path / "straight", 0)
    assert [one["size"] for one in curves] == list(RECIPE.sizes)
    run, calls = module.run_epoch, []

    def killed(*call):
        calls.append(call)
        return run(*call) if len(calls) == 1 else 1 / 0

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_epoch", killed)
        with pytest.raises(ZeroDivisionError):
            module.train_detector(killed_one, photos, RECIPE, tmp_path / "killed", 0)
    again = module.train_detector(resumed, photos, RECIPE, tmp_path / "killed", 0)
    assert [one["loss"] for one in again] == [one["loss"] for one in curves]
    for one, other in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_few_steps_lower_the_loss(backbone, bars, tmp_path):
    recipe = DetectorRecipe(sizes=(64,) * 12, batch=4, mosaic_share=0.0)
    curves = module.train_detector(fresh(backbone), labelled_in(bars), recipe, tmp_path, 0)
    assert curves[-1]["loss"] < 0.7 * curves[0]["loss"], curves


def test_the_file_says_what_keras_says(backbone):
    model = detector_network(backbone)
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    told = model(picture[None])[0].numpy()
    detector = KeyDetector(to_detector_file(model))
    fields = detector.dense_outputs(picture)
    assert fields.shape == (GRID, GRID, len(OUTPUTS))
    np.testing.assert_allclose(fields[..., OFFSETS], told[..., OFFSETS], atol=0.02)
    np.testing.assert_allclose(fields[..., KEY], 1 / (1 + np.exp(-told[..., KEY])), atol=0.02)
    found = detector.detect(Photo(picture, 3200, 3200, "array"), 0.0)
    assert all(np.isfinite(one.box).all() for one in found)
