"""Arrange several keys as people keep, show and sell them, and point the camera at them.

In:    SceneDraft
Out:   bodies in the draft; Camera, depth of the backdrop in mm, pose
Needs: numpy, pillow, manifold3d    [render]

The keys are seen at any scale: from a board of sixty to a blade that fills the frame. The pose is "flat",
"wall", "hung" or "product", which is flat in a product photo.
"""

from collections.abc import Callable

import numpy as np

from keykind.render.scenes.arrangement import add_props, scatter, strew
from keykind.render.scenes.bunches import add_hook, hang_bunch, lay_ring
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.displays import MAX_ON_BOARD, hang_board, lay_out
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.framing import camera_at_share, camera_on
from keykind.render.scenes.layout import rotation_matrix
from keykind.render.scenes.several import draw_count, draw_keys, draw_remotes, with_remotes
from keykind.render.scenes.spots import float_upright, in_bowl, in_door, in_padlock

View = tuple[Camera, float, str]  # camera, depth of the backdrop in mm (0: a ground), pose

SHARES = (0.13, 1.1)  # of the frame, the length of a key, log-uniform
SMALL_SHARES = (0.07, 0.3)
KEY_LENGTH = 70.0  # mm, of a typical key
PRODUCT_SHARE = 0.45  # of keys laid out or held upright, in a product photo
DEPTHS = (150.0, 1500.0)  # mm to the backdrop behind hanging keys


def arrange(draft: SceneDraft) -> View:
    """Put keys into the draft in one of the ways of ARRANGEMENTS; return how they are seen."""
    name = draft.choose(WEIGHTS)
    draft.facts |= {"arrangement": name}
    return ARRANGEMENTS[name](draft)


def _ring(draft: SceneDraft) -> View:
    lay_ring(draft, with_remotes(draft, draw_keys(draft, draw_count(draft))))
    return _beside(draft, draft.geometric(0.4))


def _scattered(draft: SceneDraft) -> View:
    scatter(draft, with_remotes(draft, draw_keys(draft, draw_count(draft))))
    return _beside(draft, draft.geometric(0.5))


def _small(draft: SceneDraft) -> View:
    """Lay a few keys far from the camera, with other things all over the frame."""
    scatter(draft, with_remotes(draft, draw_keys(draft, draw_count(draft, 1, 3))))
    add_props(draft, 0.25, 0)
    share = float(np.exp(draft.rng.uniform(*np.log(SMALL_SHARES))))
    strew(draft, int(draft.rng.integers(0, 16)), KEY_LENGTH / share / 2)
    camera = camera_at_share(draft, _angles(draft, 65), (share, share))
    return camera, 0.0, "flat"


def _clutter(draft: SceneDraft) -> View:
    """Lay keys among many other things."""
    keys = with_remotes(draft, draw_keys(draft, draw_count(draft, 1, 5)))
    if len(keys) > 1 and draft.chance(0.4):
        lay_ring(draft, keys)
    else:
        scatter(draft, keys)
    return _beside(draft, int(draft.rng.integers(5, 14)))


def _close(draft: SceneDraft) -> View:
    """Let the blade or the head of one key fill the frame, or let the frame cut it."""
    keys = draw_keys(draft, draw_count(draft, 1, 3))
    if draft.chance(0.3):
        keys[0] = keys[0].rotated(rotation_matrix("x", draft.uniform(50, 130)))
    scatter(draft, keys)
    add_props(draft, 0.2, draft.geometric(0.2))
    key = draft.bodies[0]
    blade = draft.chance(0.55)
    points = np.concatenate([
        key.to_world(mesh.vertices)
        for mesh, part in zip(key.parts, key.solid.parts, strict=True)
        if (part.name == "blade") == blade
    ])  # fmt: skip
    tilt, view = _angles(draft, 55)
    return camera_on(draft, tilt, view, draft.uniform(0.7, 1.5), points), 0.0, "flat"


