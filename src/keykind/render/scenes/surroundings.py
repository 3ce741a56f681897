"""Choose ground or backdrop, light and camera style around the bodies of a scene.

In:    SceneDraft with its bodies, name of the scene, Camera
Out:   Scene
Needs: numpy, pillow, manifold3d    [render]
"""

import numpy as np

from keykind.render.paint.backdrops import draw_backdrop
from keykind.render.paint.grounds import MATERIALS, Ground, draw_ground
from keykind.render.paint.lights import add_occluder, draw_light
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.camera_style import phone_style, product_style
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import rotation_matrix
from keykind.render.scenes.scene import Scene

GROUND_SIZE = 768  # px, side of the ground's texture
# relative frequencies
INDOOR_LIGHTS = {"window": 3, "lamp": 1.5, "flash": 1, "dim": 0.7, "office": 1, "mixed": 1.5, "tent": 0.5}
LIGHTS = INDOOR_LIGHTS | {"sun": 1, "overcast": 1}
PLAIN_GROUNDS = ("plain", "paper", "plastic", "plaster")
PLAIN_SHARE = 0.4  # of the other scenes, on a ground of PLAIN_GROUNDS; the rest are on any ground


def with_surroundings(draft: SceneDraft, name: str, camera: Camera, depth: float, pose: str) -> Scene:
    """Return the scene on a random ground in random light; depth > 0 mm: in front of a distant backdrop."""
    rng = draft.rng
    if depth > 0:
        material, ground = "backdrop", _backdrop(depth, rng)
    else:
        plain = draft.chance(PLAIN_SHARE)
        material = str(rng.choice(PLAIN_GROUNDS if plain else MATERIALS))
        ground = draw_ground(material, GROUND_SIZE, rng)
    return finish(draft, name, (material, ground, depth), draft.choose(LIGHTS), camera, pose)


def _backdrop(depth: float, rng: np.random.Generator) -> Ground:
    colour = draw_backdrop(GROUND_SIZE, rng)
    zeros = np.zeros(colour.shape[:2], dtype=np.float32)
    return Ground(colour, zeros + 1.0, zeros, zeros, depth * float(rng.uniform(1.2, 2.5)) + 60)


def finish(
    draft: SceneDraft, name: str, floor: tuple[str, Ground, float], light: str, camera: Camera, pose: str
) -> Scene:
    """Return the scene; floor: material, ground, depth in mm; light: its style."""
    if name == "product":
        style = product_style(floor[0] == "plain" and draft.chance(0.65), draft.rng)
    else:
        style = phone_style(draft.rng)
    lean = {"wall": 90.0, "held": draft.uniform(20, 105), "hung": 90.0}.get(pose, 0.0)
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
