"""Tests of web/src/core: the app computes the same results as Python."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app_build import WEB, Core, build_core, decode_array, decode_image, models
from drawn_refiner import DrawnRefiner, drawn_key
from keykind.core.geometry import oriented_rectangle
from keykind.dataset.bundled import bundled_photos
from keykind.detect import detector, postprocess
from keykind.detect.align import crop_around
from keykind.detect.crops import DETECTION_SIDE, MIN_RESOLUTION
from keykind.detect.detection import Detection
from keykind.detect.detector import KeyDetector, letterbox
from keykind.detect.duplicates import keypoint_distance
from keykind.detect.postprocess import WIDTH
from keykind.detect.refiner import combined_score
from keykind.detect.sharpness import sharpness
from keykind.model import shipped
from keykind.model.card import SIZE
from keykind.model.decision import (
    BLURRED_SHARPNESS,
    FEATURES,
    REASONS,
    Evidence,
    decision_from_json,
    default_decision,
)
from keykind.model.gradcam import overlay
from keykind.photo import decode
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions
from once import once
from tiny_model import CARD

FILTERS = {
    "BILINEAR": Image.Resampling.BILINEAR,
    "BICUBIC": Image.Resampling.BICUBIC,
}
SIZES = [
    ((1280, 720), (416, 234)),
    ((640, 480), (256, 192)),
    ((301, 77), (224, 224)),
    ((90, 130), (224, 224)),
    ((256, 256), (64, 256)),
]


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    core = Core(once(tmp_path_factory, "core", build_core))
    yield core
    core.close()


def noisy(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def bundled_sample(step):
    return sorted(bundled_photos().glob("test/*/*.jpg"))[::step]


KEY, REMOTE = 0, 1
POINT = 1e-3  # px: tolerance of keypoints
LOW_SCORE = 0.2  # a threshold at which there are more detections to compare


def made_outputs(objects, seed=0):
    """Return what the network could output for objects given as (head, tip, width, KEY or REMOTE).

    Locations near the middle of an object predict it, with noise; the others predict none.
    """
    rng = np.random.default_rng(seed)
    outputs = rng.normal(0, 1, (postprocess.LOCATIONS, len(postprocess.OUTPUTS))).astype(np.float32)
    outputs[:, postprocess.CLASSES] -= 7
    centres, strides = postprocess.locations()
    unit = (postprocess.OFFSET_UNIT * strides)[:, None]
    for head, tip, width, column in objects:
        ends = np.array([head, tip], float)
        near = np.linalg.norm(centres - ends.mean(axis=0), axis=1) < 2.5 * strides
        noisy_ends = ends + rng.normal(0, 1, (near.sum(), 2, 2))
        outputs[near, postprocess.HEAD] = (noisy_ends[:, 0] - centres[near]) / unit[near]
        outputs[near, postprocess.TIP] = (noisy_ends[:, 1] - centres[near]) / unit[near]
        outputs[near, postprocess.LOG_WIDTH] = np.log(width / unit[near, 0])
        outputs[near, column] = rng.uniform(-1, 3, near.sum())
    return outputs


def as_detections(candidates):
    return [
        Detection(score, head, tip, width, *attributes, remote)
        for score, head, tip, width, attributes, remote in zip(
            candidates.scores,
            candidates.heads,
            candidates.tips,
            candidates.widths,
            candidates.attributes,
            candidates.remote,
            strict=True,
        )
    ]


def assert_same_detections(ours, theirs, tolerance=POINT, score_tolerance=1e-6):
    assert len(ours) == len(theirs)
    names = {"occlusion": "occlusion", "truncation": "truncation", "bladeShare": "blade_share"}
    for key, expected in zip(ours, theirs, strict=True):
        assert key["remote"] == expected.remote
        assert key["score"] == pytest.approx(expected.score, abs=score_tolerance)
        for name, pythons in names.items():
            assert key[name] == pytest.approx(getattr(expected, pythons), abs=score_tolerance)
        for name in ("head", "tip", "width"):
            np.testing.assert_allclose(key[name], getattr(expected, name), atol=tolerance)


class ReplayDetector(KeyDetector):
    """A detector whose n-th run returns the n-th of the given outputs."""

    def __init__(self, outputs):
        self.remaining, self._refiner = list(outputs), None

    def dense_outputs(self, image):
        return self.remaining.pop(0)


def test_constants_are_up_to_date():
    script = WEB / "scripts" / "constants.py"
    completed = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr


def test_constants_include_the_detectors_thresholds(core):
    constants = core.constants()
    assert constants["postprocess"]["OFFSET_UNIT"] == postprocess.OFFSET_UNIT
    assert constants["detector"]["SCORE_THRESHOLD"] == detector.SCORE_THRESHOLD


def test_halves_round_to_even_as_in_python(core):
    values = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 7.0, -3.7]
    assert core.roundEven(values) == [round(value) for value in values]


def test_percentiles_equal_numpys(core):
    values = np.random.default_rng(0).normal(0, 1, 101).tolist()
    for sample in (values, values[:4], values[:1]):
        np.testing.assert_allclose(
            core.percentile(sample, [1, 50, 99]), np.percentile(sample, [1, 50, 99]), rtol=1e-12
        )


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_images_are_resized_as_by_pillow(core, name, old, new):
    pixels = noisy(*old)
    ours = decode_image(core.resize(pixels, *new, name)).astype(int)
    theirs = np.asarray(Image.fromarray(pixels).resize(new, FILTERS[name]))
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 1e-3


@pytest.mark.parametrize("name", FILTERS)
def test_float_arrays_are_resized_as_by_pillow(core, name):
    values = np.random.default_rng(1).normal(0, 1, (7, 9)).astype(np.float32)
    ours = decode_array(core.resizeArray(values, [9, 7], [120, 50], name), 50, 120)
    theirs = np.asarray(Image.fromarray(values).resize((120, 50), FILTERS[name]))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_images_are_reduced_as_by_pillow(core, factor):
    pixels = noisy(131, 66)
    ours = decode_image(core.reduce(pixels, factor))
    np.testing.assert_array_equal(ours, np.asarray(Image.fromarray(pixels).reduce(factor)))


def test_images_are_transformed_as_by_pillow(core):
    pixels = noisy(90, 60)
    matrix = (0.3, -0.2, 5.0, 0.25, 0.31, -20.0)
    ours = decode_image(core.transform(pixels, [200, 150], matrix, 128)).astype(int)
    theirs = Image.fromarray(pixels).transform(
        (200, 150),
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )
    assert np.abs(ours - np.asarray(theirs)).max() <= 1
    assert (ours != np.asarray(theirs)).mean() < 1e-3


@pytest.mark.parametrize("size", [(640, 480), (480, 641), (100, 30), (256, 256), (1000, 3), (3, 999)])
def test_photos_are_letterboxed_as_in_python(core, size):
    pixels = noisy(*size)
    ours = decode_image(core.letterbox(pixels)).astype(int)
    assert np.abs(ours - letterbox(pixels)[0]).max() <= 1


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (961, 960), (959, 2000), (100, 90)])
def test_jpegs_are_read_at_the_scale_that_pillow_chooses(core, size, tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", size).save(path)
    pixels = decode.read_photo(path, min_side=480).pixels
    factor = core.draftFactor(*size, 480)
    assert [-(-side // factor) for side in size[::-1]] == list(pixels.shape[:2])


def test_images_are_turned_as_by_numpy(core):
    pixels = noisy(30, 20)
    np.testing.assert_array_equal(decode_image(core.rotateLeft(pixels)), np.rot90(pixels))


SCENES = {
    "one": [((40, 60), (200, 150), 40, KEY)],
    "crossing": [((40, 60), (300, 150), 40, KEY), ((60, 280), (290, 70), 30, KEY)],
    "small": [
        ((30, 30), (60, 40), 12, KEY),
        ((300, 30), (330, 40), 9, KEY),
        ((100, 200), (130, 190), 9, KEY),
    ],
    "key and remote": [((40, 60), (200, 150), 40, KEY), ((300, 200), (320, 260), 30, REMOTE)],
    "remote on a key": [((40, 60), (200, 150), 40, REMOTE), ((42, 62), (200, 150), 40, KEY)],
    "outside the frame": [((-60, 100), (90, 160), 45, KEY)],
    "none": [],
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("seed", range(3))
def test_outputs_are_decoded_as_in_python(core, scene, seed):
    outputs = made_outputs(SCENES[scene], seed)
    theirs = as_detections(postprocess.decode(outputs, LOW_SCORE))
    assert len(theirs) >= len(SCENES[scene]) - (scene == "remote on a key")
    assert_same_detections(core.decode(outputs, LOW_SCORE), theirs)


def test_any_outputs_are_decoded_as_in_python(core):
    """The number of candidates and of detections is limited, and so is the width."""
    rng = np.random.default_rng(0)
    outputs = rng.normal(0, 3, (postprocess.LOCATIONS, len(postprocess.OUTPUTS))).astype(np.float32)
    outputs[::9, postprocess.LOG_WIDTH] = 100
    outputs[::7, postprocess.HEAD] = outputs[::7, postprocess.TIP]
    theirs = as_detections(postprocess.decode(outputs, 0.1))
    assert sum(not key.remote for key in theirs) == postprocess.MAX_DETECTIONS
    assert_same_detections(core.decode(outputs, 0.1), theirs)


def test_boxes_and_distances_of_keys_are_pythons(core):
    rng = np.random.default_rng(1)
    keys = [Detection(0.5, *rng.uniform(0, 100, (2, 2)), rng.uniform(1, 50)) for _ in range(6)]
    point = np.array([5.0, 5.0])
    keys.append(Detection(0.5, point, point, 3))
    entries = [{"head": key.head.tolist(), "tip": key.tip.tolist(), "width": key.width} for key in keys]
    for key, entry in zip(keys, entries, strict=True):
        np.testing.assert_allclose(core.boxOf(entry), key.box, atol=1e-9)
        expected = [keypoint_distance(key, other) for other in keys]
        assert [core.keypointDistance(entry, other) for other in entries] == pytest.approx(expected)


@pytest.mark.parametrize("scene", ["small", "none", "one", "crossing", "key and remote"])
@pytest.mark.parametrize("size", [(700, 500), (500, 700)])
def test_photos_are_processed_in_as_many_passes_as_in_python(core, scene, size, monkeypatch):
    monkeypatch.setattr(detector, "short_map", lambda function, items: [function(item) for item in items])
    passes = [made_outputs(SCENES[scene])]
    for n in range(60):
        head, tip = (60 + 5 * n, 60), (150 + 3 * n, 90 + 3 * n)
        passes.append(made_outputs([(head, tip, 20 + n, REMOTE if n % 5 == 4 else KEY)], n))
    photo = {"pixels": noisy(*size), "width": 2 * size[0], "height": 2 * size[1]}
    pythons, apps = ReplayDetector(passes), ReplayDetector(passes)
    theirs = pythons.detect_all(Photo(Reductions(photo["pixels"]), photo["width"], photo["height"], "JPEG"))
    core.run_detector = apps.dense_outputs
    assert_same_detections(core.detectAll(photo), theirs)
    assert len(apps.remaining) == len(pythons.remaining)
    assert (len(pythons.remaining) == len(passes) - 1) is (scene in ("one", "crossing", "key and remote"))


def test_a_camera_frame_is_processed_in_one_pass(core):
    objects = [((30, 30), (60, 40), 12, KEY), ((300, 200), (320, 260), 30, REMOTE)]
    replay = ReplayDetector([made_outputs(objects)])
    core.run_detector = replay.dense_outputs
    found = core.detectAll({"pixels": noisy(640, 480), "width": 640, "height": 480}, {"singlePass": True})
    assert sorted(key["remote"] for key in found) == [False, True]


def test_keys_in_photos_are_detected_as_in_python(core):
    """The network's inputs may differ by a grey level."""
    key_detector = KeyDetector.load(models() / shipped.DETECTOR)  # not refined
    core.run_detector = key_detector.dense_outputs
    count = 0
    for path in bundled_sample(6):
        photo = decode.read_photo(path, min_side=DETECTION_SIDE)
        theirs = key_detector.detect_all(photo, LOW_SCORE)
        entry = {"pixels": photo.pixels, "width": photo.width, "height": photo.height}
        ours = core.detectAll(entry, {"scoreThreshold": LOW_SCORE})
        assert_same_detections(ours, theirs, tolerance=0.1, score_tolerance=1e-3)
        count += len(theirs)
    assert count > 10


