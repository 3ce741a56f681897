"""Convert the hand of the WebXR input profiles into the mesh and the skin maps that the renderer reads.

In:    right.glb of the npm package @webxr-input-profiles/assets (dist/profiles/generic-hand), MIT licence
Out:   props/hand.npz: mesh, joints, weights; paint/skin.npz: maps of nails, creases, flush and palm
Needs: numpy    [render]

Run once by developers: python -m keykind.render.props.hand_import right.glb
Coordinates: mm, wrist at the origin, fingers towards +x, palm facing +z, thumb towards -y: a right hand.
"""

import json
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RENDER = Path(__file__).parents[1]
TYPES = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}  # glTF 2.0, accessor.componentType
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
JSON_START = 20  # bytes; after the header of the file and that of the JSON chunk
WELD = 1e-6  # m; vertices on the seams of the texture are duplicated
CAP_V = 0.22  # the cap that closes the wrist is the only island in this corner of the texture
CAP_U = (0.16, 0.30)
AXES = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])  # rows: x, y, z in the file's axes
FINGERS = ("thumb", "index-finger", "middle-finger", "ring-finger", "pinky-finger")
MAP_SIDE = 512  # px, sharp maps; 0.6 mm per pixel
SOFT_STEP = 4  # the soft maps are smaller by this factor
# Creases of the palm: polylines (x, y) mm. Life line, head line, heart line, two at the wrist.
PALM_LINES = (
    ((82, -33), (76, -18), (64, -5), (48, 2), (30, 1), (14, -5)),
    ((82, -32), (74, -14), (66, 4), (56, 22), (50, 32)),
    ((101, -12), (94, 2), (86, 14), (79, 27), (75, 42)),
    ((4, -22), (1, 0), (3, 22)),
    ((-3, -20), (-6, 0), (-4, 20)),
)
FOREARM_PALM = 0.25  # of the forearm; the same in paint.skin
MARGIN = 6  # px, by which the maps reach beyond the islands of the texture


@dataclass(frozen=True, slots=True)
class HandFile:
    """The hand as in the file, in our axes and mm."""

    vertices: np.ndarray  # (n, 3), welded
    faces: np.ndarray  # (m, 3), without the cap of the wrist
    uvs: np.ndarray  # (k, 2)
    uv_faces: np.ndarray  # (m, 3), rows of uvs
    weights: np.ndarray  # (n, 25)
    names: tuple[str, ...]  # of the 25 joints
    joints: np.ndarray  # (25, 4, 4), joint to hand

    def joint(self, name: str) -> np.ndarray:
        """Return the (4, 4) frame of a joint: -z to the fingertip, y to the back of the hand."""
        return np.asarray(self.joints[self.names.index(name)])


@dataclass(frozen=True, slots=True)
class Texels:
    """What lies at each texel of a square texture."""

    inside: np.ndarray  # (s, s) bool
    position: np.ndarray  # (s, s, 3) mm
    normal: np.ndarray  # (s, s, 3)
    finger: np.ndarray  # (s, s) index into FINGERS, -1 for the palm


