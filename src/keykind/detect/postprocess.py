"""Dense outputs of the detector's network -> detections.

In:    DenseOutputs, the part of the input that is photo
Out:   Detection(s), highest score first, in pixels of the upright original
Needs: numpy, pillow

The network predicts, for each cell of a grid, 11 values: heatmaps of keys' centres, heads and tips; the
probabilities of key and of blade; offset vectors to the head and the tip of the cell's key, or their first
MAX_OFFSET; the key's occlusion and truncation. `decode` groups the cells into keys, bottom-up:

1. Trace. From each key cell the offsets are followed from cell to cell like a flow field (as in Stringer et
   al. 2021, doi:10.1038/s41592-020-01018-x), so endpoints farther away than MAX_OFFSET are reached.
2. Vote. The traced tips are counted in a smoothed histogram. Each peak is the tip of a key, whose head and
   tip are the median of the traces that end there; near-parallel keys with nearby tips are one.
3. Assign. Each cell belongs to the key whose head and tip are nearest to those that it traced to, so touching
   and overlapping keys are separated. A key mostly inside a larger one's box is merged into it.
4. Mask. The key probability, enlarged and thresholded, is split by assignment. Head and tip are then refined
   by the mask's principal axis and extent, as far as the key is visible.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Mask, Points, mask_corners, oriented_rectangle
from keykind.detect.detection import Detection

SIDE, STRIDE = 256, 4  # px of the network's input, and of a cell
GRID = SIDE // STRIDE
HEATMAPS = ("centre", "head", "tip")
OUTPUTS = (*HEATMAPS, "key", "blade", "head_x", "head_y", "tip_x", "tip_y", "occlusion", "truncation")
KEY, BLADE, OFFSETS, HIDDEN = 3, 4, slice(5, 9), slice(9, 11)  # channels; HIDDEN: occlusion and truncation
MASK_THRESHOLD = 0.5  # probability from which a pixel is part of a key, or of its blade
ASSIGN_THRESHOLD = 0.25  # key probability from which a cell is assigned to a key
TRACE_THRESHOLD = 0.1  # key probability below which a trace ends
MAX_OFFSET = 0.2  # length of an offset, SIDEs
MAX_STEPS = 6  # of a trace
MIN_COSINE = 0.3  # minimum cosine of the angle between a step and the trace's first one
VOTE_SIGMA = 1.2  # cells: standard deviation of the Gaussian that smooths the votes
MIN_VOTES = 4.0  # smoothed votes from which a peak is a tip
TIP_NMS_DISTANCE = 0.12  # in key lengths: parallel keys whose tips are nearer are the same key
TIP_NMS_COSINE = 0.8  # cosine of the angle up to which keys count as parallel
MAX_ASSIGN_DISTANCE = 0.25  # in key lengths: mean endpoint error up to which a cell is assigned to a key
MIN_CELLS = 3  # cells of a key
CONTAINMENT = 0.8  # share of a key's cells in a larger key's box from which it is merged into that key
BOX_SCALE, BOX_MARGIN = 1.15, 0.08  # of that box: factor of its breadth; addition at each end, key lengths
OCCLUSION_LIMIT = 0.25  # occlusion or truncation from which a mask no longer determines the endpoints
MIN_ELONGATION = 1.6  # ratio of a mask's extents from which its principal axis is the key's
MAX_ENDPOINT_ERROR = 0.08  # in key lengths: endpoints farther from the mask's extent are moved there
EXTENT_PERCENT = 1.0  # of a mask's pixels that are left out at each end when its extent is measured

DenseOutputs = NDArray[np.float32]  # (GRID, GRID, 11), see OUTPUTS; offsets in SIDEs from the cell's centre
# Keypoints (2, 2) are a key's head and tip, in pixels of the input; (n, 2, 2): of n cells.


def keypoint_distance(key: Detection, other: Detection) -> float:
    """Return the mean distance of two keys' endpoints, in either direction, in lengths of the longer key."""
    keypoints, others = np.stack([key.head, key.tip]), np.stack([other.head, other.tip])
    distance = min(_mean_distance(keypoints, others), _mean_distance(keypoints[::-1], others))
    return float(distance) / max(_length(keypoints), _length(others), STRIDE)


