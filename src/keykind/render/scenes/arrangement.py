"""What is with a key: rings, tags, other keys, coins, a hand.

In:    a Stage with its table, bodies
Out:   more bodies on the Stage
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Sequence

import numpy as np

from keykind.render.props.hand import draw_hand, draw_pinch
from keykind.render.props.things import HUNG, THINGS, draw_ring, draw_thing
from keykind.render.scenes.layout import Body, body, laid, rotation
from keykind.render.scenes.stage import Stage
from keykind.render.solids import Solid

APART = 0.25  # share of a footprint that may lie on others when keys are scattered
TALL = 12.0  # mm; a thing this high keeps its height in distance, or it hides the key from a tilted camera
TRIES = 12  # places tried for a thing before it may overlap more
REACH = 190.0  # mm; beyond it the table's map of heights ends
EYE = 3.0  # mm from the end of a thing that hangs on a ring to the middle of its eye
HANGING = 0.5  # chance of one thing more on a ring, up to MOST_HANGING
MOST_HANGING = 3


def accompany(making: Stage, ring: float, things: int) -> None:
    """Put a ring on the first key, with this chance, and so many things beside it."""
    if not making.variety.clutter:
        return
    if making.things and making.chance(ring):
        _ring(making, making.things[0])
    for _ in range(things):
        name = str(making.rng.choice(THINGS))
        _aside(making, laid(body(draw_thing(name, making.rng))))


def scatter(making: Stage, keys: Sequence[Body]) -> None:
    """Lay keys over the table, some across others."""
    for key in keys:
        _scattered(making, key, APART if making.chance(0.6) else 1.0)


def fan(making: Stage, keys: Sequence[Body]) -> None:
    """Lay keys around one ring: their holes at its wire, their blades spread."""
    radius = making.between(9, 16)
    middle, spread = making.between(0, 360), making.between(60, 360)
    for key in keys:
        hole = key.solid.hole or key.solid.head
        at = key.world(np.array([[*hole, 0.0]]))[0]
        tip = key.world(np.array([[*key.solid.tip, 0.0]]))[0] - at
        wanted = middle + making.between(-spread / 2, spread / 2)
        turn = rotation("z", wanted - float(np.degrees(np.arctan2(tip[1], tip[0]))))
        turned = key.moved(-np.array([at[0], at[1], 0.0])).turned(
            turn @ rotation("y", making.rng.normal(0, 3))
        )
        out = radius * np.array([np.cos(np.radians(wanted)), np.sin(np.radians(wanted)), 0.0])
        making.things.append(_drooping(making.table.put(turned.moved(out)), out, wanted))
    wire = draw_ring((0.0, 0.0), radius, making.rng)
    loop = Solid(None, (wire,), (-radius, 0.0), (radius, 0.0))
    making.things.append(making.table.put(laid(body(loop))))
    _hang(making, np.zeros(2), radius, middle + 180.0)


def _drooping(key: Body, hole: np.ndarray, towards: float) -> Body:
    """Return a key that lies on others at its hole with its tip let down to the table."""
    height = float(key.vertices()[:, 2].min())
    tip = key.world(np.array([[*key.solid.tip, 0.0]]))[0]
    reach = float(np.hypot(*(tip - hole)[:2]))
    about = hole + np.array([0.0, 0.0, height])
    fall = float(np.degrees(np.arctan2(height, max(reach, 1.0))))
    turn = rotation("z", towards) @ rotation("y", fall) @ rotation("z", -towards)
    return key.moved(-about).turned(turn).moved(about)


def hold(making: Stage, key: Body | None, pose: str) -> float:
    """Put a key on a palm ("palm") or between two fingers ("pinch"); return the floor's depth, mm."""
    if pose == "palm" or key is None:
        making.things.append(making.table.put(body(draw_hand(making.rng))))
        if key is not None:
            turned = key.turned(rotation("z", making.between(0, 360)))
            making.things.append(making.table.put(turned))
    else:
        roll = rotation("y", making.rng.normal(0, 15)) @ rotation("x", making.rng.normal(0, 30))
        roll = rotation("z", making.between(0, 360)) @ roll
        for solid in (key.solid, draw_pinch(making.rng, key.solid.thickness)):
            making.things.append(body(solid).turned(roll))
    making.things.sort(key=lambda thing: thing.solid.kind is None)  # keys first: the camera looks at them
    return making.between(120, 1500)


