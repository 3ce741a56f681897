"""The mesh of a right hand with its forearm: subdivided, skinned to the joints of a pose.

In:    hand.npz (see hand_import.py), frames of the joints
Out:   HandMesh: rest shape, joints, weights; triangles of a posed hand
Needs: numpy, manifold3d    [render]

Coordinates: mm, wrist at the origin, fingers towards +x, palm facing +z, thumb towards -y.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from keykind.render.solids import Triangles

TEXTURE_MM = 300.0  # mm of skin per unit of texture coordinates, on average
FOREARM = "forearm"  # name of the joint that is added to those of the file
# Forearm: x of its rings from the wrist, half width along y, half thickness along z; mm. Men's and women's
# forearms are 52-65 mm wide at the wrist and 85-100 mm near the elbow (ISO/TR 7250-2).
FOREARM_X = (-38.0, -62.0, -95.0, -135.0, -180.0, -230.0, -280.0, -330.0, -400.0)
FOREARM_Y = (27.5, 29.0, 32.5, 37.5, 43.0, 46.5, 47.0, 45.0, 46.0)
FOREARM_Z = (20.0, 22.0, 26.0, 31.5, 37.0, 41.0, 43.0, 44.0, 46.0)
FOREARM_V = (1.03, 1.40)  # its strip of the texture, below that of the hand
BEND_X = (16.0, -16.0)  # mm, between which the wrist bends


@dataclass(frozen=True, slots=True)
class Subdivision:
    """One step of Loop subdivision of a closed mesh."""

    edges: np.ndarray  # (e, 2)
    opposite: np.ndarray  # (e, 2), the third corners of the two faces of each edge
    valence: np.ndarray  # (n,) number of edges at each vertex
    faces: np.ndarray  # (4 m, 3) of the result

    def refine(self, vertices: np.ndarray) -> np.ndarray:
        """Return (n + e, 3) vertices of the subdivided mesh. Source: Loop 1987; Warren 1995 for beta."""
        a, b = vertices[self.edges[:, 0]], vertices[self.edges[:, 1]]
        middle = 0.375 * (a + b) + 0.125 * vertices[self.opposite].sum(axis=1)
        sums = np.zeros_like(vertices)
        np.add.at(sums, self.edges[:, 0], b)
        np.add.at(sums, self.edges[:, 1], a)
        beta = np.where(self.valence > 3, 3.0 / (8.0 * self.valence), 3.0 / 16.0)[:, None]
        return np.concatenate([vertices * (1 - beta * self.valence[:, None]) + beta * sums, middle])


@dataclass(frozen=True, slots=True)
class HandMesh:
    """The hand at rest, open, with its forearm; the last joint is that of the forearm."""

    vertices: np.ndarray  # (n, 3) mm
    faces: np.ndarray  # (m, 3)
    normals: np.ndarray  # (n, 3)
    weights: np.ndarray  # (n, j), rows sum to 1
    names: tuple[str, ...]  # of the j joints
    joints: np.ndarray  # (j, 4, 4): -z to the fingertip, y to the back of the hand, x the axis of flexion
    subdivision: Subdivision
    corners: np.ndarray  # (k,) vertex of the subdivided mesh at each texture vertex
    uvs: np.ndarray  # (k, 2) mm on the texture
    uv_faces: np.ndarray  # (4 m, 3), rows of uvs

    def index(self, name: str) -> int:
        """Return the index of a joint."""
        return self.names.index(name)

    def skin(self, rest: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Return (n, 3): vertices at rest moved with the joints (linear blend skinning).

        frames: (j, 4, 4) of the posed joints.
        """
        moves = frames @ np.linalg.inv(self.joints)
        blended = np.einsum("nj,jab->nab", self.weights, moves[:, :3])
        return np.asarray(np.einsum("nab,nb->na", blended[..., :3], rest) + blended[..., 3])

    def triangles(self, posed: np.ndarray) -> Triangles:
        """Return the subdivided triangles, with texture coordinates, of (n, 3) posed vertices."""
        smooth = self.subdivision.refine(posed)
        normals = vertex_normals(smooth, self.subdivision.faces)
        return Triangles(
            smooth[self.corners].astype(np.float32),
            normals[self.corners].astype(np.float32),
            self.uv_faces.astype(np.uint32),
            np.zeros(len(self.uv_faces), dtype=bool),
            self.uvs.astype(np.float32),
        )