def decode(
    outputs: DenseOutputs, shape: tuple[int, int], scale: float, score_threshold: float
) -> tuple[Detection, ...]:
    """Return the keys in the network's outputs, highest score first.

    shape: height and width of the photo within the input, px; scale: pixels of the original per input pixel.
    """
    assignment, keys = _assign(outputs)
    mask_of = np.where(_upsample(outputs[..., KEY]) >= MASK_THRESHOLD, _repeat(assignment), -1)
    mask_of = mask_of[: shape[0], : shape[1]]
    blades = _upsample(outputs[..., BLADE])[: shape[0], : shape[1]] >= MASK_THRESHOLD
    detections = []
    for i, keypoints in enumerate(keys):
        cells, mask = outputs[assignment == i], mask_of == i
        if len(cells) < MIN_CELLS or not mask.any():
            continue
        score = _score(cells)
        if score < score_threshold:
            continue
        blade = mask & blades
        occlusion, truncation = np.clip(cells[:, HIDDEN].mean(axis=0), 0, 1).astype(float).tolist()
        hidden = max(occlusion, truncation) > OCCLUSION_LIMIT
        head, tip = _refine_keypoints(keypoints, mask, blade, hidden=hidden)
        box = oriented_rectangle(mask_corners(mask), tip - head) * scale
        detections.append(
            Detection(score, box, head * scale, tip * scale, occlusion, truncation, mask, blade, scale)
        )
    return tuple(sorted(detections, key=lambda key: -key.score))


def transpose_outputs(outputs: DenseOutputs) -> DenseOutputs:
    """Return the outputs for an image, given those for the transposed image (or the other way round)."""
    mirrored = outputs.transpose(1, 0, 2).copy()
    swapped = mirrored[..., OFFSETS].reshape(GRID, GRID, 2, 2)[..., ::-1]  # x and y
    mirrored[..., OFFSETS] = swapped.reshape(GRID, GRID, 4)
    return mirrored


def _score(cells: NDArray[np.float32]) -> float:
    """Return a key's score: mean key probability x root of the geometric mean of the heatmaps' maxima."""
    peaks = np.prod(cells[:, : len(HEATMAPS)].max(axis=0)) ** (1 / 3)
    return float(cells[:, KEY].mean() * np.sqrt(peaks))


def _assign(outputs: DenseOutputs) -> tuple[NDArray[np.intp], list[Points]]:
    """Return the index of each cell's key, (GRID, GRID), -1 for none, and the keypoints of each key."""
    rows, columns = np.nonzero(outputs[..., KEY] >= ASSIGN_THRESHOLD)
    assignment = np.full((GRID, GRID), -1)
    traced = _trace(outputs, rows, columns)
    keys = _vote(traced[outputs[rows, columns, KEY] >= MASK_THRESHOLD])
    if keys:
        distances = np.stack([_mean_distance(traced, key) / max(_length(key), STRIDE) for key in keys])
        nearest = np.where(distances.min(axis=0) <= MAX_ASSIGN_DISTANCE, distances.argmin(axis=0), len(keys))
        cells = (np.stack([columns, rows], axis=1).astype(np.float64) + 0.5) * STRIDE
        nearest = _merge_parts(cells, nearest, keys)
        assignment[rows, columns] = np.where(nearest < len(keys), nearest, -1)
    return assignment, keys


