"""Tests of training.py: which photos are held out, and that training leaves a detector that can be scored."""

import json

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadDataset  # noqa: E402
from keykind.core.geometry import encode_rle  # noqa: E402
from keykind.detect.detector import load_detector  # noqa: E402
from keykind.train.detector import training  # noqa: E402
from keykind.train.detector.training import Start, score_photos, split_set, train_on_photos  # noqa: E402
from keykind.train.recipe import DetectorRecipe  # noqa: E402


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """A rendered dataset of 42 photos, each of one dark bar."""
    folder = tmp_path_factory.mktemp("bars")
    (folder / "labels").mkdir()
    (folder / "bar").mkdir()
    for i in range(42):
        bow, blade = np.zeros((2, 120, 160), bool)
        bow[40:64, 20:50], blade[46:58, 50:130] = True, True
        pixels = np.full((120, 160, 3), 220, np.uint8)
        pixels[bow | blade] = 40 + i
        Image.fromarray(pixels).save(folder / "bar" / f"bar-{i:06}.jpg")
        masks = {"bow": encode_rle(bow), "blade": encode_rle(blade), "mask": encode_rle(bow | blade)}
        key = {"head": [20, 52], "tip": [130, 52], "occluded": 0, "cut_off": 0, **masks}
        (folder / "labels" / f"bar-{i:06}.json").write_text(json.dumps({"keys": [key]}), "utf-8")
    return folder


def stems(photos):
    return [photo.label.stem for photo in photos]


def test_one_photo_in_twenty_is_held_out(bars):
    train, held_out = split_set(bars)
    assert stems(held_out) == ["bar-000000", "bar-000020", "bar-000040"]
    assert len(train) == 39
    assert not set(stems(train)) & set(stems(held_out))


def test_no_more_photos_than_asked_for_are_used_spread_over_the_set(bars):
    train, held_out = split_set(bars, 21)
    assert stems(train + held_out).count("bar-000041") == 0
    assert len(train) + len(held_out) == 21
    assert stems(train)[-1] == "bar-000038"


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"has 0 labelled photos; give a folder that `keykind render` wrote"):
        split_set(tmp_path)


def test_fewer_photos_than_a_batch_are_refused(bars, tmp_path):
    photos = split_set(bars)[0][:3]
    with pytest.raises(BadDataset, match="has 3 photos to train on, less than a batch of 32"):
        train_on_photos(photos, Start(), DetectorRecipe(), tmp_path, 0)


def test_training_leaves_a_detector_that_can_be_scored(bars, tmp_path, monkeypatch):
    train, held_out = split_set(bars)
    recipe = DetectorRecipe(sizes=(64,), batch=2)
    model = train_on_photos(train[:4], Start(backbone="random"), recipe, tmp_path, 0)
    curves = json.loads((tmp_path / "detector.json").read_text("utf-8"))
    assert curves["photos"] == 4
    assert len(curves["curves"]) == 1
    metrics = score_photos(load_detector(model), held_out)
    assert (metrics.photos, metrics.keys) == (3, 3)
    assert 0 <= metrics.ap50 <= 1

    monkeypatch.setattr(training, "train_detector", lambda *_: 1 / 0)
    assert train_on_photos(train[:4], Start(), recipe, tmp_path, 0) == model  # finished: not repeated
    start = Start(backbone="random", detector=tmp_path / "detector.weights.h5")
    with pytest.raises(ZeroDivisionError):  # the earlier weights fit
        train_on_photos(train[:4], start, recipe, tmp_path / "further", 0)
