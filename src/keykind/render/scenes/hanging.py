"""Hang keys on a ring that is on a finger, or held between thumb and finger.

In:    keys and tags as Solids, random generator
Out:   Held, with the direction of gravity
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence

import numpy as np

from keykind.render.keys.fittings import chrome_surface
from keykind.render.props.hand import Hand, draw_hand
from keykind.render.props.hand_mesh import hand_mesh
from keykind.render.props.hand_pose import INDEX, LITTLE, MIDDLE, RING, Pose
from keykind.render.props.hangers import split_ring
from keykind.render.scenes.grips import Held, slab
from keykind.render.scenes.layout import Body, make_body
from keykind.render.scenes.pinching import PINCHES, close_on, pinching_hand
from keykind.render.solids import Part, Solid

NAMES = ("thumb", "index", "middle", "ring", "pinky")
FINGER_RADIUS = 9.5  # mm of the mesh's fingers between knuckle and middle joint
RING_RADIUS = (9.0, 16.0)  # mm
RING_THICKNESS = 2.6  # mm, two turns of wire
PALM = np.array([60.0, 5.0, 10.0])  # mm
EYE = 3.0  # mm from the end of a hanging prop to the centre of its eye
MAX_BURIED = 8  # vertices of the skin inside a key


def hang(solids: Sequence[Solid], rng: np.random.Generator) -> Held | None:
    """Return a hand with solids hanging from a ring, or None if they would cut the hand."""
    found = _ring_on_finger(rng) if rng.random() < 0.45 else _ring_in_pinch(rng)
    if found is None:
        return None
    hand, centre, radius, down, normal = found
    aside = np.cross(normal, down)
    ring = Part(split_ring(radius, rng), "ring", chrome_surface(rng))
    ring_body = make_body(Solid(None, (ring,), (-radius, 0.0), (radius, 0.0)))
    ring_body = ring_body.rotated(np.stack([down, aside, normal], axis=1)).translated(centre)
    spread = rng.uniform(10, 30)
    order = (rng.permutation(len(solids)) - (len(solids) - 1) / 2) * spread
    bodies = []
    for solid, degrees in zip(solids, order, strict=True):
        turn = np.radians(np.clip(degrees + rng.normal(0, 5), -75, 75))
        at = centre + radius * (np.cos(turn) * down + np.sin(turn) * aside)
        along = np.cos(turn) * aside - np.sin(turn) * down
        bodies.append(_hung(solid, at, down + 0.3 * np.tan(turn) * aside, along, rng))
    skin = hand.vertices()
    buried = sum(int((slab(body.solid).depth(body, skin) > 1.5).sum()) for body in bodies)
    return Held(hand, tuple(bodies), -down, (ring_body,), pinched=True) if buried <= MAX_BURIED else None


def _hung(solid: Solid, at: np.ndarray, down: np.ndarray, wire: np.ndarray, rng: np.random.Generator) -> Body:
    """Return a solid whose hole is at a point (3,) of a wire that runs along `wire`, hanging down."""
    hole = np.array(solid.hole or (solid.head[0] + (EYE if solid.kind is None else 0.0), solid.head[1]))
    x = down + rng.normal(0, 0.16, 3)
    x = x / np.linalg.norm(x)
    z = wire + rng.normal(0, 0.45) * np.cross(down, wire)
    z = (z - (z @ x) * x) * rng.choice([-1.0, 1.0])
    z = z / np.linalg.norm(z)
    to_tip = np.array(solid.tip) - hole
    angle = np.arctan2(to_tip[1], to_tip[0])
    c, s = np.cos(angle), np.sin(angle)
    level = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])  # turns the tip to +x
    rotation = np.stack([x, np.cross(z, x), z], axis=1) @ level
    return make_body(solid).rotated(rotation).translated(at - rotation @ np.array([*hole, 0.0]))


Ring = tuple[Hand, np.ndarray, float, np.ndarray, np.ndarray]  # hand, centre, radius, down, normal


def _ring_on_finger(rng: np.random.Generator) -> Ring:
    """Return a hand with a finger through a ring; the other fingers are curled or as relaxed."""
    finger = int(rng.choice([INDEX, MIDDLE, RING, LITTLE], p=[0.6, 0.2, 0.05, 0.15]))
    straight = np.array([rng.uniform(5, 45), rng.uniform(5, 60), rng.uniform(0, 30)])
    curled = np.array([rng.uniform(50, 80), rng.uniform(60, 95), rng.uniform(20, 50)])
    bends = np.array([[15.0, 25.0, 25.0]] + [curled if rng.random() < 0.75 else straight] * 4)
    bends[finger] = straight
    wrist = float(rng.normal(15, 20)), float(rng.normal(0, 10))
    pose = Pose(bends, np.zeros(5), 5.0, 0.0, wrist).jittered(5.0, rng)
    hand = draw_hand(pose, rng)
    mesh, frames = hand_mesh(), hand.frames()
    part = ("proximal", "intermediate") if rng.random() < 0.6 else ("intermediate", "distal")
    start, end = (frames[mesh.index(f"{NAMES[finger]}-finger-phalanx-{name}")] for name in part)
    share = rng.uniform(0.4, 0.9)
    at = start[:3, 3] + share * (end[:3, 3] - start[:3, 3])
    axis = _unit(end[:3, 3] - start[:3, 3])
    palmar = -_unit(start[:3, 1])
    turn = rng.normal(0, 0.5)
    down = np.cos(turn) * palmar + np.sin(turn) * np.cross(axis, palmar)
    down = _unit(down - (down @ axis) * axis)
    thick = FINGER_RADIUS * hand.size * (1.0 if part[0] == "proximal" else 0.88)
    radius = max(float(rng.uniform(*RING_RADIUS)), thick + 2.5)
    normal = _unit(axis + rng.normal(0, 0.35) * np.cross(axis, down))
    return hand, at + down * (radius - thick - 1.0), radius, down, normal


def _ring_in_pinch(rng: np.random.Generator) -> Ring | None:
    """Return a hand that holds a ring between thumb and finger, or None if they do not meet."""
    style = str(rng.choice(list(PINCHES)))
    hand, at, normal = close_on(pinching_hand(style, rng), style, RING_THICKNESS)
    if at is None:
        return None
    radius = float(rng.uniform(*RING_RADIUS))
    away = _unit(at - PALM * hand.scale) + rng.normal(0, 0.35, 3)
    down = _unit(away - (away @ normal) * normal)
    return hand, at + down * (radius - 1.0), radius, down, normal


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector))