def _trace(outputs: DenseOutputs, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Points:
    """Return the keypoints (n, 2, 2), px, that cells lead to when offsets are followed from cell to cell.

    A trace ends where there is no key, where it would turn back, and where it no longer moves.
    """
    offsets = (outputs[..., OFFSETS] * SIDE).reshape(GRID, GRID, 2, 2).astype(np.float64)
    first = offsets[rows, columns]
    position = first + (np.stack([columns, rows], axis=1)[:, None] + 0.5) * STRIDE
    active = np.ones(position.shape[:2], bool)
    for _ in range(MAX_STEPS):
        cell = np.floor(position / STRIDE).astype(int)
        active &= ((cell >= 0) & (cell < GRID)).all(axis=-1)
        cell = np.clip(cell, 0, GRID - 1)
        offset = offsets[cell[..., 1], cell[..., 0], (0, 1)]
        length = np.linalg.norm(offset, axis=-1)
        forward = (offset * first).sum(axis=-1) > MIN_COSINE * length * np.linalg.norm(first, axis=-1)
        active &= outputs[cell[..., 1], cell[..., 0], KEY] >= TRACE_THRESHOLD
        active &= forward | (length < STRIDE)
        following = np.where(active[..., None], (cell + 0.5) * STRIDE + offset, position)
        active &= np.linalg.norm(following - position, axis=-1) > 1
        position = following
    return position


def _vote(traced: Points) -> list[Points]:
    """Return the keypoints of each key, most votes first, given those that cells traced to (n, 2, 2)."""
    padding = GRID // 4  # cells; tips may be outside the input
    side = GRID + 2 * padding
    cells = np.clip(np.floor(traced[:, 1] / STRIDE).astype(int) + padding, 0, side - 1)
    counts = np.bincount(cells[:, 1] * side + cells[:, 0], minlength=side**2).reshape(side, side)
    votes = _smooth(counts)
    peaks = np.argwhere((votes >= MIN_VOTES) & (votes >= _max_filter(votes)))
    keys: list[Points] = []
    for peak in peaks[np.argsort(-votes[tuple(peaks.T)], kind="stable")]:
        tip = (peak[::-1] - padding + 0.5) * STRIDE
        voters = np.linalg.norm(traced[:, 1] - tip, axis=1) <= 2 * VOTE_SIGMA * STRIDE
        if voters.sum() >= MIN_CELLS:
            key = np.median(traced[voters], axis=0)
            if not any(_is_duplicate(key, other) for other in keys):
                keys.append(key)
    return keys


def _smooth(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return counts (h, w) convolved with a Gaussian of height 1, so that a vote counts 1 where it falls."""
    radius = math.ceil(3 * VOTE_SIGMA)
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * VOTE_SIGMA**2))
    smoothed = counts.astype(np.float64)
    for _ in range(2):  # down the columns, then along the rows
        padded = np.pad(smoothed, ((radius, radius), (0, 0)))
        smoothed = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0) @ kernel
        smoothed = smoothed.T
    return smoothed


def _max_filter(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the maximum of the 3 x 3 window around each value (h, w)."""
    padded = np.pad(values, 1)
    height, width = values.shape
    windows = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.max(windows, axis=0))


def _is_duplicate(key: Points, other: Points) -> bool:
    """Return whether two keys (2, 2) are near-parallel and their tips near."""
    length, other_length = max(_length(key), STRIDE), max(_length(other), STRIDE)
    parallel = (key[1] - key[0]) @ (other[1] - other[0]) > TIP_NMS_COSINE * length * other_length
    distance = np.linalg.norm(key[1] - other[1])
    return bool(parallel and distance <= TIP_NMS_DISTANCE * max(length, other_length))


def _merge_parts(cells: Points, assignment: NDArray[np.intp], keys: Sequence[Points]) -> NDArray[np.intp]:
    """Return the assignment of cells (n, 2), px, with keys that are parts of larger ones merged into them."""
    counts = np.bincount(assignment, minlength=len(keys))[: len(keys)]
    order = [key for key in np.argsort(-counts, kind="stable").tolist() if counts[key]]  # largest first
    cells_of = [cells[assignment == key] for key in range(len(keys))]
    boxes = [_fit_box(cells_of[key], keys[key]) for key in order]
    for rank, key in reversed(list(enumerate(order))):
        for larger, box in zip(order[:rank], boxes, strict=False):
            if box.containment(cells_of[key]) >= CONTAINMENT:
                assignment = np.where(assignment == key, larger, assignment)
                break
    return assignment


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """An oriented box around a key."""

    axes: NDArray[np.float64]  # (2, 2) whose columns are unit vectors along and across the key
    low: Points  # (2,) along and across
    high: Points

    def containment(self, points: Points) -> float:
        """Return the share of points (n, 2) inside."""
        projected = points @ self.axes
        return float(((projected >= self.low) & (projected <= self.high)).all(axis=1).mean())


def _fit_box(cells: Points, key: Points) -> _Box:
    """Return the box around a key's cells (n, 2) and keypoints (2, 2), slightly enlarged."""
    length = max(_length(key), STRIDE)
    axis = (key[1] - key[0]) / length
    axes = np.stack([axis, [-axis[1], axis[0]]], axis=1)
    projected = (cells - key[0]) @ axes
    first, last = np.percentile(projected[:, 0], (2, 98))
    half = BOX_SCALE * np.percentile(abs(projected[:, 1]), 97) + STRIDE / 2
    low = np.array([min(first, 0) - BOX_MARGIN * length, -half])
    high = np.array([max(last, length) + BOX_MARGIN * length, half])
    return _Box(axes, key[0] @ axes + low, key[0] @ axes + high)


def _refine_keypoints(keypoints: Points, mask: Mask, blade: Mask, *, hidden: bool) -> tuple[Points, Points]:
    """Return head and tip, px, corrected by the key's mask: its axis, from bow to blade, and its extent.

    The axis of an elongated mask replaces that of the keypoints. If the key is hidden, it only decides which
    end is the head.
    """
    pixels, bow = _pixel_centres(mask), _pixel_centres(mask & ~blade)
    if blade.any() and len(bow):
        towards_blade = _pixel_centres(blade).mean(axis=0) - bow.mean(axis=0)
        (minor, major), axes = np.linalg.eigh(np.cov(pixels.T))
        if major > MIN_ELONGATION**2 * minor:
            axis = axes[:, 1] * (1 if axes[:, 1] @ towards_blade >= 0 else -1)
            if not hidden:
                keypoints = pixels.mean(axis=0) + axis * np.array([[-1.0], [1.0]])
            elif (keypoints[1] - keypoints[0]) @ axis < 0:
                keypoints = keypoints[::-1]
    return _snap_to_extent(keypoints, pixels, hidden=hidden)


def _snap_to_extent(keypoints: Points, pixels: Points, *, hidden: bool) -> tuple[Points, Points]:
    """Return head and tip, moved along the key to the ends of its pixels; of a hidden key only outwards."""
    head, tip = keypoints
    length = _length(keypoints)
    if length < 1:
        return head, tip
    axis = (tip - head) / length
    first, last = np.percentile((pixels - head) @ axis, (EXTENT_PERCENT, 100 - EXTENT_PERCENT))
    tolerance = MAX_ENDPOINT_ERROR * max(length, last - first)
    if abs(first) > tolerance and not (hidden and first > 0):
        head = keypoints[0] + axis * first
    if abs(last - length) > tolerance and not (hidden and last < length):
        tip = keypoints[0] + axis * last
    return head, tip


def _pixel_centres(mask: Mask) -> Points:
    """Return the centres (n, 2) of a mask's pixels."""
    rows, columns = np.nonzero(mask)
    return np.asarray(np.stack([columns, rows], axis=1) + 0.5, np.float64)


def _mean_distance(keypoints: Points, key: Points) -> Any:
    """Return the mean distance of heads and tips (..., 2, 2) from those of a key (2, 2)."""
    return np.linalg.norm(keypoints - key, axis=-1).mean(axis=-1)


def _length(key: Points) -> float:
    return float(np.linalg.norm(key[0] - key[1]))


def _upsample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(values).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _repeat(values: NDArray[np.intp]) -> NDArray[np.intp]:
    return values.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)
