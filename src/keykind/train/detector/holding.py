"""Real hands in a view: empty, with keys on the palm, behind the fingers, or between thumb and fingers.

In:    View; hands cut out of photos; keys cut out of renders
Out:   the View with a hand, and with the keys that it holds
Needs: numpy, opencv, pillow                                                               [train]
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.core.geometry import Points
from keykind.train.detector.copy_paste import Pose, paste_key
from keykind.train.detector.keys import HEAD, View
from keykind.train.detector.layers import Opacity, Pixels, over, scaled
from keykind.train.detector.photometric import recolour
from keykind.train.detector.pool import CutOut
from keykind.train.detector.warp import bounds, log_uniform, matrix_about, warp

SIZES = (0.3, 1.3)  # of a hand's cut-out, relative to the frame's longer side
POSITION = (0.15, 0.85)  # of its middle, in the frame
TILT = 0.35  # standard deviation of its rotation beside that by quarter turns, radians
ARM_SHARE = 0.9  # of hands whose arm leaves the frame, of those with an arm
ARM_OVERLAP = 2  # px that the end of the arm is outside
ARM_WIDTH = 0.1  # share of a cut-out's side that is hand, from which the arm ends there
DARKER_SHARE, DARKER_GAMMA = 0.4, (1.2, 2.6)  # share of hands made darker, which are mostly light; how much
DARKER_TINT = (0.99, 1.0, 1.02)  # of the gamma, per channel: dark skin is a little redder
MARGIN_PX = 1  # around a hand: its outline is where it ends
MIN_PIXELS = 400  # of a hand in view
KEY_COUNTS = (0, 1, 1, 1, 2)  # each as probable
PALM_SHARE, BEHIND_SHARE = 0.45, 0.25  # of hands with keys; in the rest they are between thumb and fingers
KEY_LENGTHS = (0.3, 0.85)  # in square roots of the hand's area
PALM_DEPTH = 0.4  # of the largest distance to the hand's outline, from which it is palm
PALM_TURN, GRIP_TURN = 0.4, 0.5  # standard deviations of the directions of held keys, radians
GRIP_DEPTH = 0.25  # key lengths from the hand's outline within which a key is gripped
SLOPE_STEP = 3  # px over which the direction towards the outline is measured
BLADE_OUT_SHARE = 0.8  # of gripped keys whose blade is out; of the others it is the head
# Where the key is gripped, in its length from the head.
GRIPPED_HEAD, GRIPPED_BLADE = (-0.05, 0.3), (0.6, 1.0)
FRONT_SHIFT, FRONT_BLUR = 0.1, 0.6  # of the line between the fingers in front and behind: hand sizes, px

Floats = NDArray[np.float32]  # (h, w)


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A hand cut out of a photo."""

    colours: Pixels
    opacity: Opacity
    arm: tuple[float, float] | None  # x, y of the middle of the side at which the arm ends; None: at none


def read_hands(folder: Path) -> tuple[Hand, ...]:
    """Return the hands in the PNG files of a folder. Raises BadDataset."""
    hands = []
    for path in sorted(folder.glob("*.png")):
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGBA"))
        except (OSError, ValueError) as error:
            fault = f"cannot be read ({error})"
            raise BadDataset(path, fault=fault, remedy="delete it from the folder") from error
        opacity = np.ascontiguousarray(pixels[..., 3])
        hands.append(Hand(np.ascontiguousarray(pixels[..., :3]), opacity, _arm_end(opacity > 127)))
    if not hands:
        raise BadDataset(folder, fault="has 0 PNG files", remedy="give a folder of cut-out hands")
    return tuple(hands)


