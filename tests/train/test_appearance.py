"""Tests of train/appearance: features by which single keys are recognised."""

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")
pytest.importorskip("cv2", reason="the extra train is not installed")

from keykind.core.geometry import encode_rle
from keykind.train.appearance import training
from keykind.train.appearance.training import TrainingKey, train_head
from keykind.train.appearance.views import random_view, read_key

HEAD, TIP = (60.0, 100.0), (260.0, 100.0)


@pytest.fixture
def photo(tmp_path):
    """A red bar on a grey ground, and its label."""
    pixels = np.full((200, 320, 3), 120, np.uint8)
    pixels[80:120, 60:260] = 200, 30, 30
    Image.fromarray(pixels).save(tmp_path / "00.png")
    box = [[60, 80], [260, 80], [260, 120], [60, 120]]
    key = {"head": HEAD, "tip": TIP, "box": box, "cut_off": 0.0, "occluded": 0.0}
    key["mask"] = encode_rle(pixels[..., 0] == 200)
    (tmp_path / "00.json").write_text(json.dumps({"keys": [key]}))
    return tmp_path / "00.png"


def test_a_crop_shows_the_key_along_its_middle(photo):
    crop = read_key(photo, photo.with_suffix(".json")).crop()
    assert crop.shape == (224, 224, 3)
    assert (crop[112, 30:190] == [200, 30, 30]).all()


def test_a_hidden_key_is_left_out(photo):
    label = json.loads(photo.with_suffix(".json").read_text())
    label["keys"][0]["occluded"] = 0.9
    photo.with_suffix(".json").write_text(json.dumps(label))
    assert read_key(photo, photo.with_suffix(".json")) is None


def test_random_views_differ_and_mostly_keep_the_key_in_the_middle(photo):
    key = read_key(photo, photo.with_suffix(".json"))
    ground = np.full((300, 300, 3), (30, 60, 200), np.uint8)
    views = [random_view(key, ground, np.random.default_rng(seed)) for seed in range(30)]
    assert len({view.tobytes() for view in views}) == 30
    middle = np.array([view[100:124, 80:140].reshape(-1, 3).mean(axis=0) for view in views])
    assert np.mean(middle[:, 0] > middle[:, 2]) > 0.8  # red, not blue
    corners = np.array([view[:20, :20].reshape(-1, 3).mean(axis=0) for view in views])
    assert 0.2 < np.mean(corners[:, 2] > 1.3 * corners[:, 0]) < 0.9  # on the other ground


def test_training_makes_views_of_one_key_alike(monkeypatch):
    monkeypatch.setattr(training, "STEPS", 120)
    rng = np.random.default_rng(0)
    looks = rng.normal(size=(24, 7, 7, 12))

    def key(number: int, views: int) -> TrainingKey:
        noise = 2 * rng.normal(size=(views, 7, 7, 12)) * (np.arange(12) < 6)  # half of the channels are noise
        return TrainingKey("cylinder", (looks[number] + noise).astype(np.float16))

    said = []
    head = train_head([key(i, 6) for i in range(16)], [key(i, 3) for i in range(16, 20)], 0, said.append)
    assert said
    features = np.array(
        [[head.run(maps) for maps in key(i, 2).maps.astype(np.float32)] for i in range(20, 24)]
    )
    units = features / np.linalg.norm(features, axis=-1, keepdims=True)
    similarities = np.einsum("ik,jk->ij", units[:, 0], units[:, 1])
    assert (similarities.argmax(axis=1) == np.arange(4)).all()
