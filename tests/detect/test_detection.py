"""Tests of detection.py: any object with the members of Detector replaces the one that ships."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from keykind.detect.align import crop_around
from keykind.detect.crops import crop_all
from keykind.detect.cutouts import write_cutouts
from keykind.detect.detection import Detection, Detector
from keykind.detect.key_mask import KeyMask
from keykind.model.model import load_model
from keykind.photo.source import load_pixels
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_file


@dataclass(frozen=True)
class BrightDetector:
    """Detects what is brighter than the mean, as a key from left to right. A subclass of nothing."""

    digest: str = "bright"

    def detect(self, photo, score_threshold=0.5):
        mask = photo.pixels.mean(axis=2) > photo.pixels.mean()
        if not mask.any():
            return ()
        scale = photo.width / photo.pixels.shape[1]
        rows, columns = np.nonzero(mask)
        left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
        middle = (top + bottom) / 2
        head, tip = np.array([left, middle]) * scale, np.array([right, middle]) * scale
        return (Detection(0.9, head, tip, float(bottom - top) * scale),)

    def detect_all(self, photo, score_threshold=0.5):
        return self.detect(photo, score_threshold)


@pytest.fixture
def pixels():
    """A dark photo with a bright bar."""
    pixels = np.full((300, 400, 3), 40, np.uint8)
    pixels[140:170, 100:300] = 230
    return pixels


def test_the_length_of_a_key_is_the_distance_of_its_head_and_tip(pixels):
    (key,) = BrightDetector().detect(load_pixels(pixels))
    assert key.length == 200
    assert replace(key, tip=key.head + np.array([3, 4])).length == 5


def test_another_detector_crops_keys(pixels):
    detector: Detector = BrightDetector()
    (key,) = crop_all(lambda min_side: load_pixels(pixels, min_side=min_side), detector, 0.5)
    assert key.detection.head.tolist() == [100, 155]
    assert key.crop.shape == (224, 224, 3)
    assert (key.crop[112, 40:184] == 230).all()


def test_another_detector_recognises_and_explains(pixels, tmp_path):
    model = load_model(tiny_file(tmp_path / "tiny.tflite", crop="key", ood_threshold=None))
    recogniser = Recogniser(model, BrightDetector())
    (key,) = recogniser.recognise(pixels).keys
    assert key.box == ((100, 140), (300, 140), (300, 170), (100, 170))
    assert (key.head, key.tip) == ((100, 155), (300, 155))
    assert recogniser.explain(pixels).probabilities == key.probabilities
    assert recogniser.recognise(np.zeros_like(pixels)).keys == ()


def test_another_detector_cuts_keys_out_if_it_gives_masks(pixels, tmp_path):
    class Masked(BrightDetector):
        def detect(self, photo, score_threshold=0.5):
            (key,) = super().detect(photo, score_threshold)
            region, whole = crop_around(key.head, key.tip, key.box), np.ones((8, 16), np.float32)
            return (replace(key, mask=KeyMask(whole, whole, region)),)

    paths = list(write_cutouts(pixels, Masked(), tmp_path / "key.png"))
    assert paths == [tmp_path / "key.png"]


def test_the_box_goes_from_head_to_tip_with_the_key_s_width():
    key = Detection(0.9, np.array([10.0, 50.0]), np.array([10.0, 10.0]), 20.0)
    assert key.box.tolist() == [[0, 50], [0, 10], [20, 10], [20, 50]]
    point = Detection(0.9, key.head, key.head, 2.0)
    assert point.box.tolist() == [[10, 49], [10, 49], [10, 51], [10, 51]]