def as_entries(detections):
    names = {"bladeShare": "blade_share"}
    fields = ("score", "width", "occlusion", "truncation", "bladeShare", "remote")
    return [
        {name: getattr(key, names.get(name, name)) for name in fields}
        | {"head": key.head.tolist(), "tip": key.tip.tolist()}
        for key in detections
    ]


@pytest.mark.parametrize("reduction", [1, 2])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.5, -1.6])
def test_detections_are_refined_as_in_python(core, angle, reduction):
    photo, head, tip = drawn_key((320, 240), 200, angle)
    photo = replace(photo, reductions=Reductions(photo.pixels[::reduction, ::reduction]))
    shifts = ([0, 0], [3, -2], [20, -15], [90, 90])
    candidates = [Detection(0.3, head + shift, tip - shift, 50.0) for shift in map(np.array, shifts)]
    candidates += [Detection(0.9, tip, head, 80.0), Detection(0.9, head, head, 5.0)]
    refiner = DrawnRefiner()
    core.run_refiner = refiner.outputs
    theirs = refiner.refine(photo, candidates)
    looks = refiner.looks
    entry = {"pixels": photo.pixels, "width": photo.width, "height": photo.height}
    assert_same_detections(core.refine(entry, as_entries(candidates)), theirs, tolerance=1.5)
    assert refiner.looks == 2 * looks


