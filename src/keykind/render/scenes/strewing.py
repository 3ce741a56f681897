"""Strew cut-out pictures of small things on the ground, beside the keys.

In:    SceneDraft with its bodies and its assets, Ground and its angle, Camera
Out:   Ground
Needs: numpy, pillow, manifold3d    [render]
"""

import numpy as np

from keykind.render.paint.cutouts import Sticker, draw_length, lay_stickers
from keykind.render.paint.grounds import Ground
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import CELL, rotation_matrix

COUNT = 0.65  # probability of each further thing
SAME = 0.6  # share of things that are pictured by the file before: coins and screws come in numbers
REACH = 0.75  # times the frame: half of the side of the ground that is painted anew
MAX_WIDTH = 1500.0  # mm, of that ground; on a wider one the things would be too coarse
MAX_TRIES = 8  # positions tried before a thing is left out


def strew(draft: SceneDraft, ground: Ground, angle: float, camera: Camera) -> Ground:
    """Return the ground with things on it where no body is; angle: of the ground, degrees about z."""
    distance = float(np.linalg.norm(camera.origin - camera.target))
    reach = REACH * 2 * float(np.tan(np.radians(camera.fov) / 2)) * distance
    width = 2 * (reach + float(np.abs(camera.target[:2]).max()))
    if width > MAX_WIDTH:
        return ground
    files = draft.assets.clutter
    stickers: list[Sticker] = []
    path = files[int(draft.rng.integers(len(files)))]
    for _ in range(1 + draft.geometric(COUNT)):
        if not draft.chance(SAME):
            path = files[int(draft.rng.integers(len(files)))]
        length = draw_length(path, draft.rng)
        for _ in range(MAX_TRIES):
            place = camera.target[:2] + draft.rng.uniform(-reach, reach, 2) / (2 * REACH)
            if _is_free(draft, place, length / 2, stickers):
                stickers.append(Sticker(path, (place[0], place[1]), length, draft.uniform(0, 360)))
                break
    draft.facts["strewn"] = [sticker.path.name for sticker in stickers]
    turn = rotation_matrix("z", angle)[:2, :2]
    turned = [Sticker(s.path, tuple(np.array(s.position) @ turn), s.length, s.angle) for s in stickers]
    return lay_stickers(ground, turned, width, draft.rng) if turned else ground


def _is_free(draft: SceneDraft, place: np.ndarray, radius: float, others: list[Sticker]) -> bool:
    """Return whether a disc on the table, (2,) mm and its radius, touches no body and no other thing."""
    if any(np.hypot(*(place - other.position)) < radius + other.length / 2 for other in others):
        return False
    heights = draft.table.heights
    middle = len(heights) / 2
    row, column = (int(value / CELL + middle) for value in (place[1], place[0]))
    reach = int(np.ceil(radius / CELL))
    window = heights[
        max(row - reach, 0) : max(row + reach, 0), max(column - reach, 0) : max(column + reach, 0)
    ]
    return not bool((window > 0).any())
