"""Joint angles of a hand, and the frames of its joints.

In:    angles in degrees
Out:   Pose; frames of all joints, fingertip pads; a pose in which a fingertip reaches a point
Needs: numpy, manifold3d    [render]

Flexion is positive towards the palm. Ranges are those of active motion (American Academy of Orthopaedic
Surgeons, normal values), somewhat narrower.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np

from keykind.render.props.hand_mesh import hand_mesh

FINGERS = ("thumb", "index-finger", "middle-finger", "ring-finger", "pinky-finger")
THUMB, INDEX, MIDDLE, RING, LITTLE = range(5)
LOW = np.array([[-25, -10, -20], [-20, -3, -8], [-20, -3, -8], [-20, -3, -8], [-20, -3, -8]], dtype=float)
HIGH = np.array([[45, 55, 75], [88, 105, 70], [88, 108, 72], [88, 108, 72], [88, 105, 72]], dtype=float)
SPREAD = np.array([[-30, 30], [-10, 18], [-10, 10], [-14, 8], [-22, 10]], dtype=float)
TWIST = (-35.0, 35.0)
CUPPING = (0.0, 0.0, 0.15, 0.6, 1.0)  # share of `cup` that each finger's metacarpal flexes
PAD_BACK = 2.0  # mm, from the joint "tip" back to the middle of the pad
SIDE_BACK = -7.0  # mm, from the joint at a finger's end forward to where the thumb presses on its side
IK_STEPS, IK_DAMPING = 30, 0.02
TURN_WEIGHT = 9.0  # mm per radian: how much the direction of a pad counts against its position
STAY = 0.25  # weight of the angles' deviation from the start, mm per 10 degrees


@dataclass(frozen=True, slots=True)
class Pose:
    """The angles of a hand, degrees."""

    bends: np.ndarray  # (5, 3): thumb: saddle joint, knuckle, end joint; others: knuckle, middle, end joint
    spreads: np.ndarray  # (5,) to the side, positive towards the thumb; the thumb's towards the fingers
    twist: float = 0.0  # of the thumb about its axis
    cup: float = 0.0  # flexion of the little finger's metacarpal, which hollows the palm
    wrist: tuple[float, float] = (0.0, 0.0)  # flexion, deviation towards the thumb

    def clipped(self) -> "Pose":
        """Return the pose with its angles within human limits."""
        return replace(
            self,
            bends=np.clip(self.bends, LOW, HIGH),
            spreads=np.clip(self.spreads, SPREAD[:, 0], SPREAD[:, 1]),
            twist=float(np.clip(self.twist, *TWIST)),
        )

    def jittered(self, degrees: float, rng: np.random.Generator) -> "Pose":
        """Return the pose with every angle changed by a normally distributed amount."""
        return replace(
            self,
            bends=self.bends + rng.normal(0, degrees, (5, 3)),
            spreads=self.spreads + rng.normal(0, 0.5 * degrees, 5),
            twist=self.twist + float(rng.normal(0, degrees)),
        ).clipped()

    def finger(self, index: int) -> np.ndarray:
        """Return the (5,) angles of one finger: three bends, spread, twist."""
        return np.array([*self.bends[index], self.spreads[index], self.twist])

    def with_finger(self, index: int, angles: np.ndarray) -> "Pose":
        """Return the pose with the angles (5,) of one finger, within limits."""
        bends, spreads = self.bends.copy(), self.spreads.copy()
        bends[index], spreads[index] = angles[:3], angles[3]
        twist = float(angles[4]) if index == THUMB else self.twist
        return replace(self, bends=bends, spreads=spreads, twist=twist).clipped()


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Return the (4, 4) rotation about x, y or z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(4)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


@cache
def _chains() -> tuple[tuple[int, ...], ...]:
    """Return the joints of each finger, from the metacarpal to the tip."""
    mesh = hand_mesh()
    ends = ("metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip")
    return tuple(
        tuple(mesh.index(f"{finger}-{end}") for end in ends if f"{finger}-{end}" in mesh.names)
        for finger in FINGERS
    )


@cache
def _steps() -> tuple[tuple[np.ndarray, ...], ...]:
    """Return for each finger the frame of each joint in that of the one before."""
    joints = hand_mesh().joints
    result = []
    for chain in _chains():
        frames = [np.eye(4), *(joints[k] for k in chain)]
        result.append(tuple(np.linalg.inv(a) @ b for a, b in pairwise(frames)))
    return tuple(result)


def finger_frames(index: int, pose: Pose) -> list[np.ndarray]:
    """Return the (4, 4) frames of a finger's joints, metacarpal to tip."""
    bends, spread = pose.bends[index], float(pose.spreads[index])
    if index == THUMB:
        turns = [
            rotation("y", spread) @ rotation("x", -float(bends[0])) @ rotation("z", pose.twist),
            rotation("x", -float(bends[1])),
            rotation("x", -float(bends[2])),
            np.eye(4),
        ]
    else:
        turns = [
            rotation("x", -CUPPING[index] * pose.cup),
            rotation("y", spread) @ rotation("x", -float(bends[0])),
            rotation("x", -float(bends[1])),
            rotation("x", -float(bends[2])),
            np.eye(4),
        ]
    frames, frame = [], np.eye(4)
    for step, turn in zip(_steps()[index], turns, strict=True):
        frame = frame @ step @ turn
        frames.append(frame)
    return frames


