"""Render one photo with its label.

In:    Renderer, scene name, kinds, size in px, seed of the dataset and index of the photo, Assets
Out:   RenderedPhoto: image, JPEG, label
Needs: numpy, pillow, manifold3d, mitsuba    [render]

A photo depends on these arguments alone, not on the photos before it or the process that renders it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from keykind.render.paint.assets import NO_ASSETS, Assets
from keykind.render.paint.graphics import draw_graphic
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.draft import FULL_VARIATION, Variation
from keykind.render.scenes.names import SINGLE_KIND_SCENES
from keykind.render.scenes.scene import Scene
from keykind.render.scenes.scene_builder import build_scene
from keykind.render.solids import DegenerateSolid, Solid
from keykind.render.studio.denoise import denoise
from keykind.render.studio.isp import apply_isp, encode_jpeg
from keykind.render.studio.labels import label_scene
from keykind.render.studio.renderer import LABEL_SCALE, GBuffer, Renderer

MIN_BLADE = 0.007  # share of the frame; the kind cannot be recognised from a smaller blade
MAX_TRIES = 30  # scenes drawn until one shows the blade of its key; about one in ten does not
LARGE = 400  # px, longer side; a large photo has more pixels per key, which need fewer samples each
SAMPLES, LARGE_SAMPLES = 9, 4  # per pixel; only two numbers, because Mitsuba compiles kernels for each


@dataclass(frozen=True, slots=True)
class RenderedPhoto:
    """A photo and its ground truth."""

    photo: Image.Image  # before JPEG compression
    jpeg: bytes
    label: dict[str, Any]
    redrawn: int  # degenerate solids discarded for it


def render_photo(  # noqa: PLR0913 - all that a photo depends on
    renderer: Renderer,
    scene_name: str,
    kinds: Sequence[str],
    size: int,
    seed: tuple[int, int],
    variation: Variation = FULL_VARIATION,
    *,
    assets: Assets = NO_ASSETS,
    key: Solid | None = None,
) -> RenderedPhoto:
    """Render one photo, `size` px on its longer side; seed is (seed of the dataset, index of the photo).

    key: the first key in the scene, to photograph one key several times; None: a random one.

    Raises DegenerateSolid if no usable scene is found, KeykindError if a file of the assets cannot be read.
    """
    rng = np.random.default_rng(seed)

    def draw() -> tuple[Scene, int]:
        return build_scene(scene_name, kinds, size, rng, variation, assets, key)

    scene, gbuffer, redrawn = _draw_scene(renderer, draw, rng)
    samples = SAMPLES if size < LARGE else LARGE_SAMPLES
    radiance, noise = renderer.render_radiance(gbuffer, scene.camera, samples, int(rng.integers(2**31)))
    height, width = radiance.shape[:2]
    foreground = gbuffer.parts.reshape(height, LABEL_SCALE, width, LABEL_SCALE) >= 0
    photo = apply_isp(denoise(radiance, noise, gbuffer), scene.style, foreground.mean(axis=(1, 3)), rng)
    if scene.style.graphics:
        graphic = draw_graphic(photo.size, rng)
        photo = Image.alpha_composite(photo.convert("RGBA"), graphic).convert("RGB")
    return RenderedPhoto(
        photo, encode_jpeg(photo, scene.style), label_scene(scene, gbuffer.parts, *seed), redrawn
    )


def _draw_scene(
    renderer: Renderer, draw: Callable[[], tuple[Scene, int]], rng: np.random.Generator
) -> tuple[Scene, GBuffer, int]:
    """Return a scene that `draw` returned, its G-buffer, and the number of degenerate solids discarded.

    Raises DegenerateSolid if MAX_TRIES scenes in a row hide the blade of their key.
    """
    redrawn = 0
    for _ in range(MAX_TRIES):
        scene, discarded = draw()
        redrawn += discarded
        gbuffer = renderer.render_gbuffer(scene, paint_atlas(scene, rng), int(rng.integers(2**31)))
        if scene.name not in SINGLE_KIND_SCENES or _shows_blade(scene, gbuffer):
            return scene, gbuffer, redrawn
    raise DegenerateSolid(f"{scene.name}: {MAX_TRIES} scenes in a row hide the blade of their key")


def _shows_blade(scene: Scene, gbuffer: GBuffer) -> bool:
    first = scene.key_indices()[0]
    blade = [row for row, part in enumerate(scene.parts()) if part == (first, "blade")]
    return bool(np.isin(gbuffer.parts, blade).mean() >= MIN_BLADE)
