"""Scenes without a key: things that look like one, remotes, rows of tools, doors, empty tables.

In:    SceneDraft
Out:   bodies in the draft; Camera, depth of the backdrop in mm, pose
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Callable

import numpy as np

from keykind.render.props.catalogue import DRAW_FUNCTIONS, draw_prop
from keykind.render.scenes.arrangement import add_props, scatter, strew
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.displays import lay_out
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.framing import camera_at_share, camera_on
from keykind.render.scenes.layout import make_body, rotation_matrix
from keykind.render.scenes.mixed import product_angles
from keykind.render.scenes.several import draw_remotes, lying
from keykind.render.scenes.spots import door_lock, keyhole_plate

View = tuple[Camera, float, str]  # camera, depth of the backdrop in mm (0: a ground), pose

SHARES = (0.12, 1.2)  # of the frame, the length of one thing, log-uniform
PRODUCT_SHARE = 0.3  # of single things, remotes and rows, in a product photo
IN_ROWS = (  # things that are shown side by side, as keys are
    *("lock pick", "lock pick", "screwdriver", "spoon", "fork", "table knife", "watch", "watch strap"),
    *(
        "scissors",
        "drill",
        "hex driver",
        "bit",
        "screw",
        "spanner",
        "pen",
        "coin",
        "rim lock",
        "lock cylinder",
    ),
    *("padlock", "comb", "zip", "hair clip", "nail clipper", "bottle", "stick", "tag", "split ring"),
)


def leave_out_keys(draft: SceneDraft) -> View:
    """Put other things than keys into the draft; return how they are seen."""
    return VIEWS[draft.choose(WEIGHTS)](draft)


def _props(draft: SceneDraft) -> View:
    count = int(draft.rng.integers(0, 9))
    if count and draft.chance(0.35):
        return _one(draft)
    if draft.chance(0.3):
        strew(draft, 2 * count, draft.uniform(100, 400))
    else:
        add_props(draft, 0.0, count)
    return _seen(draft)


def _one(draft: SceneDraft) -> View:
    """Show one thing, small or filling the frame."""
    name = str(draft.rng.choice(list(DRAW_FUNCTIONS)))
    body = lying(draft, name).rotated(rotation_matrix("z", draft.uniform(0, 360)))
    draft.bodies.append(draft.table.put(body))
    if draft.chance(PRODUCT_SHARE):
        return camera_on(draft, *product_angles(draft), draft.uniform(0.5, 1.05)), 0.0, "product"
    return camera_at_share(draft, _angles(draft), SHARES), 0.0, "flat"


def _remotes(draft: SceneDraft) -> View:
    """Show one to six remotes or folded flip keys, alone or among other things."""
    remotes = draw_remotes(draft, int(draft.rng.choice([1, 1, 1, 2, 2, 3, 4, 5, 6])))
    if len(remotes) > 2 and draft.chance(0.4):
        lay_out(draft, remotes)
    else:
        scatter(draft, remotes)
    if draft.chance(PRODUCT_SHARE):
        return _product(draft)
    add_props(draft, 0.3, draft.geometric(0.4))
    return camera_at_share(draft, _angles(draft), SHARES), 0.0, "flat"


def _alike(draft: SceneDraft) -> View:
    """Lay things of one sort out in a row, a grid or a circle."""
    name = str(draft.rng.choice(IN_ROWS))
    lay_out(draft, [lying(draft, name) for _ in range(int(draft.rng.integers(2, 11)))])
    return _product(draft) if draft.chance(PRODUCT_SHARE) else _seen(draft)


def _door(draft: SceneDraft) -> View:
    """Show the lock of a door, without a key."""
    lock = door_lock(draft, draft.uniform(2, 12)) if draft.chance(0.6) else keyhole_plate(draft)
    draft.bodies.append(lock)
    if draft.chance(0.3):
        handle = make_body(draw_prop("door handle", draft.rng))
        above = handle.translated(np.array([draft.uniform(-10, 10), -draft.uniform(90, 150), 30.0]))
        draft.bodies.append(above)
    angles = (draft.uniform(0, 65), draft.uniform(35, 70))
    return camera_on(draft, *angles, draft.uniform(0.15, 0.9), None, upright=True), 0.0, "wall"


def _product(draft: SceneDraft) -> View:
    """Return the view of a product photo of all that lies there."""
    return camera_on(draft, *product_angles(draft), draft.uniform(0.6, 1.05), _all(draft)), 0.0, "product"


def _all(draft: SceneDraft) -> np.ndarray:
    return np.concatenate([body.vertices() for body in draft.bodies])


def _seen(draft: SceneDraft) -> View:
    """Return a view of all that lies there, or of one thing at any size."""
    if draft.bodies and draft.chance(0.5):
        return camera_at_share(draft, _angles(draft), SHARES), 0.0, "flat"
    return camera_on(draft, *_angles(draft), draft.uniform(0.4, 1.2)), 0.0, "flat"


def _angles(draft: SceneDraft) -> tuple[float, float]:
    """Return tilt and field of view, degrees."""
    return draft.uniform(0, 65), draft.uniform(35, 72)


VIEWS: dict[str, Callable[[SceneDraft], View]] = {
    "props": _props,
    "remotes": _remotes,
    "alike": _alike,
    "door": _door,
}
WEIGHTS = {"props": 45, "remotes": 30, "alike": 17, "door": 8}
