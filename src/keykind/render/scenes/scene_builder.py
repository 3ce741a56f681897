"""Build a scene by name: bodies, ground, lighting, camera.

In:    "product", "phone", "multi", "hand" or "nothing"; kinds; longer side in px; random generator
Out:   Scene, number of degenerate solids discarded
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keykind.render.paint.assets import NO_ASSETS, Assets
from keykind.render.paint.grounds import draw_ground
from keykind.render.scenes.arrangement import add_props, put_nearby, scatter
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.draft import FULL_VARIATION, SceneDraft, Variation
from keykind.render.scenes.framing import camera_on
from keykind.render.scenes.holding import hold
from keykind.render.scenes.keyless import leave_out_keys
from keykind.render.scenes.layout import Body, rotation_matrix
from keykind.render.scenes.mixed import View, arrange
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.several import draw_count, draw_keys, draw_remotes
from keykind.render.scenes.surroundings import GROUND_SIZE, finish, with_surroundings
from keykind.render.solids import DegenerateSolid, Solid

# relative frequencies
PRODUCT_GROUNDS = {
    "plain": 9, "plastic": 1, "paper": 1, "wood": 0.5, "fabric": 0.4, "stone": 0.4, "metal": 0.3,
}  # fmt: skip
PRODUCT_LIGHTS = {"tent": 4, "window": 2, "office": 1.5, "lamp": 1, "mixed": 1.5}
POSES = {"flat": 5.3, "held": 3.5, "edge": 0.4, "wall": 0.8}
HELD_FILL = (0.2, 0.9)  # length of a held key in the scene "phone", as a share of the frame's longer side
PRODUCT_FILL = (0.55, 1.05)  # of the frame, by a single key and what lies beside it; log-uniform
PHONE_FILL = (0.3, 1.25)
REMOTE_BESIDE = 0.06  # share of phone photos with a remote next to the key
NOTHING_HELD = 0.25  # share of scenes without a key that show a hand
MAX_TRIES = 8  # scenes; if this many in a row contain a degenerate prop, there is a bug


def build_scene(  # noqa: PLR0913, PLR0917 - all that a scene depends on
    name: str,
    kinds: Sequence[str],
    size: int,
    rng: np.random.Generator,
    variation: Variation = FULL_VARIATION,
    assets: Assets = NO_ASSETS,
    key: Solid | None = None,
) -> tuple[Scene, int]:
    """Return a scene, and the number of degenerate solids discarded for it.

    kinds: of the keys in it; product and phone scenes show keys of kinds[0] only. key: the first key in it;
    None: a random one. A degenerate key is redrawn alone; if anything else is degenerate, the whole scene is
    redrawn.
    Raises DegenerateSolid after MAX_TRIES such scenes.
    """
    discarded = 0
    for _ in range(MAX_TRIES):
        draft = SceneDraft(rng, size, kinds, variation, assets, key)
        try:
            return BUILDERS[name](draft), discarded + draft.discarded
        except DegenerateSolid:
            discarded += draft.discarded + 1
    raise DegenerateSolid(f"{name}: {MAX_TRIES} scenes in a row contained a degenerate solid")


def _product(draft: SceneDraft) -> Scene:
    key = draft.draw_key(draft.kinds[0])
    rng = draft.rng
    angle = (
        float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 6))
        if draft.chance(0.5)
        else draft.uniform(0, 360)
    )
    floating = draft.chance(0.25)
    if floating:
        lean = rotation_matrix("y", rng.normal(0, 12)) @ rotation_matrix("x", rng.normal(0, 18))
        key = key.rotated(lean)
    draft.bodies.append(draft.table.put(key.rotated(rotation_matrix("z", angle))))
    if draft.variation.clutter and draft.chance(0.1):
        draft.bodies.append(_beside(draft, draft.draw_key(draft.kinds[0])))
    add_props(draft, 0.15, draft.geometric(0.08))
    tilt = abs(float(rng.normal(0, 10))) if floating or draft.chance(0.65) else draft.uniform(20, 55)
    camera = camera_on(draft, tilt, draft.uniform(15, 40), _share(draft, PRODUCT_FILL))
    return _in_shop(draft, camera, draft.uniform(3, 40) if floating else 0.0)


def _phone(draft: SceneDraft) -> Scene:
    rng = draft.rng
    pose = draft.choose(POSES)
    if pose == "held" and not draft.variation.clutter:
        pose = "flat"
    key = draft.draw_key(draft.kinds[0])
    if pose == "held":
        return with_surroundings(draft, "phone", *hold(draft, [key], HELD_FILL))
    if pose == "edge":
        key = key.rotated(rotation_matrix("x", float(rng.choice([-1, 1])) * draft.uniform(50, 90)))
    draft.bodies.append(draft.table.put(key.rotated(rotation_matrix("z", draft.uniform(0, 360)))))
    add_props(draft, 0.3, draft.geometric(0.35))
    if draft.chance(REMOTE_BESIDE):
        for remote in draw_remotes(draft, 1):
            put_nearby(draft, remote, 0.0)
    if draft.variation.clutter and draft.chance(0.07):
        draft.bodies.append(_beside(draft, draft.draw_key(draft.kinds[0])))
    tilt = draft.uniform(0, 25) if draft.chance(0.5) else draft.uniform(15, 65)
    camera = camera_on(draft, tilt, draft.uniform(45, 72), _share(draft, PHONE_FILL))
    return with_surroundings(draft, "phone", camera, 0.0, pose)


def _hand(draft: SceneDraft) -> Scene:
    count = int(draft.rng.choice([1, 2, 3, 4], p=[0.55, 0.27, 0.11, 0.07]))
    keys = [draft.draw_key(str(draft.rng.choice(draft.kinds))) for _ in range(count)]
    return with_surroundings(draft, "hand", *hold(draft, keys))


def _multi(draft: SceneDraft) -> Scene:
    if not draft.variation.clutter:
        scatter(draft, draw_keys(draft, draw_count(draft, 2, 8)))
        camera = camera_on(draft, draft.uniform(0, 55), draft.uniform(35, 70), draft.uniform(0.55, 1.1))
        return with_surroundings(draft, "multi", camera, 0.0, "flat")
    return _surrounded(draft, "multi", arrange(draft))


def _nothing(draft: SceneDraft) -> Scene:
    if draft.chance(NOTHING_HELD):
        return with_surroundings(draft, "nothing", *hold(draft, []))
    if not draft.variation.clutter:
        return with_surroundings(draft, "nothing", camera_on(draft, 0.0, 50.0, 1.0), 0.0, "flat")
    return _surrounded(draft, "nothing", leave_out_keys(draft))


BUILDERS = {"product": _product, "phone": _phone, "multi": _multi, "hand": _hand, "nothing": _nothing}


def _surrounded(draft: SceneDraft, name: str, view: View) -> Scene:
    """Return the scene in any surroundings, or as a product photo."""
    camera, depth, pose = view
    if pose == "product":
        return replace(_in_shop(draft, camera, depth), name=name)
    return with_surroundings(draft, name, camera, depth, pose)


def _in_shop(draft: SceneDraft, camera: Camera, depth: float) -> Scene:
    """Return the scene as a product photo, mostly on white; depth: mm below the keys to the ground."""
    material, light = draft.choose(PRODUCT_GROUNDS), draft.choose(PRODUCT_LIGHTS)
    ground = draw_ground(material, GROUND_SIZE, draft.rng)
    return finish(draft, "product", (material, ground, depth), light, camera, "flat")


def _share(draft: SceneDraft, limits: tuple[float, float]) -> float:
    return float(np.exp(draft.rng.uniform(*np.log(limits))))


def _beside(draft: SceneDraft, key: Body) -> Body:
    """Return a second key next to the first one, rarely across it."""
    first = draft.bodies[0].vertices()
    distance = float(np.ptp(first[:, 1])) / 2 + draft.uniform(6, 22)
    rotated = key.rotated(rotation_matrix("z", draft.uniform(0, 360)))
    angle = draft.uniform(0, 2 * np.pi)
    offset = np.array([distance * np.cos(angle), distance * np.sin(angle), 0.0])
    return draft.table.put(rotated.translated(offset))