def test_what_has_too_low_a_score_once_it_is_refined_is_discarded_as_in_python(core):
    photo, head, tip = drawn_key((320, 240), 200, 0.3)
    shifts = ([0, 0], [20, -15], [0, 200])
    candidates = [Detection(0.3, head + shift, tip + shift, 50.0) for shift in map(np.array, shifts)]
    refiner = DrawnRefiner()
    core.run_refiner = refiner.outputs
    theirs = refiner.refine(photo, candidates, 0.5)
    looks = refiner.looks
    entry = {"pixels": photo.pixels, "width": photo.width, "height": photo.height}
    ours = core.refine(entry, as_entries(candidates), 0.5)
    assert 0 < len(theirs) < len(candidates)
    assert_same_detections(ours, theirs, tolerance=1.5)
    assert refiner.looks == 2 * looks


def candidates_in_a_row(count):
    return [{"head": [0, 300 * n], "tip": [100, 300 * n], "score": 0.4 - n / 100} for n in range(count)]


def test_each_doubtful_candidate_of_a_video_has_its_turn(core):
    doubtful = candidates_in_a_row(7)
    turns = [core.inTurn(doubtful, [], doubtful[:1], frame) for frame in range(12)]
    assert all(turn[0] == doubtful[0] for turn in turns)  # a known key is looked at in each frame
    assert [len(turn) for turn in turns] == 4 * [1, 2, 2]
    assert [key for key in doubtful if not any(key in turn for turn in turns)] == []


