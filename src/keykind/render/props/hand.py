"""A hand of some size, side and pose, with its forearm, as a solid.

In:    Pose, random generator
Out:   Hand: contact areas of its fingers, its surface, its parts
Needs: numpy, manifold3d    [render]

Lengths are in the frame of the hand: mm, wrist at the origin, fingers towards +x, palm facing +z; the thumb
of a right hand is at -y, that of a left hand at +y. Hands are 160-205 mm long (ISO/TR 7250-2).
"""

from dataclasses import dataclass, replace

import numpy as np
from manifold3d import Manifold, Mesh

from keykind.render.props.hand_mesh import hand_mesh
from keykind.render.props.hand_pose import Pose, contact, joint_frames, reach
from keykind.render.props.hand_wear import Wearer, draw_wear
from keykind.render.solids import Colour, Part, Solid, Surface, Triangles

SIZES = (0.87, 1.07)  # times the 190 mm of the mesh
PLUMPNESS = (-0.2, 1.5)  # mm that the skin lies outside that of the mesh, whose fingers are slim
# Linear RGB of light to dark skin (Fitzpatrick I-VI, from published reflectance spectra).
SKIN_COLOURS: tuple[Colour, ...] = (
    (0.62, 0.39, 0.30),
    (0.54, 0.31, 0.22),
    (0.44, 0.24, 0.155),
    (0.33, 0.165, 0.10),
    (0.19, 0.09, 0.055),
    (0.085, 0.04, 0.026),
)


@dataclass(frozen=True, slots=True)
class Hand:
    """A posed hand."""

    pose: Pose
    size: float  # times the mesh
    plump: float  # mm
    right: bool

    @property
    def scale(self) -> np.ndarray:
        """Return the (3,) factors from the mesh of a right hand to this hand."""
        return self.size * np.array([1.0, 1.0 if self.right else -1.0, 1.0])

    def posed(self, pose: Pose) -> "Hand":
        """Return the hand in another pose."""
        return replace(self, pose=pose)

    def contact(self, finger: int, where: str = "pad") -> tuple[np.ndarray, np.ndarray]:
        """Return the middle of a finger's contact area, (3,) mm, and the direction it faces, (3,)."""
        point, facing = contact(finger, self.pose, where)
        return point * self.scale, facing * self.scale / self.size

    def reached(self, finger: int, point: np.ndarray, facing: np.ndarray, where: str = "pad") -> "Hand":
        """Return the hand with one finger's contact area as near to a point as its joints allow."""
        facing = facing * self.scale / self.size
        return self.posed(reach(self.pose, finger, point / self.scale, facing, where))

    def frames(self) -> np.ndarray:
        """Return the (j, 4, 4) frames of the joints; those of a left hand are mirror images."""
        frames = joint_frames(self.pose)
        frames[:, :3] *= self.scale[:, None]
        return frames

    def vertices(self) -> np.ndarray:
        """Return the (n, 3) vertices of the mesh before it is subdivided, mm."""
        mesh = hand_mesh()
        rest = mesh.vertices + self.plump * mesh.normals
        return np.asarray(mesh.skin(rest, joint_frames(self.pose)) * self.scale)

    def triangles(self) -> Triangles:
        """Return the subdivided triangles of the skin."""
        result = hand_mesh().triangles(self.vertices())
        return result if self.right else _turned(result)

    def solid(self, rng: np.random.Generator) -> Solid:
        """Return the hand with its skin, and with what it wears."""
        mesh = hand_mesh()
        smooth = mesh.subdivision.refine(self.vertices())
        faces = mesh.subdivision.faces if self.right else mesh.subdivision.faces[:, ::-1]
        body = Manifold(Mesh(smooth.astype(np.float32), faces.astype(np.uint32)))
        skin = Part(body, "hand", skin_surface(rng), mesh=self.triangles())
        wear = draw_wear(Wearer(self.frames(), mesh.names, self.size), rng)
        low, high = smooth.min(axis=0), smooth.max(axis=0)
        ends = (float(low[0]), 0.0), (float(high[0]), 0.0)
        return Solid(None, (skin, *wear), *ends, thickness=float(high[2] - low[2]))


def draw_hand(pose: Pose, rng: np.random.Generator) -> Hand:
    """Return a left or right hand of random adult size in a pose."""
    size, plump = float(rng.uniform(*SIZES)), float(rng.uniform(*PLUMPNESS))
    return Hand(pose, size, plump, bool(rng.random() < 0.5))


def skin_surface(rng: np.random.Generator) -> Surface:
    """Return skin of a random tone."""
    position = rng.uniform(0.0, len(SKIN_COLOURS) - 1.0)
    tone = [
        np.interp(position, range(len(SKIN_COLOURS)), [colour[k] for colour in SKIN_COLOURS])
        for k in range(3)
    ]
    colour = np.clip(np.array(tone) * rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3), 0.01, 0.8)
    return Surface(
        False, (float(colour[0]), float(colour[1]), float(colour[2])), rng.uniform(0.4, 0.6), "skin"
    )


def _turned(mesh: Triangles) -> Triangles:
    """Return mirrored triangles with their corners in the opposite order, facing outwards again."""
    return replace(mesh, faces=np.ascontiguousarray(mesh.faces[:, ::-1]), normals=-mesh.normals)
