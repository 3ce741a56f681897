"""A hand that holds a key: an open palm, or thumb and finger in a key pinch.

In:    random generator
Out:   Solid without a kind, mm
Needs: numpy, manifold3d    [render]

Limbs are chains of tapered capsules, blended as signed distance fields so that the skin is smooth at the
joints. Dimensions are those of adults: hand 160-205 mm long, 74-95 mm wide, finger joints 14-22 mm (ISO/TR
7250-2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from manifold3d import Manifold, Mesh
from numpy.typing import ArrayLike

from keykind.render.keys.fittings import VIVID, dark_colour
from keykind.render.keys.sweeps import loft
from keykind.render.solids import Colour, Part, Solid, Surface

GRID = 6.0  # mm, cell size of the distance field
SMOOTH = 0.25  # mm, tolerance when simplifying the mesh
BLEND = 8.0  # mm, width of the blend between limbs; closes gaps that are too narrow for the grid
TAUBIN = (0.6, -0.35) * 3  # Laplacian smoothing factors, alternately shrinking and inflating
MAX_DISTANCE = 100.0  # mm, value of the distance field far from a limb
REST = -9.0  # mm, height of the bones of the palm; its hollow is then near z = 0
# Linear RGB of light to dark skin (Fitzpatrick I-VI, from published reflectance spectra).
SKIN_COLOURS: tuple[Colour, ...] = (
    (0.62, 0.39, 0.30),
    (0.54, 0.31, 0.22),
    (0.44, 0.24, 0.155),
    (0.33, 0.165, 0.10),
    (0.19, 0.09, 0.055),
    (0.085, 0.04, 0.026),
)
# Open right hand, palm up, thumb towards +y; index to little finger: knuckle (x, y), lengths of the three
# phalanges, radii at the four joints, angle to the side in degrees.
FINGERS = (
    ((44.0, 28.0), (43.0, 26.0, 22.0), (10.8, 9.8, 9.0, 8.1), 7.0),
    ((48.0, 9.0), (48.0, 30.0, 24.0), (10.8, 10.0, 9.1, 8.2), 1.0),
    ((45.0, -10.0), (45.0, 28.0, 24.0), (10.5, 9.6, 8.7, 7.9), -5.0),
    ((36.0, -27.0), (35.0, 21.0, 21.0), (10.0, 8.6, 7.8, 7.1), -13.0),
)
# Right hand in key pinch, thumb on top: joints (x, y, z) of each finger from the knuckle, mm.
CURLED = (
    ((-84.0, 24.0, -18.0), (-38.0, 36.0, -15.0), (-16.0, 17.0, -10.0), (-10.0, -4.0, -8.5)),
    ((-87.0, 22.0, -38.0), (-42.0, 34.0, -35.0), (-26.0, 10.0, -31.0), (-44.0, -7.0, -31.0)),
    ((-92.0, 20.0, -57.0), (-51.0, 33.0, -54.0), (-39.0, 9.0, -50.0), (-57.0, -5.0, -49.0)),
    ((-98.0, 16.0, -73.0), (-63.0, 27.0, -71.0), (-53.0, 8.0, -68.0), (-67.0, -3.0, -66.0)),
)

Field = Callable[[np.ndarray], np.ndarray]  # (n, 3) points mm -> (n,) distances mm, negative inside


@dataclass(frozen=True, slots=True)
class Limb:
    """A chain of tapered capsules: joints (n, 3) and their radii (n,), mm."""

    joints: np.ndarray
    radii: np.ndarray

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return the signed distances (m,) in mm of points (m, 3) from the skin, negative inside."""
        reach = float(self.radii.max()) + BLEND + GRID
        low, high = self.joints.min(axis=0) - reach, self.joints.max(axis=0) + reach
        inside = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
        near, distances = points[inside], np.full(len(points), MAX_DISTANCE, dtype=np.float32)
        for k in range(len(self.radii) - 1):
            start, bone = self.joints[k], self.joints[k + 1] - self.joints[k]
            away = near - start.astype(np.float32)
            along = np.clip(away @ (bone / (bone @ bone)).astype(np.float32), 0.0, 1.0)
            away -= along[:, None] * bone.astype(np.float32)
            thick = np.float32(self.radii[k]) + np.float32(self.radii[k + 1] - self.radii[k]) * along
            gap = np.sqrt(np.einsum("ij,ij->i", away, away)) - thick
            distances[inside] = np.minimum(distances[inside], gap)
        return distances