def test_a_doubtful_candidate_is_not_looked_at_for_a_key_that_is_certain(core):
    doubtful = candidates_in_a_row(1)
    moved = {"head": [2, 1], "tip": [101, 3], "score": 0.9}
    assert core.inTurn(doubtful, [moved], doubtful, 1) == doubtful  # in turn, and only once
    assert core.inTurn([], [moved], doubtful, 1) == []


@pytest.mark.parametrize("remote", [False, True])
def test_a_remote_stays_or_becomes_one_as_in_python(core, remote):
    photo, head, tip = drawn_key((320, 240), 200, 0.4, remote=True)
    candidates = [Detection(0.3, head, tip, 50.0, remote=remote)]
    refiner = DrawnRefiner()
    core.run_refiner = refiner.outputs
    entry = {"pixels": photo.pixels, "width": photo.width, "height": photo.height}
    ours = core.refine(entry, as_entries(candidates))
    assert [key["remote"] for key in ours] == [True]
    assert_same_detections(ours, refiner.refine(photo, candidates), tolerance=1.5)


def test_scores_are_combined_as_in_python(core):
    for score in (0.0, 1e-9, 0.3, 0.9, 1.0):
        for logit in (-80, -2.5, 0, 3, 80):
            assert core.combinedScore(score, logit) == pytest.approx(combined_score(score, logit), rel=1e-9)


@pytest.mark.parametrize("length", [60, 300])
def test_candidates_of_all_passes_are_refined_as_in_python(core, length):
    """Of a small key there are more passes; the replayed candidates are elsewhere and are rejected."""
    photo, head, tip = drawn_key((320, 240), length, 0.3)
    scale = WIDTH / photo.width
    passes = [made_outputs([(head * scale, tip * scale, 20, KEY), ((300, 30), (380, 60), 20, KEY)])]
    passes += [made_outputs([((60 + 5 * n, 60), (150 + 3 * n, 90 + 3 * n), 20, KEY)], n) for n in range(60)]
    refiner = DrawnRefiner()
    pythons, apps = ReplayDetector(passes), ReplayDetector(passes)
    pythons._refiner = refiner
    theirs = pythons.detect_all(photo)
    assert len(theirs) == 1
    core.run_detector, core.run_refiner = apps.dense_outputs, refiner.outputs
    entry = {"pixels": photo.pixels, "width": photo.width, "height": photo.height}
    assert_same_detections(core.detectRefined(entry), theirs, tolerance=1.5)
    assert len(apps.remaining) == len(pythons.remaining)


