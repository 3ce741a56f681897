"""Tests of refiner.py: ends, boxes, scores and masks after a second look."""

import math
from dataclasses import replace

import numpy as np
import pytest

from drawn_refiner import DrawnRefiner, drawn_key
from keykind.core.errors import BadModel
from keykind.detect.detection import Detection
from keykind.detect.detector import KeyDetector
from keykind.detect.metrics import mask_iou
from keykind.detect.refiner import CERTAIN_SCORE, Refiner, combined_score, load_refiner
from keykind.model import shipped
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions

ANGLES = (0.0, 0.7, 2.5, -1.6)


def off(head, tip, share, width=60.0):
    """Return a detection whose ends are off by a share of the key's length."""
    shift = share * np.linalg.norm(tip - head) * np.array([0.6, 0.8])
    return Detection(0.6, head + shift, tip - shift, width)


@pytest.mark.parametrize("angle", ANGLES)
def test_ends_are_corrected_and_the_crop_is_taken_again(angle):
    photo, head, tip = drawn_key((320, 240), 200, angle)
    refiner = DrawnRefiner()
    (key,) = refiner.refine(photo, [off(head, tip, 0.12)])
    assert refiner.looks == 2
    assert key.head == pytest.approx(head, abs=3)
    assert key.tip == pytest.approx(tip, abs=3)
    assert key.width == pytest.approx(60, abs=6)
    assert key.score > 0.95
    assert (key.remote, key.blade_share > 0.9) == (False, True)


def test_a_detection_that_hardly_moves_is_looked_at_once():
    photo, head, tip = drawn_key((320, 240), 200, 0.4)
    refiner = DrawnRefiner()
    refiner.refine(photo, [off(head, tip, 0.01)])
    assert refiner.looks == 1


def test_of_several_candidates_of_a_certain_key_one_is_refined():
    photo, head, tip = drawn_key((320, 240), 200, 0.4)
    refiner = DrawnRefiner()
    candidates = [off(head, tip, share) for share in (0.01, 0.02, 0.03)]
    (key,) = refiner.refine(photo, candidates, 0.5)
    assert key.score >= CERTAIN_SCORE
    assert refiner.looks == 1


def test_what_is_surely_no_key_is_read_once():
    photo = Photo(Reductions(np.full((480, 640, 3), 200, np.uint8)), 640, 480, "array")
    refiner = DrawnRefiner()  # moves the ends of a crop without a key, too
    assert (
        refiner.refine(photo, [Detection(0.3, np.array([100.0, 90]), np.array([300.0, 90]), 90.0)], 0.5) == ()
    )
    assert refiner.looks == 1


def test_exchanged_ends_are_put_right():
    photo, head, tip = drawn_key((320, 240), 200, 0.4)
    (key,) = DrawnRefiner().refine(photo, [Detection(0.6, tip, head, 60.0)])
    assert key.head == pytest.approx(head, abs=3)
    assert key.tip == pytest.approx(tip, abs=3)


@pytest.mark.parametrize("angle", ANGLES)
def test_masks_cover_the_key_and_its_blade(angle):
    photo, head, tip = drawn_key((320, 240), 200, angle)
    (key,) = DrawnRefiner().refine(photo, [off(head, tip, 0.1)])
    mask, blade = key.mask.on_photo((photo.width, photo.height))
    colours = photo.pixels.astype(int)
    drawn = colours.max(axis=2) - colours.min(axis=2) > 100
    assert mask_iou(mask, drawn) > 0.85
    assert mask_iou(blade, drawn & (colours[..., 1] > 150)) > 0.8


def test_what_is_no_key_gets_a_low_score():
    photo = Photo(Reductions(np.full((480, 640, 3), 200, np.uint8)), 640, 480, "array")
    (nothing,) = DrawnRefiner().refine(
        photo, [Detection(0.9, np.array([100.0, 90]), np.array([300.0, 90]), 40.0)]
    )
    assert nothing.score < 0.1


def test_a_remote_detected_as_a_key_becomes_a_remote():
    photo, head, tip = drawn_key((320, 240), 200, 0.4, remote=True)
    (remote,) = DrawnRefiner().refine(photo, [off(head, tip, 0.0)])
    assert remote.remote
    assert remote.score > 0.9


@pytest.mark.parametrize("reduction", [1, 2])
def test_a_photo_decoded_at_a_reduced_scale_gives_the_same_keys(reduction):
    photo, head, tip = drawn_key((640, 480), 400, 0.5, size=(1280, 960))
    reduced = replace(photo, reductions=Reductions(photo.pixels[::reduction, ::reduction]))
    (key,) = DrawnRefiner().refine(reduced, [off(head, tip, 0.1)])
    assert key.head == pytest.approx(head, abs=8)
    assert key.tip == pytest.approx(tip, abs=8)


@pytest.mark.parametrize("length", [0.0, 1.0])
def test_a_detection_without_a_length_stays_as_it_is(length):
    photo, _, _ = drawn_key((320, 240), 200, 0.0)
    head = np.array([100.0, 100.0])
    detection = Detection(0.6, head, head + np.array([length, 0]), 10.0)
    assert DrawnRefiner().refine(photo, [detection]) == (detection,)


def test_a_key_cut_by_the_frame_can_be_refined():
    photo, head, tip = drawn_key((20, 240), 200, 0.0)
    (key,) = DrawnRefiner().refine(photo, [off(head, tip, 0.05)])
    assert np.isfinite(key.box).all()


def test_the_combined_score_rises_with_both():
    assert combined_score(0.5, 0.0) == pytest.approx(0.5)
    scores = [combined_score(score, logit) for score, logit in ((0.1, -2), (0.3, -2), (0.3, 2), (1.0, 60))]
    assert scores == sorted(scores)
    assert all(math.isfinite(score) for score in (*scores, combined_score(0.0, -60)))


class Candidates(KeyDetector):
    """A detector with the same candidates for any photo, each found in the first pass."""

    digest = "candidates"

    def __init__(self, *candidates, refiner=None):
        self.candidates, self._refiner = candidates, refiner

    def _detect_pass(self, pixels, reduction, score_threshold):
        return tuple(key for key in self.candidates if key.score >= score_threshold)


def test_the_detector_refines_doubtful_candidates_and_returns_each_key_once():
    photo, head, tip = drawn_key((320, 240), 400, 0.4)
    nowhere = Detection(0.7, np.array([30.0, 30]), np.array([300.0, 30]), 40.0)
    candidates = (nowhere, replace(off(head, tip, 0.05), score=0.2), replace(off(head, tip, 0.2), score=0.1))
    (key,) = Candidates(*candidates, refiner=DrawnRefiner()).detect(photo)
    assert key.head == pytest.approx(head, abs=4)
    assert key.mask is not None
    (unrefined,) = Candidates(*candidates).detect(photo)
    assert unrefined is nowhere


def test_without_a_bundled_refiner_nothing_is_refined(tmp_path, monkeypatch):
    (tmp_path / shipped.INDEX).write_text("{}")
    monkeypatch.setattr(shipped.has_model, "__defaults__", (tmp_path,))
    assert load_refiner() is None


def test_a_missing_or_damaged_refiner_is_an_error(tmp_path):
    with pytest.raises(BadModel, match="is not a refiner"):
        load_refiner(tmp_path / "none.tflite")
    (tmp_path / "torn.tflite").write_bytes(b"torn")
    with pytest.raises(BadModel, match="is not a refiner"):
        Refiner.load(tmp_path / "torn.tflite")
    with pytest.raises(BadModel, match="is not a refiner"):
        load_refiner(shipped.FOLDER / shipped.CLASSIFIER)