def limb(joints: ArrayLike, radii: ArrayLike) -> Limb:
    """Return a limb with joints (n, 3) and radii (n,), mm."""
    return Limb(np.asarray(joints, dtype=np.float64), np.asarray(radii, dtype=np.float64))


def smooth_min(a: np.ndarray, b: np.ndarray, over: float) -> np.ndarray:
    """Return the smooth minimum of two distance fields, mm. Source: I. Quilez, polynomial smooth minimum."""
    mix = np.clip(0.5 + 0.5 * (b - a) / over, 0.0, 1.0)
    return np.asarray(b + (a - b) * mix - over * mix * (1.0 - mix))


def skin_over(limbs: list[Limb]) -> Manifold:
    """Return the solid of limbs under a common skin."""

    def distance(points: np.ndarray) -> np.ndarray:
        whole = limbs[0].distance(points)
        for chain in limbs[1:]:
            whole = smooth_min(whole, chain.distance(points), BLEND)
        return whole

    low = np.min([(chain.joints - chain.radii[:, None]).min(axis=0) for chain in limbs], axis=0) - GRID
    high = np.max([(chain.joints + chain.radii[:, None]).max(axis=0) for chain in limbs], axis=0) + GRID
    return isosurface(distance, low, high)


def isosurface(distance: Field, low: np.ndarray, high: np.ndarray) -> Manifold:
    """Return the solid bounded by the zero level set of a distance field, within bounds.

    Manifold evaluates the field point by point. A first pass records the points, so that numpy can evaluate
    all of them at once.
    """
    bounds = [*map(float, low), *map(float, high)]
    queries: list[tuple[float, float, float]] = []

    def record(x: float, y: float, z: float) -> float:
        queries.append((x, y, z))
        return -1.0

    Manifold.level_set(record, bounds, GRID)
    points = np.array(queries, dtype=np.float32)
    values = iter((-distance(points)).tolist())
    body = taubin_smooth(Manifold.level_set(lambda *_: next(values), bounds, GRID)).simplify(SMOOTH)
    pieces = body.decompose()  # a closed gap between fingers may leave a bubble
    return max(pieces, key=lambda piece: piece.volume())


def taubin_smooth(body: Manifold) -> Manifold:
    """Return a solid without the notches of the grid between fingers. Source: Taubin 1995."""
    mesh = body.to_mesh()
    vertices = np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3]
    faces = np.asarray(mesh.tri_verts)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()  # each edge once per direction
    count = np.bincount(start, minlength=len(vertices))[:, None]
    for pull in TAUBIN:
        sums = [np.bincount(start, vertices[end, k], minlength=len(vertices)) for k in range(3)]
        vertices = vertices + pull * (np.stack(sums, axis=1) / count - vertices)
    return Manifold(Mesh(vert_properties=vertices.astype(np.float32), tri_verts=faces.astype(np.uint32)))


def skin_surface(rng: np.random.Generator) -> Surface:
    """Return skin of a random tone."""
    position = rng.uniform(0.0, len(SKIN_COLOURS) - 1.0)
    tone = [
        np.interp(position, range(len(SKIN_COLOURS)), [colour[k] for colour in SKIN_COLOURS])
        for k in range(3)
    ]
    colour = np.clip(np.array(tone) * rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3), 0.01, 0.8)
    return Surface(
        False, (float(colour[0]), float(colour[1]), float(colour[2])), rng.uniform(0.45, 0.6), "skin"
    )