def test_crops_are_extracted_as_in_python(core):
    rng = np.random.default_rng(3)
    for path in bundled_sample(20):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        size = np.array(pixels.shape[1::-1], float)
        head, tip = size * rng.uniform(0.1, 0.4, 2), size * rng.uniform(0.5, 0.9, 2)
        points = np.concatenate([head + rng.normal(0, 15, (5, 2)), tip + rng.normal(0, 15, (5, 2))])
        box = oriented_rectangle(points, tip - head)
        region = crop_around(head, tip, box)
        ours = core.cropAround(head.tolist(), tip.tolist(), box.tolist())
        np.testing.assert_allclose(ours["centre"], region.centre)
        assert ours["width"] == pytest.approx(region.width)
        for scale in (1, 2, 5):
            scaled = pixels.repeat(scale, 0).repeat(scale, 1)
            crop = decode_image(core.extract(ours, scaled, scale, 224)).astype(int)
            assert np.abs(crop - region.extract(scaled, scale)).max() <= 1
        unstretched = decode_image(core.extractUnstretched(ours, pixels, 1, 150)).astype(int)
        assert np.abs(unstretched - region.extract_unstretched(pixels, 1, 150)).max() <= 1


def test_heat_maps_are_drawn_as_in_python(core):
    pixels = noisy(300, 150)
    class_map = np.random.default_rng(0).gamma(1, 1, (7, 7)).astype(np.float32)
    ours = decode_image(core.overlay(pixels, class_map)).astype(int)
    assert np.abs(ours - overlay(pixels, class_map)).max() <= 1


def test_an_empty_map_is_not_drawn(core):
    with pytest.raises(RuntimeError, match="no evidence"):
        core.overlay(noisy(20, 20), np.zeros((7, 7), np.float32))


def app_card(card):
    return {
        "kinds": card.kinds,
        "confidenceThreshold": card.confidence_threshold,
        "oodThreshold": card.ood_threshold,
    }


def as_app(evidence):
    """Return evidence as the app has it, without the model's outputs."""
    names = ("score", "length", "occlusion", "truncation", "remote", "sharpness")
    return {name: getattr(evidence, name) for name in names} | {"bladeShare": evidence.blade_share}


def drawn_evidence(rng):
    """Return random evidence; some of it is missing, some extreme."""

    def number(*limits):
        return None if rng.random() < 0.15 else float(rng.uniform(*limits))

    logits = rng.normal(0, 3, len(CARD.kinds))
    probabilities = (np.exp(logits) / np.exp(logits).sum()).tolist()
    if rng.random() < 0.1:
        probabilities = [1.0] + [0.0] * (len(CARD.kinds) - 1)
    return Evidence(
        probabilities,
        number(0, 1),
        number(0, 1),
        number(0, 500),
        number(0.4, 1),
        number(0, 0.6),
        number(0, 0.4),
        bool(rng.random() < 0.2),
        None if rng.random() < 0.15 else float(10 ** rng.uniform(-5, 0.5)),
    )


FITTED = {
    "key": {"intercept": 0.3, "weights": {"score": 1.2, "ood": -4.0, "entropy": -0.5}},
    "remote": {"intercept": -0.2, "weights": {"score": 0.9}},
    "kind": {
        "intercept": 0.8,
        "weights": {
            "confidence": 0.6,
            "length": 0.4,
            "truncation": -2.0,
            "sharpness": 0.5,
            "occlusion": -1.0,
        },
    },
    "centres": {name: 0.1 * i for i, name in enumerate(FEATURES)},
    "classifier": "ab12",
}


