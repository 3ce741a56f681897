"""Merge the bodies of a scene into one mesh with one texture atlas.

In:    Scene, random generator
Out:   Atlas: vertices, normals, texture coordinates, faces, parts; colour, roughness, metallic, height
Needs: numpy, pillow, manifold3d    [render]

Each surface of a part has a tile, textured by parallel projection. The projection is oblique, so that a step
in z also moves along the tile: seen straight from above, the texture would smear along vertical sides.
"""

from dataclasses import dataclass

import numpy as np

from keykind.render.paint.surfaces import paint
from keykind.render.scenes.layout import Body
from keykind.render.scenes.scene import Scene
from keykind.render.solids import Surface, Triangles

SHEAR = np.array([0.35, 0.5])  # mm along the tile per mm of height
MARGIN = 2  # px around a tile, against bleeding
MIN_TILE = 12  # px, shortest side of a tile
KEY_TEXELS = 1.4  # per pixel of the photo, of keys and remotes
PROP_TEXELS = 0.8  # per pixel; at the resolution of a key, a forearm would leave no room for the key
MIN_DEPTH = 0.6  # of the distance from the lens to its target; closer parts are hardly in the frame


@dataclass(frozen=True, slots=True)
class Patch:
    """The faces of one part that share one surface."""

    part: int  # row of Scene.parts()
    surface: Surface
    vertices: np.ndarray  # (n, 3) world, mm
    normals: np.ndarray  # (n, 3)
    faces: np.ndarray  # (m, 3)
    projected: np.ndarray  # (n, 2) positions on the tile, mm
    box: tuple[float, float, float, float]  # of the tile, mm: x0, y0, x1, y1


EMPTY = Patch(  # an empty scene still needs a mesh: one triangle far below the ground
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
    """The mesh and the textures of all bodies, as Mitsuba needs them."""

    vertices: np.ndarray  # (n, 3) float32, mm
    normals: np.ndarray  # (n, 3) float32
    uvs: np.ndarray  # (n, 2) float32, texture coordinates 0..1; row 0 of the texture is at 0
    faces: np.ndarray  # (m, 3) uint32
    parts: np.ndarray  # (m,) int32: row of Scene.parts()
    colour: np.ndarray  # (s, s, 3) float32
    roughness: np.ndarray  # (s, s)
    metallic: np.ndarray  # (s, s)
    height: np.ndarray  # (s, s) mm


def paint_atlas(scene: Scene, rng: np.random.Generator) -> Atlas:
    """Return the mesh and the painted textures; their side is at least twice the photo's longer side."""
    side = 512 * max(1, -(-max(scene.camera.size) * 2 // 512))
    patches = _patches(scene)
    sizes, corners = _pack(patches, _scales(scene, patches), side)
    textures = np.zeros((side, side, 6), dtype=np.float32)
    uvs = []
    for patch, (width, height), (left, top) in zip(patches, sizes, corners, strict=True):
        tile = paint(patch.surface, patch.box, (width, height), rng)
        cell = textures[top : top + height, left : left + width]
        cell[..., :3], cell[..., 3] = tile.colour, tile.roughness
        cell[..., 4], cell[..., 5] = tile.metallic, tile.height
        x0, y0, x1, y1 = patch.box
        pixels = (patch.projected - [x0, y1]) / [x1 - x0, y0 - y1] * [width, height]
        uvs.append((pixels + np.array([left, top])) / side)
    starts = np.cumsum([0] + [len(patch.vertices) for patch in patches])
    faces = [patch.faces + start for patch, start in zip(patches, starts, strict=False)]
    return Atlas(
        np.concatenate([patch.vertices for patch in patches]).astype(np.float32),
        np.concatenate([patch.normals for patch in patches]).astype(np.float32),
        np.concatenate(uvs).astype(np.float32),
        np.concatenate(faces).astype(np.uint32),
        np.concatenate([np.full(len(patch.faces), patch.part) for patch in patches]).astype(np.int32),
        *(textures[..., :3], textures[..., 3], textures[..., 4], textures[..., 5]),
    )


def _patches(scene: Scene) -> list[Patch]:
    patches: list[Patch] = []
    row = 0
    for body in scene.bodies:
        for part, mesh in zip(body.solid.parts, body.parts, strict=True):
            if not mesh.cut.all():
                patches.append(_patch(body, mesh, ~mesh.cut, row, part.surface))
            if part.cut_surface is not None and mesh.cut.any():
                patches.append(_patch(body, mesh, mesh.cut, row, part.cut_surface))
            row += 1
    return patches or [EMPTY]


def _patch(body: Body, mesh: Triangles, selected: np.ndarray, part: int, surface: Surface) -> Patch:
    """Return the selected faces (m,) bool of a mesh as a patch."""
    used, faces = np.unique(mesh.faces[selected], return_inverse=True)
    local = mesh.vertices[used].astype(np.float64)
    flipped = body.rotation[2, 2] < 0  # the back is up: project from there
    top = local * [1, -1, -1] if flipped else local
    projected = top[:, :2] + top[:, 2:] * SHEAR if mesh.uvs is None else mesh.uvs[used].astype(np.float64)
    low, high = projected.min(axis=0) - 0.2, projected.max(axis=0) + 0.2
    return Patch(
        part,
        surface,
        body.to_world(local),
        mesh.normals[used] @ body.rotation.T,
        faces.reshape(-1, 3),
        projected,
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )


def _scales(scene: Scene, patches: list[Patch]) -> np.ndarray:
    """Return the resolution of each patch in texels per mm: by its depth, and finer for keys."""
    camera = scene.camera
    depth = np.array([camera.project(patch.vertices)[:, 2].min() for patch in patches])
    depth = np.maximum(depth, MIN_DEPTH * np.linalg.norm(camera.origin - camera.target))
    focal_length = max(camera.size) / 2 / np.tan(np.radians(camera.fov) / 2)  # px
    sharp = {*scene.key_indices(), *scene.remote_indices()}
    of_keys = {row for row, (body, _) in enumerate(scene.parts()) if body in sharp}
    texels = np.array([KEY_TEXELS if patch.part in of_keys else PROP_TEXELS for patch in patches])
    return np.asarray(texels * focal_length / depth)


def _pack(
    patches: list[Patch], scales: np.ndarray, side: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the size and the top left corner of each tile, px, scaled down until all tiles fit."""
    spans = np.array([[p.box[2] - p.box[0], p.box[3] - p.box[1]] for p in patches]) * scales[:, None]
    while True:
        sizes = np.clip(np.ceil(spans), MIN_TILE, side - 2 * MARGIN).astype(int)
        corners, bottom = _shelves(sizes, side)
        if bottom <= side:
            return [(int(w), int(h)) for w, h in sizes], corners
        spans = spans * 0.88


def _shelves(sizes: np.ndarray, side: int) -> tuple[list[tuple[int, int]], int]:
    """Pack tiles into rows of decreasing height; return their corners and the height that is needed, px."""
    corners = [(0, 0)] * len(sizes)
    left, top, row_height = MARGIN, MARGIN, 0
    for i in np.argsort(-sizes[:, 1], kind="stable"):
        width, height = (int(length) for length in sizes[i])
        if left + width + MARGIN > side:
            left, top, row_height = MARGIN, top + row_height + MARGIN, 0
        corners[i] = (left, top)
        left, row_height = left + width + MARGIN, max(row_height, height)
    return corners, top + row_height + MARGIN
