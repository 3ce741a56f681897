"""Tests of render/sets/key_series.py: several photos of each of many keys."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from keykind.core.errors import KeykindError
from keykind.render.keys.catalogue import draw_key
from keykind.render.scenes.scene_builder import build_scene
from keykind.render.sets.key_series import KINDS, series


def test_a_series_names_each_photo_by_its_key():
    photos = list(series(Path("out"), range(3, 5), 2, seed=7, size=448))
    names = [photo.path.as_posix() for photo in photos]
    assert names == [
        "out/laser_track-0003/00.jpg",
        "out/laser_track-0003/01.jpg",
        "out/mortice-0004/00.jpg",
        "out/mortice-0004/01.jpg",
    ]


def test_twelve_keys_are_of_all_kinds_several_of_some():
    assert len(KINDS) == 12
    assert len(set(KINDS)) == 7


def test_a_key_cannot_have_more_photos_than_seeds():
    with pytest.raises(KeykindError, match="is outside 1 to 100"):
        list(series(Path("out"), range(1), 101, seed=0, size=448))


def test_a_given_key_is_the_first_in_any_scene():
    key, _ = draw_key("dimple", np.random.default_rng(5))
    for seed in range(3):
        scene, _ = build_scene("phone", ["dimple"], 96, np.random.default_rng(seed), key=key)
        assert scene.bodies[scene.key_indices()[0]].solid is key
