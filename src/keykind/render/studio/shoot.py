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
from keykind.render.scenes.stage import EVERYTHING, Variety
from keykind.render.scenes.staging import stage
from keykind.render.studio.cleaning import cleaned
from keykind.render.studio.develop import develop, jpeg
from keykind.render.studio.labels import label_scene
from keykind.render.studio.tracer import Tracer

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
    scene, redrawn = stage(name, kinds, size, rng, variety)
    atlas = paint_atlas(scene, rng)
    traced = tracer.trace(scene, atlas, SAMPLES, int(rng.integers(2**31)))
    height, width = traced.light.shape[:2]
    things = traced.parts.reshape(height, traced.parts.shape[0] // height, width, -1) >= 0
    photo = develop(cleaned(traced), scene.look, things.mean(axis=(1, 3)), rng)
    if scene.look.graphics:
        drawn = draw_graphic(photo.size, rng)
        photo = Image.alpha_composite(photo.convert("RGBA"), drawn).convert("RGB")
    return Shot(photo, jpeg(photo, scene.look), label_scene(scene, traced.parts, *seed), redrawn)
