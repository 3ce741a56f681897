"""Tests of render/studio/labels.py: labels agree with the rendered photos."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mitsuba", reason="the extra render is not installed")
pytest.importorskip("manifold3d", reason="the extra render is not installed")

from PIL import Image, ImageDraw

from keykind.core.geometry import decode_rle, encode_rle
from keykind.render.props.catalogue import draw_prop
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.layout import make_body, rotation_matrix, settle
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.scene_builder import build_scene
from keykind.render.studio.labels import label_scene, majority_part, oriented_box
from keykind.render.studio.render_photo import MIN_BLADE, render_photo
from keykind.render.studio.renderer import LABEL_SCALE, Renderer
from keykind.render.studio.variant import Variant

HEIGHT = 200.0  # mm of the camera above the table
AFTER_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = sys
from keykind.render.studio.renderer import Renderer, Variant
Renderer(Variant("scalar_rgb", None, ""), 1)
"""
TWO_SCENES = """
import numpy as np
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.scene_builder import build_scene
from keykind.render.studio.renderer import Renderer
from keykind.render.studio.variant import choose_variant
renderer = Renderer(choose_variant(), 1)
scene, _ = build_scene("product", ["cylinder"], 64, np.random.default_rng(0))
atlas = paint_atlas(scene, np.random.default_rng(0))
first = renderer.render_gbuffer(scene, atlas, 0)
second = renderer.render_gbuffer(scene, atlas, 0)
assert (first.parts >= 0).any()
np.testing.assert_array_equal(first.parts, second.parts)
"""


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Variant("scalar_rgb", None, ""), 1)


@pytest.fixture(scope="module")
def single_key() -> Scene:
    """A house key lying flat and alone, seen straight from above."""
    scene, _ = build_scene("product", ["cylinder"], 96, np.random.default_rng(0))
    key = make_body(next(body for body in scene.bodies if body.solid.kind).solid)
    return replace(scene, bodies=(key,), camera=camera_above(0, 0), ground_depth=30.0)


def camera_above(x: float, y: float) -> Camera:
    target = np.array([x, y, 0.0])
    up = np.array([0.0, 1.0, 0.0])
    return Camera(np.array([x, y, HEIGHT]), target, up, 40.0, 0.01, HEIGHT, (96, 72))


def label_of(renderer: Renderer, scene: Scene) -> dict:
    atlas = paint_atlas(scene, np.random.default_rng(0))
    return label_scene(scene, renderer.render_gbuffer(scene, atlas, 0).parts, 5, 7)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_run_lengths_decode_to_the_mask(share):
    mask = np.random.default_rng(0).random((7, 5)) < share
    encoded = encode_rle(mask)
    assert encoded["size"] == [7, 5]
    assert sum(encoded["counts"]) == 35
    assert np.array_equal(decode_rle(encoded), mask)


def test_run_lengths_are_in_column_order_and_start_with_the_background():
    assert encode_rle(np.array([[0, 1], [0, 1]], dtype=bool))["counts"] == [2, 2]
    assert encode_rle(np.array([[1, 1], [0, 0]], dtype=bool))["counts"] == [0, 1, 1, 1, 1]


def test_a_pixel_shows_the_part_that_covers_most_of_it():
    fine = np.array([[3, -1, 3, -1, 3, 3, 2, 5], [-1, -1, 3, -1, 3, 3, -1, 5]])
    assert majority_part(fine, (1, 4)).tolist() == [[-1, 3, 3, 5]]


@pytest.mark.parametrize("angle", [0, 20, 45, 77, 90, 130])
def test_the_oriented_box_fits_around_a_turned_rectangle(angle):
    turn = np.radians(angle)
    ends = np.array([[-40, -15], [40, -15], [40, 15], [-40, 15]]) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    ) + [80, 70]
    canvas = Image.new("1", (160, 140))
    ImageDraw.Draw(canvas).polygon([tuple(end) for end in ends], fill=1)
    corners = LABEL_SCALE * np.array(oriented_box(np.asarray(canvas), ends[1] - ends[0]))
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert sorted(sides)[::2] == pytest.approx([30, 80], abs=4)
    assert corners.mean(axis=0) == pytest.approx([80, 70], abs=1.5)