def joint_frames(pose: Pose) -> np.ndarray:
    """Return the (j, 4, 4) frames of all joints of the hand's mesh; the wrist stays where it is."""
    mesh = hand_mesh()
    frames = mesh.joints.copy()
    for index, chain in enumerate(_chains()):
        frames[list(chain)] = finger_frames(index, pose)
    flexion, deviation = pose.wrist
    frames[-1] = np.linalg.inv(rotation("z", -deviation) @ rotation("y", -flexion))
    return frames


@cache
def _spots(where: str) -> tuple[np.ndarray, ...]:
    """Return for each finger the middle of its contact area, in the frame of the joint that carries it, mm.

    where: "pad", carried by the joint "tip", or "side" (towards the thumb), by the end joint.
    """
    mesh = hand_mesh()
    axis, joint, back = (1, -1, PAD_BACK) if where == "pad" else (0, -2, SIDE_BACK)
    result = []
    for chain in _chains():
        frame = mesh.joints[chain[joint]]
        at = (mesh.vertices - frame[:3, 3]) @ frame[:3, :3]
        carried = mesh.weights[:, list(chain[-2:])].sum(axis=1) > 0.5
        near = carried & (np.abs(at[:, 2] - back) < 4) & (np.abs(at[:, 1 - axis]) < 4)
        spot = np.array([0.0, 0.0, back])
        spot[axis] = at[near, axis].min()
        result.append(spot)
    return tuple(result)


def contact(index: int, pose: Pose, where: str = "pad") -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of a finger's contact area, (3,) mm, and the direction it faces, (3,).

    where: "pad" of the fingertip, or the "side" of the last phalanx that is next to the thumb.
    """
    frame = finger_frames(index, pose)[-1 if where == "pad" else -2]
    axis = frame[:3, 1] if where == "pad" else frame[:3, 0]
    return frame[:3, :3] @ _spots(where)[index] + frame[:3, 3], -axis


def reach(pose: Pose, index: int, point: np.ndarray, facing: np.ndarray, where: str = "pad") -> Pose:
    """Return the pose with one finger's contact area as near to a point as its limits allow, facing so.

    point (3,) mm, facing (3,): in the frame of the hand. Damped least squares on numerical derivatives.
    """
    start = pose.finger(index)
    angles = start.copy()
    free = 5 if index == THUMB else 4

    def errors(values: np.ndarray) -> np.ndarray:
        position, direction = contact(index, pose.with_finger(index, values), where)
        stay = STAY / 10 * (values - start)
        return np.concatenate([position - point, TURN_WEIGHT * (direction - facing), stay])

    for _ in range(IK_STEPS):
        now = errors(angles)
        slopes = np.zeros((len(now), free))
        for k in range(free):
            step = np.zeros(5)
            step[k] = 0.5
            slopes[:, k] = (errors(angles + step) - errors(angles - step)) / 1.0
        change = np.linalg.solve(slopes.T @ slopes + IK_DAMPING * np.eye(free), -slopes.T @ now)
        angles[:free] += np.clip(change, -12, 12)
        angles = pose.with_finger(index, angles).finger(index)
        if np.abs(change).max() < 0.2:
            break
    return pose.with_finger(index, angles)
