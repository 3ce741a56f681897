"""Tests of views.py: what a view shows, and that it is framed as asked."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra train is not installed")

from keykind.core.kinds import NAMES
from keykind.model.card import SIZE
from keykind.train.classifier import views
from keykind.train.classifier.views import classifier_view, find_keys
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.detector import copy_paste
from keykind.train.detector.keys import COLUMNS, HEAD, TIP, WIDTH, map_points
from keykind.train.detector.labels import labelled_photos, labelled_scenes
from keykind.train.detector.pool import open_pool
from rendered_bars import draw_set

NONE = ClassifierRecipe(paste_share=0, hand_share=0, loose_share=0, negative_share=0)
FRAMES = {
    "scene": NONE,
    "pasted": replace(NONE, paste_share=1),
    "held": replace(NONE, paste_share=1, hand_share=1),
    "loose": replace(NONE, loose_share=1),
    "pasted, loose": replace(NONE, paste_share=1, loose_share=1),
}


@pytest.fixture(scope="module")
def all_kinds(pools, tmp_path_factory):
    """Pools with one scene per kind."""
    folder = tmp_path_factory.mktemp("kinds")
    photos = labelled_photos(draw_set(folder / "set", len(NAMES)))
    files = [photo.label for photo in photos]
    return replace(
        pools, scenes=open_pool(folder / "pool", files, lambda: labelled_scenes(photos), len(photos), "")
    )


@pytest.fixture
def unchanged(monkeypatch):
    """Leave the colours of views as they are."""
    monkeypatch.setattr(views, "_changed", lambda image, _: image)
    for module in (views, copy_paste):
        monkeypatch.setattr(module, "recolour", lambda image, *_: image.copy())


def shares(image):
    """Return the shares of an image that are bow and blade."""
    colours = image.astype(int)
    others = [colours[..., [1, 2]].max(axis=-1), colours[..., [0, 2]].max(axis=-1)]
    return [(colours[..., i] > others[i] + 60).mean() for i in (0, 1)]


def test_every_kind_has_keys_and_remotes_are_none(all_kinds):
    keys = find_keys(all_kinds)
    assert keys.kinds == tuple(range(len(NAMES)))
    assert [places.tolist() for places in keys.in_scenes] == [[[kind, 0]] for kind in range(len(NAMES))]
    assert [len(cuts) for cuts in keys.cut_out] == [1] * len(NAMES)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_view_shows_the_key_of_its_kind(all_kinds, frame, unchanged):
    keys = find_keys(all_kinds)
    for seed in range(12):
        image, target = classifier_view(all_kinds, keys, FRAMES[frame], np.random.default_rng(seed))
        assert image.shape == (SIZE, SIZE, 3)
        assert sorted(target) == [0] * (len(NAMES) - 1) + [1]
        assert shares(image)[1] > (0.002 if "loose" in frame else 0.02), seed


def test_an_aligned_view_has_the_head_left_or_rarely_right(all_kinds, unchanged):
    keys, left = find_keys(all_kinds), 0
    for seed in range(40):
        image, _ = classifier_view(all_kinds, keys, NONE, np.random.default_rng(seed))
        left += shares(image[:, : SIZE // 2])[0] > shares(image[:, SIZE // 2 :])[0]
    assert 30 <= left <= 40


def test_loose_frames_show_the_whole_key_at_any_size_and_lie_in_the_photo(monkeypatch):
    monkeypatch.setattr(views, "LOOSE_TILT", 0.0)
    key = np.zeros(COLUMNS)
    key[HEAD], key[TIP], key[WIDTH] = (300, 200), (420, 260), 40
    corners = np.array([[0, 0], [0, SIZE], [SIZE, 0], [SIZE, SIZE]])
    extents = []
    for seed in range(60):
        matrix = views._loose_matrix(key, (800, 600), np.random.default_rng(seed))
        ends = map_points(np.array([key[HEAD], key[TIP]]), matrix) / SIZE
        assert (ends > -0.06).all()
        assert (ends < 1.06).all()
        extents.append(np.ptp(ends, axis=0).max())
        in_photo = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        assert (in_photo > -1e-6).all()
        assert (in_photo < (800 + 1e-6, 600 + 1e-6)).all()
    assert min(extents) < 0.35
    assert max(extents) > 0.8


@pytest.mark.parametrize("loose", [0, 1])
def test_a_view_without_a_key_favours_no_kind(all_kinds, loose, unchanged):
    keys = find_keys(all_kinds)
    recipe = replace(NONE, negative_share=1, loose_share=loose)
    for seed in range(6):
        image, target = classifier_view(all_kinds, keys, recipe, np.random.default_rng(seed))
        assert target == pytest.approx([1 / len(NAMES)] * len(NAMES))
        assert sum(shares(image)) == 0


def test_the_same_seed_gives_the_same_view(all_kinds):
    keys, recipe = find_keys(all_kinds), ClassifierRecipe()
    for seed in range(8):
        first, second = (
            classifier_view(all_kinds, keys, recipe, np.random.default_rng(seed))[0] for _ in range(2)
        )
        np.testing.assert_array_equal(first, second)
