"""Scene and what was seen of it -> labels that no hand could draw.

In:    Scene, the map of parts at FINE times the photo's size
Out:   per photo a dict for JSON, with masks as COCO run lengths
Needs: numpy    [render]
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from keykind.core.geometry import corners_of, encode, rectangle_along
from keykind.render.scenes.camera import seen_area
from keykind.render.scenes.layout import Body
from keykind.render.scenes.scene import Scene
from keykind.render.studio.renderer import FINE

SEEN = 4  # label pixels: fewer of a key and it is not in the photo


def label_scene(scene: Scene, parts: np.ndarray, seed: int, number: int) -> dict[str, Any]:
    """Return the label of a photo: its keys, its scene, its seed.

    parts (f h, f w) int32 as Seen.parts. A key has kind, box (4 corners along the key, around what is seen),
    head, tip (px of the photo, also where they are hidden or outside), masks (COCO run lengths at the photo's
    size) of the whole, of the bow and of the blade, and the fractions hidden by other things and cut off by
    the frame.
    """
    rows = scene.parts()
    width, height = scene.camera.size
    shown = per_pixel(parts, (height, width))
    keys = []
    for place in scene.places_of_keys():
        names = {row: name for row, (thing, name) in enumerate(rows) if thing == place}
        if np.isin(parts, list(names)).sum() >= SEEN:
            keys.append(_key(scene, place, names, parts, shown))
    return {
        "width": width,
        "height": height,
        "scene": scene.name,
        "seed": seed,
        "number": number,
        "keys": keys,
        "others": [thing.solid.parts[0].name for thing in scene.things if thing.solid.kind is None],
        "parameters": scene.facts | {"look": asdict(scene.look)},
    }


def _key(
    scene: Scene, place: int, names: dict[int, str], parts: np.ndarray, shown: np.ndarray
) -> dict[str, Any]:
    thing, camera = scene.things[place], scene.camera
    whole = np.isin(parts, list(names))
    mask = np.isin(shown, list(names))
    blade = np.isin(shown, [row for row, name in names.items() if name == "blade"])
    complete, within = seen_area(thing.corners(), camera)
    seen = float(whole.mean()) * camera.size[0] * camera.size[1]  # px of the photo
    ends = camera.project(thing.world(np.array([(*thing.solid.head, 0.0), (*thing.solid.tip, 0.0)])))
    return {
        "kind": thing.solid.kind,
        "box": rectangle(whole, ends[1, :2] - ends[0, :2]),
        "head": [round(float(x), 1) for x in ends[0, :2]],
        "tip": [round(float(x), 1) for x in ends[1, :2]],
        "mask": encode(mask),
        "bow": encode(mask & ~blade),
        "blade": encode(blade),
        "occluded": round(float(np.clip(1 - seen / max(within, 1), 0, 1)), 3),
        "made": _made(thing),
        "cut_off": round(float(np.clip(1 - within / max(complete, 1), 0, 1)), 3),
    }


def _made(thing: Body) -> dict[str, Any]:
    """Return what the key is made of: the surface of its blade, and whether its head is moulded."""
    parts = thing.solid.parts
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


def per_pixel(parts: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return what each pixel shows: the part with most of its 2 x 2 places, the highest row among equals.

    parts (2 h, 2 w) -> (h, w), for size (h, w): one part a pixel, so that masks never share one.
    """
    height, width = size
    blocks = parts.reshape(height, 2, width, 2).swapaxes(1, 2).reshape(height, width, 4)
    a, b, c, d = np.moveaxis(np.sort(blocks, axis=-1), -1, 0)
    return np.asarray(np.where(c == d, d, np.where(b == c, c, np.where(a == b, a, d))))


def rectangle(mask: np.ndarray, along: np.ndarray) -> list[list[float]]:
    """Return the 4 corners of the rectangle around a mask at FINE 2 that lies along (2,), in px of the photo.

    The mask (2 h, 2 w) is not empty.
    """
    corners = rectangle_along(corners_of(mask) / FINE, along)
    return [[round(float(x), 1), round(float(y), 1)] for x, y in corners]
