"""A scene's name -> the Scene: what lies where, on what, in which light, seen from where.

In:    "product", "phone", "multi" or "nothing"; kinds; the photo's longer side in px; a random generator
Out:   Scene, and how many degenerate solids were drawn again
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keykind.render.paint.backdrops import draw_backdrop
from keykind.render.paint.grounds import MATERIALS, Ground, draw_ground
from keykind.render.paint.lights import draw_light, overshadowed
from keykind.render.scenes.arrangement import accompany, fan, hold, scatter
from keykind.render.scenes.camera import Camera, frame_points
from keykind.render.scenes.camera_style import phone_look, product_look
from keykind.render.scenes.layout import Body, rotation
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.stage import EVERYTHING, Stage, Variety
from keykind.render.solids import DegenerateSolid

SHAPES = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9))  # width : height
GROUND_PX = 768  # side of the ground's texture
# how often, against the others of a table
SHOP_GROUNDS = {"plain": 9, "plastic": 1, "paper": 1, "wood": 0.5, "fabric": 0.4, "stone": 0.4, "metal": 0.3}
SHOP_LIGHTS = {"tent": 4, "window": 2, "office": 1.5, "lamp": 1, "mixed": 1.5}
INDOORS = {"window": 3, "lamp": 1.5, "flash": 1, "dim": 0.7, "office": 1, "mixed": 1.5, "tent": 0.5}
LIGHTS = INDOORS | {"sun": 1, "overcast": 1}
PLAIN_GROUNDS = ("plain", "paper", "plastic", "plaster")  # two in five of all others' photos, at least
POSES = {"flat": 7, "palm": 0.8, "pinch": 1.0, "edge": 0.4, "wall": 0.8}
TRIES = 8  # a scene whose things are degenerate so often in a row has a fault of its own


def stage(
    name: str, kinds: Sequence[str], size: int, rng: np.random.Generator, variety: Variety = EVERYTHING
) -> tuple[Scene, int]:
    """Return the scene of that name and the number of degenerate solids drawn again for it.

    kinds: of the keys in it; a product or phone scene shows keys of kinds[0] only. Keys are drawn again by
    themselves; where anything else is degenerate, the whole scene is.
    Raises DegenerateSolid if every one of TRIES scenes is.
    """
    ruined = 0
    for _ in range(TRIES):
        making = Stage(rng, size, kinds, variety)
        try:
            return DRAW[name](making), ruined + making.ruined
        except DegenerateSolid:
            ruined += making.ruined + 1
    raise DegenerateSolid(f"{name}: {TRIES} scenes in a row held a degenerate solid")


def _product(making: Stage) -> Scene:
    key = making.key(making.kinds[0])
    rng = making.rng
    turn = (
        float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 6))
        if making.chance(0.5)
        else making.between(0, 360)
    )
    floating = making.chance(0.25)
    if floating:
        roll = rotation("y", rng.normal(0, 12)) @ rotation("x", rng.normal(0, 18))
        key = key.turned(roll)
    making.things.append(making.table.put(key.turned(rotation("z", turn))))
    if making.variety.clutter and making.chance(0.1):
        making.things.append(_beside(making, making.key(making.kinds[0])))
    accompany(making, 0.15, making.several(0.08))
    material, light = making.one(SHOP_GROUNDS), making.one(SHOP_LIGHTS)
    tilt = abs(float(rng.normal(0, 10))) if floating or making.chance(0.65) else making.between(20, 55)
    camera = _camera(making, tilt, making.between(15, 40), making.between(0.68, 1.0))
    ground = draw_ground(material, GROUND_PX, rng)
    depth = making.between(3, 40) if floating else 0.0
    return _scene(making, "product", (material, ground, depth), light, camera, "flat")


def _phone(making: Stage) -> Scene:
    rng = making.rng
    pose = making.one(POSES)
    if pose in ("palm", "pinch") and not making.variety.clutter:
        pose = "flat"
    key = making.key(making.kinds[0])
    depth = 0.0
    if pose in ("palm", "pinch"):
        depth = hold(making, key, pose)
    else:
        if pose == "edge":
            key = key.turned(rotation("x", float(rng.choice([-1, 1])) * making.between(50, 90)))
        making.things.append(making.table.put(key.turned(rotation("z", making.between(0, 360)))))
        accompany(making, 0.3, making.several(0.35))
    if depth == 0 and making.variety.clutter and making.chance(0.07):
        making.things.append(_beside(making, making.key(making.kinds[0])))
    tilt = making.between(0, 25) if making.chance(0.5) else making.between(15, 65)
    fill = float(np.exp(rng.normal(np.log(0.68), 0.33)))
    camera = _camera(making, tilt, making.between(45, 72), float(np.clip(fill, 0.25, 1.3)))
    return _surrounded(making, "phone", camera, depth, pose)


def _multi(making: Stage) -> Scene:
    keys = [making.key(str(making.rng.choice(making.kinds))) for _ in range(int(making.rng.integers(2, 9)))]
    if making.chance(0.5):
        fan(making, keys)
    else:
        scatter(making, keys)
    accompany(making, 0.0, making.several(0.5))
    camera = _camera(making, making.between(0, 55), making.between(35, 70), making.between(0.55, 1.1))
    return _surrounded(making, "multi", camera, 0.0, "flat")


def _nothing(making: Stage) -> Scene:
    accompany(making, 0.0, int(making.rng.integers(0, 6)))
    if making.chance(0.15):
        hold(making, None, "palm")
    camera = _camera(making, making.between(0, 65), making.between(35, 72), making.between(0.4, 1.2))
    return _surrounded(making, "nothing", camera, 0.0, "flat")


DRAW = {"product": _product, "phone": _phone, "multi": _multi, "nothing": _nothing}


def _beside(making: Stage, key: Body) -> Body:
    """Return a second key of the same kind laid next to the first, seldom across it."""
    first = making.things[0].vertices()
    reach = float(np.ptp(first[:, 1])) / 2 + making.between(6, 22)
    turned = key.turned(rotation("z", making.between(0, 360)))
    angle = making.between(0, 2 * np.pi)
    return making.table.put(turned.moved(np.array([reach * np.cos(angle), reach * np.sin(angle), 0.0])))


def _surrounded(making: Stage, name: str, camera: Camera, depth: float, pose: str) -> Scene:
    rng = making.rng
    if depth > 0:
        material, ground = "backdrop", _backdrop(depth, rng)
    else:
        plain = making.chance(0.4)
        material = str(rng.choice(PLAIN_GROUNDS if plain else MATERIALS))
        ground = draw_ground(material, GROUND_PX, rng)
    return _scene(making, name, (material, ground, depth), making.one(LIGHTS), camera, pose)


def _backdrop(depth: float, rng: np.random.Generator) -> Ground:
    colour = draw_backdrop(GROUND_PX, rng)
    flat = np.zeros(colour.shape[:2], dtype=np.float32)
    return Ground(colour, flat + 1.0, flat, flat, depth * float(rng.uniform(1.2, 2.5)) + 60)


def _camera(making: Stage, tilt: float, view: float, fill: float) -> Camera:
    """Return a camera tilted from straight above, the keys (or all, without keys) filling that share."""
    keys = [thing for thing in making.things if thing.solid.kind is not None] or making.things
    points = np.concatenate([thing.vertices() for thing in keys]) if keys else _empty(making)
    around = making.between(0, 2 * np.pi)
    tilt = tilt if making.variety.tilt else 0.0
    sight = np.radians(tilt)
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    span = float(np.ptp(points[:, :2], axis=0).max())
    offset = making.rng.normal(0, 0.06 * span / max(fill, 0.4), 2)
    target = target + np.array([offset[0], offset[1], 0.0])
    direction = np.array([np.sin(sight) * np.cos(around), np.sin(sight) * np.sin(around), np.cos(sight)])
    shape = np.array(SHAPES[int(making.rng.choice(len(SHAPES), p=[0.28, 0.22, 0.22, 0.12, 0.08, 0.08]))])
    width, height = (shape * making.size / shape.max()).round().astype(int)
    up = _up(direction, making)
    camera = Camera(target + direction * 100, target, up, view, 0.01, 100.0, (int(width), int(height)))
    framed = frame_points(camera, points, fill)
    making.facts |= {"tilt": round(tilt, 1), "view": round(view, 1), "fill": round(fill, 3)}
    return _opened(framed, making)


def _empty(making: Stage) -> np.ndarray:
    reach = making.between(20, 120)
    return np.array([[-reach, -reach, 0.0], [reach, reach, 0.0]])


def _up(direction: np.ndarray, making: Stage) -> np.ndarray:
    """Return an upward direction: mostly upright as people hold a phone, rolled a little."""
    sideways = np.array([-direction[1], direction[0], 0.0])
    if np.linalg.norm(sideways) < 1e-3:
        sideways = np.array([1.0, 0.0, 0.0])
    sideways = sideways / np.linalg.norm(sideways)
    upright = np.cross(direction, sideways)
    roll = making.rng.normal(0, np.radians(12))
    return np.asarray(upright * np.cos(roll) + sideways * np.sin(roll))


def _opened(camera: Camera, making: Stage) -> Camera:
    """Return the camera with the lens of a phone, or wider, and a focus that sometimes misses."""
    wide = making.between(0.6, 2.0) if making.chance(0.8) else making.between(2.0, 5.0)
    miss = 1.0 if making.chance(0.85) else making.between(0.9, 1.15)
    aperture = min(wide, camera.focus / 30)
    return replace(camera, aperture=aperture, focus=camera.focus * miss)


def _scene(
    making: Stage, name: str, below: tuple[str, Ground, float], light: str, camera: Camera, pose: str
) -> Scene:
    """Return what was made so far under that light and on that ground: its material, texture, depth in mm."""
    if name == "product":
        look = product_look(below[0] == "plain" and making.chance(0.65), making.rng)
    else:
        look = phone_look(making.rng)
    lean = {"wall": 90.0, "pinch": making.between(0, 90)}.get(pose, 0.0)
    turn = rotation("x", lean) @ rotation("z", making.between(0, 360))
    material, ground, depth = below
    facts = making.facts | {"ground": material, "light": light, "pose": pose}
    return Scene(
        name,
        tuple(making.things),
        ground,
        making.between(0, 360),
        depth,
        _lit(making, light, turn, camera, 0.3 if name == "product" else 0.6),
        turn,
        camera,
        look,
        facts,
    )


def _lit(making: Stage, name: str, turn: np.ndarray, camera: Camera, often: float) -> np.ndarray:
    """Return the light of that name, less what the phone keeps off: flat metal seen from above mirrors it."""
    light = draw_light(name, making.rng)
    if not making.variety.light:
        return np.ones_like(light)
    if not making.chance(often):
        return light
    towards = (camera.origin - camera.target) / np.linalg.norm(camera.origin - camera.target)
    mirrored = towards * [-1, -1, 1] if making.chance(0.7) else towards
    radius, level = np.radians(making.between(12, 50)), making.between(0.02, 0.35)
    return overshadowed(light, turn.T @ mirrored, radius, level)
