"""Lay keys on an open or half-closed hand.

In:    keys as Solids, random generator
Out:   Held: a thing at rest touches the hand in three points around its middle; fingers close over it
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from manifold3d import Manifold

from keykind.render.props.hand import Hand, draw_hand
from keykind.render.props.hand_mesh import hand_mesh
from keykind.render.props.hand_pose import INDEX, LITTLE, THUMB, Pose
from keykind.render.scenes.grips import SOFTNESS, Held, overlap, skin_body, slab
from keykind.render.scenes.layout import CELL, RADIUS, Body, Table, make_body, rotation_matrix
from keykind.render.solids import Solid

MAX_SLOPE = 0.8  # of a key at rest on a palm, against the plane that it was laid on
TRIES = 6  # positions of one key
MIN_REACH = 5.0  # mm; a thumb that ends farther from its target than this stays where it was


def resting_pose(rng: np.random.Generator) -> Pose:
    """Return an open or half-closed hand that something can lie on."""
    knuckle, middle, end = rng.uniform(0, 60), rng.uniform(5, 50), rng.uniform(0, 28)
    closing = rng.normal(0, 5)  # towards the little finger
    bends = [[rng.uniform(-15, 30), rng.uniform(-5, 40), rng.uniform(-10, 45)]]
    bends += [[knuckle + closing * k, middle + closing * k, end] for k in range(4)]
    spread = rng.uniform(-0.3, 1.2)
    spreads = np.array([rng.uniform(-28, 15), 7 * spread, 0.0, -6 * spread, -14 * spread])
    wrist = float(rng.normal(5, 18)), float(rng.normal(0, 10))
    pose = Pose(np.array(bends), spreads, float(rng.normal(0, 10)), float(rng.uniform(0, 16)), wrist)
    return pose.jittered(4.0, rng)


def lay_on_hand(solids: Sequence[Solid], rng: np.random.Generator) -> Held | None:
    """Return an open hand with solids lying on its fingers or palm, or None if they would fall off."""
    pose = resting_pose(rng)
    hand = draw_hand(pose, rng)
    slope = float(pose.bends[1:, 0].mean() + 0.6 * pose.bends[1:, 1].mean()) * rng.uniform(0.2, 0.9)
    lean = rotation_matrix("y", slope)
    skin = skin_body(hand, without_thumb=True).rotated(lean)
    heights = Table.relief(skin, upwards=True)
    start = _resting_place(hand, rng) @ lean.T
    angle, bodies, place = float(rng.uniform(0, 360)), [], start[:2]
    for solid in solids:
        body = _rest(solid, heights, place, angle, rng)
        if body is None:
            return None
        heights = np.fmax(heights, Table.relief(body, upwards=True))
        bodies.append(body.rotated(lean.T))
        side = np.radians(angle + 90)
        width = rng.uniform(20, 38) * np.array([np.cos(side), np.sin(side)])
        place, angle = place + width + rng.normal(0, 4, 2), angle + float(rng.normal(0, 25))
    held = Held(hand, tuple(bodies))
    if rng.random() < 0.45:
        held = _thumb_on(held, bodies[0], lean.T @ [0.0, 0.0, 1.0])
    return _fingers_closed(held, rng.uniform(0, 70)) if rng.random() < 0.5 else held


def _resting_place(hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Return a point (3,) mm on the fingers or the palm, between joints of index and ring finger."""
    mesh, frames = hand_mesh(), hand.frames()
    names = ("metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal")
    rows = [
        np.stack([frames[mesh.index(f"{finger}-{name}")][:3, 3] for name in names])
        for finger in ("index-finger", "middle-finger", "ring-finger")
    ]
    along, across = rng.triangular(0.3, 1.9, 2.6), rng.uniform(0.2, 1.8)
    lines = [np.array([np.interp(along, range(4), row[:, k]) for k in range(3)]) for row in rows]
    return np.array([np.interp(across, range(3), [line[k] for line in lines]) for k in range(3)])


def _rest(
    solid: Solid, heights: np.ndarray, place: np.ndarray, angle: float, rng: np.random.Generator
) -> Body | None:
    """Return a solid at rest on a height map near place (2,) mm, or None if it would fall or stand steep."""
    face = 180.0 * float(rng.integers(2))
    body = make_body(solid).rotated(rotation_matrix("z", angle) @ rotation_matrix("x", face))
    for _ in range(TRIES):
        target = place + rng.normal(0, 6, 2)
        middle = body.vertices().mean(axis=0)
        moved = body.translated(np.array([*(target - middle[:2]), 0.0]))
        for _ in range(2):
            plane = _supporting_plane(moved, heights)
            if plane is None:
                break
            moved = _laid(moved, plane)
        else:
            contact = _highest_contact(moved, heights)
            if contact is not None:
                return moved.translated(np.array([0.0, 0.0, contact - SOFTNESS]))
    return None


