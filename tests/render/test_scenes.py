"""Tests of scenes and the studio: placing bodies, framing them, and turning light into a photo."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from manifold3d import Manifold

from keykind.core.kinds import NAMES
from keykind.render.keys.catalogue import MAX_TRIES, draw_key
from keykind.render.scenes import arrangement, bunches, framing, mixed, several
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.camera import Camera, frame_points, projected_area
from keykind.render.scenes.camera_style import phone_style, product_style
from keykind.render.scenes.draft import FULL_VARIATION, SceneDraft, Variation
from keykind.render.scenes.layout import Table, make_body, rotation_matrix, settle
from keykind.render.scenes.names import SCENES
from keykind.render.scenes.scene_builder import build_scene
from keykind.render.solids import DegenerateSolid, Part, Solid, Surface
from keykind.render.studio.denoise import denoise
from keykind.render.studio.isp import apply_isp
from keykind.render.studio.renderer import GROUND, GBuffer

PLAIN = Surface(True, (0.6, 0.6, 0.6), 0.3)


def box(x: float, y: float, z: float) -> Solid:
    solid = Manifold.cube((x, y, z), True)
    return Solid("cylinder", (Part(solid, "blade", PLAIN),), (-x / 2, 0.0), (x / 2, 0.0), thickness=z)


@pytest.mark.parametrize("roll", [0, 20, 100, 170, 200])
def test_a_plate_settles_flat_from_any_orientation(roll):
    resting = settle(make_body(box(60, 20, 2)).rotated(rotation_matrix("x", roll)))
    low, high = resting.vertices().min(axis=0), resting.vertices().max(axis=0)
    assert high - low == pytest.approx([60, 20, 2], abs=0.01)
    assert low[2] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", NAMES)
def test_every_kind_of_key_rests_on_the_table(kind):
    rng = np.random.default_rng(4)
    resting = settle(make_body(draw_key(kind, rng)[0]).rotated(rotation_matrix("x", rng.uniform(0, 360))))
    assert resting.vertices()[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert np.linalg.det(resting.rotation) == pytest.approx(1)


def test_a_body_put_on_another_touches_it():
    table, plate = Table(), settle(make_body(box(60, 20, 2)))
    table.put(plate)
    assert table.put(plate.rotated(rotation_matrix("z", 90))).vertices()[:, 2].min() == pytest.approx(
        2, abs=1e-3
    )
    separate = table.put(plate.translated(np.array([0.0, 90.0, 0.0])))
    assert separate.vertices()[:, 2].min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("fill", [0.4, 0.9])
def test_the_camera_moves_until_the_points_fill_their_share(fill):
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (50, 3)) * [30, 12, 2]
    up = np.array([0.0, 1.0, 0.0])
    camera = Camera(np.array([5.0, -60.0, 100.0]), np.zeros(3), up, 40.0, 0.01, 100.0, (320, 240))
    projected = frame_points(camera, points, fill).project(points)
    half = np.abs(projected[:, :2] - [160, 120]) / [160, 120]
    assert half.max() == pytest.approx(fill, abs=1e-6)


def test_the_projected_area_of_a_square_in_total_and_in_the_frame():
    square = np.array(
        [[[-10, -10, 0], [10, -10, 0], [10, 10, 0]], [[-10, -10, 0], [10, 10, 0], [-10, 10, 0]]]
    )
    up = np.array([0.0, 1.0, 0.0])
    camera = Camera(np.array([0.0, 0.0, 100.0]), np.zeros(3), up, 90.0, 0.01, 100.0, (200, 100))
    assert projected_area(square.astype(float), camera) == pytest.approx((400, 400))
    half_out = square + np.array([100.0, 0.0, 0.0])
    assert projected_area(half_out, camera) == pytest.approx((400, 200))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_the_same_for_the_same_seed(name):
    first, second = (build_scene(name, NAMES, 96, np.random.default_rng([3, 1]))[0] for _ in range(2))
    assert first.facts == second.facts
    assert first.style == second.style
    assert np.array_equal(first.light, second.light)
    assert np.array_equal(first.ground.colour, second.ground.colour)
    assert len(first.bodies) == len(second.bodies)
    for a, b in zip(first.bodies, second.bodies, strict=True):
        assert np.array_equal(a.vertices(), b.vertices())


@pytest.mark.parametrize("name", ["product", "phone"])
def test_a_scene_of_one_kind_holds_keys_of_that_kind_only(name):
    for seed in range(6):
        scene, _ = build_scene(name, ["dimple", "mortice"], 96, np.random.default_rng(seed))
        kinds = {scene.bodies[i].solid.kind for i in scene.key_indices()}
        assert kinds == {"dimple"}


@pytest.mark.parametrize("name", mixed.ARRANGEMENTS)
def test_an_arrangement_shows_keys_and_none_is_far_from_the_others(name, monkeypatch):
    monkeypatch.setattr(mixed, "WEIGHTS", {name: 1})
    scene, _ = build_scene("multi", NAMES, 96, np.random.default_rng(5))
    assert scene.facts["arrangement"] == name
    middles = np.array([scene.bodies[i].vertices().mean(axis=0) for i in scene.key_indices()])
    assert 1 <= len(middles) <= 60
    assert np.ptp(middles, axis=0).max() < 1500
    if scene.ground_depth == 0 and name != "door":  # nothing below the table, nothing behind the wall
        assert all(scene.bodies[i].vertices()[:, 2].min() > -0.2 for i in scene.key_indices())


def test_a_key_hangs_below_the_point_from_which_it_hangs():
    draft = SceneDraft(np.random.default_rng(2), 64, ("cylinder",), FULL_VARIATION)
    for key in several.draw_keys(draft, 5):
        point = np.array([3.0, 7.0, 11.0])
        hung = bunches.hang(draft, key, point, 0.0, draft.uniform(0, 360))
        assert hung.to_world(np.array([[*key.solid.hole, 0.0]]))[0] == pytest.approx(point)
        sideways = hung.vertices().mean(axis=0) - point
        assert sideways[1] > 5 * abs(sideways[0])  # gravity is along +y
        assert np.linalg.det(hung.rotation) == pytest.approx(1)


def test_typical_keys_are_seen_at_the_share_of_the_frame_that_is_asked_for():
    for seed in range(6):
        draft = SceneDraft(np.random.default_rng(seed), 200, ("cylinder",), FULL_VARIATION)
        draft.bodies += [
            key.translated(np.array([40.0 * i, 0, 0])) for i, key in enumerate(several.draw_keys(draft, 3))
        ]
        camera = framing.camera_at_share(draft, (10.0, 50.0), (0.25, 0.25))
        sizes = [
            np.linalg.norm(np.ptp(camera.project(body.vertices())[:, :2], axis=0)) for body in draft.bodies
        ]
        assert np.median(sizes) / 200 == pytest.approx(0.25, abs=0.1)


def test_scenes_without_a_key_often_show_remotes():
    scenes = [build_scene("nothing", NAMES, 96, np.random.default_rng(seed))[0] for seed in range(24)]
    assert 3 <= sum(bool(scene.remote_indices()) for scene in scenes) <= 18


def test_nothing_shows_no_key_and_multi_shows_several():
    for seed in range(5):
        assert not build_scene("nothing", NAMES, 96, np.random.default_rng(seed))[0].key_indices()
        several = build_scene("multi", NAMES, 96, np.random.default_rng(seed))[0].key_indices()
        assert 1 <= len(several) <= 60


def test_ablated_properties_do_not_vary():
    plain = Variation(clutter=False, tilt=False, heads=False, metals=False, light=False)
    for seed in range(4):
        scene, _ = build_scene("phone", ["laser_track"], 96, np.random.default_rng(seed), plain)
        (key,) = scene.bodies
        assert len({part.surface for part in key.solid.parts}) == 1
        assert np.ptp(scene.light) == 0
        direction = scene.camera.origin - scene.camera.target
        assert direction[:2] == pytest.approx([0, 0], abs=1e-6)


def test_the_atlas_has_a_tile_for_every_part():
    rng = np.random.default_rng(2)
    scene, _ = build_scene("multi", NAMES, 128, rng)
    atlas = paint_atlas(scene, rng)
    assert set(np.unique(atlas.parts)) == set(range(len(scene.parts())))
    assert atlas.uvs.min() > 0
    assert atlas.uvs.max() < 1
    assert atlas.faces.max() < len(atlas.vertices)
    assert np.isfinite(atlas.colour).all()


def test_an_empty_scene_still_has_a_mesh():
    rng = np.random.default_rng(0)
    scene, _ = build_scene("nothing", NAMES, 96, rng)
    atlas = paint_atlas(replace(scene, bodies=()), rng)
    assert len(atlas.faces) == 1


def test_a_kind_that_is_always_degenerate_is_an_error_and_no_endless_loop(monkeypatch):
    def degenerate(_):
        raise DegenerateSolid("cut in two")

    monkeypatch.setattr("keykind.kinds.dimple.draw.draw", degenerate)
    with pytest.raises(DegenerateSolid, match=f"{MAX_TRIES} keys"):
        draw_key("dimple", np.random.default_rng(0))


def test_a_scene_with_a_degenerate_prop_is_redrawn_and_counted(monkeypatch):
    degenerate = iter([True, True, False])

    def draw(name, rng):
        if next(degenerate, False):
            raise DegenerateSolid(name)
        return box(20, 8, 3)

    for module in (arrangement, several):
        monkeypatch.setattr(module, "draw_prop", draw)
    scenes = [build_scene("nothing", [], 64, np.random.default_rng(seed)) for seed in range(6)]
    assert sum(redrawn for _, redrawn in scenes) == 2


def gbuffer(light: np.ndarray, parts: np.ndarray) -> GBuffer:
    colour = np.full(light.shape, 0.5, np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (*light.shape[:2], 1))
    return GBuffer(colour, normals, parts)


@pytest.mark.parametrize("part", [GROUND, 0])
def test_denoising_removes_noise_and_keeps_the_level(part):
    rng = np.random.default_rng(0)
    light = rng.normal(0.5, 0.05, (40, 40, 3)).astype(np.float32)
    smooth = denoise(light, np.full((40, 40), 0.1), gbuffer(light, np.full((80, 80), part)))
    assert smooth.std() < 0.5 * light.std()
    assert smooth.mean() == pytest.approx(light.mean(), rel=0.02)


def test_denoising_keeps_the_edge_between_two_parts():
    light = np.ones((40, 40, 3), np.float32)
    light[:, 20:] = 0.1
    parts = np.zeros((80, 80), int)
    parts[:, 40:] = 1
    assert denoise(light, np.full((40, 40), 0.1), gbuffer(light, parts)) == pytest.approx(light, abs=1e-5)


def test_denoising_mixes_a_pixel_that_shows_two_parts_from_its_neighbours():
    light = np.ones((40, 40, 3), np.float32)
    light[:, 20:] = 0.2
    light[:, 19] = np.random.default_rng(0).random((40, 1))
    parts = np.zeros((80, 80), int)
    parts[:, 39:] = 1  # half of column 19
    smooth = denoise(light, np.zeros((40, 40)), gbuffer(light, parts))
    assert smooth[:, 19] == pytest.approx(0.6, abs=0.01)


def test_a_cut_out_photo_has_a_white_background():
    rng = np.random.default_rng(0)
    style = replace(product_style(True, rng), cut_out=True, vignette=0.0, blur=0.0, noise=0.0, reduction=1.0)
    foreground = np.zeros((30, 40))
    foreground[10:20, 10:30] = 1
    photo = np.asarray(apply_isp(np.full((30, 40, 3), 0.2), style, foreground, rng))
    assert photo[0, 0].min() > 230
    assert photo[15, 20].max() < 250


@pytest.mark.parametrize("seed", range(5))
def test_the_isp_keeps_the_size_and_some_contrast(seed):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 3, 64 * 48).reshape(48, 64)[..., None] * np.ones(3)
    photo = apply_isp(ramp, phone_style(rng), np.ones((48, 64)), rng)
    assert photo.size == (64, 48)
    assert np.asarray(photo).std() > 10


def test_props_on_a_ring_start_at_its_wire_and_point_outwards():
    radius, props = 12.0, []
    for seed in range(6):
        draft = SceneDraft(np.random.default_rng(seed), 64, ("cylinder",), FULL_VARIATION)
        arrangement.hang_props(draft, np.zeros(2), radius, 0.0)
        props += draft.bodies
    assert len(props) >= 3
    for prop in props:
        distance = np.hypot(*prop.vertices()[:, :2].T)
        assert distance.min() < radius
        assert distance.mean() > radius
