"""Choose ground or backdrop, light and camera style around the bodies of a scene.

In:    SceneDraft with its bodies, name of the scene, Camera
Out:   Scene
Needs: numpy, pillow, manifold3d    [render]
"""

import numpy as np

from keykind.render.paint.backdrops import draw_backdrop
from keykind.render.paint.environments import draw_environment
from keykind.render.paint.grounds import MATERIALS, Ground, draw_ground
from keykind.render.paint.lights import add_occluder, draw_light
from keykind.render.paint.photo_grounds import draw_photo_background, draw_photo_ground
from keykind.render.paint.textures import draw_texture
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.camera_style import phone_style, product_style
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import rotation_matrix
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.strewing import strew

GROUND_SIZE = 1024  # px, side of the ground's texture, as of real ones: Mitsuba compiles for each size
# relative frequencies
INDOOR_LIGHTS = {"window": 3, "lamp": 1.5, "flash": 1, "dim": 0.7, "office": 1, "mixed": 1.5, "tent": 0.5}
LIGHTS = INDOOR_LIGHTS | {"sun": 1, "overcast": 1}
PLAIN_GROUNDS = ("plain", "paper", "plastic", "plaster")
TEXTURE_SHARE = 0.65  # of the grounds, where there are textures
PHOTO_SHARE = 0.15  # of the grounds, where there are photos
PHOTO_WIDTH = (1.0, 2.2)  # times the frame that a photo spans as the ground
BEHIND_SHARE = 0.85  # of distant backgrounds, where there are photos
BACKGROUND_WIDTH = (1.0, 1.6)  # times the frame
BACKGROUND_ROLL = 6.0  # degrees, standard deviation
REAL_LIGHT_SHARE = 0.75  # of the scenes, where there are environment maps
STREWN_SHARE = 0.3  # of the scenes on a ground, where there are cut-out pictures
MAX_PHOTO_TILT = 45.0  # degrees; seen at a lower angle, a photo as the ground is a picture, not a table
PLAIN_SHARE = 0.4  # of the drawn grounds, one of PLAIN_GROUNDS; the rest are of any material
PLAIN_BESIDE_REAL = 0.75  # the same where there are textures or photos, which are seldom plain


def with_surroundings(draft: SceneDraft, name: str, camera: Camera, depth: float, pose: str) -> Scene:
    """Return the scene on a random ground in random light; depth > 0 mm: in front of a distant backdrop."""
    material, ground = _backdrop(draft, camera, depth) if depth > 0 else _ground(draft, camera)
    return finish(draft, name, (material, ground, depth), draft.choose(LIGHTS), camera, pose)


def _ground(draft: SceneDraft, camera: Camera) -> tuple[str, Ground]:
    """Return the name of the material or file, and the ground: a texture, a photo or a drawn one."""
    rng, assets = draft.rng, draft.assets
    real = draft.uniform(0, 1) if assets.grounds or assets.behind else 1.0
    if assets.grounds and real < TEXTURE_SHARE:
        texture = assets.grounds[int(rng.integers(len(assets.grounds)))]
        return texture.colour.name, draw_texture(texture, rng)
    steep = camera.axes()[2, 2] < -np.cos(np.radians(MAX_PHOTO_TILT))
    if assets.behind and steep and TEXTURE_SHARE <= real < TEXTURE_SHARE + PHOTO_SHARE:
        path = assets.behind[int(rng.integers(len(assets.behind)))]
        return path.name, draw_photo_ground(path, _frame(camera) * draft.uniform(*PHOTO_WIDTH), rng)
    plain = draft.chance(PLAIN_BESIDE_REAL if assets.grounds or assets.behind else PLAIN_SHARE)
    material = str(rng.choice(PLAIN_GROUNDS if plain else MATERIALS))
    return material, draw_ground(material, GROUND_SIZE, rng)


def _backdrop(draft: SceneDraft, camera: Camera, depth: float) -> tuple[str, Ground]:
    """Return the name and the texture of a distant background: a photo or a drawn one."""
    rng, behind = draft.rng, draft.assets.behind
    if behind and draft.chance(BEHIND_SHARE):
        path = behind[int(rng.integers(len(behind)))]
        width = _frame(camera, depth) * draft.uniform(*BACKGROUND_WIDTH)
        distance = float(np.linalg.norm(camera.target - camera.origin)) + depth
        circle = camera.aperture * abs(distance / camera.focus - 1)  # radius of the lens's blur there, mm
        return path.name, draw_photo_background(path, width, circle / width, rng)
    colour = draw_backdrop(GROUND_SIZE, rng)
    zeros = np.zeros(colour.shape[:2], dtype=np.float32)
    return "backdrop", Ground(colour, zeros + 1.0, zeros, zeros, depth * float(rng.uniform(1.2, 2.5)) + 60)


def _frame(camera: Camera, depth: float = 0.0) -> float:
    """Return the length, mm, that the longer side of the photo spans at a depth behind the target."""
    distance = float(np.linalg.norm(camera.target - camera.origin)) + depth
    return 2 * float(np.tan(np.radians(camera.fov) / 2)) * distance


def finish(
    draft: SceneDraft, name: str, floor: tuple[str, Ground, float], style: str, camera: Camera, pose: str
) -> Scene:
    """Return the scene; floor: material or file, ground, depth in mm; style: of the light, if it is drawn."""
    if name == "product":
        look = product_style(floor[0] == "plain" and draft.chance(0.65), draft.rng)
    else:
        look = phone_style(draft.rng)
    lean = {"wall": 90.0, "held": draft.uniform(20, 105), "hung": 90.0}.get(pose, 0.0)
    rotation = rotation_matrix("x", lean) @ rotation_matrix("z", draft.uniform(0, 360))
    material, ground, depth = floor
    angle = float(draft.rng.normal(0, BACKGROUND_ROLL)) if ground.facing else draft.uniform(0, 360)
    if draft.assets.clutter and name != "product" and depth == 0 and draft.variation.clutter:
        ground = strew(draft, ground, angle, camera) if draft.chance(STREWN_SHARE) else ground
    lamp, light = _light(draft, style)
    light = _occluded(draft, light, rotation, camera, 0.3 if name == "product" else 0.6)
    facts = draft.facts | {"ground": material, "light": lamp, "pose": pose}
    bodies = tuple(draft.bodies)
    return Scene(name, bodies, ground, angle, depth, light, rotation, camera, look, facts)


def _light(draft: SceneDraft, style: str) -> tuple[str, np.ndarray]:
    """Return the file or style of the light, and its environment map."""
    lights = draft.assets.lights
    if lights and draft.chance(REAL_LIGHT_SHARE):
        path = lights[int(draft.rng.integers(len(lights)))]
        return path.name, draw_environment(path, draft.rng)
    return style, draw_light(style, draft.rng)


def _occluded(
    draft: SceneDraft, light: np.ndarray, rotation: np.ndarray, camera: Camera, probability: float
) -> np.ndarray:
    """Return the light, with this probability shadowed by the phone that takes the photo.

    Flat metal seen from above mirrors it.
    """
    if not draft.variation.light:
        return np.ones_like(light)
    if not draft.chance(probability):
        return light
    towards = (camera.origin - camera.target) / np.linalg.norm(camera.origin - camera.target)
    mirrored = towards * [-1, -1, 1] if draft.chance(0.7) else towards
    radius, level = np.radians(draft.uniform(12, 50)), draft.uniform(0.02, 0.35)
    return add_occluder(light, rotation.T @ mirrored, radius, level)
