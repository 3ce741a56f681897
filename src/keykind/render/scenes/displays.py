"""Keys laid out or hung up in order: rows, grids and circles on a table, hooks and boards on a wall.

In:    SceneDraft
Out:   further bodies in the draft
Needs: numpy, pillow, manifold3d    [render]

A board is in the plane z = 0; gravity is along +y. Boards repeat a few designs, as a locksmith's stock does.
"""

import numpy as np
from manifold3d import Manifold

from keykind.render.keys.fittings import VIVID
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box
from keykind.render.props.hangers import PAPERS
from keykind.render.scenes.bunches import hang
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body, make_body, rotation_matrix
from keykind.render.scenes.several import draw_keys, draw_remotes, unplaced
from keykind.render.solids import Part, Solid, Surface, plate

MAX_ON_BOARD = 60
DESIGNS = (4, 12)  # different keys on a board
GAP = (6.0, 30.0)  # mm between keys side by side


def lay_out(draft: SceneDraft, bodies: list[Body]) -> None:
    """Lay keys out on the table in a row, a grid or a circle, all pointing the same way or outwards."""
    order = str(draft.rng.choice(["row", "grid", "circle"], p=[0.45, 0.3, 0.25]))
    if order == "circle" and len(bodies) > 3:
        _circle(draft, bodies)
        return
    columns = len(bodies) if order != "grid" else int(np.ceil(np.sqrt(len(bodies) * draft.uniform(1.0, 3.0))))
    turned = [_pointing(body, 90.0 + float(draft.rng.normal(0, 2.5))) for body in bodies]
    sizes = np.array([np.ptp(body.vertices()[:, :2], axis=0) for body in turned])
    step = sizes.max(axis=0) + draft.uniform(*GAP)
    flip = draft.chance(0.15)  # every second one upside down
    for i, body in enumerate(turned):
        row, column = divmod(i, columns)
        low, high = body.vertices().min(axis=0), body.vertices().max(axis=0)
        at = np.array([column * step[0], row * step[1], 0.0]) - np.array([*(low + high)[:2] / 2, 0.0])
        upside = rotation_matrix("z", 180.0) if flip and i % 2 else np.eye(3)
        draft.bodies.append(
            draft.table.put(body.rotated(upside).translated(at - _centre(draft, columns, step)))
        )


def _centre(draft: SceneDraft, columns: int, step: np.ndarray) -> np.ndarray:
    return np.array([(columns - 1) * step[0] / 2, draft.uniform(-0.2, 0.2) * step[1], 0.0])


def _circle(draft: SceneDraft, bodies: list[Body]) -> None:
    """Lay keys out like the rays of a star, their tips inwards or outwards."""
    long = max(float(np.ptp(body.vertices()[:, :2], axis=0).max()) for body in bodies)
    wide = max(float(np.ptp(_pointing(body, 0.0).vertices()[:, 1])) for body in bodies)
    inner = max(wide * len(bodies) / (2 * np.pi) + draft.uniform(0, 15), draft.uniform(8, 50))
    inwards = draft.chance(0.7)
    for i, body in enumerate(bodies):
        angle = 360.0 * i / len(bodies) + float(draft.rng.normal(0, 2))
        turned = _pointing(body, angle + (180.0 if inwards else 0.0))
        low, high = turned.vertices().min(axis=0), turned.vertices().max(axis=0)
        out = (inner + long / 2) * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        draft.bodies.append(
            draft.table.put(turned.translated(np.array([*(out - (low + high)[:2] / 2), 0.0])))
        )


def _pointing(body: Body, degrees: float) -> Body:
    """Return a lying body turned about the vertical until its tip points this way."""
    ends = body.to_world(np.array([(*body.solid.head, 0.0), (*body.solid.tip, 0.0)]))
    along = ends[1] - ends[0]
    return body.rotated(rotation_matrix("z", degrees - float(np.degrees(np.arctan2(along[1], along[0])))))


