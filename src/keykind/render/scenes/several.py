"""Draw the keys of a scene with several: which kinds, how many, and remotes beside them.

In:    SceneDraft
Out:   Bodies, not yet placed
Needs: numpy, pillow, manifold3d    [render]
"""

from dataclasses import replace

import numpy as np

from keykind.render.props.catalogue import BLADELESS, draw_prop
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body, make_body, rotation_matrix, settle

EVERYDAY = {"cylinder": 5.0, "dimple": 2.5, "laser_track": 2.5}  # weights on everyday rings; other kinds: 1
EVERYDAY_SHARE = 0.6  # of scenes, the others show all kinds equally often
ALIKE_SHARE = 0.15  # of scenes, keys of one kind
COUNTS = {1: 0.06, 2: 0.24, 3: 0.22, 4: 0.18, 5: 0.1, 6: 0.07, 7: 0.04, 8: 0.03, 9: 0.02, 10: 0.02, 12: 0.02}
REMOTE_CHANCE = 0.25  # of each further remote beside keys


def draw_count(draft: SceneDraft, low: int = 1, high: int = 12) -> int:
    """Return a number of keys: mostly two to six."""
    counts = {count: share for count, share in COUNTS.items() if low <= count <= high}
    shares = np.array(list(counts.values()))
    return int(draft.rng.choice(list(counts), p=shares / shares.sum()))


def draw_keys(draft: SceneDraft, count: int) -> list[Body]:
    """Return keys of the scene's kinds, lying on one of their sides."""
    names = list(draft.kinds)
    if draft.chance(ALIKE_SHARE):
        names = [str(draft.rng.choice(names))]
    everyday = draft.chance(EVERYDAY_SHARE)
    weights = np.array([EVERYDAY.get(name, 1.0) if everyday else 1.0 for name in names])
    chosen = draft.rng.choice(names, count, p=weights / weights.sum())
    return [draft.draw_key(str(name)) for name in chosen]


def draw_remotes(draft: SceneDraft, count: int) -> list[Body]:
    """Return remotes and folded flip keys, lying on one of their sides."""
    if not draft.variation.clutter:
        return []
    return [lying(draft, str(draft.rng.choice(list(BLADELESS), p=[0.65, 0.35]))) for _ in range(count)]


def lying(draft: SceneDraft, prop: str) -> Body:
    """Return a new prop of this name lying on one of its sides."""
    face = 180.0 * float(draft.rng.integers(2)) + float(draft.rng.normal(0, 15))
    return settle(make_body(draw_prop(prop, draft.rng)).rotated(rotation_matrix("x", face)))


def with_remotes(draft: SceneDraft, keys: list[Body]) -> list[Body]:
    """Return the keys and a few remotes, in random order."""
    bodies = [*keys, *draw_remotes(draft, draft.geometric(REMOTE_CHANCE))]
    return [bodies[i] for i in draft.rng.permutation(len(bodies))]


def unplaced(body: Body) -> Body:
    """Return a body in its own coordinates."""
    return replace(body, rotation=np.eye(3), position=np.zeros(3))
