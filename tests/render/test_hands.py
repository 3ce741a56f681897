"""Tests of hands: a closed mesh of adult size, joints within limits, keys that touch the hand and show."""

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from keykind.core.kinds import NAMES
from keykind.render.keys.catalogue import draw_key
from keykind.render.paint.surfaces import paint
from keykind.render.props.hand import Hand, draw_hand, skin_surface
from keykind.render.props.hand_mesh import hand_mesh
from keykind.render.props.hand_pose import FINGERS, HIGH, INDEX, THUMB, Pose
from keykind.render.scenes.grips import slab
from keykind.render.scenes.hanging import hang
from keykind.render.scenes.lying import lay_on_hand, resting_pose
from keykind.render.scenes.pinching import pinch
from keykind.render.scenes.scene_builder import build_scene

FLAT = Pose(np.zeros((5, 3)), np.zeros(5))


def key(seed):
    rng = np.random.default_rng(seed)
    return draw_key(NAMES[seed % len(NAMES)], rng)[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_hand_is_a_closed_solid_of_adult_size(seed):
    rng = np.random.default_rng(seed)
    solid = draw_hand(FLAT, rng).solid(rng)
    skin = solid.parts[0]
    assert str(skin.solid.status()) == "Error.NoError"
    assert skin.solid.volume() > 1e5
    assert len(skin.mesh.faces) < 15_000
    fingertip, forearm = skin.mesh.vertices[:, 0].max(), skin.mesh.vertices[:, 0].min()
    assert 155 < fingertip < 210
    assert forearm < -250


def test_the_skin_faces_outwards_on_right_and_left_hands():
    for right in (True, False):
        hand = Hand(FLAT, 1.0, 0.0, right)
        mesh = hand.triangles()
        a, b, c = np.moveaxis(mesh.vertices[mesh.faces].astype(float), 1, 0)
        normals = np.cross(b - a, c - a)
        assert np.sum(normals * a) > 0  # divergence theorem: positive volume
        assert np.mean(np.sum(normals * mesh.normals[mesh.faces[:, 0]], axis=1) > 0) > 0.99
        assert hand.contact(THUMB)[0][1] * (1 if right else -1) < 0


@pytest.mark.parametrize("finger", range(5))
def test_bent_fingers_come_nearer_to_the_palm_and_keep_their_length(finger):
    bends = np.zeros((5, 3))
    bends[finger] = 40
    straight, bent = Hand(FLAT, 1.0, 0.0, True), Hand(Pose(bends, np.zeros(5)), 1.0, 0.0, True)
    palm = np.array([60.0, 5.0, 20.0])
    assert np.linalg.norm(bent.contact(finger)[0] - palm) < np.linalg.norm(straight.contact(finger)[0] - palm)
    mesh = hand_mesh()
    rows = [mesh.index(f"{FINGERS[finger]}-{end}") for end in ("phalanx-distal", "tip")]
    lengths = [np.linalg.norm(np.diff(h.frames()[rows, :3, 3], axis=0)) for h in (straight, bent)]
    assert lengths[0] == pytest.approx(lengths[1])


def test_a_finger_reaches_a_point_in_its_range_within_its_limits():
    bends = np.zeros((5, 3))
    bends[INDEX] = (30, 40, 20)
    target = Hand(Pose(bends, np.zeros(5)), 0.95, 0.5, False)
    point, facing = target.contact(INDEX)
    reached = Hand(FLAT, 0.95, 0.5, False).reached(INDEX, point, facing)
    assert reached.contact(INDEX)[0] == pytest.approx(point, abs=2.0)
    assert (reached.pose.bends <= HIGH).all()


@pytest.mark.parametrize("grip", [lambda solid, rng: lay_on_hand([solid], rng), pinch])
def test_a_held_key_touches_the_hand_and_is_not_buried_in_it(grip):
    found = 0
    for seed in range(8):
        solid = key(seed)
        held = grip(solid, np.random.default_rng(seed))
        if held is None:
            continue
        found += 1
        (body,) = held.keys
        skin = held.hand.triangles().vertices.astype(float)
        inside = slab(solid).depth(body, skin) > 1.5
        assert inside.mean() < 0.05
        distance = np.linalg.norm(skin[:, None] - body.vertices()[None, ::7], axis=-1).min()
        assert distance < 6.0
    assert found >= 4


def test_skin_has_nails_and_creases_where_the_texture_has_them():
    rng = np.random.default_rng(0)
    tile = paint(skin_surface(rng), (0.0, 0.0, 300.0, 420.0), (300, 420), rng)
    assert tile.roughness.min() < 0.35  # nails shine
    assert np.isfinite(tile.height).all()
    assert tile.height.min() < -0.1


def test_the_scene_hand_holds_one_to_four_keys_in_front_of_a_backdrop():
    for seed in range(3):
        scene, _ = build_scene("hand", NAMES, 96, np.random.default_rng(seed))
        assert 1 <= len(scene.key_indices()) <= 4
        assert scene.ground_depth > 0
        assert any(body.solid.parts[0].name == "hand" for body in scene.bodies)


def test_a_resting_pose_is_within_human_limits():
    for seed in range(20):
        pose = resting_pose(np.random.default_rng(seed))
        assert np.array_equal(pose.bends, pose.clipped().bends)


def test_hung_keys_are_below_the_ring_they_hang_on():
    found = 0
    for seed in range(6):
        held = hang([key(seed), key(seed + 1)], np.random.default_rng(seed))
        if held is None:
            continue
        found += 1
        (ring,) = held.others
        for body in held.keys:
            tip = body.to_world(np.array([[*body.solid.tip, 0.0]]))[0]
            assert held.up @ (tip - ring.position) < 0
    assert found >= 3


def test_what_a_hand_wears_is_valid():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        for part in draw_hand(resting_pose(rng), rng).solid(rng).parts[1:]:
            assert str(part.solid.status()) == "Error.NoError", part.name
            assert part.solid.volume() > 1, part.name