def test_a_single_key_is_neither_occluded_nor_cut_off(renderer, single_key):
    label = label_of(renderer, single_key)
    assert (label["width"], label["height"], label["seed"], label["number"]) == (96, 72, 5, 7)
    (key,) = label["keys"]
    assert key["kind"] == "cylinder"
    assert key["occluded"] < 0.04
    assert key["cut_off"] == 0
    assert label["others"] == []


def test_a_scene_that_is_still_in_memory_does_not_change_the_parts_of_the_next():
    subprocess.run([sys.executable, "-c", TWO_SCENES], check=True, timeout=300)  # a variant of its own


def test_bow_and_blade_partition_the_mask(renderer, single_key):
    (key,) = label_of(renderer, single_key)["keys"]
    whole, bow, blade = (decode_rle(key[name]) for name in ("mask", "bow", "blade"))
    assert np.array_equal(bow | blade, whole)
    assert not (bow & blade).any()


def test_the_blade_is_at_the_tip_and_the_bow_at_the_head(renderer, single_key):
    (key,) = label_of(renderer, single_key)["keys"]
    middles = [np.argwhere(decode_rle(key[part])).mean(axis=0)[::-1] for part in ("bow", "blade")]
    head, tip = np.array(key["head"]), np.array(key["tip"])
    along = (tip - head) / np.linalg.norm(tip - head)
    assert 0 < (middles[0] - head) @ along < (middles[1] - head) @ along < np.linalg.norm(tip - head)


def test_the_oriented_box_contains_the_mask(renderer, single_key):
    (key,) = label_of(
        renderer, replace(single_key, bodies=(single_key.bodies[0].rotated(rotation_matrix("z", 33)),))
    )["keys"]
    corners = np.array(key["box"])
    points = np.argwhere(decode_rle(key["mask"]))[:, ::-1] + 0.5
    for side in (0, 1):
        edge = corners[side + 1] - corners[side]
        along = (points - corners[side]) @ edge / (edge @ edge)
        assert along.min() > -0.03
        assert along.max() < 1.03


def test_a_key_under_another_is_partly_occluded(renderer, single_key):
    below = single_key.bodies[0]
    over = below.rotated(rotation_matrix("z", 90)).translated(np.array([0.0, 0.0, 5.0]))
    first, second = label_of(renderer, replace(single_key, bodies=(below, over)))["keys"]
    assert first["occluded"] > second["occluded"] + 0.1
    assert not (decode_rle(first["mask"]) & decode_rle(second["mask"])).any()


def test_a_key_at_the_edge_of_the_frame_is_cut_off(renderer, single_key):
    labels = [
        label_of(renderer, replace(single_key, camera=camera_above(x, 0)))["keys"] for x in (0, 70, 500)
    ]
    assert 0.1 < labels[1][0]["cut_off"] < 0.95
    assert labels[1][0]["head"][0] < 0  # outside the photo
    assert labels[2] == []


def test_a_remote_is_labelled_apart_from_keys_and_other_things(renderer, single_key):
    remote = settle(make_body(draw_prop("remote", np.random.default_rng(1))))
    coin = settle(make_body(draw_prop("coin", np.random.default_rng(1)))).translated(
        np.array([0.0, 45.0, 0.0])
    )
    scene = replace(single_key, bodies=(remote, coin))
    label = label_of(renderer, scene)
    (found,) = label["remotes"]
    assert label["keys"] == []
    assert label["others"] == ["coin"]
    assert set(found) == {"box", "head", "tip", "mask", "occluded", "cut_off"}
    assert decode_rle(found["mask"]).mean() > 0.02
    assert np.linalg.norm(np.subtract(found["head"], found["tip"])) > 10


def test_a_photo_of_one_kind_shows_enough_of_the_blade(renderer):
    for index in range(4):
        label = render_photo(renderer, "phone", ["laser_track"], 96, (3, index)).label
        blade = decode_rle(label["keys"][0]["blade"])
        assert blade.mean() > 0.8 * MIN_BLADE  # the label has half the resolution


def test_mitsuba_after_tensorflow_is_an_error_and_no_crash():
    result = subprocess.run(
        [sys.executable, "-c", AFTER_TENSORFLOW], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "KeykindError: Mitsuba: cannot be imported after TensorFlow" in result.stderr
