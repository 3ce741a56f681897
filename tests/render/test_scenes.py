"""Laying things down, framing them, and turning light into a photo."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from manifold3d import Manifold

from keykind.core.kinds import NAMES as EVERY
from keykind.render.keys.catalogue import TRIES, draw_key
from keykind.render.props.things import draw_thing
from keykind.render.scenes import arrangement
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.camera import Camera, frame_points, seen_area
from keykind.render.scenes.camera_style import phone_look, product_look
from keykind.render.scenes.layout import Table, body, laid, rotation
from keykind.render.scenes.names import SCENES
from keykind.render.scenes.scene_builder import stage
from keykind.render.scenes.stage import EVERYTHING, Stage, Variety
from keykind.render.solids import DegenerateSolid, Part, Solid, Surface
from keykind.render.studio.denoise import cleaned
from keykind.render.studio.isp import develop
from keykind.render.studio.renderer import GROUND, Seen

PLAIN = Surface(True, (0.6, 0.6, 0.6), 0.3)


def box(x: float, y: float, z: float) -> Solid:
    solid = Manifold.cube((x, y, z), True)
    return Solid("cylinder", (Part(solid, "blade", PLAIN),), (-x / 2, 0.0), (x / 2, 0.0), thickness=z)


@pytest.mark.parametrize("roll", [0, 20, 100, 170, 200])
def test_a_plate_comes_to_lie_flat_whichever_way_it_falls(roll):
    lying = laid(body(box(60, 20, 2)).turned(rotation("x", roll)))
    low, high = lying.vertices().min(axis=0), lying.vertices().max(axis=0)
    assert high - low == pytest.approx([60, 20, 2], abs=0.01)
    assert low[2] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_of_key_lies_on_the_table_and_not_in_it(kind):
    rng = np.random.default_rng(4)
    lying = laid(body(draw_key(kind, rng)[0]).turned(rotation("x", rng.uniform(0, 360))))
    assert lying.vertices()[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert np.linalg.det(lying.turn) == pytest.approx(1)


def test_a_thing_put_on_another_touches_it():
    table, plate = Table(), laid(body(box(60, 20, 2)))
    table.put(plate)
    assert table.put(plate.turned(rotation("z", 90))).vertices()[:, 2].min() == pytest.approx(2, abs=1e-3)
    beside = table.put(plate.moved(np.array([0.0, 90.0, 0.0])))
    assert beside.vertices()[:, 2].min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("fill", [0.4, 0.9])
def test_the_camera_steps_back_until_the_points_fill_their_share(fill):
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (50, 3)) * [30, 12, 2]
    up = np.array([0.0, 1.0, 0.0])
    camera = Camera(np.array([5.0, -60.0, 100.0]), np.zeros(3), up, 40.0, 0.01, 100.0, (320, 240))
    seen = frame_points(camera, points, fill).project(points)
    half = np.abs(seen[:, :2] - [160, 120]) / [160, 120]
    assert half.max() == pytest.approx(fill, abs=1e-6)


def test_the_area_seen_is_that_of_the_projected_square():
    square = np.array(
        [[[-10, -10, 0], [10, -10, 0], [10, 10, 0]], [[-10, -10, 0], [10, 10, 0], [-10, 10, 0]]]
    )
    up = np.array([0.0, 1.0, 0.0])
    camera = Camera(np.array([0.0, 0.0, 100.0]), np.zeros(3), up, 90.0, 0.01, 100.0, (200, 100))
    assert seen_area(square.astype(float), camera) == pytest.approx((400, 400))
    half_out = square + np.array([100.0, 0.0, 0.0])
    assert seen_area(half_out, camera) == pytest.approx((400, 200))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_the_same_for_the_same_seed(name):
    first, second = (stage(name, EVERY, 96, np.random.default_rng([3, 1]))[0] for _ in range(2))
    assert first.facts == second.facts
    assert first.look == second.look
    assert np.array_equal(first.light, second.light)
    assert np.array_equal(first.ground.colour, second.ground.colour)
    assert len(first.things) == len(second.things)
    for one, other in zip(first.things, second.things, strict=True):
        assert np.array_equal(one.vertices(), other.vertices())


@pytest.mark.parametrize("name", ["product", "phone"])
def test_a_scene_for_one_kind_holds_keys_of_that_kind_only(name):
    for seed in range(6):
        scene, _ = stage(name, ["dimple", "mortice"], 96, np.random.default_rng(seed))
        kinds = {scene.things[place].solid.kind for place in scene.places_of_keys()}
        assert kinds == {"dimple"}


def test_nothing_shows_no_key_and_multi_shows_several():
    for seed in range(5):
        assert not stage("nothing", EVERY, 96, np.random.default_rng(seed))[0].places_of_keys()
        several = stage("multi", EVERY, 96, np.random.default_rng(seed))[0].places_of_keys()
        assert 2 <= len(several) <= 8


def test_what_is_switched_off_does_not_vary():
    plain = Variety(clutter=False, tilt=False, heads=False, metals=False, light=False)
    for seed in range(4):
        scene, _ = stage("phone", ["laser_track"], 96, np.random.default_rng(seed), plain)
        (key,) = scene.things
        assert len({part.surface for part in key.solid.parts}) == 1
        assert np.ptp(scene.light) == 0
        sight = scene.camera.origin - scene.camera.target
        assert sight[:2] == pytest.approx([0, 0], abs=1e-6)


def test_the_atlas_gives_every_part_its_own_place():
    rng = np.random.default_rng(2)
    scene, _ = stage("multi", EVERY, 128, rng)
    atlas = paint_atlas(scene, rng)
    assert set(np.unique(atlas.parts)) == set(range(len(scene.parts())))
    assert atlas.places.min() > 0
    assert atlas.places.max() < 1
    assert atlas.faces.max() < len(atlas.points)
    assert np.isfinite(atlas.colour).all()


def test_a_scene_without_things_still_has_a_mesh():
    rng = np.random.default_rng(0)
    scene, _ = stage("nothing", EVERY, 96, rng)
    atlas = paint_atlas(replace(scene, things=()), rng)
    assert len(atlas.faces) == 1


def test_a_kind_that_never_succeeds_is_an_error_and_not_an_endless_loop(monkeypatch):
    def ruined(_):
        raise DegenerateSolid("cut in two")

    monkeypatch.setattr("keykind.kinds.dimple.draw.draw", ruined)
    with pytest.raises(DegenerateSolid, match=f"{TRIES} keys"):
        draw_key("dimple", np.random.default_rng(0))


def test_a_scene_with_a_degenerate_thing_is_drawn_again_and_counted(monkeypatch):
    ruined = iter([True, True, False])

    def draw(name, rng):
        if next(ruined, False):
            raise DegenerateSolid(name)
        return draw_thing(name, rng)

    monkeypatch.setattr(arrangement, "draw_thing", draw)
    scenes = [stage("nothing", [], 64, np.random.default_rng(seed)) for seed in range(4)]
    assert sum(redrawn for _, redrawn in scenes) == 2


def seen(light: np.ndarray, parts: np.ndarray) -> Seen:
    colour = np.full(light.shape, 0.5, np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (*light.shape[:2], 1))
    return Seen(colour, normals, parts)


@pytest.mark.parametrize("part", [GROUND, 0])
def test_cleaning_takes_grain_away_and_leaves_the_level(part):
    rng = np.random.default_rng(0)
    light = rng.normal(0.5, 0.05, (40, 40, 3)).astype(np.float32)
    smooth = cleaned(light, seen(light, np.full((80, 80), part)))
    assert smooth.std() < 0.5 * light.std()
    assert smooth.mean() == pytest.approx(light.mean(), rel=0.02)


def test_cleaning_leaves_the_edge_between_two_parts():
    light = np.ones((40, 40, 3), np.float32)
    light[:, 20:] = 0.1
    parts = np.zeros((80, 80), int)
    parts[:, 40:] = 1
    assert cleaned(light, seen(light, parts)) == pytest.approx(light, abs=1e-5)


def test_a_cut_out_photo_has_a_white_ground():
    rng = np.random.default_rng(0)
    look = replace(product_look(True, rng), cut_out=True, vignette=0.0, blur=0.0, noise=0.0, reduction=1.0)
    things = np.zeros((30, 40))
    things[10:20, 10:30] = 1
    photo = np.asarray(develop(np.full((30, 40, 3), 0.2), look, things, rng))
    assert photo[0, 0].min() > 230
    assert photo[15, 20].max() < 250


@pytest.mark.parametrize("seed", range(5))
def test_a_developed_photo_keeps_its_size_and_some_contrast(seed):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 3, 64 * 48).reshape(48, 64)[..., None] * np.ones(3)
    photo = develop(ramp, phone_look(rng), np.ones((48, 64)), rng)
    assert photo.size == (64, 48)
    assert np.asarray(photo).std() > 10


def test_what_hangs_on_a_ring_begins_at_its_wire_and_lies_outwards():
    radius, hung = 12.0, []
    for seed in range(6):
        making = Stage(np.random.default_rng(seed), 64, ("cylinder",), EVERYTHING)
        arrangement._hang(making, np.zeros(2), radius, 0.0)
        hung += making.things
    assert len(hung) >= 3
    for thing in hung:
        reach = np.hypot(*thing.vertices()[:, :2].T)
        assert reach.min() < radius
        assert reach.mean() > radius