@cache
def hand_mesh() -> HandMesh:
    """Return the hand of the package, read once."""
    with (files("keykind.render.props") / "hand.npz").open("rb") as stream, np.load(stream) as data:
        stored = {name: data[name] for name in data.files}
    vertices, faces = stored["vertices"].astype(np.float64), stored["faces"].astype(np.int64)
    names = (*(str(name) for name in stored["names"]), FOREARM)
    weights = np.zeros((len(vertices), len(names)))
    rows = np.arange(len(vertices))[:, None]
    np.add.at(weights, (rows, stored["weight_joints"]), stored["weights"].astype(np.float64))
    uvs, uv_faces = stored["uvs"].astype(np.float64), stored["uv_faces"].astype(np.int64)
    vertices, faces, uvs, uv_faces = _with_forearm(vertices, faces, uvs, uv_faces)
    weights = _bending_at_the_wrist(vertices, weights, names)
    joints = np.concatenate([stored["joints"].astype(np.float64), np.eye(4)[None]])
    subdivision = _subdivision(faces, len(vertices))
    fine = _subdivision(uv_faces, len(uvs), closed=False)
    middles = uvs[fine.edges].mean(axis=1)
    corners = np.zeros(len(uvs) + len(fine.edges), dtype=np.int64)
    corners[fine.faces.ravel()] = subdivision.faces.ravel()
    return HandMesh(
        vertices,
        faces,
        vertex_normals(vertices, faces),
        weights / weights.sum(axis=1, keepdims=True),
        names,
        joints,
        subdivision,
        corners,
        np.concatenate([uvs, middles]) * TEXTURE_MM,
        fine.faces,
    )


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return (n, 3) unit normals, weighted by the areas of the faces."""
    corners = vertices[faces]
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    np.add.at(normals, faces.ravel(), np.repeat(areas, 3, axis=0))
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9))


def _subdivision(faces: np.ndarray, count: int, closed: bool = True) -> Subdivision:
    """Return the tables of one step; closed: every edge has two faces (otherwise `opposite` is not used)."""
    directed = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges, index = np.unique(np.sort(directed, axis=1), axis=0, return_inverse=True)
    index = index.ravel()
    third = np.roll(faces, -2, axis=1).ravel()
    opposite = np.zeros((len(edges), 2), dtype=np.int64)
    if closed:
        order = np.argsort(index, kind="stable")
        opposite = third[order].reshape(-1, 2)
    middle = count + index.reshape(-1, 3)  # of edges 01, 12, 20
    a, b, c = faces.T
    ab, bc, ca = middle.T
    quarters = [np.column_stack([a, ab, ca]), np.column_stack([ab, b, bc]), np.column_stack([ca, bc, c])]
    refined = np.concatenate([*quarters, middle])
    return Subdivision(edges, opposite, np.bincount(edges.ravel(), minlength=count), refined)


def _boundary(faces: np.ndarray) -> np.ndarray:
    """Return the vertices of the only open edge loop, in order, against the direction of its faces."""
    directed = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2).tolist()
    present = {(a, b) for a, b in directed}
    following = {b: a for a, b in directed if (b, a) not in present}
    loop = [min(following)]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    return np.array(loop)


def _with_forearm(
    vertices: np.ndarray, faces: np.ndarray, uvs: np.ndarray, uv_faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices, faces, uvs, uv_faces with rings of a forearm sewn to the open wrist, and its end."""
    loop = _boundary(faces)
    count, sides = len(FOREARM_X), len(loop)
    start = vertices[loop]
    centre = start.mean(axis=0)
    angles = np.arctan2(start[:, 2] - centre[2], start[:, 1] - centre[1])
    rings = [
        np.column_stack([np.full(sides, x), centre[1] + y * np.cos(angles), centre[2] + z * np.sin(angles)])
        for x, y, z in zip(FOREARM_X, FOREARM_Y, FOREARM_Z, strict=True)
    ]
    rings[0][:, 1:] = (rings[0][:, 1:] + start[:, 1:]) / 2
    rows = np.concatenate([loop[None], len(vertices) + np.arange(count * sides).reshape(count, sides)])
    end = len(vertices) + count * sides
    v = np.interp([centre[0], *FOREARM_X], [FOREARM_X[-1], centre[0]], FOREARM_V[::-1])
    grid = np.stack(np.meshgrid(np.linspace(0, 1, sides + 1), v), axis=-1)
    uv_rows = len(uvs) + np.arange((count + 1) * (sides + 1)).reshape(count + 1, sides + 1)
    tip = len(uvs) + grid.shape[0] * grid.shape[1]
    sides_of = np.concatenate([rows, rows[:, :1]], axis=1)
    tube, uv_tube = (_quads(table) for table in (sides_of, uv_rows))
    cap = np.stack([np.roll(rows[-1], -1), np.full(sides, end), rows[-1]], axis=1)
    uv_cap = np.stack([uv_rows[-1, 1:], np.full(sides, tip), uv_rows[-1, :-1]], axis=1)
    return (
        np.concatenate([vertices, *rings, [[FOREARM_X[-1], centre[1], centre[2]]]]),
        np.concatenate([faces, tube, cap]),
        np.concatenate([uvs, grid.reshape(-1, 2), [[0.5, FOREARM_V[1] + 0.01]]]),
        np.concatenate([uv_faces, uv_tube, uv_cap]),
    )


def _quads(table: np.ndarray) -> np.ndarray:
    """Return the triangles between the rows of a table of vertices."""
    a, b, c, d = table[:-1, :-1], table[:-1, 1:], table[1:, :-1], table[1:, 1:]
    halves = [np.stack([a, b, c], axis=-1), np.stack([b, d, c], axis=-1)]
    return np.concatenate([half.reshape(-1, 3) for half in halves])


def _bending_at_the_wrist(vertices: np.ndarray, weights: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return (n, j) weights, those of the wrist moved to the forearm behind the wrist."""
    t = np.clip((vertices[:, 0] - BEND_X[0]) / (BEND_X[1] - BEND_X[0]), 0.0, 1.0)
    share = t * t * (3 - 2 * t)
    result = np.zeros((len(vertices), len(names)))
    result[: len(weights)] = weights
    wrist = names.index("wrist")
    result[len(weights) :, wrist] = 1.0
    result[:, -1] = result[:, wrist] * share
    result[:, wrist] *= 1 - share
    return result