def _hanging(draft: SceneDraft) -> View:
    hang_bunch(
        draft, with_remotes(draft, draw_keys(draft, draw_count(draft))), np.zeros(3), draft.geometric(0.3)
    )
    if draft.chance(0.6):
        add_hook(draft, np.zeros(3))
    draft.bodies.sort(key=lambda body: body.solid.kind is None)
    camera = camera_at_share(draft, (draft.uniform(0, 18), draft.uniform(35, 70)), SHARES, upright=True)
    return camera, draft.uniform(*DEPTHS), "hung"


def _board(draft: SceneDraft) -> View:
    hang_board(draft, int(np.exp(draft.uniform(np.log(4), np.log(MAX_ON_BOARD + 1)))))
    camera = camera_at_share(draft, (draft.uniform(0, 40), draft.uniform(40, 70)), (0.06, 0.4), upright=True)
    return camera, 0.0, "wall"


def _laid_out(draft: SceneDraft) -> View:
    count = int(np.exp(draft.uniform(np.log(2), np.log(25))))
    keys = draw_keys(draft, count) + draw_remotes(draft, draft.geometric(0.3))
    lay_out(draft, [keys[i] for i in draft.rng.permutation(len(keys))])
    if draft.chance(PRODUCT_SHARE):
        points = np.concatenate([body.vertices() for body in draft.bodies])
        return camera_on(draft, *product_angles(draft), draft.uniform(0.6, 1.05), points), 0.0, "product"
    return _beside(draft, draft.geometric(0.1), (0.1, 0.7))


def _door(draft: SceneDraft) -> View:
    key, *others = draw_keys(draft, draw_count(draft, 1, 5))
    in_door(draft, key, others)
    camera = camera_at_share(draft, (draft.uniform(0, 70), draft.uniform(35, 70)), (0.12, 1.0), upright=True)
    return camera, 0.0, "wall"


def _padlock(draft: SceneDraft) -> View:
    key, *others = draw_keys(draft, draw_count(draft, 1, 3))
    in_padlock(draft, key)
    scatter(draft, others)
    return _beside(draft, draft.geometric(0.3))


def _bowl(draft: SceneDraft) -> View:
    in_bowl(draft, with_remotes(draft, draw_keys(draft, draw_count(draft, 2, 12))))
    return _beside(draft, draft.geometric(0.3), (0.12, 0.6))


def _upright(draft: SceneDraft) -> View:
    float_upright(draft, draw_keys(draft, draw_count(draft, 1, 4)))
    if draft.chance(PRODUCT_SHARE):
        camera = camera_at_share(draft, product_angles(draft), (0.3, 0.9), upright=True)
        return camera, draft.uniform(45, 90), "product"
    camera = camera_at_share(draft, (draft.uniform(0, 20), draft.uniform(30, 70)), SHARES, upright=True)
    return camera, draft.uniform(60, 1200), "hung"


def _beside(draft: SceneDraft, props: int, shares: tuple[float, float] = SHARES) -> View:
    """Put props beside what lies on the table, and look at the keys."""
    add_props(draft, 0.0, props)
    return camera_at_share(draft, _angles(draft, 60), shares), 0.0, "flat"


def product_angles(draft: SceneDraft) -> tuple[float, float]:
    """Return tilt and field of view of a product photo, degrees."""
    return abs(float(draft.rng.normal(0, 10))), draft.uniform(15, 40)


def _angles(draft: SceneDraft, most: float) -> tuple[float, float]:
    """Return tilt and field of view, degrees."""
    tilt = draft.uniform(0, 25) if draft.chance(0.45) else draft.uniform(15, most)
    return tilt, draft.uniform(35, 72)


ARRANGEMENTS: dict[str, Callable[[SceneDraft], View]] = {
    "ring": _ring,
    "scattered": _scattered,
    "small": _small,
    "clutter": _clutter,
    "close": _close,
    "hanging": _hanging,
    "board": _board,
    "laid out": _laid_out,
    "door": _door,
    "padlock": _padlock,
    "bowl": _bowl,
    "upright": _upright,
}
WEIGHTS = {
    "ring": 22, "scattered": 13, "small": 10, "clutter": 9, "close": 7, "hanging": 9, "board": 7,
    "laid out": 9, "door": 5, "padlock": 3, "bowl": 3, "upright": 6,
}  # fmt: skip