def read_glb(path: Path) -> HandFile:
    """Return the hand in a binary glTF file. Source: Khronos glTF 2.0 specification, section 4."""
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    scene = json.loads(data[JSON_START : JSON_START + length])
    binary = data[JSON_START + length + 8 :]

    def array(index: int) -> np.ndarray:
        accessor = scene["accessors"][index]
        view = scene["bufferViews"][accessor["bufferView"]]
        start, width = view.get("byteOffset", 0) + accessor.get("byteOffset", 0), WIDTHS[accessor["type"]]
        kind, count = TYPES[accessor["componentType"]], accessor["count"] * width
        return np.frombuffer(binary, kind, count, start).reshape(-1, width)

    primitive = scene["meshes"][0]["primitives"][0]
    found = {name: array(index) for name, index in primitive["attributes"].items()}
    uv_faces = array(primitive["indices"]).reshape(-1, 3).astype(np.int64)
    uvs = found["TEXCOORD_0"].astype(np.float64)
    u, v = uvs[uv_faces].mean(axis=1).T
    uv_faces = uv_faces[~((v < CAP_V) & (u > CAP_U[0]) & (u < CAP_U[1]))]
    _, first, same = np.unique(
        (found["POSITION"] / WELD).round(), axis=0, return_index=True, return_inverse=True
    )
    names = tuple(scene["nodes"][i]["name"] for i in scene["skins"][0]["joints"])
    binds = np.linalg.inv(array(scene["skins"][0]["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2))
    weights = np.zeros((len(first), len(names)))
    rows = np.arange(len(first))[:, None]
    np.add.at(weights, (rows, found["JOINTS_0"][first]), found["WEIGHTS_0"][first])
    to_hand = np.eye(4)
    to_hand[:3, :3] = AXES
    to_hand[:3, 3] = -AXES @ binds[names.index("wrist")][:3, 3]
    joints = to_hand @ binds
    joints[:, :3, 3] *= 1000
    points = (found["POSITION"][first] @ AXES.T + to_hand[:3, 3]) * 1000
    return HandFile(points, same.ravel()[uv_faces], uvs, uv_faces, weights, names, joints)


def rasterise(hand: HandFile, side: int) -> Texels:
    """Return the position, the normal and the finger at each texel of the hand's texture."""
    corners = hand.vertices[hand.faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(hand.vertices)
    np.add.at(normals, hand.faces.ravel(), np.repeat(flat, 3, axis=0))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    of_finger = [[n.startswith(f) and "metacarpal" not in n for n in hand.names] for f in FINGERS]
    groups = np.stack([hand.weights[:, row].sum(axis=1) for row in of_finger], axis=1)
    values = np.concatenate([hand.vertices, normals, groups], axis=1)
    result, inside = np.zeros((side, side, values.shape[1])), np.zeros((side, side), dtype=bool)
    for face, uv_face in zip(hand.faces, hand.uv_faces, strict=True):
        a, b, c = hand.uvs[uv_face] * side
        low = np.floor(np.minimum(np.minimum(a, b), c)).astype(int)
        high = np.ceil(np.maximum(np.maximum(a, b), c)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        second = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
        third = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
        covered = (second >= -0.02) & (third >= -0.02) & (second + third <= 1.02)
        shares = np.stack([1 - second - third, second, third], axis=-1)[covered]
        rows, columns = y[covered].astype(int), x[covered].astype(int)
        result[rows, columns] = shares @ values[face]
        inside[rows, columns] = True
    finger = np.where(result[..., 6:].max(axis=-1) > 0.5, result[..., 6:].argmax(axis=-1), -1)
    return Texels(inside, result[..., :3], result[..., 3:6], finger)


def local(frame: np.ndarray, texels: Texels) -> np.ndarray:
    """Return (s, s, 3): the texels in the frame of a joint, mm."""
    return np.asarray((texels.position - frame[:3, 3]) @ frame[:3, :3])


def line(offset: np.ndarray, width: float) -> np.ndarray:
    """Return 1 on a line, falling to 0 over `width` mm."""
    return np.asarray(np.exp(-((offset / width) ** 2)))


def step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 where values <= low, 1 where >= high, cubic in between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def palm_map(hand: HandFile, texels: Texels) -> np.ndarray:
    """Return 1 on the palm's side, 0 on the back."""
    facing = texels.normal[..., 2].copy()
    thumb = texels.finger == 0
    facing[thumb] = -(texels.normal @ hand.joint("thumb-phalanx-distal")[:3, 1])[thumb]
    towards_hand = step(texels.position[..., 0], -10.0, 24.0)  # the forearm is of one tone, which must fit
    return np.asarray(FOREARM_PALM + (step(facing, -0.45, 0.35) - FOREARM_PALM) * towards_hand)


def nail_map(hand: HandFile, texels: Texels) -> np.ndarray:
    """Return a hill above each nail whose level 0.5 is the nail's edge."""
    result = np.zeros(texels.finger.shape)
    for k, name in enumerate(FINGERS):
        frame, mine = hand.joint(f"{name}-tip"), texels.finger == k
        at = local(frame, texels)
        end = at[mine][:, 2].min()
        near = mine & (at[..., 2] < end + 12)
        half_width = 0.66 * np.abs(at[near][:, 0]).max()
        half_length = 7.2 if name == "thumb" else 6.0
        along = (at[..., 2] - end - half_length - 1.2) / half_length
        across = at[..., 0] / half_width
        radius = (np.abs(along) ** 3 + np.abs(across) ** 3) ** (1 / 3)
        dorsal = texels.normal @ frame[:3, 1]
        result = np.maximum(result, mine * (dorsal > -0.1) * np.clip(1 - radius / 2, 0, 1))
    return result


def crease_map(hand: HandFile, texels: Texels, palm: np.ndarray) -> np.ndarray:
    """Return 1 on the creases of the palm and of the fingers' palmar side."""
    result = np.zeros(palm.shape)
    x, y = texels.position[..., 0], texels.position[..., 1]
    for k, points in enumerate(PALM_LINES):
        line_points = np.array(points, dtype=float)
        starts, ends = line_points[:-1], line_points[1:]
        distance = np.full(palm.shape, 99.0)
        for start, end in zip(starts, ends, strict=True):
            bone = end - start
            t = np.clip(((x - start[0]) * bone[0] + (y - start[1]) * bone[1]) / (bone @ bone), 0, 1)
            gap = np.hypot(x - start[0] - t * bone[0], y - start[1] - t * bone[1])
            distance = np.minimum(distance, gap)
        on_palm = (texels.finger < 0) & (palm > 0.5)
        result = np.maximum(result, (0.8 if k > 2 else 1.0) * on_palm * line(distance, 0.9))
    for k, name in enumerate(FINGERS):
        mine = texels.finger == k
        joints = ["phalanx-distal", "phalanx-proximal"] + ([] if k == 0 else ["phalanx-intermediate"])
        for joint in joints:
            at = local(hand.joint(f"{name}-{joint}"), texels)
            bow = 0.02 * at[..., 0] ** 2  # creases are arcs
            centre = -19.0 if joint == "phalanx-proximal" and k else 0.5
            lines = [centre] if joint == "phalanx-distal" else [centre - 1.3, centre + 1.3]
            for offset in lines:
                result = np.maximum(result, 0.9 * mine * palm * line(at[..., 2] - offset + bow, 0.8))
    return result


def wrinkle_map(hand: HandFile, texels: Texels, palm: np.ndarray) -> np.ndarray:
    """Return 1 on the wrinkles above the joints, on the back of the fingers."""
    result = np.zeros(palm.shape)
    for k, name in enumerate(FINGERS):
        mine = (texels.finger == k) * (1 - palm)
        joints = ["phalanx-distal", "phalanx-proximal" if k == 0 else "phalanx-intermediate"]
        for joint, count in zip(joints, (3, 6), strict=True):
            at = local(hand.joint(f"{name}-{joint}"), texels)
            for row in np.arange(count) - (count - 1) / 2:
                bow = 0.035 * row * at[..., 0] ** 2 / count
                fade = np.exp(-((at[..., 0] / 6.0) ** 2)) * (1 - 0.12 * abs(row))
                result = np.maximum(result, mine * fade * line(at[..., 2] - 1.9 * row - bow, 0.7))
    return result


def flush_map(hand: HandFile, texels: Texels, palm: np.ndarray) -> np.ndarray:
    """Return 1 where much blood shows: fingertips, knuckles, balls of thumb and hand."""
    result = np.zeros(palm.shape)

    def spot(centre: np.ndarray, radius: float, side: np.ndarray) -> None:
        distance = np.linalg.norm(texels.position - centre, axis=-1)
        np.maximum(result, side * np.exp(-((distance / radius) ** 2)), out=result)

    for k, name in enumerate(FINGERS):
        mine = texels.finger == k
        spot(hand.joint(f"{name}-tip")[:3, 3], 14.0, mine * (0.5 + 0.5 * palm))
        for joint in ("distal", "proximal") if k == 0 else ("distal", "intermediate", "proximal"):
            spot(hand.joint(f"{name}-phalanx-{joint}")[:3, 3], 11.0, 0.75 * (1 - palm))
    for centre in ((38, -30, 5), (30, 32, 5), (84, -16, 5), (78, 22, 5)):
        spot(np.array(centre, dtype=float), 20.0, 0.55 * palm)
    return result


def dilated(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return a map continued beyond the islands of the texture, so that their edges do not bleed."""
    values, known = np.where(inside, values, 0.0), inside.astype(float)
    for _ in range(MARGIN):
        sums, counts = values * known, known.copy()
        for axis in (0, 1):
            for shift in (-1, 1):
                sums += np.roll(values * known, shift, axis)
                counts += np.roll(known, shift, axis)
        values = np.where(known > 0, values, sums / np.maximum(counts, 1))
        known = (counts > 0).astype(float)
    return values


def convert(path: Path) -> None:
    """Write hand.npz and skin.npz from a GLB file."""
    hand = read_glb(path)
    order = np.argsort(-hand.weights, axis=1)[:, :4]
    shares = np.take_along_axis(hand.weights, order, axis=1)
    np.savez_compressed(
        RENDER / "props" / "hand.npz",
        vertices=hand.vertices.astype(np.float32),
        faces=hand.faces.astype(np.uint16),
        uvs=hand.uvs.astype(np.float32),
        uv_faces=hand.uv_faces.astype(np.uint16),
        weight_joints=order.astype(np.uint8),
        weights=(shares / shares.sum(axis=1, keepdims=True)).astype(np.float16),
        names=np.array(hand.names),
        joints=hand.joints.astype(np.float32),
    )
    texels = rasterise(hand, MAP_SIDE)
    palm = palm_map(hand, texels)
    maps = {
        "nail": nail_map(hand, texels),
        "crease": crease_map(hand, texels, palm),
        "wrinkle": wrinkle_map(hand, texels, palm),
        "flush": flush_map(hand, texels, palm),
        "palm": palm,
    }
    stored = {name: (dilated(values, texels.inside) * 255).round() for name, values in maps.items()}
    for name in ("flush", "palm"):
        stored[name] = stored[name][::SOFT_STEP, ::SOFT_STEP]
    nail, crease, wrinkle, flush, soft_palm = (stored[name].astype(np.uint8) for name in maps)
    np.savez_compressed(
        RENDER / "paint" / "skin.npz", nail=nail, crease=crease, wrinkle=wrinkle, flush=flush, palm=soft_palm
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
