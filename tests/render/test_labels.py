"""Tests of render/studio/labels.py: what a label says is what a photo shows."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mitsuba", reason="the extra render is not installed")
pytest.importorskip("manifold3d", reason="the extra render is not installed")

from PIL import Image, ImageDraw

from keykind.core.geometry import decode_rle, encode_rle
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.layout import body, rotation
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.scene_builder import stage
from keykind.render.studio.labels import label_scene, per_pixel, rectangle
from keykind.render.studio.render_photo import LEAST_BLADE, shoot
from keykind.render.studio.renderer import FINE, Tracer
from keykind.render.studio.variant import Variant

HEIGHT = 200.0  # mm of the camera above the table


AFTER_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = sys
from keykind.render.studio.renderer import Tracer, Variant
Tracer(Variant("scalar_rgb", None, ""), 1)
"""


@pytest.fixture(scope="module")
def tracer() -> Tracer:
    return Tracer(Variant("scalar_rgb", None, ""), 1)


@pytest.fixture(scope="module")
def lone() -> Scene:
    """A house key that lies flat and alone, seen straight from above."""
    scene, _ = stage("product", ["cylinder"], 96, np.random.default_rng(0))
    key = body(next(thing for thing in scene.things if thing.solid.kind).solid)
    return replace(scene, things=(key,), camera=above(0, 0), ground_depth=30.0)


def above(x: float, y: float) -> Camera:
    place = np.array([x, y, 0.0])
    up = np.array([0.0, 1.0, 0.0])
    return Camera(np.array([x, y, HEIGHT]), place, up, 40.0, 0.01, HEIGHT, (96, 72))


def labelled(tracer: Tracer, scene: Scene) -> dict:
    atlas = paint_atlas(scene, np.random.default_rng(0))
    return label_scene(scene, tracer.look(scene, atlas, 0).parts, 5, 7)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_run_lengths_give_the_mask_back(share):
    mask = np.random.default_rng(0).random((7, 5)) < share
    encoded = encode_rle(mask)
    assert encoded["size"] == [7, 5]
    assert sum(encoded["counts"]) == 35
    assert np.array_equal(decode_rle(encoded), mask)


def test_run_lengths_go_down_the_columns_and_begin_with_the_background():
    assert encode_rle(np.array([[0, 1], [0, 1]], dtype=bool))["counts"] == [2, 2]
    assert encode_rle(np.array([[1, 1], [0, 0]], dtype=bool))["counts"] == [0, 1, 1, 1, 1]


def test_a_pixel_shows_the_part_that_covers_most_of_it():
    fine = np.array([[3, -1, 3, -1, 3, 3, 2, 5], [-1, -1, 3, -1, 3, 3, -1, 5]])
    assert per_pixel(fine, (1, 4)).tolist() == [[-1, 3, 3, 5]]


@pytest.mark.parametrize("angle", [0, 20, 45, 77, 90, 130])
def test_the_oriented_box_fits_around_a_turned_rectangle(angle):
    turn = np.radians(angle)
    ends = np.array([[-40, -15], [40, -15], [40, 15], [-40, 15]]) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    ) + [80, 70]
    canvas = Image.new("1", (160, 140))
    ImageDraw.Draw(canvas).polygon([tuple(end) for end in ends], fill=1)
    corners = FINE * np.array(rectangle(np.asarray(canvas), ends[1] - ends[0]))
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert sorted(sides)[::2] == pytest.approx([30, 80], abs=4)
    assert corners.mean(axis=0) == pytest.approx([80, 70], abs=1.5)


def test_a_lone_key_is_seen_whole(tracer, lone):
    label = labelled(tracer, lone)
    assert (label["width"], label["height"], label["seed"], label["number"]) == (96, 72, 5, 7)
    (key,) = label["keys"]
    assert key["kind"] == "cylinder"
    assert key["occluded"] < 0.04
    assert key["cut_off"] == 0
    assert label["others"] == []


def test_bow_and_blade_make_up_the_key(tracer, lone):
    (key,) = labelled(tracer, lone)["keys"]
    whole, bow, blade = (decode_rle(key[name]) for name in ("mask", "bow", "blade"))
    assert np.array_equal(bow | blade, whole)
    assert not (bow & blade).any()


def test_the_blade_lies_towards_the_tip(tracer, lone):
    (key,) = labelled(tracer, lone)["keys"]
    middles = [np.argwhere(decode_rle(key[part])).mean(axis=0)[::-1] for part in ("bow", "blade")]
    head, tip = np.array(key["head"]), np.array(key["tip"])
    along = (tip - head) / np.linalg.norm(tip - head)
    assert 0 < (middles[0] - head) @ along < (middles[1] - head) @ along < np.linalg.norm(tip - head)


def test_the_oriented_box_holds_the_mask(tracer, lone):
    (key,) = labelled(tracer, replace(lone, things=(lone.things[0].turned(rotation("z", 33)),)))["keys"]
    corners = np.array(key["box"])
    points = np.argwhere(decode_rle(key["mask"]))[:, ::-1] + 0.5
    for side in (0, 1):
        edge = corners[side + 1] - corners[side]
        along = (points - corners[side]) @ edge / (edge @ edge)
        assert along.min() > -0.03
        assert along.max() < 1.03


def test_a_key_under_another_is_partly_occluded(tracer, lone):
    below = lone.things[0]
    over = below.turned(rotation("z", 90)).moved(np.array([0.0, 0.0, 5.0]))
    first, second = labelled(tracer, replace(lone, things=(below, over)))["keys"]
    assert first["occluded"] > second["occluded"] + 0.1
    assert not (decode_rle(first["mask"]) & decode_rle(second["mask"])).any()


def test_a_key_at_the_edge_of_the_frame_is_cut_off(tracer, lone):
    shares = [labelled(tracer, replace(lone, camera=above(x, 0)))["keys"] for x in (0, 70, 500)]
    assert 0.1 < shares[1][0]["cut_off"] < 0.95
    assert shares[1][0]["head"][0] < 0  # it lies outside the photo
    assert shares[2] == []


def test_a_photo_of_one_kind_shows_enough_of_the_blade(tracer):
    for number in range(4):
        label = shoot(tracer, "phone", ["laser_track"], 96, (3, number)).label
        blade = decode_rle(label["keys"][0]["blade"])
        assert blade.mean() > 0.8 * LEAST_BLADE  # the label's pixels are twice as coarse


def test_mitsuba_after_tensorflow_is_a_clear_error_and_no_crash():
    told = subprocess.run(
        [sys.executable, "-c", AFTER_TENSORFLOW], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "KeykindError: Mitsuba: cannot be loaded after TensorFlow" in told.stderr