@pytest.mark.parametrize("changes", [{}, FITTED], ids=["default", "fitted"])
def test_a_decision_is_the_same_as_in_python(core, changes):
    card, rng = replace(CARD, ood_threshold=0.7), np.random.default_rng(0)
    entries = default_decision(card).as_json() | changes
    decision, verdicts = decision_from_json(entries), []
    ours_rule = core.readDecision(entries)
    for _ in range(300):
        evidence = drawn_evidence(rng)
        theirs = decision.decide(evidence, card)
        arguments = list(evidence.probabilities), evidence.ood_score, as_app(evidence), ours_rule
        ours = core.decide(*arguments, app_card(card))
        assert ours["keyProbability"] == pytest.approx(theirs.key_probability, abs=1e-12)
        assert ours["kindProbability"] == pytest.approx(theirs.kind_probability, abs=1e-12)
        assert (ours["isKey"], ours["isKnown"]) == (theirs.is_key, theirs.kind is not None)
        assert ours["reason"] == theirs.reason
        ours_values = core.calibratedProbabilities(list(evidence.probabilities), ours, ours_rule)
        np.testing.assert_allclose(
            ours_values, decision.probabilities(evidence.probabilities, theirs), atol=1e-12
        )
        verdicts.append((theirs.is_key, theirs.reason))
    assert {reason for _, reason in verdicts} >= {None, "blade_hidden", "cut_off", "blurred"}
    assert {is_key for is_key, _ in verdicts} == {True, False}


def test_a_decision_of_another_schema_is_refused(core):
    with pytest.raises(RuntimeError, match="the decision has schema 99"):
        core.readDecision(default_decision(CARD).as_json() | {"schema": 99})


def test_the_default_decision_has_the_threshold_of_the_card(core):
    card = replace(CARD, confidence_threshold=0.83)
    assert core.defaultDecision(app_card(card))["kindThreshold"] == 0.83
    assert core.defaultDecision(app_card(card))["key"] == default_decision(card).as_json()["key"]


def test_there_are_the_same_reasons_as_in_python(core):
    assert tuple(core.reasons()) == REASONS == tuple(core.constants()["decision"]["REASONS"])


NO_DETECTION = as_app(Evidence(()))


@pytest.mark.parametrize(
    ("probabilities", "ood_score", "is_key", "kind", "reason"),
    [
        ([0.1, 0.7, 0.1, 0.1], 0.2, True, "dimple", None),
        ([0.3, 0.4, 0.2, 0.1], 0.2, True, None, "unknown_kind"),
        ([0.1, 0.7, 0.1, 0.1], 1000.5, False, None, None),
        ([0.1, 0.7, 0.1, 0.1], None, True, "dimple", None),
        ([-0.004, 1.002, 0, 0], 0.2, True, "dimple", None),
    ],
)
def test_a_verdict_follows_the_decision(core, probabilities, ood_score, is_key, kind, reason):
    card = app_card(replace(CARD, ood_threshold=0.7))
    rule = {"card": card, "decision": core.defaultDecision(card)}
    outputs = {"probabilities": probabilities, "maps": None, "oodScore": ood_score}
    verdict = core.verdictOf(outputs, NO_DETECTION, rule)
    assert verdict["isKey"] is is_key
    assert (verdict["kind"], verdict["reason"]) == (kind, reason)
    assert verdict["best"] == "dimple"
    assert verdict["probability"] == min(max(probabilities), 1)
    assert [entry["probability"] for entry in verdict["probabilities"]] == sorted(
        (min(max(value, 0), 1) for value in probabilities), reverse=True
    )


REGION = {"centre": [140, 112], "axis": [1, 0], "width": 280}


def detection(**changes):
    """Return a detection 200 px long and 60 px wide, almost entirely visible."""
    key = {"head": [40, 112], "tip": [240, 112], "width": 60, "occlusion": 0.1, "truncation": 0.1}
    return key | changes


def good_crop(change=lambda image: image):
    """Return a crop of a well-lit, sharp key, after a change."""
    path = bundled_photos() / "test" / "dimple" / "dimple-00.jpg"
    with Image.open(path) as photo:
        crop = photo.convert("RGB").crop((90, 90, 210, 270)).rotate(80, expand=True).resize((224, 224))
        return np.asarray(change(crop))


def with_glare(crop):
    pixels = np.array(crop)
    pixels[100:124, 60:120] = 255
    return Image.fromarray(pixels)


