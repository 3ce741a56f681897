"""Tests of views.py, copy_paste.py and holding.py: labels match the image."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2", reason="the extra train is not installed")

from keykind.core.errors import BadDataset
from keykind.detect.align import PAD_VALUE
from keykind.detect.postprocess import HEIGHT, WIDTH
from keykind.train.detector import copy_paste, holding, photometric, views
from keykind.train.detector.clutter import litter, read_things
from keykind.train.detector.copy_paste import Pose, paste_key, random_poses
from keykind.train.detector.holding import hold_keys
from keykind.train.detector.keys import (
    AREA,
    HEAD,
    OCCLUSION,
    TIP,
    TRUNCATION,
    View,
    key_areas,
    no_keys,
)
from keykind.train.detector.plain import plain_ground
from keykind.train.detector.views import training_view
from keykind.train.detector.warp import warp, warp_labels
from keykind.train.recipe import DetectorRecipe
from rendered_bars import draw_things

RECIPE = DetectorRecipe()


@pytest.fixture
def plain(monkeypatch):
    """Change no colours, so that parts can be compared with the image."""
    for module in (copy_paste, holding, views):
        monkeypatch.setattr(module, "recolour", lambda image, rng, strength=1.0: image.copy())
    monkeypatch.setattr(views, "degrade", lambda image, rng: image)
    monkeypatch.setattr(views, "MEAN_FILL_SHARE", 1)
    monkeypatch.setattr(copy_paste, "SHADOW_SHARE", 0)
    monkeypatch.setattr(holding, "DARKER_SHARE", 0)


def empty(width=300, height=200):
    return View(np.full((height, width, 3), 200, np.uint8), np.zeros((height, width), np.uint8), no_keys())


def coloured(image):
    """Return where bows (red) and blades (green) of keys are."""
    values = image.astype(int)
    red = (values[..., 0] > 170) & (values[..., 1:].max(axis=-1) < 90)
    green = (values[..., 1] > 170) & (values[..., [0, 2]].max(axis=-1) < 90)
    return red, green


def test_noise_is_in_all_colours():
    grey = np.full((60, 80, 3), 128, np.uint8)
    deviations = photometric._add_noise(grey, np.random.default_rng(0)).std(axis=(0, 1))
    assert deviations.min() > 0.9 * deviations.max() > 0


def test_noise_is_as_strong_as_it_is_said_to_be():
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    deviations = [photometric._add_noise(grey, np.random.default_rng(seed)).std() for seed in range(100)]
    low, high = photometric.NOISE
    assert 0.6 * low < min(deviations) < 2
    assert 0.85 * high < max(deviations) < 1.05 * high


def test_pixels_move_as_points_do():
    image = np.zeros((8, 20, 3), np.uint8)
    image[2, 3] = 255
    mirrored = np.array([[-1.0, 0, 20], [0, 1, 0]])
    assert np.argwhere(warp(image, mirrored, (20, 8), 0)[..., 0]).tolist() == [[2, 16]]
    assert np.argwhere(warp_labels(image[..., 0], mirrored, (20, 8))).tolist() == [[2, 16]]


@pytest.mark.parametrize("seed", range(12))
def test_parts_and_keypoints_are_where_the_keys_are(pools, plain, seed):
    view = training_view(pools, RECIPE, np.random.default_rng(seed))
    assert view.image.shape == (HEIGHT, WIDTH, 3)
    red, green = coloured(view.image)
    owner = (view.parts.astype(int) + 1) // 2
    key = owner > 0
    for colour, bow in ((red, True), (green, False)):
        part = key & ((view.parts % 2 == 1) == bow)
        assert (colour & part).sum() >= 0.9 * colour.sum()
    for k, row in enumerate(view.keys):
        rows, columns = np.nonzero(owner == k + 1)
        if len(rows) < 50:
            continue
        points = np.stack([columns, rows], axis=1) + 0.5
        axis = row[TIP] - row[HEAD]
        length = np.linalg.norm(axis)
        along = (points - row[HEAD]) @ axis / length**2
        assert along.min() > -0.05 - 2 / length
        assert along.max() < 1.05 + 2 / length


def test_the_same_seed_gives_the_same_view(pools):
    for seed in range(3):
        first, second = (training_view(pools, RECIPE, np.random.default_rng([7, seed])) for _ in range(2))
        assert np.array_equal(first.image, second.image)
        assert np.array_equal(first.parts, second.parts)
        assert np.array_equal(first.keys, second.keys)


def test_a_view_is_landscape_and_padded_at_the_right_or_at_the_bottom(pools, plain):
    seen = set()
    for seed in range(12):
        image = training_view(pools, RECIPE, np.random.default_rng(seed)).image
        padded = (image == PAD_VALUE).all(axis=2)
        right, bottom = padded[0, -1], padded[-1, 0]
        seen.add((bool(right), bool(bottom)))
        assert not (right and bottom)
        assert not padded[0, 0]
    assert seen == {(True, False), (False, True)}


def test_without_cut_outs_and_hands_views_are_made_too(pools):
    only = views.Pools(pools.backgrounds, pools.backgrounds)
    for seed in range(4):
        assert not len(training_view(only, RECIPE, np.random.default_rng(seed)).keys)


def test_marked_photos_are_used_by_their_share(pools):
    marked = views.Pools(pools.backgrounds, pools.backgrounds, marked=pools.scenes)
    recipe = DetectorRecipe(background_share=0, marked_share=1, paste_share=0)
    view = training_view(marked, recipe, np.random.default_rng(0))
    assert len(view.keys) == 2


def test_keys_on_a_plain_ground_are_mostly_large(pools, plain):
    recipe = DetectorRecipe(background_share=1, plain_share=1, clutter_share=0, hand_share=0)
    found = [training_view(pools, recipe, np.random.default_rng(seed)) for seed in range(30)]
    few = [view for view in found if len(view.keys) in (1, 2, 3)]
    assert len(few) > 2  # longer ones than twice the cut-out are not pasted
    for view in few:
        lengths = np.linalg.norm(view.keys[:, TIP] - view.keys[:, HEAD], axis=1)
        assert lengths.max() > 0.2 * WIDTH


def test_a_plain_ground_is_smooth():
    for seed in range(10):
        ground = plain_ground((300, 200), np.random.default_rng(seed)).astype(int)
        assert ground.shape == (200, 300, 3)
        assert max(abs(np.diff(ground, axis=axis)).max() for axis in (0, 1)) <= 5


@pytest.mark.parametrize("seed", range(6))
def test_a_key_is_pasted_at_its_pose(pools, plain, seed):
    view, rng = empty(), np.random.default_rng(seed)
    angle = seed
    head = np.array([150.0, 100]) - 40 * np.array([np.cos(angle), np.sin(angle)])
    assert paste_key(view, pools.scenes.cut(0), Pose(head, angle, 80.0), rng)
    (key,) = view.keys
    assert key[HEAD] == pytest.approx(head)
    assert key[TIP] == pytest.approx(head + 80 * np.array([np.cos(angle), np.sin(angle)]))
    assert key[TRUNCATION] < 0.05
    assert key_areas(view.parts, 1)[0] == pytest.approx(key[AREA], rel=0.05)
    red, green = coloured(view.image)
    assert (red & (view.parts == 1)).sum() >= 0.95 * red.sum()
    assert (green & (view.parts == 2)).sum() >= 0.95 * green.sum()


def test_a_pasted_key_occludes_and_truncates_as_much_as_it_does(pools, plain):
    view, rng = empty(), np.random.default_rng(0)
    below, above = Pose(np.array([60.0, 100]), 0.0, 160.0), Pose(np.array([140.0, 20]), np.pi / 2, 160.0)
    assert paste_key(view, pools.scenes.cut(0), below, rng)
    before = key_areas(view.parts, 1)[0]
    assert paste_key(view, pools.scenes.cut(1), above, rng)
    left = key_areas(view.parts, 2)
    assert view.keys[0, OCCLUSION] == pytest.approx(1 - (1 - 0.02) * left[0] / before)
    assert paste_key(view, pools.scenes.cut(2), Pose(np.array([260.0, 150]), 0.0, 80.0), rng)
    assert view.keys[2, TRUNCATION] == pytest.approx(1 - key_areas(view.parts, 3)[2] / view.keys[2, AREA])
    assert 0.2 < view.keys[2, TRUNCATION] < 0.6


def test_a_key_far_outside_or_much_enlarged_is_not_pasted(pools):
    view, rng = empty(), np.random.default_rng(0)
    assert not paste_key(view, pools.scenes.cut(0), Pose(np.array([900.0, 900]), 0.0, 80.0), rng)
    assert not paste_key(view, pools.scenes.cut(0), Pose(np.array([50.0, 90]), 0.0, 800.0), rng)
    assert not view.parts.any()
    assert not len(view.keys)


def test_a_shadow_darkens_the_background_next_to_the_key(pools, monkeypatch):
    monkeypatch.setattr(copy_paste, "SHADOW_SHARE", 1)
    dark = 0
    for seed in range(4):
        view = empty()
        pose = Pose(np.array([60.0, 100]), 0.0, 160.0)
        assert paste_key(view, pools.scenes.cut(0), pose, np.random.default_rng(seed))
        background = view.image[view.parts == 0]
        dark += int((background.max(axis=1) < 190).sum())
        assert (view.image[0] == 200).all()
    assert dark > 200


def test_poses_are_about_as_long_as_each_other_and_mostly_in_view():
    for seed in range(20):
        poses = random_poses(5, (416, 312), np.random.default_rng(seed))
        lengths = [pose.length for pose in poses]
        assert max(lengths) <= 1.6 * min(lengths)
        assert 0.05 * 416 < min(lengths) < max(lengths) < 416


@pytest.mark.parametrize("seed", range(10))
def test_a_hand_hides_keys_below_it_and_holds_others(pools, plain, seed):
    view, rng = empty(WIDTH, HEIGHT), np.random.default_rng(seed)
    for x in range(40, 400, 60):
        paste_key(view, pools.scenes.cut(0), Pose(np.array([x, 20.0]), np.pi / 2, 120.0), rng)
    count = len(view.keys)
    before = key_areas(view.parts, count)
    hold_keys(view, pools.hands[0], lambda: pools.scenes.cut(1), rng)
    after = key_areas(view.parts, len(view.keys))[:count]
    assert view.keys[:count, OCCLUSION] == pytest.approx(1 - (1 - 0.02) * after / before, abs=0.021)
    skin = (abs(view.image.astype(int) - (220, 180, 150)).max(axis=2) < 3).sum()
    assert skin > 200
    red, green = coloured(view.image)
    assert ((red | green) & (view.parts > 0)).sum() >= 0.9 * (red | green).sum()


def test_things_hide_keys_but_are_none(pools, plain, tmp_path):
    things = read_things(draw_things(tmp_path / "things"))
    assert [thing.sort for thing in things] == ["coin", "screw"]
    covered = 0
    for seed in range(6):
        view, rng = empty(WIDTH, HEIGHT), np.random.default_rng(seed)
        paste_key(view, pools.scenes.cut(0), Pose(np.array([100.0, 150]), 0.0, 200.0), rng)
        before = key_areas(view.parts, 1)[0]
        litter(view, things, rng)
        assert len(view.keys) == 1
        left = key_areas(view.parts, 1)[0]
        assert view.keys[0, OCCLUSION] == pytest.approx(1 - (1 - 0.02) * left / before, abs=0.01)
        covered += left < before
        violet = (abs(view.image.astype(int) - (150, 0, 200)).max(axis=2) < 3).sum()
        assert violet > 50
    assert covered


def test_a_folder_without_cut_out_things_is_refused(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    with pytest.raises(BadDataset, match="has 0 PNG files with transparent pixels"):
        read_things(tmp_path)


def test_the_arm_of_a_hand_ends_at_the_side_that_it_touches_most(pools):
    assert pools.hands[0].arm == (100, 260)


def test_degrading_keeps_the_size_and_what_is_seen(pools):
    image = pools.scenes.scene(0).image
    for seed in range(20):
        changed = photometric.degrade(image, np.random.default_rng(seed))
        assert changed.shape == image.shape
        assert changed.dtype == np.uint8
        assert abs(changed.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 12


def test_recolouring_changes_colours_not_places(pools):
    image = pools.scenes.scene(0).image
    changed = [photometric.recolour(image, np.random.default_rng(seed)) for seed in range(10)]
    assert len({tuple(view.mean(axis=(0, 1)).round()) for view in changed}) == 10
    edges = abs(np.diff(image.astype(int), axis=1)).max(axis=2) > 60
    for view in changed[:3]:
        assert abs(np.diff(view.astype(int), axis=1)).max(axis=2)[edges].mean() > 20
