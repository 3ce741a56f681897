"""Pinch a key between thumb and fingers, or hide its head in the fist.

In:    key as a Solid, random generator
Out:   Held; the hand closed on a plate
Needs: numpy, pillow, manifold3d    [render]
"""

import numpy as np

from keykind.render.props.hand import Hand, draw_hand
from keykind.render.props.hand_pose import INDEX, MIDDLE, THUMB, Pose
from keykind.render.scenes.grips import SOFTNESS, Held, Slab, slab
from keykind.render.scenes.layout import CELL, RADIUS, Body, make_body, rotation_matrix
from keykind.render.solids import Point, Solid

MARGIN = 0.8  # mm; less overlap than this does not show
ANGLES = 24  # directions that are tried for a pinched key
MAX_GAP = 4.0  # mm between a fingertip and the plate that it should touch
MAX_ASIDE = 9.0  # mm between thumb and finger, along the plate
NEAR_PADS = 14.0  # mm around a pinch, where skin and key may overlap
PINCHES = {  # bends of thumb to little finger; of the thumb's saddle joint, knuckle, end joint
    "side": ((10, 20, 20), (42, 55, 20), (55, 62, 30), (62, 66, 32), (66, 64, 30)),
    "pad": ((8, 15, 15), (42, 42, 18), (42, 52, 22), (58, 62, 30), (64, 64, 30)),
    "pads": ((8, 15, 15), (44, 40, 16), (46, 44, 18), (60, 60, 30), (66, 62, 30)),
    "open": ((8, 15, 15), (44, 40, 16), (26, 34, 14), (20, 28, 12), (16, 24, 10)),
}
GRIPS = {"bow": 5.0, "blade": 1.6, "tip": 1.0, "shoulder": 1.2, "fist": 1.5, "blade in fist": 0.4}
PALM = np.array([78.0, 4.0, 26.0])  # mm, the hollow of the fist of a right hand


def pinching_hand(style: str, rng: np.random.Generator) -> Hand:
    """Return a hand about to pinch something; style: one of PINCHES."""
    bends = np.array(PINCHES[style], dtype=float)
    wrist = float(rng.normal(8, 18)), float(rng.normal(0, 10))
    spreads = np.array([0.0, 2, 0, -2, -4])
    pose = Pose(bends, spreads, 8.0, float(rng.uniform(0, 10)), wrist)
    return draw_hand(pose.jittered(6.0, rng), rng)


def pinch(solid: Solid, rng: np.random.Generator) -> Held | None:
    """Return a hand that holds a solid between thumb and finger, or None if it cannot be held so."""
    weights = np.array(list(GRIPS.values()))
    grip = str(rng.choice(list(GRIPS), p=weights / weights.sum()))
    style = "side" if "fist" in grip else str(rng.choice(list(PINCHES)))
    hand, shape = pinching_hand(style, rng), slab(solid)
    point = _grip_point(solid, shape, grip, rng)
    bottom, top = (float(side[0]) for side in shape.at(point[None]))
    if not np.isfinite(top - bottom):
        return None
    hand, centre, normal = close_on(hand, style, top - bottom)
    if centre is None:
        return None
    middle = np.array([*point, (bottom + top) / 2])
    hidden = {"fist": solid.head, "blade in fist": solid.tip}.get(grip)
    key = _best_direction(solid, shape, (middle, hidden), (centre, normal), hand, rng)
    return Held(hand, (key,), pinched=True)


def _grip_point(solid: Solid, shape: Slab, grip: str, rng: np.random.Generator) -> np.ndarray:
    """Return the point (2,) mm of a solid where it is held; grip: one of GRIPS."""
    head, tip = solid.head[0], solid.tip[0]
    if solid.kind is None:
        x = head + (tip - head) * rng.uniform(0.2, 0.8)
    else:
        x = {
            "bow": head * rng.uniform(0.3, 0.85),
            "shoulder": head * rng.uniform(0.05, 0.3),
            "blade": tip * rng.uniform(0.2, 0.8),
            "tip": tip * rng.uniform(0.8, 0.95),
            "fist": tip * rng.uniform(0.0, 0.2),
            "blade in fist": head * rng.uniform(0.1, 0.4),
        }[grip]
    column = int(np.clip(round(x / CELL + RADIUS - 0.5), 0, 2 * RADIUS - 1))
    rows = np.flatnonzero(np.isfinite(shape.top[:, column]))
    row = float(rng.choice(rows)) * 0.3 + float(rows.mean()) * 0.7 if len(rows) else float(RADIUS)
    return np.array([x, (row + 0.5 - RADIUS) * CELL])


def close_on(hand: Hand, style: str, thickness: float) -> tuple[Hand, np.ndarray | None, np.ndarray]:
    """Return the hand closed on a plate; the point between the fingertips, and the direction to the thumb.

    style: one of PINCHES; thickness: of the plate, mm. The point is None if the fingertips do not meet.
    """
    where = "side" if style == "side" else "pad"
    normal = np.zeros(3)
    for _ in range(3):
        (thumb, thumb_facing), (index, index_facing) = hand.contact(THUMB), hand.contact(INDEX, where)
        normal = index_facing - thumb_facing
        normal = normal / np.linalg.norm(normal)
        centre, half = (thumb + index) / 2, normal * (thickness / 2 - SOFTNESS / 2)
        hand = hand.reached(INDEX, centre - half, normal, where)
        hand = hand.reached(THUMB, centre + half, -normal)
    (thumb, _), (index, _) = hand.contact(THUMB), hand.contact(INDEX, where)
    gap = thumb - index
    aside = float(np.linalg.norm(gap - (gap @ normal) * normal))
    if abs(float(gap @ normal) - thickness) > MAX_GAP or aside > MAX_ASIDE:
        return hand, None, normal
    centre = (thumb + index) / 2
    if style == "pads":
        beside = centre + 14 * np.cross(normal, hand.contact(INDEX)[1])
        hand = hand.reached(MIDDLE, beside - normal * thickness / 2, normal)
    return hand, centre, normal


def _best_direction(
    solid: Solid,
    shape: Slab,
    grip: tuple[np.ndarray, Point | None],
    at: tuple[np.ndarray, np.ndarray],
    hand: Hand,
    rng: np.random.Generator,
) -> Body:
    """Return a solid held at a pinch (point, direction), turned so that it does not cut the hand.

    grip: the point (3,) of the solid that is held; the point (2,) that is to lie in the palm, or None.
    """
    (middle, hidden), (centre, normal) = grip, at
    palm = PALM * hand.scale
    across = np.cross(normal, [1.0, 0.0, 0.0])
    across = across / np.linalg.norm(across)
    frame = np.stack([np.cross(across, normal), across, normal], axis=1)
    face = rotation_matrix("x", 180.0 * float(rng.integers(2)))
    points = hand.vertices()
    points = points[np.linalg.norm(points - centre, axis=1) > NEAR_PADS]
    body, best, least = make_body(solid), make_body(solid), np.inf
    for angle in rng.permutation(ANGLES) * (360.0 / ANGLES):
        rotation = frame @ rotation_matrix("z", float(angle)) @ face
        moved = body.rotated(rotation).translated(centre - rotation @ middle)
        if hidden is not None:
            cost = float(np.linalg.norm(moved.to_world(np.array([[*hidden, 0.0]]))[0] - palm))
        else:
            cost = float((shape.depth(moved, points) > MARGIN).sum())
        if cost < least:
            best, least = moved, cost
        if cost == 0:
            break
    return best