def hold_keys(
    view: View,
    hand: Hand,
    draw_cut: Callable[[], CutOut],
    rng: np.random.Generator,
    counts: Sequence[int] = KEY_COUNTS,
) -> None:
    """Put a hand into the view, and with it, at random, keys that it holds.

    draw_cut: returns a random key. counts: numbers of keys, each as probable.
    """
    matrix, scale = _placed(hand, view.size, rng)
    placed = _warped(hand, matrix, view.size, rng)
    if placed is None:
        return
    mask = placed.opacity > 127
    view.cover(mask, corner=placed.corner)
    count, style = int(rng.choice(counts)), rng.random()
    if count == 0 or style < PALM_SHARE:
        placed.draw(view, placed.opacity)
    if count == 0:
        return
    unit = math.sqrt(np.count_nonzero(hand.opacity > 127)) * scale
    distance = np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3))
    base = float(rng.uniform(0, 2 * math.pi))
    first = len(view.keys)
    for _ in range(count):
        length = unit * log_uniform(rng, *KEY_LENGTHS)
        on_palm = style < PALM_SHARE
        pose = _on_palm(distance, base, length, rng) if on_palm else _gripped(distance, length, rng)
        if pose is not None:
            moved = Pose(pose.head + placed.corner, pose.angle, pose.length)
            paste_key(view, draw_cut(), moved, rng)
    if style >= PALM_SHARE:
        between = style >= PALM_SHARE + BEHIND_SHARE and len(view.keys) > first
        front = np.full_like(placed.opacity, 255)
        if between:
            front = _front(placed.opacity.shape, view.keys[-1, HEAD] - placed.corner, unit, rng)
        _cover_with_hand(view, first, placed, front)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A hand in a part of a view."""

    corner: tuple[int, int]  # x, y of that part
    layer: Pixels
    opacity: Opacity

    def part(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return that part of an image of the view's size."""
        (x, y), (height, width) = self.corner, self.opacity.shape
        return image[y : y + height, x : x + width]

    def draw(self, view: View, opacity: Opacity) -> None:
        """Draw the hand with this opacity."""
        region = self.part(view.image)
        region[:] = over(region, self.layer, opacity)