def finger(index: int, curl: float, spread: float, rng: np.random.Generator) -> Limb:
    """Return a finger of the open hand.

    curl: degrees at each joint; spread: factor of its angle to the side.
    """
    knuckle, lengths, radii, aside = FINGERS[index]
    turn = np.radians(aside * spread + rng.normal(0.0, 2.0))
    position = np.array([*knuckle, REST + 1.0])
    joints, pitch = [position], 0.0
    for length, share in zip(lengths, (0.8, 1.3, 0.8), strict=True):
        pitch += np.radians(max(curl + rng.normal(0.0, 4.0), 0.0) * share)
        ahead = np.array([np.cos(pitch) * np.cos(turn), np.cos(pitch) * np.sin(turn), np.sin(pitch)])
        position = position + length * ahead
        joints.append(position)
    return limb(joints, radii)


def draw_hand(rng: np.random.Generator) -> Solid:
    """Return an open adult hand, palm up, its hollow at the origin, fingers at +x, forearm at -x."""
    curl, spread, arm = rng.uniform(6.0, 26.0), rng.uniform(0.7, 2.2), rng.uniform(60.0, 130.0)
    palm = [limb([(-46.0, 13.0 - 8.5 * k, REST), (*FINGERS[k][0], REST)], (14.5, 10.5)) for k in range(4)]
    palm.append(limb([(-36.0, 22.0, -5.0), (-10.0, 32.0, -5.0)], (15.0, 12.0)))  # ball of the thumb
    palm.append(limb([(-38.0, -18.0, -6.0), (12.0, -29.0, -7.0)], (13.5, 10.5)))  # ball of the hand
    palm += [limb([(-50.0, y, -11.0), (-60.0 - arm, 1.3 * y, -15.0)], (15.5, 22.0)) for y in (11.0, -11.0)]
    digits = [finger(k, curl * (1.0 + 0.12 * k), spread, rng) for k in range(4)]
    out, up = rng.uniform(-10.0, 12.0), rng.uniform(-4.0, 14.0)
    thumb = [
        (-38.0, 24.0, -8.0),
        (-6.0, 46.0 + out / 3, -4.0),
        (22.0, 60.0 + out, up / 2),
        (46.0, 65.0 + 1.4 * out, up),
    ]
    digits.append(limb(thumb, (15.0, 12.5, 11.2, 9.2)))
    body = skin_over([*palm, *digits])
    parts = [Part(body, "hand", skin_surface(rng))]
    if rng.random() < 0.4:
        parts.append(sleeve((-80.0 - arm / 4, -13.0), arm + 20.0, (42.0, 33.0), rng))
    return assemble_hand(parts, rng)


def draw_pinch(rng: np.random.Generator, thickness: float = 2.4) -> Solid:
    """Return a hand from -x whose thumb and index finger hold a plate of this thickness in mm at (-14, 0)."""
    dips = np.array([0.0, rng.normal(0.0, 2.0), -thickness / 2])
    digits = []
    for joints, (_, _, radii, _) in zip(CURLED, FINGERS, strict=True):
        digits.append(limb(np.array(joints) + dips, radii))
    wrist = np.array([-150.0, 4.0, -32.0])
    across = [wrist + np.array([0.0, 0.0, 12.0 - 9.0 * k]) for k in range(4)]
    palm = [limb([across[k], CURLED[k][0]], (15.0, 11.5)) for k in range(4)]
    palm.append(limb([(-132.0, -5.0, -22.0), (-88.0, -10.0, -12.0)], (17.0, 13.0)))
    arm = rng.uniform(70.0, 140.0)
    sides = [np.array([(-4.0, 0.0, z), (-arm, 2.0, 1.3 * z)]) for z in (11.0, -11.0)]
    palm += [limb(wrist + side, (16.0, 22.0)) for side in sides]
    lean, bow = rng.normal(0.0, 5.0), rng.uniform(-1.0, 5.0)
    thumb = [
        (-112.0, -8.0, -14.0),
        (-74.0, -16.0 + lean, 3.0),
        (-40.0, -8.0 + lean / 2, 10.0 + bow),
        (-14.0, 0.0, thickness / 2 + 8.2),
    ]
    digits.append(limb(thumb, (14.0, 11.8, 11.0, 9.0)))
    nail = fingernail(np.array(thumb[2]), np.array(thumb[3]), 9.0)
    cover = skin_surface(rng)
    pink = tuple(min(1.0, 0.85 * channel + 0.05) for channel in cover.colour)
    parts = [Part(skin_over([*palm, *digits]), "hand", cover)]
    parts.append(Part(nail, "nail", Surface(False, (pink[0], pink[1], pink[2]), 0.25, "painted")))
    if rng.random() < 0.5:
        cuff = sleeve((-165.0 - arm / 4, 0.0), arm, (33.0, 44.0), rng)
        parts.append(Part(cuff.solid.translate((0.0, 5.0, -33.0)), cuff.name, cuff.surface))
    back = rng.uniform(-8.0, 0.0)  # mm, to show more or less of the head
    moved = [Part(part.solid.translate((back, 0.0, 0.0)), part.name, part.surface) for part in parts]
    return assemble_hand(moved, rng)