def _gaps(body: Body, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y (n,) of the cells below a body, mm, and by how much it is to be raised to touch there."""
    bottom = Table.relief(body, upwards=False)
    rows, columns = np.nonzero(np.isfinite(bottom) & np.isfinite(heights))
    x, y = (columns + 0.5 - RADIUS) * CELL, (rows + 0.5 - RADIUS) * CELL
    return x, y, heights[rows, columns] - bottom[rows, columns]


def _supporting_plane(body: Body, heights: np.ndarray) -> np.ndarray | None:
    """Return (dz/dx, dz/dy) of the plane through the three points that carry a body; None if it falls."""
    x, y, gaps = _gaps(body, heights)
    if len(x) < 20:
        return None
    hull = Manifold.hull_points(np.column_stack([x, y, gaps])).to_mesh()
    corners = np.asarray(hull.vert_properties, dtype=np.float64)[:, :3][np.asarray(hull.tri_verts)]
    if not len(corners):
        return None
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    centre = body.vertices().mean(axis=0)[:2]
    flat = corners[:, :, :2]
    ahead = np.roll(flat, -1, axis=1) - flat
    away = centre - flat
    inside = (ahead[..., 0] * away[..., 1] - ahead[..., 1] * away[..., 0] >= 0).all(axis=1)
    carrying = np.flatnonzero(inside & (normals[:, 2] > 1e-6))
    if not len(carrying):
        return None
    slope = -normals[carrying[0], :2] / normals[carrying[0], 2]
    return slope if np.abs(slope).max() < MAX_SLOPE else None


def _laid(body: Body, slope: np.ndarray) -> Body:
    """Return a body tilted about its middle to a plane of this slope (2,)."""
    middle = body.vertices().mean(axis=0)
    up = np.array([-slope[0], -slope[1], 1.0]) / np.sqrt(1 + slope @ slope)
    axis = np.cross([0.0, 0.0, 1.0], up)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + cross + cross @ cross / (1 + up[2])
    return body.translated(-middle).rotated(turn).translated(middle)


def _highest_contact(body: Body, heights: np.ndarray) -> float | None:
    """Return by how many mm a body is to be raised until it touches a height map; None if it misses it."""
    _, _, gaps = _gaps(body, heights)
    return float(np.quantile(gaps, 0.98)) if len(gaps) else None


def _thumb_on(held: Held, key: Body, up: np.ndarray) -> Held:
    """Return the hand with its thumb on a key, if it reaches it; up (3,): away from the palm."""
    hand, shape = held.hand, slab(key.solid)
    start, _ = hand.contact(THUMB)
    normal = key.rotation[:, 2] * np.sign(key.rotation[:, 2] @ up)
    rows, columns = np.nonzero(np.isfinite(shape.top))
    surface = shape.top if key.rotation[:, 2] @ up > 0 else shape.bottom
    local = np.column_stack(
        [(columns + 0.5 - RADIUS) * CELL, (rows + 0.5 - RADIUS) * CELL, surface[rows, columns]]
    )
    points = key.to_world(local)
    target = points[int(np.argmin(np.linalg.norm(points - start, axis=1)))]
    middle = points.mean(axis=0)
    target = target + (middle - target) * min(1.0, 6.0 / max(float(np.linalg.norm(middle - target)), 1e-3))
    reached = hand.reached(THUMB, target - SOFTNESS * normal, -normal)
    if np.linalg.norm(reached.contact(THUMB)[0] - target) > MIN_REACH:
        return held
    return replace(held, hand=reached)


def _fingers_closed(held: Held, limit: float) -> Held:
    """Return the hand with its fingers closed further by up to `limit` degrees, until they touch a key."""
    mesh, hand = hand_mesh(), held.hand
    shapes = [(key, slab(key.solid)) for key in held.keys]
    for finger in range(INDEX, LITTLE + 1):
        name = ("index", "middle", "ring", "pinky")[finger - 1]
        mine = mesh.weights[:, [n.startswith(f"{name}-finger-phalanx") for n in mesh.names]].sum(axis=1) > 0.5
        before = overlap(hand, shapes, mine)
        for turn in np.arange(8.0, limit, 8.0):
            angles = held.hand.pose.finger(finger) + np.array([0.35, 1.0, 0.5, 0, 0]) * turn
            closer = hand.posed(hand.pose.with_finger(finger, angles))
            if overlap(closer, shapes, mine) > before + 0.5:
                break
            hand = closer
    return replace(held, hand=hand)
