"""Tests of detector_views.py: what the label says moves with the photo."""

import json

import numpy as np
import pytest
from PIL import Image

from keykind.core.geometry import encode
from keykind.detect.postprocess import BLADE, GRID, KEY, REACH, SIDE, STRIDE, separate
from keykind.train.detector.scenes import Scene, read_scene
from keykind.train.detector.targets import fields_of, pooled, training_view

RED, GREEN = (250, 10, 10), (10, 250, 10)


@pytest.fixture
def lone():
    """A white photo with a bow in red, whose head is its left end, and a blade in green."""
    parts = np.zeros((240, 320), np.uint8)
    parts[100:140, 60:120], parts[110:130, 120:260] = 1, 2
    pixels = np.full((240, 320, 3), 255, np.uint8)
    pixels[parts == 1], pixels[parts == 2] = RED, GREEN
    return Scene(pixels, parts, np.array([[[60.0, 120.0], [260.0, 120.0]]]), np.zeros((1, 2)))


@pytest.mark.parametrize("seed", range(12))
def test_ends_and_masks_lie_where_the_key_is_in_the_view(lone, seed, monkeypatch):
    monkeypatch.setattr("keykind.train.detector.targets.recolour", lambda picture, rng: picture)
    monkeypatch.setattr("keykind.train.detector.targets.wear", lambda picture, rng: picture)
    monkeypatch.setattr("keykind.train.detector.targets._ground", lambda pixels, rng: (255, 255, 255))
    picture, fields = training_view([lone], SIDE, np.random.default_rng(seed))
    assert picture.shape == (SIDE, SIDE, 3)
    assert fields.shape == (GRID, GRID, 12)
    red = (picture[..., 0] > 180) & (picture[..., 1] < 100)
    green = (picture[..., 1] > 180) & (picture[..., 0] < 100)
    seen = pooled(red | green)
    assert abs(fields[..., KEY] - seen).mean() < 0.004
    assert abs(fields[..., BLADE] - pooled(green)).mean() < 0.004
    for found in separate(fields[..., :11], (SIDE, SIDE), 1.0, 0.3):
        along = found.tip - found.head
        red_at, green_at = (np.argwhere(part)[:, ::-1] for part in (red, green))
        if len(red_at) > 50 and len(green_at) > 50:
            assert (green_at.mean(axis=0) - red_at.mean(axis=0)) @ along > 0
        if found.cut_off < 0.01:
            for end, mine in ((found.head, red_at), (found.tip, green_at)):
                assert np.hypot(*(mine - end).T).min() < 0.25 * np.hypot(*along)


def test_what_a_view_cuts_off_is_told():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[100:120, :100] = 1
    ends = np.array([[[-100.0, 110.0], [100.0, 110.0]]])
    fields = fields_of(parts, ends, np.array([[0.25, 0.0]]), np.array([4000.0]))
    asked = fields[..., 11] > 0
    assert np.unique(fields[asked, 9]) == pytest.approx(0.25)
    assert np.unique(fields[asked, 10]) == pytest.approx(0.5)


def test_a_key_of_a_few_pixels_is_not_asked_for():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[100, 100:110] = 1
    fields = fields_of(parts, np.zeros((1, 2, 2)), np.zeros((1, 2)), np.array([10.0]))
    assert not fields[..., :3].any()
    assert not fields[..., 5:].any()


def test_ends_that_are_off_by_a_share_of_the_length_cost_alike_whatever_the_size():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[40:120, 40:90], parts[200:208, 100:125] = 1, 3
    ends = np.array([[[40.0, 80], [90, 80]], [[100, 204], [125, 204]]])
    weight = fields_of(parts, ends, np.zeros((2, 2)), np.array([4000.0, 200]))[..., 11]
    large, small = weight[10:30].sum(), weight[48:54].sum()
    assert large * 50 == pytest.approx(small * 25)  # a tenth of its length off costs as much for either


def test_each_place_points_at_the_ends_of_the_key_that_covers_it_or_that_way():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[80:120, 20:240] = 2
    fields = fields_of(parts, np.array([[[20.0, 102], [240, 102]]]), np.zeros((1, 2)), np.array([8800.0]))
    row = 25  # its middle is at 102 px
    for column, head, tip in ((8, 20, None), (30, None, None), (55, None, 240)):
        centre = (column + 0.5) * STRIDE
        far = REACH * SIDE
        assert fields[row, column, 6] == fields[row, column, 8] == pytest.approx(0, abs=1e-6)
        assert fields[row, column, 5] * SIDE == pytest.approx((head or centre - far) - centre, abs=1e-3)
        assert fields[row, column, 7] * SIDE == pytest.approx((tip or centre + far) - centre, abs=1e-3)


def test_a_rendered_photo_is_read_with_its_label(tmp_path):
    bow, blade = np.zeros((2, 60, 80), bool)
    bow[20:30, 10:20], blade[22:28, 20:60] = True, True
    key = {"head": [10, 25], "tip": [60, 25], "occluded": 0.1, "cut_off": 0.2}
    label = {"keys": [key | {"bow": encode(bow), "blade": encode(blade)}]}
    (tmp_path / "one.json").write_text(json.dumps(label), "utf-8")
    Image.new("RGB", (80, 60)).save(tmp_path / "one.jpg")
    scene = read_scene(tmp_path / "one.jpg", tmp_path / "one.json")
    assert np.array_equal(scene.parts, bow + 2 * blade.astype(int))
    assert scene.ends.tolist() == [[[10, 25], [60, 25]]]
    assert scene.hidden.tolist() == [[0.1, 0.2]]


def test_a_photo_without_a_key_asks_for_nothing(tmp_path):
    (tmp_path / "one.json").write_text('{"keys": []}', "utf-8")
    Image.new("RGB", (80, 60)).save(tmp_path / "one.jpg")
    _, fields = training_view(
        [read_scene(tmp_path / "one.jpg", tmp_path / "one.json")], SIDE, np.random.default_rng(0)
    )
    assert not fields.any()


def test_four_scenes_are_tiles_of_a_view(lone):
    rng = np.random.default_rng(1)
    picture, fields = training_view([lone] * 4, SIDE, rng)
    assert picture.shape == (SIDE, SIDE, 3)
    found = separate(fields[..., :11], (SIDE, SIDE), 1.0, 0.3)
    tiles = {tuple(np.argwhere(one.mask).mean(axis=0) // (SIDE // 2)) for one in found}
    assert tiles == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert len(found) == 4


def test_a_key_that_another_hides_in_its_middle_has_its_centre_where_it_is_seen():
    parts = np.zeros((SIDE, SIDE), np.uint8)
    parts[110:130, 20:220] = 2
    parts[20:220, 110:130] = 4
    ends = np.array([[[20.0, 120], [220, 120]], [[120, 20], [120, 220]]])
    fields = fields_of(parts, ends, np.zeros((2, 2)), np.array([4000.0, 4000]))
    rows, columns = np.nonzero(fields[..., 0] == 1)
    assert len(rows) == 2
    for row, column in zip(rows, columns, strict=True):
        across, down = abs(fields[row, column, 5:7])  # the way to the head
        shown = parts[row * STRIDE : (row + 1) * STRIDE, column * STRIDE : (column + 1) * STRIDE]
        assert (shown == (2 if across > down else 4)).any()


def test_the_same_seed_gives_the_same_view(lone):
    once, again = (training_view([lone], SIDE, np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(once, again, strict=True))
