"""Tests of saliency.py: energy on a part counts for that part."""

import json

import numpy as np
import pytest
from PIL import Image

from keykind.core.geometry import encode_rle
from keykind.detect.align import OrientedCrop
from keykind.model.head import Head
from keykind.train.saliency import PARTS, class_map_of, energy_shares, measure_saliency, part_shares

GRID = 7


@pytest.fixture
def label(tmp_path):
    """A label of a photo 140 px wide and 70 high: bow in its left fifth, blade in the next two."""
    bow, blade = np.zeros((2, 70, 140), bool)
    bow[:, :28], blade[:, 28:84] = True, True
    key = {"mask": encode_rle(bow | blade), "bow": encode_rle(bow), "blade": encode_rle(blade)}
    path = tmp_path / "labels" / "a.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"keys": [key]}), "utf-8")
    return path


def test_the_parts_of_a_whole_photo_are_stretched_with_it(label):
    parts = part_shares(label, None, 5)
    assert parts.sum(axis=2) == pytest.approx(1, abs=0.01)
    assert parts[2, :, 0] == pytest.approx([0, 1, 1, 0, 0], abs=0.02)
    assert parts[2, :, 1] == pytest.approx([1, 0, 0, 0, 0], abs=0.02)


def test_the_parts_of_a_region_are_rotated_with_it(label):
    turned = OrientedCrop((42.0, 35.0), (-1.0, 0.0), 84.0)  # bow and blade fill it, the bow to the right
    parts = part_shares(label, turned, 3)
    assert parts[1, :, 0] == pytest.approx([1, 1, 0], abs=0.02)
    assert parts[1, :, 1] == pytest.approx([0, 0, 1], abs=0.02)
    outside = OrientedCrop((400.0, 400.0), (1.0, 0.0), 84.0)
    assert (part_shares(label, outside, 3)[..., 2] == 1).all()


def test_a_photo_without_a_key_is_all_background(tmp_path):
    path = tmp_path / "nothing.json"
    path.write_text('{"keys": []}', "utf-8")
    assert (part_shares(path, None, 3)[..., 2] == 1).all()


def test_energy_counts_for_the_part_on_which_it_is():
    parts = np.zeros((2, 2, 3), np.float32)
    parts[0, 0, 0] = parts[0, 1, 1] = parts[1, :, 2] = 1
    assert energy_shares(np.array([[3, 1], [0, 0]], np.float32), parts) == pytest.approx([0.75, 0.25, 0])
    assert energy_shares(np.zeros((2, 2), np.float32), parts) == pytest.approx([0.25, 0.25, 0.5])


class BrightnessMap:
    """A network whose only channel is the brightness of its picture."""

    def run(self, picture):
        grey = np.asarray(picture).mean(axis=2).reshape(GRID, 32, GRID, 32).mean(axis=(1, 3))
        return np.array([grey.mean()], np.float32), grey[..., None].astype(np.float32)


def test_a_network_that_relies_on_the_blade_has_its_energy_there(label, tmp_path, monkeypatch):
    pixels = np.zeros((70, 140, 3), np.uint8)
    pixels[:, 28:84] = 255
    (tmp_path / "cylinder").mkdir()
    photo = tmp_path / "cylinder" / "a.png"
    Image.fromarray(pixels).save(photo)
    monkeypatch.setattr(
        "keykind.train.saliency.read_crop",
        lambda sample, size: np.asarray(Image.open(sample.path).resize((size, size))),
    )
    one = np.ones((1, 1), np.float32)
    head = Head(one, np.zeros(1, np.float32), np.array([[1.0, 0.0]], np.float32), np.zeros(2, np.float32))
    samples = [FakeSample(photo), FakeSample(tmp_path / "none" / "b.png")]
    saliency = measure_saliency(samples, class_map_of(BrightnessMap(), head))
    assert saliency.photos == 1
    assert saliency.energy["blade"] > 2 * saliency.area["blade"]
    assert saliency.area["blade"] == pytest.approx(0.4, abs=0.02)
    assert sum(saliency.energy.values()) == pytest.approx(1, abs=0.01)
    assert tuple(saliency.as_json()["area"]) == PARTS
    assert measure_saliency(samples[1:], class_map_of(BrightnessMap(), head)) is None


class FakeSample:
    """A sample, as far as it is used here."""

    region = None

    def __init__(self, path):
        self.path = path
