"""Keys on rings: lying on a table, tight or fanned; hanging by gravity.

In:    SceneDraft
Out:   further bodies in the draft
Needs: numpy, pillow, manifold3d    [render]

Where keys hang, gravity is along +y and the camera looks along -z.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keykind.render.keys.fittings import chrome_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.sweeps import wire
from keykind.render.props.catalogue import HANGING_PROPS, draw_prop, draw_ring
from keykind.render.props.hangers import split_ring
from keykind.render.scenes.arrangement import hang_props
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body, make_body, rotation_matrix, settle
from keykind.render.scenes.several import unplaced
from keykind.render.solids import Part, Solid

TIGHT_SHARE = 0.4  # of rings on a table, with their keys in a narrow bundle
RADII = (9.0, 17.0)  # mm, of rings
ANGLES_TRIED = 3  # around the ring for each key; it comes to rest at the lowest
THICK, THICK_SPREAD = 6.0, 16.0  # mm, and degrees by which each key with a thicker head spreads the others
EYE = 3.0  # mm from the end of a hanging prop to the centre of its eye


def lay_ring(draft: SceneDraft, bodies: Sequence[Body]) -> None:
    """Put keys and remotes on one split ring on the table, tight or fanned out, sometimes with props."""
    radius, middle = draft.uniform(*RADII), draft.uniform(0, 360)
    tight = draft.chance(TIGHT_SHARE)
    spread = draft.uniform(15, 60) if tight else draft.uniform(60, 360)
    spread = min(spread + THICK_SPREAD * sum(body.solid.thickness > THICK for body in bodies), 360.0)
    for body in bodies:
        angles = middle + draft.rng.uniform(-spread / 2, spread / 2, ANGLES_TRIED)
        lean = 28.0 if tight or draft.chance(0.3) else 4.0
        fanned = [_fanned(body, float(angle), radius, float(draft.rng.normal(0, lean))) for angle in angles]
        rested = [draft.table.lowered(candidate) for candidate in fanned]
        lowest = int(np.argmin([candidate.vertices()[:, 2].mean() for candidate in rested]))
        draft.table.cover(rested[lowest])
        angle = float(angles[lowest])
        out = radius * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0.0])
        draft.bodies.append(_lower_tip(rested[lowest], out, angle))
    ring = Solid(None, (draw_ring((0.0, 0.0), radius, draft.rng),), (-radius, 0.0), (radius, 0.0))
    draft.bodies.append(draft.table.put(settle(make_body(ring))))
    hang_props(draft, np.zeros(2), radius, middle + 180.0)


def _fanned(body: Body, angle: float, radius: float, roll: float) -> Body:
    """Return a lying body with its hole at the wire of a ring around the origin, pointing outwards.

    angle: degrees around the ring; roll: degrees about its own axis.
    """
    hole = body.solid.hole or body.solid.head
    ends = body.to_world(np.array([(*hole, 0.0), (*body.solid.tip, 0.0)]))
    ahead = ends[1] - ends[0]
    turn = rotation_matrix("z", -float(np.degrees(np.arctan2(ahead[1], ahead[0]))))
    rotation = rotation_matrix("z", angle) @ rotation_matrix("x", roll) @ turn
    out = radius * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0.0])
    return body.translated(-np.array([ends[0, 0], ends[0, 1], 0.0])).rotated(rotation).translated(out)


def _lower_tip(key: Body, hole: np.ndarray, angle: float) -> Body:
    """Return a key that lies on others at its hole, tilted until its tip touches the table.

    hole: (3,) mm; angle: direction of the blade, degrees.
    """
    height = float(key.vertices()[:, 2].min())
    tip = key.to_world(np.array([[*key.solid.tip, 0.0]]))[0]
    length = float(np.hypot(*(tip - hole)[:2]))
    pivot = hole + np.array([0.0, 0.0, height])
    tilt = float(np.degrees(np.arctan2(height, max(length, 1.0))))
    rotation = rotation_matrix("z", angle) @ rotation_matrix("y", tilt) @ rotation_matrix("z", -angle)
    return key.translated(-pivot).rotated(rotation).translated(pivot)


def hang(draft: SceneDraft, body: Body, point: np.ndarray, swing: float, spin: float) -> Body:
    """Return a body hanging from a point (3,) mm by its hole.

    swing: degrees away from the vertical; spin: degrees about the vertical; 0: its face is seen.
    """
    own = unplaced(body)
    hole = np.array([*(own.solid.hole or own.solid.head), 0.0])
    below = own.vertices().mean(axis=0) - hole
    lean = float(np.degrees(np.arctan2(below[1], below[0])))
    face = rotation_matrix("x", 180.0 if draft.chance(0.5) else 0.0)
    sign = float(face[1, 1])
    down = rotation_matrix("z", 90.0 - sign * lean) @ face
    rotation = rotation_matrix("z", swing) @ rotation_matrix("y", spin) @ down
    return own.rotated(rotation).translated(point - rotation @ hole)


def hang_bunch(draft: SceneDraft, bodies: Sequence[Body], point: np.ndarray, props: int) -> None:
    """Hang a split ring from a point (3,) mm, with keys, remotes and `props` other things on it."""
    radius, turn = draft.uniform(*RADII), draft.uniform(0, 360)
    centre = point + np.array([0.0, radius, 0.0])
    things = [
        *bodies,
        *(make_body(draw_prop(str(draft.rng.choice(HANGING_PROPS)), draft.rng)) for _ in range(props)),
    ]
    things = [things[i] for i in draft.rng.permutation(len(things))]
    room = np.array([thing.solid.thickness + 0.6 for thing in things])
    along = np.cumsum(room) - room / 2 - room.sum() / 2  # mm along the wire, from its lowest point
    along *= min(1.0, 1.6 * radius / max(float(np.abs(along).max(initial=0.0)), 1e-6))
    spread = draft.uniform(3.0, 22.0)  # degrees, of keys caught on each other
    for thing, position in zip(things, along, strict=True):
        angle = float(position) / radius
        local = np.array([radius * np.sin(angle), radius * np.cos(angle), draft.rng.normal(0, 0.8)])
        spin = turn + 90.0 + float(draft.rng.normal(0, 38))
        at = centre + rotation_matrix("y", turn) @ local
        eyed = thing if thing.solid.hole else _with_eye(thing)
        draft.bodies.append(hang(draft, eyed, at, float(draft.rng.normal(0, spread)), spin))
    ring = Solid(
        None,
        (Part(split_ring(radius, draft.rng), "ring", chrome_surface(draft.rng)),),
        (-radius, 0.0),
        (radius, 0.0),
    )
    draft.bodies.append(make_body(ring).rotated(rotation_matrix("y", turn)).translated(centre))


def _with_eye(thing: Body) -> Body:
    """Return a prop with a hole near the end by which it hangs."""
    x, y = thing.solid.head
    return replace(thing, solid=replace(thing.solid, hole=(x + EYE, y)))


def add_hook(draft: SceneDraft, point: np.ndarray) -> None:
    """Put a hook of wire through a point (3,) mm, hanging from above the frame."""
    radius, bend = draft.uniform(0.9, 2.2), draft.uniform(3.0, 7.0)
    turns = np.linspace(-2.4, np.pi / 2, 14)
    curve = np.column_stack([bend * np.sin(turns), bend * np.cos(turns) - bend + radius, np.zeros(14)])
    long = draft.uniform(80.0, 300.0)
    stem = np.array([[bend * 1.02, radius - bend - long * t, 0.0] for t in (0.15, 0.5, 1.0)])
    path = np.concatenate([curve, stem])[:, [0, 2, 1]]  # in the plane of sweep: z is along gravity
    path[:, 1] += np.linspace(0.0, 0.2, len(path))
    hook = wire(np.column_stack([path[:, 0], path[:, 2], path[:, 1]]), radius)
    solid = Solid(None, (Part(hook, "hook", metal_surface(draft.rng)),), (0.0, 0.0), (0.0, -long))
    draft.bodies.append(
        make_body(solid).rotated(rotation_matrix("y", draft.uniform(0, 360))).translated(point)
    )