def _arm_end(mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return the middle of the side of a mask (h, w) at which most of the hand ends, if it is an arm."""
    height, width = mask.shape
    sides = {
        (width / 2, 0.0): mask[0],
        (width / 2, float(height)): mask[-1],
        (0.0, height / 2): mask[:, 0],
        (float(width), height / 2): mask[:, -1],
    }
    middle = max(sides, key=lambda side: sides[side].sum())
    return middle if sides[middle].mean() >= ARM_WIDTH else None


def _placed(hand: Hand, size: tuple[int, int], rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """Return a random matrix from the hand to a frame of a size (width, height), and its scale."""
    height, width = hand.opacity.shape
    scale = log_uniform(rng, *SIZES) * max(size) / max(height, width)
    angle = int(rng.integers(4)) * math.pi / 2 + rng.normal(0, TILT)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * scale
    if rng.random() < 0.5:
        rotation = rotation @ np.diag([-1.0, 1.0])
    middle, centre = np.array([width / 2, height / 2]), np.array(size) * rng.uniform(*POSITION, 2)
    if hand.arm is not None and rng.random() < ARM_SHARE:
        arm = rotation @ (np.array(hand.arm) - middle)
        centre = centre + _way_out(centre + arm, arm / (np.linalg.norm(arm) + 1e-6), size)
    return matrix_about(rotation, middle, centre), scale


def _way_out(
    point: NDArray[np.float64], direction: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the shift (2,) of a point in a direction until it is outside a frame of a size (w, h)."""
    distances = []
    for position, step, side in zip(point.tolist(), direction.tolist(), size, strict=True):
        if abs(step) > 1e-3:
            edge = side + ARM_OVERLAP if step > 0 else -ARM_OVERLAP
            distances.append((edge - position) / step)
    return direction * max(min(distances, default=0.0), 0.0)


def _warped(
    hand: Hand, matrix: NDArray[np.float64], size: tuple[int, int], rng: np.random.Generator
) -> _Placed | None:
    """Return the hand, recoloured, in a frame of a size (width, height); None: hardly any of it is there."""
    (left, top), (right, bottom) = bounds(matrix, hand.opacity.shape[::-1], size, MARGIN_PX)
    size = right - left, bottom - top
    if min(size) < 1:
        return None
    matrix = matrix - np.array([[0, 0, left], [0, 0, top]])
    opacity = warp(hand.opacity, matrix, size, cv2.BORDER_CONSTANT)
    if np.count_nonzero(opacity > 127) < MIN_PIXELS:
        return None
    layer = recolour(warp(hand.colours, matrix, size, cv2.BORDER_REPLICATE), rng)
    if rng.random() < DARKER_SHARE:
        gamma = rng.uniform(*DARKER_GAMMA)
        curves = [255 * (np.arange(256) / 255) ** (gamma * tint) for tint in DARKER_TINT]
        layer = np.asarray(cv2.LUT(layer, np.stack(curves, axis=1).astype(np.uint8)[:, None]))
    return _Placed((left, top), layer, opacity)


def _on_palm(distance: Floats, base: float, length: float, rng: np.random.Generator) -> Pose:
    """Return a pose of a key on the palm; distance (h, w) to the hand's outline, px; base: its direction."""
    x, y = _random_pixel(distance > PALM_DEPTH * distance.max(), rng) or (0, 0)
    angle = base + rng.normal(0, PALM_TURN)
    along = np.array([math.cos(angle), math.sin(angle)])
    return Pose(np.array([x, y], float) - rng.uniform(0.1, 0.9) * length * along, angle, length)


def _gripped(distance: Floats, length: float, rng: np.random.Generator) -> Pose | None:
    """Return a pose of a key that sticks out of the hand, gripped near its outline; None: nowhere."""
    pixel = _random_pixel((distance > 1) & (distance < max(GRIP_DEPTH * length, 3)), rng)
    if pixel is None:
        return None
    x, y = pixel
    outwards = _outwards(distance, x, y) + rng.normal(0, GRIP_TURN)
    blade_out = rng.random() < BLADE_OUT_SHARE
    angle = outwards if blade_out else outwards + math.pi
    along = np.array([math.cos(angle), math.sin(angle)])
    gripped = rng.uniform(*(GRIPPED_HEAD if blade_out else GRIPPED_BLADE))
    return Pose(np.array([x, y], float) - along * length * gripped, angle, length)


def _random_pixel(mask: NDArray[np.bool_], rng: np.random.Generator) -> tuple[int, int] | None:
    """Return x, y of a random pixel of a mask (h, w); None: it has none."""
    pixels = np.flatnonzero(mask)
    if not len(pixels):
        return None
    y, x = divmod(int(pixels[rng.integers(len(pixels))]), mask.shape[1])
    return x, y


def _outwards(distance: Floats, x: int, y: int) -> float:
    """Return the direction, radians, in which the distance to the outline falls fastest."""
    height, width = distance.shape
    up, down = max(y - SLOPE_STEP, 0), min(y + SLOPE_STEP, height - 1)
    left, right = max(x - SLOPE_STEP, 0), min(x + SLOPE_STEP, width - 1)
    return math.atan2(distance[up, x] - distance[down, x], distance[y, left] - distance[y, right])


def _front(shape: tuple[int, ...], head: Points, unit: float, rng: np.random.Generator) -> Opacity:
    """Return where the hand is in front of the keys, (h, w): on one side of a line through a head."""
    angle = rng.uniform(0, math.pi)
    normal = np.array([math.cos(angle), math.sin(angle)])
    across, down = (
        (np.arange(side) - at) * step for side, at, step in zip(shape[::-1], head, normal, strict=True)
    )
    front = across > rng.normal(0, FRONT_SHIFT) * unit - down[:, None]
    return np.asarray(cv2.GaussianBlur(front.view(np.uint8) * np.uint8(255), (0, 0), FRONT_BLUR))


def _cover_with_hand(view: View, first: int, placed: "_Placed", front: Opacity) -> None:
    """Draw the hand over the view, but behind the keys from row `first` on where `front` is 0."""
    held = placed.part(view.parts) > 2 * first
    opacity = np.where(held, scaled(placed.opacity, front), placed.opacity)
    placed.draw(view, opacity)
    view.cover(held & (opacity > 127), corner=placed.corner)


def choose(hands: Sequence[Hand], rng: np.random.Generator) -> Hand:
    """Return a random hand."""
    return hands[int(rng.integers(len(hands)))]
