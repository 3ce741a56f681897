"""Build a scene by name: bodies, ground, lighting, camera.

In:    "product", "phone", "multi" or "nothing"; kinds; longer side of the photo in px; random generator
Out:   Scene, number of degenerate solids discarded
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keykind.render.paint.backdrops import draw_backdrop
from keykind.render.paint.grounds import MATERIALS, Ground, draw_ground
from keykind.render.paint.lights import add_occluder, draw_light
from keykind.render.scenes.arrangement import add_props, fan_on_ring, put_in_hand, scatter
from keykind.render.scenes.camera import Camera, frame_points
from keykind.render.scenes.camera_style import phone_style, product_style
from keykind.render.scenes.draft import FULL_VARIATION, SceneDraft, Variation
from keykind.render.scenes.layout import Body, rotation_matrix
from keykind.render.scenes.scene import Scene
from keykind.render.solids import DegenerateSolid

ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9))  # width : height
ASPECT_SHARES = (0.28, 0.22, 0.22, 0.12, 0.08, 0.08)
GROUND_SIZE = 768  # px, side of the ground's texture
# relative frequencies
PRODUCT_GROUNDS = {
    "plain": 9, "plastic": 1, "paper": 1, "wood": 0.5, "fabric": 0.4, "stone": 0.4, "metal": 0.3,
}  # fmt: skip
PRODUCT_LIGHTS = {"tent": 4, "window": 2, "office": 1.5, "lamp": 1, "mixed": 1.5}
INDOOR_LIGHTS = {"window": 3, "lamp": 1.5, "flash": 1, "dim": 0.7, "office": 1, "mixed": 1.5, "tent": 0.5}
LIGHTS = INDOOR_LIGHTS | {"sun": 1, "overcast": 1}
PLAIN_GROUNDS = ("plain", "paper", "plastic", "plaster")
PLAIN_SHARE = 0.4  # of the other scenes, on a ground of PLAIN_GROUNDS; the rest are on any ground
POSES = {"flat": 7, "palm": 0.8, "pinch": 1.0, "edge": 0.4, "wall": 0.8}
MAX_TRIES = 8  # scenes; if this many in a row contain a degenerate prop, there is a bug


def build_scene(
    name: str,
    kinds: Sequence[str],
    size: int,
    rng: np.random.Generator,
    variation: Variation = FULL_VARIATION,
) -> tuple[Scene, int]:
    """Return a scene, and the number of degenerate solids discarded for it.

    kinds: of the keys in it; product and phone scenes show keys of kinds[0] only. A degenerate key is redrawn
    alone; if anything else is degenerate, the whole scene is redrawn.
    Raises DegenerateSolid after MAX_TRIES such scenes.
    """
    discarded = 0
    for _ in range(MAX_TRIES):
        draft = SceneDraft(rng, size, kinds, variation)
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
    material, light = draft.choose(PRODUCT_GROUNDS), draft.choose(PRODUCT_LIGHTS)
    tilt = abs(float(rng.normal(0, 10))) if floating or draft.chance(0.65) else draft.uniform(20, 55)
    camera = _camera(draft, tilt, draft.uniform(15, 40), draft.uniform(0.68, 1.0))
    ground = draw_ground(material, GROUND_SIZE, rng)
    depth = draft.uniform(3, 40) if floating else 0.0
    return _finish(draft, "product", (material, ground, depth), light, camera, "flat")


def _phone(draft: SceneDraft) -> Scene:
    rng = draft.rng
    pose = draft.choose(POSES)
    if pose in ("palm", "pinch") and not draft.variation.clutter:
        pose = "flat"
    key = draft.draw_key(draft.kinds[0])
    depth = 0.0
    if pose in ("palm", "pinch"):
        depth = put_in_hand(draft, key, pose)
    else:
        if pose == "edge":
            key = key.rotated(rotation_matrix("x", float(rng.choice([-1, 1])) * draft.uniform(50, 90)))
        draft.bodies.append(draft.table.put(key.rotated(rotation_matrix("z", draft.uniform(0, 360)))))
        add_props(draft, 0.3, draft.geometric(0.35))
    if depth == 0 and draft.variation.clutter and draft.chance(0.07):
        draft.bodies.append(_beside(draft, draft.draw_key(draft.kinds[0])))
    tilt = draft.uniform(0, 25) if draft.chance(0.5) else draft.uniform(15, 65)
    fill = float(np.exp(rng.normal(np.log(0.68), 0.33)))
    camera = _camera(draft, tilt, draft.uniform(45, 72), float(np.clip(fill, 0.25, 1.3)))
    return _with_surroundings(draft, "phone", camera, depth, pose)


def _multi(draft: SceneDraft) -> Scene:
    keys = [draft.draw_key(str(draft.rng.choice(draft.kinds))) for _ in range(int(draft.rng.integers(2, 9)))]
    if draft.chance(0.5):
        fan_on_ring(draft, keys)
    else:
        scatter(draft, keys)
    add_props(draft, 0.0, draft.geometric(0.5))
    camera = _camera(draft, draft.uniform(0, 55), draft.uniform(35, 70), draft.uniform(0.55, 1.1))
    return _with_surroundings(draft, "multi", camera, 0.0, "flat")


def _nothing(draft: SceneDraft) -> Scene:
    add_props(draft, 0.0, int(draft.rng.integers(0, 6)))
    if draft.chance(0.15):
        put_in_hand(draft, None, "palm")
    camera = _camera(draft, draft.uniform(0, 65), draft.uniform(35, 72), draft.uniform(0.4, 1.2))
    return _with_surroundings(draft, "nothing", camera, 0.0, "flat")


BUILDERS = {"product": _product, "phone": _phone, "multi": _multi, "nothing": _nothing}


def _beside(draft: SceneDraft, key: Body) -> Body:
    """Return a second key next to the first one, rarely across it."""
    first = draft.bodies[0].vertices()
    distance = float(np.ptp(first[:, 1])) / 2 + draft.uniform(6, 22)
    rotated = key.rotated(rotation_matrix("z", draft.uniform(0, 360)))
    angle = draft.uniform(0, 2 * np.pi)
    offset = np.array([distance * np.cos(angle), distance * np.sin(angle), 0.0])
    return draft.table.put(rotated.translated(offset))


def _with_surroundings(draft: SceneDraft, name: str, camera: Camera, depth: float, pose: str) -> Scene:
    """Return the scene on a random ground in random light; depth > 0 mm: in front of a distant backdrop."""
    rng = draft.rng
    if depth > 0:
        material, ground = "backdrop", _backdrop(depth, rng)
    else:
        plain = draft.chance(PLAIN_SHARE)
        material = str(rng.choice(PLAIN_GROUNDS if plain else MATERIALS))
        ground = draw_ground(material, GROUND_SIZE, rng)
    return _finish(draft, name, (material, ground, depth), draft.choose(LIGHTS), camera, pose)


def _backdrop(depth: float, rng: np.random.Generator) -> Ground:
    colour = draw_backdrop(GROUND_SIZE, rng)
    zeros = np.zeros(colour.shape[:2], dtype=np.float32)
    return Ground(colour, zeros + 1.0, zeros, zeros, depth * float(rng.uniform(1.2, 2.5)) + 60)


def _camera(draft: SceneDraft, tilt: float, fov: float, fill: float) -> Camera:
    """Return a camera tilted from the vertical, in degrees, that the keys fill to this share of the frame.

    Without keys, all bodies fill it.
    """
    keys = [body for body in draft.bodies if body.solid.kind is not None] or draft.bodies
    points = np.concatenate([body.vertices() for body in keys]) if keys else _empty_area(draft)
    azimuth = draft.uniform(0, 2 * np.pi)
    tilt = tilt if draft.variation.tilt else 0.0
    polar = np.radians(tilt)
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    span = float(np.ptp(points[:, :2], axis=0).max())
    offset = draft.rng.normal(0, 0.06 * span / max(fill, 0.4), 2)
    target = target + np.array([offset[0], offset[1], 0.0])
    direction = np.array([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)])
    aspect = np.array(ASPECTS[int(draft.rng.choice(len(ASPECTS), p=ASPECT_SHARES))])
    width, height = (aspect * draft.size / aspect.max()).round().astype(int)
    up = _up(direction, draft)
    camera = Camera(target + direction * 100, target, up, fov, 0.01, 100.0, (int(width), int(height)))
    framed = frame_points(camera, points, fill)
    draft.facts |= {"tilt": round(tilt, 1), "view": round(fov, 1), "fill": round(fill, 3)}
    return _with_lens(framed, draft)


def _empty_area(draft: SceneDraft) -> np.ndarray:
    half = draft.uniform(20, 120)
    return np.array([[-half, -half, 0.0], [half, half, 0.0]])


def _up(direction: np.ndarray, draft: SceneDraft) -> np.ndarray:
    """Return the up vector of a camera held upright but for a small roll."""
    sideways = np.array([-direction[1], direction[0], 0.0])
    if np.linalg.norm(sideways) < 1e-3:
        sideways = np.array([1.0, 0.0, 0.0])
    sideways = sideways / np.linalg.norm(sideways)
    upright = np.cross(direction, sideways)
    roll = draft.rng.normal(0, np.radians(12))
    return np.asarray(upright * np.cos(roll) + sideways * np.sin(roll))


def _with_lens(camera: Camera, draft: SceneDraft) -> Camera:
    """Return the camera with the aperture of a phone or a wider one, and a focus that is sometimes off."""
    wide = draft.uniform(0.6, 2.0) if draft.chance(0.8) else draft.uniform(2.0, 5.0)
    focus_error = 1.0 if draft.chance(0.85) else draft.uniform(0.9, 1.15)
    aperture = min(wide, camera.focus / 30)
    return replace(camera, aperture=aperture, focus=camera.focus * focus_error)


def _finish(
    draft: SceneDraft, name: str, floor: tuple[str, Ground, float], light: str, camera: Camera, pose: str
) -> Scene:
    """Return the scene; floor: material, ground, depth in mm; light: its style."""
    if name == "product":
        style = product_style(floor[0] == "plain" and draft.chance(0.65), draft.rng)
    else:
        style = phone_style(draft.rng)
    lean = {"wall": 90.0, "pinch": draft.uniform(0, 90)}.get(pose, 0.0)
    rotation = rotation_matrix("x", lean) @ rotation_matrix("z", draft.uniform(0, 360))
    material, ground, depth = floor
    facts = draft.facts | {"ground": material, "light": light, "pose": pose}
    return Scene(
        name,
        tuple(draft.bodies),
        ground,
        draft.uniform(0, 360),
        depth,
        _lighting(draft, light, rotation, camera, 0.3 if name == "product" else 0.6),
        rotation,
        camera,
        style,
        facts,
    )


def _lighting(
    draft: SceneDraft, name: str, rotation: np.ndarray, camera: Camera, occluded: float
) -> np.ndarray:
    """Return the environment map of a lighting style, with probability `occluded` shadowed by the phone.

    Flat metal seen from above mirrors the phone that takes the photo.
    """
    light = draw_light(name, draft.rng)
    if not draft.variation.light:
        return np.ones_like(light)
    if not draft.chance(occluded):
        return light
    towards = (camera.origin - camera.target) / np.linalg.norm(camera.origin - camera.target)
    mirrored = towards * [-1, -1, 1] if draft.chance(0.7) else towards
    radius, level = np.radians(draft.uniform(12, 50)), draft.uniform(0.02, 0.35)
    return add_occluder(light, rotation.T @ mirrored, radius, level)
