"""Tests of targets.py: the targets match the augmented view."""

import json

import numpy as np
import pytest
from PIL import Image

from keykind.core.geometry import encode_rle
from keykind.detect.postprocess import BLADE, GRID, KEY, MAX_OFFSET, SIDE, STRIDE, decode
from keykind.train.detector.scenes import Scene, read_scene
from keykind.train.detector.targets import dense_targets, pool_mask, training_view

RED, GREEN = (250, 10, 10), (10, 250, 10)


@pytest.fixture
def single():
    """A white photo of a key with a red bow, its head at the left end, and a green blade."""
    parts = np.zeros((240, 320), np.uint8)
    parts[100:140, 60:120], parts[110:130, 120:260] = 1, 2
    pixels = np.full((240, 320, 3), 255, np.uint8)
    pixels[parts == 1], pixels[parts == 2] = RED, GREEN
    return Scene(pixels, parts, np.array([[[60.0, 120.0], [260.0, 120.0]]]), np.zeros((1, 2)))


@pytest.mark.parametrize("seed", range(12))
def test_keypoints_and_masks_are_where_the_key_is_in_the_view(single, seed, monkeypatch):
    monkeypatch.setattr("keykind.train.detector.targets.recolour", lambda image, rng: image)
    monkeypatch.setattr("keykind.train.detector.targets.degrade", lambda image, rng: image)
    monkeypatch.setattr("keykind.train.detector.targets._fill_colour", lambda pixels, rng: (255, 255, 255))
    image, targets = training_view([single], SIDE, np.random.default_rng(seed))
    assert image.shape == (SIDE, SIDE, 3)
    assert targets.shape == (GRID, GRID, 12)
    red = (image[..., 0] > 180) & (image[..., 1] < 100)
    green = (image[..., 1] > 180) & (image[..., 0] < 100)
    visible = pool_mask(red | green)
    assert abs(targets[..., KEY] - visible).mean() < 0.004
    assert abs(targets[..., BLADE] - pool_mask(green)).mean() < 0.004
    for detection in decode(targets[..., :11], (SIDE, SIDE), 1.0, 0.3):
        along = detection.tip - detection.head
        red_at, green_at = (np.argwhere(part)[:, ::-1] for part in (red, green))
        if len(red_at) > 50 and len(green_at) > 50:
            assert (green_at.mean(axis=0) - red_at.mean(axis=0)) @ along > 0
        if detection.truncation < 0.01:
            for end, pixels in ((detection.head, red_at), (detection.tip, green_at)):
                assert np.hypot(*(pixels - end).T).min() < 0.25 * np.hypot(*along)


def test_truncation_by_the_view_is_a_target():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[100:120, :100] = 1
    keypoints = np.array([[[-100.0, 110.0], [100.0, 110.0]]])
    targets = dense_targets(parts, keypoints, np.array([[0.25, 0.0]]), np.array([4000.0]))
    weighted = targets[..., 11] > 0
    assert np.unique(targets[weighted, 9]) == pytest.approx(0.25)
    assert np.unique(targets[weighted, 10]) == pytest.approx(0.5)


def test_a_key_of_a_few_pixels_is_not_a_target():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[100, 100:110] = 1
    targets = dense_targets(parts, np.zeros((1, 2, 2)), np.zeros((1, 2)), np.array([10.0]))
    assert not targets[..., :3].any()
    assert not targets[..., 5:].any()


def test_errors_relative_to_the_key_length_cost_the_same_at_any_size():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[40:120, 40:90], parts[200:208, 100:125] = 1, 3
    keypoints = np.array([[[40.0, 80], [90, 80]], [[100, 204], [125, 204]]])
    weight = dense_targets(parts, keypoints, np.zeros((2, 2)), np.array([4000.0, 200]))[..., 11]
    large, small = weight[10:30].sum(), weight[48:54].sum()
    assert large * 50 == pytest.approx(small * 25)  # a tenth of its length off costs as much for either


def test_offsets_point_to_the_keypoints_or_in_their_direction():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[80:120, 20:240] = 2
    targets = dense_targets(
        parts, np.array([[[20.0, 102], [240, 102]]]), np.zeros((1, 2)), np.array([8800.0])
    )
    row = 25  # centre at 102 px
    for column, head, tip in ((8, 20, None), (30, None, None), (55, None, 240)):
        centre = (column + 0.5) * STRIDE
        reach = MAX_OFFSET * SIDE
        assert targets[row, column, 6] == targets[row, column, 8] == pytest.approx(0, abs=1e-6)
        assert targets[row, column, 5] * SIDE == pytest.approx((head or centre - reach) - centre, abs=1e-3)
        assert targets[row, column, 7] * SIDE == pytest.approx((tip or centre + reach) - centre, abs=1e-3)


def test_a_rendered_photo_is_read_with_its_label(tmp_path):
    bow, blade = np.zeros((2, 60, 80), bool)
    bow[20:30, 10:20], blade[22:28, 20:60] = True, True
    key = {"head": [10, 25], "tip": [60, 25], "occluded": 0.1, "cut_off": 0.2}
    label = {"keys": [key | {"bow": encode_rle(bow), "blade": encode_rle(blade)}]}
    (tmp_path / "one.json").write_text(json.dumps(label), "utf-8")
    Image.new("RGB", (80, 60)).save(tmp_path / "one.jpg")
    scene = read_scene(tmp_path / "one.jpg", tmp_path / "one.json")
    assert np.array_equal(scene.parts, bow + 2 * blade.astype(int))
    assert scene.keypoints.tolist() == [[[10, 25], [60, 25]]]
    assert scene.hidden.tolist() == [[0.1, 0.2]]


def test_a_photo_without_a_key_has_zero_targets(tmp_path):
    (tmp_path / "one.json").write_text('{"keys": []}', "utf-8")
    Image.new("RGB", (80, 60)).save(tmp_path / "one.jpg")
    _, targets = training_view(
        [read_scene(tmp_path / "one.jpg", tmp_path / "one.json")], SIDE, np.random.default_rng(0)
    )
    assert not targets.any()


def test_four_scenes_make_a_mosaic(single):
    rng = np.random.default_rng(1)
    image, targets = training_view([single] * 4, SIDE, rng)
    assert image.shape == (SIDE, SIDE, 3)
    detections = decode(targets[..., :11], (SIDE, SIDE), 1.0, 0.3)
    tiles = {tuple(np.argwhere(detection.mask).mean(axis=0) // (SIDE // 2)) for detection in detections}
    assert tiles == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert len(detections) == 4


def test_the_centre_of_a_key_occluded_in_its_middle_is_on_a_visible_cell():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[110:130, 20:220] = 2
    parts[20:220, 110:130] = 4
    keypoints = np.array([[[20.0, 120], [220, 120]], [[120, 20], [120, 220]]])
    targets = dense_targets(parts, keypoints, np.zeros((2, 2)), np.array([4000.0, 4000]))
    rows, columns = np.nonzero(targets[..., 0] == 1)
    assert len(rows) == 2
    for row, column in zip(rows, columns, strict=True):
        across, down = abs(targets[row, column, 5:7])  # offset to the head
        visible = parts[row * STRIDE : (row + 1) * STRIDE, column * STRIDE : (column + 1) * STRIDE]
        assert (visible == (2 if across > down else 4)).any()


def test_the_same_seed_gives_the_same_view(single):
    first, second = (training_view([single], SIDE, np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