def _scattered(making: Stage, thing: Body, share: float) -> None:
    """Put a thing near what is there, where no more than a share of it lies on others if there is a place."""
    reach = _reach(making)
    for attempt in range(TRIES):
        angle, far = making.between(0, 2 * np.pi), making.between(0.1, 1.0 + 0.15 * attempt) * reach
        far = min(far, REACH - 60)
        place = np.array([far * np.cos(angle), far * np.sin(angle), 0.0])
        moved = thing.turned(rotation("z", making.between(0, 360))).moved(place)
        if making.table.overlap(moved) <= share:
            break
    making.things.append(making.table.put(moved))


def _aside(making: Stage, thing: Body) -> None:
    """Put a thing where it covers nothing; leave it away if there is no room."""
    reach, height = _reach(making), float(np.ptp(thing.vertices()[:, 2]))
    half = float(np.ptp(thing.vertices()[:, :2], axis=0).max()) / 2
    keep = height if height > TALL and making.things else 0.0
    for _ in range(TRIES):
        angle, far = (
            making.between(0, 2 * np.pi),
            making.between(0.2, 1.3) * reach + making.between(0.3, 1.0) * half,
        )
        place = min(far + keep, REACH) * np.array([np.cos(angle), np.sin(angle), 0.0])
        moved = thing.turned(rotation("z", making.between(0, 360))).moved(place)
        if making.table.overlap(moved) == 0:
            making.things.append(making.table.put(moved))
            return


def _reach(making: Stage) -> float:
    if not making.things:
        return 25.0
    points = np.concatenate([thing.vertices()[:, :2] for thing in making.things])
    return float(np.clip(np.abs(points).max(), 25, 110))


def _ring(making: Stage, key: Body) -> None:
    """Hang a split ring into the key's hole; both are lifted until the ring does not dip into the table."""
    if key.solid.hole is None:
        return
    radius = making.between(9, 15)
    ring = draw_ring(key.solid.hole, radius, making.rng)
    loop = body(Solid(None, (ring,), key.solid.hole, key.solid.hole))
    if key.turn[2, 2] < 0:  # the key's back is up: a ring that stands must stand on that side
        hole = np.array([*key.solid.hole, 0.0])
        loop = loop.moved(-hole).turned(rotation("x", 180.0)).moved(hole)
    hung = loop.turned(key.turn).moved(key.place)
    low = float(hung.vertices()[:, 2].min())
    lift = np.array([0.0, 0.0, max(0.0, -low)])
    making.things[0] = key.moved(lift)
    making.things.append(hung.moved(lift))
    middle = hung.vertices()[:, :2].mean(axis=0)
    away = middle - key.world(np.array([[*key.solid.tip, 0.0]]))[0, :2]
    _hang(making, middle, radius, float(np.degrees(np.arctan2(away[1], away[0]))))


def _hang(making: Stage, middle: np.ndarray, radius: float, away: float) -> None:
    """Hang tags, chains and straps on a ring around (2,) middle, mm, most on its side `away`, degrees.

    Each lies outwards from the ring, where it covers least of what is there.
    """
    for _ in range(MOST_HANGING):
        if not making.chance(HANGING):
            return
        thing = body(draw_thing(str(making.rng.choice(HUNG)), making.rng))
        eye = np.array([thing.solid.head[0] + EYE, thing.solid.head[1], 0.0])
        turns = away + making.rng.normal(0, 55, TRIES // 3)
        tried = [_outwards(thing.moved(-eye), middle, radius, float(turn)) for turn in turns]
        making.things.append(making.table.put(min(tried, key=making.table.overlap)))


def _outwards(thing: Body, middle: np.ndarray, radius: float, degrees: float) -> Body:
    """Return a thing whose eye is at the origin turned outwards from a ring, its eye at the wire."""
    out = radius * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    return thing.turned(rotation("z", degrees)).moved(np.array([*(middle + out), 0.0]))
