"""Seed and number -> one photo with its label.

In:    an Order (scene, kinds, size), a seed, the photo's number, a Tracer
Out:   Shot: the JPEG's bytes, the label
Needs: numpy, pillow, manifold3d, mitsuba    [render]

Photo i of seed s depends on nothing else: not on the photos before it, nor on who renders it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from keykind.render.paint.graphics import draw_graphic
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.names import OF_ONE_KIND
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.scene_builder import stage
from keykind.render.scenes.stage import EVERYTHING, Variety
from keykind.render.solids import DegenerateSolid
from keykind.render.studio.denoise import cleaned
from keykind.render.studio.isp import develop, jpeg
from keykind.render.studio.labels import label_scene
from keykind.render.studio.renderer import FINE, Seen, Tracer

LEAST_BLADE = 0.007  # share of the frame; of a smaller blade nobody can say what it is
TRIES = 30  # scenes drawn until one shows the blade of its key; about one in ten does not
SAMPLES = 9  # a pixel; one number for all scenes, since another would compile the kernels again


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo and what is known of it."""

    photo: Image.Image
    file: bytes  # JPEG
    label: dict[str, Any]
    redrawn: int  # degenerate solids thrown away on the way


def shoot(
    tracer: Tracer,
    name: str,
    kinds: Sequence[str],
    size: int,
    seed: tuple[int, int],
    variety: Variety = EVERYTHING,
) -> Shot:
    """Render one photo; seed is (seed of the set, number of the photo)."""
    rng = np.random.default_rng(seed)
    scene, seen, redrawn = _arranged(tracer, name, kinds, size, variety, rng)
    light = tracer.expose(seen, scene.camera, SAMPLES, int(rng.integers(2**31)))
    height, width = light.shape[:2]
    things = seen.parts.reshape(height, FINE, width, FINE) >= 0
    photo = develop(cleaned(light, seen), scene.look, things.mean(axis=(1, 3)), rng)
    if scene.look.graphics:
        drawn = draw_graphic(photo.size, rng)
        photo = Image.alpha_composite(photo.convert("RGBA"), drawn).convert("RGB")
    return Shot(photo, jpeg(photo, scene.look), label_scene(scene, seen.parts, *seed), redrawn)


def _arranged(
    tracer: Tracer, name: str, kinds: Sequence[str], size: int, variety: Variety, rng: np.random.Generator
) -> tuple[Scene, Seen, int]:
    """Return a scene, what is seen of it, and how many degenerate solids were drawn again for it.

    Raises DegenerateSolid if each of TRIES scenes hides the blade of its key.
    """
    redrawn = 0
    for _ in range(TRIES):
        scene, ruined = stage(name, kinds, size, rng, variety)
        redrawn += ruined
        seen = tracer.look(scene, paint_atlas(scene, rng), int(rng.integers(2**31)))
        if name not in OF_ONE_KIND or _shows_blade(scene, seen):
            return scene, seen, redrawn
    raise DegenerateSolid(f"{name}: {TRIES} scenes in a row hide the blade")


def _shows_blade(scene: Scene, seen: Seen) -> bool:
    first = scene.places_of_keys()[0]
    blade = [row for row, part in enumerate(scene.parts()) if part == (first, "blade")]
    return bool(np.isin(seen.parts, blade).mean() >= LEAST_BLADE)
