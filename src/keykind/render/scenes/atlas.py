"""Bodies -> one mesh and one set of pictures that cover it.

In:    a Scene, a random generator
Out:   Atlas: vertices, normals, texture places, faces and their parts; colour, roughness, metal, height
Needs: numpy

Each part has a tile: its surface painted as seen from above. Sides would smear, so the view is oblique: a
step in z moves along the tile too.
"""

from dataclasses import dataclass

import numpy as np

from keykind.render.paint.surfaces import paint
from keykind.render.scenes.layout import Body
from keykind.render.scenes.scene import Scene
from keykind.render.solids import Surface, Triangles

LEAN = np.array([0.35, 0.5])  # mm along the tile for each mm of height
MARGIN = 2  # px around a tile, against bleeding
LEAST = 12  # px, the smallest side of a tile
FINENESS = 1.4  # texels of a key for each pixel of the photo, at the middle of the frame
COARSER = 0.8  # texels of anything else: a forearm at the key's fineness would leave the key a blur
NEAREST = 0.6  # of the way from the lens to what it looks at; what is nearer is hardly in the frame


@dataclass(frozen=True, slots=True)
class Patch:
    """The faces of one part that share one surface."""

    part: int  # row of Scene.parts()
    surface: Surface
    points: np.ndarray  # (n, 3) world, mm
    normals: np.ndarray  # (n, 3)
    faces: np.ndarray  # (m, 3)
    flat: np.ndarray  # (n, 2) places on the tile, mm
    box: tuple[float, float, float, float]  # of the tile, mm: x0, y0, x1, y1


NOWHERE = Patch(  # a scene without things still has a mesh: one triangle far below the ground
    0,
    Surface(False, (0.5, 0.5, 0.5), 1.0),
    np.array([[0.0, 0.0, -9e3], [1.0, 0.0, -9e3], [0.0, 1.0, -9e3]]),
    np.tile([0.0, 0.0, 1.0], (3, 1)),
    np.array([[0, 1, 2]]),
    np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
    (0.0, 0.0, 1.0, 1.0),
)


@dataclass(frozen=True, slots=True)
class Atlas:
    """Everything Mitsuba needs of the things."""

    points: np.ndarray  # (n, 3) float32, mm
    normals: np.ndarray  # (n, 3) float32
    places: np.ndarray  # (n, 2) float32, 0..1, row 0 of the picture at 0
    faces: np.ndarray  # (m, 3) uint32
    parts: np.ndarray  # (m,) int32: row of Scene.parts()
    colour: np.ndarray  # (s, s, 3) float32
    roughness: np.ndarray  # (s, s)
    metallic: np.ndarray  # (s, s)
    height: np.ndarray  # (s, s) mm


def paint_atlas(scene: Scene, rng: np.random.Generator) -> Atlas:
    """Paint every part of the scene and return the whole, its side twice the photo's longer one at least."""
    side = 512 * max(1, -(-max(scene.camera.size) * 2 // 512))
    patches = _patches(scene)
    sizes, corners = _pack(patches, _scales(scene, patches), side)
    pictures = np.zeros((side, side, 6), dtype=np.float32)
    places = []
    for patch, (width, height), (left, top) in zip(patches, sizes, corners, strict=True):
        tile = paint(patch.surface, patch.box, (width, height), rng)
        cell = pictures[top : top + height, left : left + width]
        cell[..., :3], cell[..., 3] = tile.colour, tile.roughness
        cell[..., 4], cell[..., 5] = tile.metallic, tile.height
        x0, y0, x1, y1 = patch.box
        across = (patch.flat - [x0, y1]) / [x1 - x0, y0 - y1] * [width, height]
        places.append((across + np.array([left, top])) / side)
    counts = np.cumsum([0] + [len(patch.points) for patch in patches])
    faces = [patch.faces + start for patch, start in zip(patches, counts, strict=False)]
    return Atlas(
        np.concatenate([patch.points for patch in patches]).astype(np.float32),
        np.concatenate([patch.normals for patch in patches]).astype(np.float32),
        np.concatenate(places).astype(np.float32),
        np.concatenate(faces).astype(np.uint32),
        np.concatenate([np.full(len(patch.faces), patch.part) for patch in patches]).astype(np.int32),
        *(pictures[..., :3], pictures[..., 3], pictures[..., 4], pictures[..., 5]),
    )


def _patches(scene: Scene) -> list[Patch]:
    found: list[Patch] = []
    row = 0
    for thing in scene.things:
        for part, shape in zip(thing.solid.parts, thing.parts, strict=True):
            if not shape.cut.all():
                found.append(_patch(thing, shape, ~shape.cut, row, part.surface))
            if part.cut_surface is not None and shape.cut.any():
                found.append(_patch(thing, shape, shape.cut, row, part.cut_surface))
            row += 1
    return found or [NOWHERE]


def _patch(thing: Body, shape: Triangles, chosen: np.ndarray, part: int, surface: Surface) -> Patch:
    used, faces = np.unique(shape.faces[chosen], return_inverse=True)
    own = shape.vertices[used].astype(np.float64)
    flipped = thing.turn[2, 2] < 0  # its back is up: painted as if the back were the front
    top = own * [1, -1, -1] if flipped else own
    flat = top[:, :2] + top[:, 2:] * LEAN
    low, high = flat.min(axis=0) - 0.2, flat.max(axis=0) + 0.2
    return Patch(
        part,
        surface,
        thing.world(own),
        shape.normals[used] @ thing.turn.T,
        faces.reshape(-1, 3),
        flat,
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )


def _scales(scene: Scene, patches: list[Patch]) -> np.ndarray:
    """Return the texels a mm that each patch deserves: by its distance as the lens sees it, keys the most."""
    camera = scene.camera
    depth = np.array([camera.project(patch.points)[:, 2].min() for patch in patches])
    depth = np.maximum(depth, NEAREST * np.linalg.norm(camera.origin - camera.target))
    pixels = max(camera.size) / 2 / np.tan(np.radians(camera.view) / 2)
    of_keys = {row for row, (place, _) in enumerate(scene.parts()) if place in scene.places_of_keys()}
    fineness = np.array([FINENESS if patch.part in of_keys else COARSER for patch in patches])
    return np.asarray(fineness * pixels / depth)


def _pack(
    patches: list[Patch], scales: np.ndarray, side: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return size and left upper corner of each tile, px, in rows of falling height; shrunk until all fit."""
    spans = np.array([[p.box[2] - p.box[0], p.box[3] - p.box[1]] for p in patches]) * scales[:, None]
    while True:
        sizes = np.clip(np.ceil(spans), LEAST, side - 2 * MARGIN).astype(int)
        corners, bottom = _shelves(sizes, side)
        if bottom <= side:
            return [(int(w), int(h)) for w, h in sizes], corners
        spans = spans * 0.88


def _shelves(sizes: np.ndarray, side: int) -> tuple[list[tuple[int, int]], int]:
    corners = [(0, 0)] * len(sizes)
    left, top, tallest = MARGIN, MARGIN, 0
    for place in np.argsort(-sizes[:, 1], kind="stable"):
        width, height = (int(length) for length in sizes[place])
        if left + width + MARGIN > side:
            left, top, tallest = MARGIN, top + tallest + MARGIN, 0
        corners[place] = (left, top)
        left, tallest = left + width + MARGIN, max(tallest, height)
    return corners, top + tallest + MARGIN
