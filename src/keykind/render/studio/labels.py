"""Derive the label of a photo from its scene and its part map.

In:    Scene, part map at LABEL_SCALE times the size of the photo
Out:   dict of JSON values, with masks as COCO run lengths
Needs: numpy, pillow, manifold3d    [render]
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from keykind.core.geometry import encode_rle, mask_corners, oriented_rectangle
from keykind.render.scenes.camera import projected_area
from keykind.render.scenes.layout import Body
from keykind.render.scenes.scene import Scene
from keykind.render.studio.renderer import LABEL_SCALE

MIN_VISIBLE = 4  # pixels of the part map; a key with fewer is not labelled


def label_scene(scene: Scene, parts: np.ndarray, seed: int, index: int) -> dict[str, Any]:
    """Return the label of a photo: its keys, its remotes, its scene, its seed.

    parts: (s h, s w) int32 as in GBuffer.parts. Each key has its kind, box (4 corners, aligned with the key,
    around the visible pixels), head and tip (px of the photo, also if hidden or outside it), masks (COCO run
    lengths at the size of the photo) of the whole key, its bow and its blade, and the shares of its area that
    are occluded by other objects and cut off by the frame. Remotes and folded flip keys have the same fields
    without kind, bow, blade and material.
    """
    width, height = scene.camera.size
    rows = scene.parts()
    pixels = majority_part(parts, (height, width))
    bodies = _mapped(parts, [body for body, _ in rows])
    whole = _mapped(pixels, [body for body, _ in rows])
    blades = _mapped(pixels, [body if name == "blade" else -1 for body, name in rows])
    visible = np.bincount(bodies[bodies >= 0], minlength=len(scene.bodies))
    keys = []
    for i in scene.key_indices():
        if visible[i] >= MIN_VISIBLE:
            place = _label_place(scene, i, bodies == i, whole == i)
            keys.append({"kind": scene.bodies[i].solid.kind} | place | _label_key(scene, i, whole, blades))
    remotes = [
        _label_place(scene, i, bodies == i, whole == i)
        for i in scene.remote_indices()
        if visible[i] >= MIN_VISIBLE
    ]
    others = [
        body.solid.parts[0].name
        for body in scene.bodies
        if body.solid.kind is None and not body.solid.bladeless
    ]
    return {
        "width": width,
        "height": height,
        "scene": scene.name,
        "seed": seed,
        "number": index,
        "keys": keys,
        "remotes": remotes,
        "others": others,
        "parameters": scene.facts | {"look": asdict(scene.style)},
    }


def _mapped(parts: np.ndarray, values: list[int]) -> np.ndarray:
    """Return the value of the part at each place of a part map, -1 where there is none."""
    return np.asarray(np.array([*values, -1])[np.where(parts >= 0, parts, len(values))])


def _label_place(scene: Scene, index: int, visible: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """Return box, ends, mask, occlusion and truncation of scene.bodies[index].

    visible: (s h, s w) bool, its places in the part map; mask: (h, w) bool, its pixels of the photo.
    """
    body, camera = scene.bodies[index], scene.camera
    total, in_frame = projected_area(body.triangle_corners(), camera)
    visible_area = float(visible.mean()) * camera.size[0] * camera.size[1]  # px of the photo
    ends = camera.project(body.to_world(np.array([(*body.solid.head, 0.0), (*body.solid.tip, 0.0)])))
    return {
        "box": oriented_box(visible, ends[1, :2] - ends[0, :2]),
        "head": [round(float(x), 1) for x in ends[0, :2]],
        "tip": [round(float(x), 1) for x in ends[1, :2]],
        "mask": encode_rle(mask),
        "occluded": round(float(np.clip(1 - visible_area / max(in_frame, 1), 0, 1)), 3),
        "cut_off": round(float(np.clip(1 - in_frame / max(total, 1), 0, 1)), 3),
    }


def _label_key(scene: Scene, index: int, whole: np.ndarray, blades: np.ndarray) -> dict[str, Any]:
    """Return the masks of bow and blade, and the material, of the key scene.bodies[index].

    whole, blades: (h, w) int, index of the body at each pixel, and where it is a blade.
    """
    return {
        "bow": encode_rle((whole == index) & (blades != index)),
        "blade": encode_rle(blades == index),
        "made": _material(scene.bodies[index]),
    }


def _material(body: Body) -> dict[str, Any]:
    """Return the surface of the key's blade, and whether its head is moulded."""
    parts = body.solid.parts
    blade = next(part.surface for part in parts if part.name == "blade")
    return {
        "metal": blade.metal,
        "colour": [round(level, 3) for level in blade.colour],
        "finish": blade.finish,
        "roughness": round(blade.roughness, 3),
        "wear": round(blade.wear, 3),
        "rust": round(blade.rust, 3),
        "moulded": any(not part.surface.metal for part in parts if part.name != "blade"),
    }


def majority_part(parts: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the part that covers most of each pixel; ties go to the higher index.

    parts (2 h, 2 w) -> (h, w), with size (h, w). One part per pixel, so that masks never overlap.
    """
    height, width = size
    blocks = parts.reshape(height, 2, width, 2).swapaxes(1, 2).reshape(height, width, 4)
    a, b, c, d = np.moveaxis(np.sort(blocks, axis=-1), -1, 0)
    return np.asarray(np.where(c == d, d, np.where(b == c, c, np.where(a == b, a, d))))


def oriented_box(mask: np.ndarray, axis: np.ndarray) -> list[list[float]]:
    """Return the 4 corners, px of the photo, of the rectangle around a mask that is aligned with axis (2,).

    The mask (s h, s w), s = LABEL_SCALE, must not be empty.
    """
    corners = oriented_rectangle(mask_corners(mask) / LABEL_SCALE, axis)
    return [[round(float(x), 1), round(float(y), 1)] for x, y in corners]