BLUR = ImageFilter.GaussianBlur(4)
CAUSES = {
    "none": ([], {}, {}, lambda crop: crop),
    "occlusion": (["hidden"], {"occlusion": 0.4}, {}, lambda crop: crop),
    "truncation": (["hidden"], {"truncation": 0.4}, {}, lambda crop: crop),
    "low resolution": (["small"], {}, {"width": 150}, lambda crop: crop),
    "darkness": (["dark"], {}, {}, lambda crop: crop.point(lambda level: level // 5)),
    "glare": (["glare"], {}, {}, with_glare),
    "blur": (["blurred"], {}, {}, lambda crop: crop.filter(BLUR)),
    "a key seen edge-on": (["edge"], {"width": 20}, {}, lambda crop: crop),
    "a key seen at an angle": (["slanted"], {"head": [107, 112], "tip": [173, 112]}, {}, lambda crop: crop),
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes_are_measured_in_the_crop(core, name):
    causes, key, region, change = CAUSES[name]
    measurements = core.measure(good_crop(change), REGION | region, detection(**key))
    assert core.causesOf(measurements) == causes


def test_measurements_have_their_documented_meaning(core):
    grey = np.full((224, 224, 3), 51, np.uint8)
    measurements = core.measure(grey, REGION, detection())
    assert measurements["dark"] == pytest.approx(0.2, abs=1e-6)
    assert measurements["glare"] == measurements["blurred"] == 0
    assert measurements["small"] == 280
    assert measurements["edge"] == measurements["slanted"] == pytest.approx(0.3)
    assert measurements["hidden"] == pytest.approx(0.1)


def test_sharpness_is_the_relative_variance_of_the_laplacian(core):
    noise = noisy(224, 224)
    measurements = core.measure(noise, None, None)
    grey = noise @ np.array([0.299, 0.587, 0.114])
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    assert measurements["blurred"] == pytest.approx(laplacian.var() / grey.var(), rel=1e-4)
    assert measurements["small"] is measurements["edge"] is measurements["hidden"] is None


def test_the_limits_that_python_has_are_pythons(core):
    assert core.limits()["small"] == MIN_RESOLUTION * SIZE
    assert core.limits()["blurred"] == BLURRED_SHARPNESS


def test_sharpness_in_a_box_is_measured_as_in_python(core):
    rng = np.random.default_rng(3)
    for _ in range(20):
        head, tip = rng.uniform(20, 200, (2, 2))
        key = Detection(0.9, head, tip, float(rng.uniform(10, 60)))
        region = crop_around(head, tip, key.box)
        crop = noisy(224, 224, seed=int(rng.integers(1000)))
        ours_key = detection(head=head.tolist(), tip=tip.tolist(), width=key.width)
        ours_region = {"centre": region.centre, "axis": region.axis, "width": region.width}
        ours = core.measure(crop, ours_region, ours_key)["blurred"]
        assert ours == pytest.approx(sharpness(crop, region, key), rel=1e-4)


def test_good_photos_are_seldom_beyond_a_limit(core):
    """Otherwise users with good photos would get wrong advice."""
    sys.path.append(str(WEB.parent / "benchmarks"))
    from app_limits import measure_keys, shares_beyond

    beyond = shares_beyond(core, list(measure_keys(core)))
    assert {name: share for name, share in beyond.items() if share > 0.05 and name != "small"} == {}


def test_only_pixels_inside_the_box_are_measured(core):
    crop = np.full((224, 224, 3), 255, np.uint8)
    # The box covers 40 to 240 px along the key and 82 to 142 px across; the region 0 to 280 and 42 to 182.
    crop[64 - 2 : 160 + 2, 32 - 2 : 192 + 2] = 100
    measurements = core.measure(crop, REGION, detection())
    assert measurements["glare"] == 0
    assert measurements["dark"] == pytest.approx(100 / 255, abs=1e-6)


def test_a_crop_is_classified_mirrored_along_its_axis_too(core):
    crop = noisy(224, 224)
    outputs = core.classifyViews(crop, 3, 0)  # nothing is below this OOD threshold, so nothing is certain
    squares = crop[..., 0].reshape(7, 32, 7, 32).mean(axis=(1, 3))  # the map that both views agree on
    maps = np.array(outputs["maps"]).reshape(7, 7, 3)
    np.testing.assert_allclose(maps[..., 0], squares, rtol=1e-4)
    upper = [half.ravel()[:24].sum() for half in (squares, squares[::-1])]
    assert outputs["probabilities"][0] == pytest.approx(np.mean(upper), rel=1e-4)
    assert outputs["oodScore"] == pytest.approx(np.mean(upper) / 2, rel=1e-4)


def test_the_mirror_image_of_a_crop_with_a_certain_answer_is_not_classified(core):
    crop = noisy(224, 224)
    upper = crop[:, :, 0].reshape(7, 32, 7, 32).mean(axis=(1, 3)).ravel()[:24].sum()
    outputs = core.classifyViews(crop, 3, None)
    assert outputs["probabilities"][0] == pytest.approx(upper, rel=1e-4)


APP_CARD = {"kinds": list(CARD.kinds), "confidenceThreshold": 0.5, "oodThreshold": None}


@pytest.fixture(scope="module")
def rule(core):
    return {"card": APP_CARD, "decision": core.defaultDecision(APP_CARD)}


def frame_key(x, *probabilities, causes=("dark",), score=None):
    outputs = {"probabilities": list(probabilities), "maps": None, "oodScore": None}
    evidence = NO_DETECTION | {"score": score}
    key = {"head": [x, 0], "tip": [x + 100, 0], "outputs": outputs, "evidence": evidence}
    return key | {"causes": list(causes)}


def test_an_answer_settles_over_frames_and_a_key_is_dropped_after_three_frames_without_it(core, rule):
    tracks = core.updateTracks([], [frame_key(0, 0.9, 0.1, 0, 0)], rule)
    for frame in range(2, 5):
        tracks = core.updateTracks(tracks, [frame_key(3 * frame, 0.9, 0.1, 0, 0)], rule)
        assert tracks[0]["frames"] == frame
    tracks = core.updateTracks(tracks, [frame_key(15, 0.1, 0.9, 0, 0)], rule)
    assert tracks[0]["verdict"]["kind"] == "cylinder"  # a single frame does not change it
    assert tracks[0]["causes"] == []
    for _ in range(3):
        tracks = core.updateTracks(tracks, [frame_key(15, 0.1, 0.9, 0, 0)], rule)
    assert tracks[0]["verdict"]["kind"] == "dimple"
    for missed in (1, 2):
        tracks = core.updateTracks(tracks, [], rule)
        assert [track["missed"] for track in tracks] == [missed]
    assert core.updateTracks(tracks, [], rule) == []


def test_a_key_that_a_frame_misses_keeps_its_average_and_comes_after_the_keys_of_the_frame(core, rule):
    tracks = core.updateTracks([], [frame_key(0, 0.9, 0.1, 0, 0)], rule)
    tracks = core.updateTracks(tracks, [frame_key(300, 0.1, 0.9, 0, 0)], rule)
    assert [track["verdict"]["kind"] for track in tracks] == ["dimple", "cylinder"]
    tracks = core.updateTracks(tracks, [frame_key(0, 0.4, 0.6, 0, 0)], rule)
    assert tracks[0]["outputs"]["probabilities"][0] == pytest.approx(0.6 * 0.9 + 0.4 * 0.4)


def test_a_single_frame_with_a_low_score_does_not_drop_a_key(core, rule):
    tracks = core.updateTracks([], [frame_key(0, 0.9, 0.1, 0, 0, score=0.95)], rule)
    tracks = core.updateTracks(tracks, [frame_key(0, 0.9, 0.1, 0, 0, score=0.05)], rule)
    assert tracks[0]["verdict"]["kind"] == "cylinder"
    assert tracks[0]["evidence"]["score"] == pytest.approx(0.6 * 0.95 + 0.4 * 0.05)


def test_keys_side_by_side_keep_their_own_answers(core, rule):
    frames = [frame_key(0, 0.9, 0.1, 0, 0), frame_key(300, 0, 0, 0.3, 0.4)]
    tracks = core.updateTracks([], frames, rule)
    tracks = core.updateTracks(tracks, frames[::-1], rule)
    assert [track["verdict"]["kind"] for track in tracks] == [None, "cylinder"]
    assert [track["frames"] for track in tracks] == [2, 2]
    assert [track["causes"] for track in tracks] == [["dark"], []]


def test_near_keys_keep_their_tracks_if_they_change_places_in_the_list(core, rule):
    frames = [frame_key(0, 0.9, 0.1, 0, 0), frame_key(40, 0.1, 0.9, 0, 0)]
    tracks = core.updateTracks([], frames, rule)
    tracks = core.updateTracks(tracks, frames[::-1], rule)
    assert [track["outputs"]["probabilities"][0] for track in tracks] == pytest.approx([0.1, 0.9])
    assert [track["frames"] for track in tracks] == [2, 2]


def test_the_lock_file_contains_no_urls():
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_every_module_states_its_inputs_outputs_and_needs():
    for path in Path(WEB / "src").rglob("*.ts"):
        text = path.read_text("utf-8")
        assert all(word in text[:1500] for word in (" * In: ", " * Out: ", " * Needs: ")), path.name