def hang_board(draft: SceneDraft, count: int) -> None:
    """Hang about `count` keys, at most 60, on rows of hooks on a wall."""
    count = min(count, MAX_ON_BOARD)
    number = min(count, int(draft.rng.integers(*DESIGNS)))
    designs = [unplaced(body) for body in draw_keys(draft, number)]
    designs += [unplaced(body) for body in draw_remotes(draft, int(draft.rng.integers(0, 3)))]
    most = int(draft.rng.choice([1, 1, 2, 4]))  # keys on one hook
    hooks = max(1, round(count / ((1 + most) / 2)))
    columns = int(np.clip(round(np.sqrt(hooks * draft.uniform(1.0, 4.0))), 1, 14))
    step = np.array([draft.uniform(30, 55) + 6 * most, draft.uniform(85, 125)])
    labelled, railed = draft.chance(0.3), draft.chance(0.45)
    upwards = draft.chance(0.12)  # stuck into a stand, blades up
    for i in range(hooks):
        row, column = divmod(i, columns)
        point = np.array([column * step[0], row * step[1], 0.0]) + np.array(
            [*draft.rng.normal(0, 1.5, 2), 0.0]
        )
        if draft.chance(0.08):
            continue  # an empty hook
        kind = designs[int(draft.rng.integers(len(designs)))]
        _fill_hook(draft, kind, point, int(draft.rng.integers(1, most + 1)), upwards)
        if labelled:
            draft.bodies.append(_label(draft, point))
    for row in range(-(-hooks // columns)) if railed else ():
        draft.bodies.append(_rail(draft, row * step[1], (columns + 1) * step[0]))
    draft.bodies.sort(key=lambda body: body.solid.kind is None)


def _fill_hook(draft: SceneDraft, design: Body, point: np.ndarray, count: int, upwards: bool) -> None:
    """Put keys of one design on a hook at a point of the wall, one in front of the other."""
    depth = draft.uniform(0.5, 6.0)
    for _ in range(count):
        spin = draft.uniform(50, 90) if draft.chance(0.12) else float(draft.rng.normal(0, 14))
        swing = float(draft.rng.normal(0, 5 if count == 1 else 13)) + (180.0 if upwards else 0.0)
        hung = hang(draft, design, point, swing, spin)
        heights = hung.vertices()[:, 2]
        draft.bodies.append(hung.translated(np.array([0.0, 0.0, depth - heights.min()])))
        depth += float(np.ptp(heights)) + draft.uniform(0.2, 2.0)
    if not upwards:
        draft.bodies.append(_peg(draft, point, depth + draft.uniform(3, 12)))


def _peg(draft: SceneDraft, point: np.ndarray, long: float) -> Body:
    """Return a hook: a peg that sticks out of the wall, its end bent up."""
    radius = draft.uniform(0.9, 1.7)
    peg = Manifold.cylinder(long, radius, circular_segments=10)
    peg += (
        Manifold.cylinder(6.0, radius, circular_segments=10)
        .rotate((90.0, 0.0, 0.0))
        .translate((0.0, 0.0, long))
    )
    vivid = Surface(False, VIVID[int(draft.rng.integers(len(VIVID)))], 0.4, "painted")
    cover = metal_surface(draft.rng) if draft.chance(0.8) else vivid
    solid = Solid(None, (Part(peg, "peg", cover),), (0.0, 0.0), (0.0, -6.0))
    return make_body(solid).translated(point - np.array([0.0, 1.0, 0.0]))


def _label(draft: SceneDraft, point: np.ndarray) -> Body:
    """Return a paper label on the wall behind a hook."""
    card = plate(box(draft.uniform(18, 34), draft.uniform(14, 45), 1.0), 0.4)
    paper = Surface(False, PAPERS[int(draft.rng.integers(len(PAPERS)))], 0.7, "printed")
    solid = Solid(None, (Part(card, "label", paper),), (-10.0, 0.0), (10.0, 0.0))
    return make_body(solid).translated(point + np.array([0.0, draft.uniform(-22, 4), 0.3]))


def _rail(draft: SceneDraft, y: float, long: float) -> Body:
    """Return the bar behind a row of hooks."""
    bar = plate(box(long, draft.uniform(6, 24), 0.5), draft.uniform(0.8, 3.0))
    solid = Solid(None, (Part(bar, "rail", metal_surface(draft.rng)),), (-long / 2, 0.0), (long / 2, 0.0))
    return make_body(solid).translated(np.array([long / 2 * 0.85, y, 0.2]))