def fingernail(joint: np.ndarray, tip: np.ndarray, radius: float) -> Manifold:
    """Return the nail on top of a fingertip of this radius, mm."""
    axis = (tip - joint) / np.linalg.norm(tip - joint)
    pitch, yaw = np.degrees(np.arcsin(axis[2])), np.degrees(np.arctan2(axis[1], axis[0]))
    plate = Manifold.sphere(1.0, 24).scale((7.0, radius * 0.68, 2.6))
    placed = plate.translate((1.5, 0.0, radius - 1.9)).rotate((0.0, -float(pitch), float(yaw)))
    return placed.translate((float(tip[0]), float(tip[1]), float(tip[2])))


def sleeve(
    start: tuple[float, float], length: float, radii: tuple[float, float], rng: np.random.Generator
) -> Part:
    """Return an elliptic sleeve with folds, from its opening at (x, z) = `start` towards -x; mm."""
    turns = np.linspace(0.0, 2 * np.pi, 36, endpoint=False)
    wave = rng.normal(0.0, 0.02, (10, 3)).cumsum(axis=0) * 0.5
    rings = []
    for k, x in enumerate(np.linspace(0.0, -length, 10)):
        fold = 1.03 + wave[k, 0] + wave[k, 1] * np.cos(3 * turns + k) + wave[k, 2] * np.sin(2 * turns - k)
        across, over = radii[0] * fold * np.cos(turns), radii[1] * fold * np.sin(turns)
        rings.append(np.column_stack([np.full(36, start[0] + x), -across, start[1] + over]))
    flat = np.column_stack([np.cos(turns), np.sin(turns)])
    inner = [
        np.column_stack([r[:, 0], r[:, 1] * 0.93, start[1] + (r[:, 2] - start[1]) * 0.93]) for r in rings[:4]
    ]
    inner[0] = inner[0] + (1.0, 0.0, 0.0)
    cloth = VIVID[rng.integers(len(VIVID))] if rng.random() < 0.4 else dark_colour(rng)
    body = loft(rings, flat) - loft(inner, flat)
    return Part(body, "sleeve", Surface(False, cloth, 0.85, "woven"))


def assemble_hand(parts: list[Part], rng: np.random.Generator) -> Solid:
    """Return the parts as a left or right hand of random adult size."""
    size = rng.uniform(0.9, 1.07)
    side = float(rng.choice([-1, 1]))
    turned = []
    for part in parts:
        body = part.solid if side > 0 else part.solid.mirror((0.0, 1.0, 0.0))
        turned.append(Part(body.scale((size, size, size)), part.name, part.surface))
    low, high = np.array(turned[0].solid.bounding_box()).reshape(2, 3)
    ends = (float(low[0]), 0.0), (float(high[0]), 0.0)
    return Solid(None, tuple(turned), *ends, thickness=float(high[2] - low[2]))
