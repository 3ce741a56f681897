"""Arrange keys and props: scattered, on a ring, side by side.

In:    SceneDraft, bodies
Out:   further bodies in the draft
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence

import numpy as np

from keykind.render.props.catalogue import HANGING_PROPS, PROPS, draw_prop, draw_ring
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body, make_body, rotation_matrix, settle
from keykind.render.solids import Solid

MAX_OVERLAP = 0.25  # share of a scattered key's footprint that may be on other bodies
TALL = 12.0  # mm; a taller prop stays its own height away, or it would hide the key from a tilted camera
MAX_TRIES = 12  # positions tried before a prop is dropped, or a key put down in spite of its overlap
MAX_DISTANCE = 190.0  # mm from the origin; the table's height map ends at 220 mm
EYE = 3.0  # mm from the end of a hanging prop to the centre of its eye
HANGING_PROBABILITY = 0.5  # probability of each further prop on a ring
MAX_HANGING = 3


def add_props(draft: SceneDraft, ring: float, count: int) -> None:
    """Put a split ring on the first key with probability `ring`, and `count` props next to it."""
    if not draft.variation.clutter:
        return
    if draft.bodies and draft.chance(ring):
        _add_ring(draft, draft.bodies[0])
    for _ in range(count):
        name = str(draft.rng.choice(PROPS))
        put_aside(draft, settle(make_body(draw_prop(name, draft.rng))))


def scatter(draft: SceneDraft, keys: Sequence[Body]) -> None:
    """Scatter keys over the table, some of them across others."""
    for key in keys:
        put_nearby(draft, key, MAX_OVERLAP if draft.chance(0.6) else 1.0)


def strew(draft: SceneDraft, count: int, reach: float) -> None:
    """Strew props over the table up to `reach` mm from the origin, farther than its height map goes."""
    taken = [_circle(body) for body in draft.bodies]
    for _ in range(count):
        prop = settle(make_body(draw_prop(str(draft.rng.choice(PROPS)), draft.rng)))
        prop = prop.rotated(rotation_matrix("z", draft.uniform(0, 360)))
        angle, out = draft.uniform(0, 2 * np.pi), reach * np.sqrt(draft.uniform(0, 1))
        moved = prop.translated(np.array([out * np.cos(angle), out * np.sin(angle), 0.0]))
        x, y, radius = _circle(moved)
        if all(np.hypot(x - a, y - b) > radius + r for a, b, r in taken):
            draft.bodies.append(moved)
            taken.append((x, y, radius))


def _circle(body: Body) -> tuple[float, float, float]:
    """Return the centre and the radius of a circle around a body, seen from above, mm."""
    points = body.vertices()[:, :2]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return float(middle[0]), float(middle[1]), float(np.linalg.norm(points - middle, axis=1).max())


def put_nearby(draft: SceneDraft, body: Body, max_overlap: float) -> None:
    """Put a body near the others; if possible, at most this share of its footprint overlaps them."""
    extent = _extent(draft)
    for attempt in range(MAX_TRIES):
        angle = draft.uniform(0, 2 * np.pi)
        distance = draft.uniform(0.1, 1.0 + 0.15 * attempt) * extent
        distance = min(distance, MAX_DISTANCE - 60)
        position = np.array([distance * np.cos(angle), distance * np.sin(angle), 0.0])
        moved = body.rotated(rotation_matrix("z", draft.uniform(0, 360))).translated(position)
        if draft.table.overlap(moved) <= max_overlap:
            break
    draft.bodies.append(draft.table.put(moved))


def put_aside(draft: SceneDraft, body: Body) -> None:
    """Put a prop where it covers nothing; drop it if no such position is found."""
    extent, height = _extent(draft), float(np.ptp(body.vertices()[:, 2]))
    half = float(np.ptp(body.vertices()[:, :2], axis=0).max()) / 2
    clearance = height if height > TALL and draft.bodies else 0.0
    for _ in range(MAX_TRIES):
        angle = draft.uniform(0, 2 * np.pi)
        distance = draft.uniform(0.2, 1.3) * extent + draft.uniform(0.3, 1.0) * half
        direction = np.array([np.cos(angle), np.sin(angle), 0.0])
        position = min(distance + clearance, MAX_DISTANCE) * direction
        moved = body.rotated(rotation_matrix("z", draft.uniform(0, 360))).translated(position)
        if draft.table.overlap(moved) == 0:
            draft.bodies.append(draft.table.put(moved))
            return


def _extent(draft: SceneDraft) -> float:
    """Return the largest coordinate of all bodies, limited to 25..110 mm."""
    if not draft.bodies:
        return 25.0
    points = np.concatenate([body.vertices()[:, :2] for body in draft.bodies])
    return float(np.clip(np.abs(points).max(), 25, 110))


def _add_ring(draft: SceneDraft, key: Body) -> None:
    """Put a split ring through the key's hole; raise both until the ring does not intersect the table."""
    if key.solid.hole is None:
        return
    radius = draft.uniform(9, 15)
    wire = draw_ring(key.solid.hole, radius, draft.rng)
    ring = make_body(Solid(None, (wire,), key.solid.hole, key.solid.hole))
    if key.rotation[2, 2] < 0:  # the key lies on its front: an upright ring must stand on its back
        hole = np.array([*key.solid.hole, 0.0])
        ring = ring.translated(-hole).rotated(rotation_matrix("x", 180.0)).translated(hole)
    ring = ring.rotated(key.rotation).translated(key.position)
    lowest = float(ring.vertices()[:, 2].min())
    lift = np.array([0.0, 0.0, max(0.0, -lowest)])
    draft.bodies[0] = key.translated(lift)
    draft.bodies.append(ring.translated(lift))
    centre = ring.vertices()[:, :2].mean(axis=0)
    away = centre - key.to_world(np.array([[*key.solid.tip, 0.0]]))[0, :2]
    hang_props(draft, centre, radius, float(np.degrees(np.arctan2(away[1], away[0]))))


def hang_props(draft: SceneDraft, centre: np.ndarray, radius: float, direction: float) -> None:
    """Hang tags, chains and straps on a ring around centre (2,) mm, most of them towards `direction`.

    direction: degrees. Each prop points outwards, at the angle where it covers least.
    """
    for _ in range(MAX_HANGING):
        if not draft.chance(HANGING_PROBABILITY):
            return
        prop = make_body(draw_prop(str(draft.rng.choice(HANGING_PROPS)), draft.rng))
        eye = np.array([prop.solid.head[0] + EYE, prop.solid.head[1], 0.0])
        angles = direction + draft.rng.normal(0, 55, MAX_TRIES // 3)
        candidates = [_outwards(prop.translated(-eye), centre, radius, float(angle)) for angle in angles]
        draft.bodies.append(draft.table.put(min(candidates, key=draft.table.overlap)))


def _outwards(prop: Body, centre: np.ndarray, radius: float, degrees: float) -> Body:
    """Return a prop whose eye is at the origin, moved to the wire of a ring and pointing outwards."""
    out = radius * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    return prop.rotated(rotation_matrix("z", degrees)).translated(np.array([*(centre + out), 0.0]))
