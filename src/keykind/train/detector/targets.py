"""A rendered photo and its label -> what the detector is trained on: an augmented view and its targets.

In:    Scene(s): pixels and the keys of a label; a random generator
Out:   image (side, side, 3) uint8; targets (side / 4, side / 4, 12) float32: OUTPUTS, weight of the offsets
Needs: numpy, pillow

A view is shifted, rotated, mirrored, stretched and recoloured, and fills a frame of a common aspect ratio;
keys of other photos may be pasted into it. Labels are transformed with it. Offsets are in SIDEs at any view
side, so that a key of a given size in pixels has the same offsets in all views.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Points
from keykind.detect.align import PAD_VALUE
from keykind.detect.postprocess import BLADE, HIDDEN, KEY, MAX_OFFSET, OFFSETS, OUTPUTS, SIDE, STRIDE
from keykind.train.augment import degrade, recolour
from keykind.train.detector.copy_paste import LabelledView, paste_keys
from keykind.train.detector.scenes import Scene, ViewTransform, rotation_matrix

ZOOM = (0.5, 2.2)  # scale, relative to the photo fitted to the frame
MAX_STRETCH = 1.15  # ratio of the scales of the two sides
QUARTER_TURN_SHARE = 0.5  # of views, rotated by a multiple of 90 degrees
ASPECT_RATIOS = (1.0, 4 / 3, 3 / 2, 16 / 9)  # of the frame, landscape or portrait
BORDER_FILL_SHARE = 0.7  # of views in which empty areas get the mean colour of the photo's border
MIN_VISIBLE = 30  # px of a key in a view; with fewer it is not a target
MIN_COVERAGE = 0.2  # share of a cell that a key must cover to be the target of its offsets
PEAK_SIGMA = 0.22  # standard deviation of a heatmap peak, relative to the square root of the key's area
MIN_SIGMA = 3.0  # of a peak, px
MAX_PEAK_DISTANCE = 2  # cells: an endpoint farther than this from its key's visible cells has no peak
MIN_LENGTH = 0.08  # SIDEs: shorter keys do not weigh more
EPSILON = 1e-9


def training_view(
    scenes: Sequence[Scene], side: int, rng: np.random.Generator, pasted: Sequence[Scene] = ()
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a view (side, side, 3) and its targets: of one scene, or a mosaic of four.

    side: a multiple of 2 * STRIDE. pasted: scenes whose keys are pasted into the view of a single scene.
    """
    if len(scenes) == 1:
        return _with_targets(_augmented_view(scenes[0], side, rng, pasted))
    half = side // 2
    views = [_augmented_view(scene, half, rng) for scene in scenes]
    image, parts = np.empty((side, side, 3), np.uint8), np.zeros((side, side), np.uint8)
    count = 0
    for i, view in enumerate(views):
        x, y = half * (i % 2), half * (i // 2)
        tile = np.s_[y : y + half, x : x + half]
        image[tile] = view.image
        parts[tile] = np.where(view.parts > 0, view.parts + 2 * count, 0)
        view.keypoints[:] += (x, y)
        count += len(view.keypoints)
    merged = (
        np.concatenate([getattr(view, name) for view in views]) for name in ("keypoints", "hidden", "areas")
    )
    return _with_targets(LabelledView(image, parts, *merged))


def _augmented_view(
    scene: Scene, side: int, rng: np.random.Generator, pasted: Sequence[Scene] = ()
) -> LabelledView:
    shape = scene.parts.shape
    transform = _random_transform(shape, _random_frame(side, rng), rng)
    width, height = transform.frame
    fill = tuple(int(level) for level in _fill_colour(scene.pixels, rng))
    pixels = transform.warp(Image.fromarray(scene.pixels), Image.Resampling.BILINEAR, fill)
    view = LabelledView(
        np.asarray(recolour(Image.fromarray(pixels), rng)),
        transform.warp(Image.fromarray(scene.parts), Image.Resampling.NEAREST),
        transform.map_points(scene.keypoints, shape),
        scene.hidden,
        scene.areas * np.prod(transform.size) / scene.parts.size,
    )
    view = paste_keys(view, pasted, rng)
    image, parts = np.full((side, side, 3), PAD_VALUE, np.uint8), np.zeros((side, side), np.uint8)
    image[:height, :width] = np.asarray(degrade(Image.fromarray(view.image), rng))
    parts[:height, :width] = view.parts
    return replace(view, image=image, parts=parts)


def _with_targets(view: LabelledView) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return view.image, dense_targets(view.parts, view.keypoints, view.hidden, view.areas)


def _random_frame(side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return width and height of the photo within the view."""
    short_side = round(side / ASPECT_RATIOS[int(rng.integers(len(ASPECT_RATIOS)))])
    return (side, short_side) if rng.random() < 0.5 else (short_side, side)


def _random_transform(
    shape: tuple[int, ...], frame: tuple[int, int], rng: np.random.Generator
) -> ViewTransform:
    """Return a random transform of a photo of shape (h, w): zoom, stretch, rotation, mirroring, shift."""
    low, high = map(math.log, ZOOM)
    zoom = math.exp(rng.uniform(low, high)) * max(frame) / max(shape)
    stretch = math.exp(rng.uniform(-0.5, 0.5) * math.log(MAX_STRETCH))
    size = max(round(shape[1] * zoom * stretch), 8), max(round(shape[0] * zoom / stretch), 8)
    quarter_turn = rng.random() < QUARTER_TURN_SHARE
    angle = math.pi / 2 * int(rng.integers(4)) if quarter_turn else float(rng.uniform(0, 2 * math.pi))
    rotation = rotation_matrix(angle, mirrored=bool(rng.random() >= 0.5))
    extent = np.abs(rotation.T) @ np.array(size)  # of the rotated photo, px
    centre = np.array(frame) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(extent - np.array(frame))
    return ViewTransform(size, rotation, np.array(size) / 2 - rotation @ centre, frame)


def _fill_colour(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the colour of empty areas: the mean of the photo's border, or a random one."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(border.mean(axis=0) if rng.random() < BORDER_FILL_SHARE else rng.uniform(0, 256, 3))


def dense_targets(
    parts: NDArray[np.uint8], keypoints: Points, hidden: NDArray[np.float64], areas: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return OUTPUTS and the weight of the offsets for a view, (side / STRIDE, side / STRIDE, 12).

    parts (side, side) as in Scene, keypoints (keys, 2, 2) px, hidden (keys, 2), areas (keys,) px that would
    be visible if the view truncated no key.
    """
    rows, columns = (side // STRIDE for side in parts.shape)
    targets = np.zeros((rows, columns, len(OUTPUTS) + 1), np.float32)
    centres = (np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) + 0.5) * STRIDE
    targets[..., KEY] = pool_mask(parts > 0)
    targets[..., BLADE] = pool_mask((parts > 0) & (parts % 2 == 0))
    coverage = _coverage(parts, len(keypoints))
    visible = coverage.sum(axis=(1, 2)) * STRIDE**2
    keys = [k for k in range(len(keypoints)) if visible[k] >= MIN_VISIBLE]
    if not keys:
        return targets
    coverage = coverage[keys]
    owner = np.where(coverage.max(axis=0) >= MIN_COVERAGE, coverage.argmax(axis=0), -1)
    for i, k in enumerate(keys):
        cells = owner == i
        if not cells.any():
            cells = coverage[i] == coverage[i].max()
        own = centres[cells]
        centroid = np.average(centres.reshape(-1, 2), axis=0, weights=coverage[i].ravel())
        centre = own[((own - centroid) ** 2).sum(axis=-1).argmin()]
        sigma = max(PEAK_SIGMA * math.sqrt(visible[k]), MIN_SIGMA)
        for channel, peak in enumerate((centre, *keypoints[k])):
            _add_peak(targets[..., channel], centres, peak, sigma, own)
        targets[cells, OFFSETS] = _clip_offsets((keypoints[k] - own[:, None]) / SIDE).reshape(-1, 4)
        inside = (1 - hidden[k, 1]) * min(visible[k] / max(areas[k], 1), 1)
        targets[cells, HIDDEN] = hidden[k, 0], 1 - inside
        length = float(np.linalg.norm(keypoints[k][0] - keypoints[k][1])) / SIDE
        targets[cells, -1] = 1 / (cells.sum() * min(max(length, MIN_LENGTH), MAX_OFFSET))
    return targets


def _clip_offsets(offsets: Points) -> Points:
    """Return offsets (..., 2), in SIDEs, shortened to at most MAX_OFFSET."""
    lengths = np.linalg.norm(offsets, axis=-1, keepdims=True)
    return np.asarray(offsets * np.minimum(1, MAX_OFFSET / np.maximum(lengths, EPSILON)))


def _add_peak(heatmap: NDArray[np.float32], centres: Points, peak: Points, sigma: float, own: Points) -> None:
    """Add a Gaussian peak of `sigma` px at the cell of the key, `own` (n, 2), nearest to `peak` (2,).

    centres (h, w, 2) of all cells. An endpoint that is hidden or outside, far from all of them, gets no peak.
    """
    distances = ((own - peak) ** 2).sum(axis=-1)
    if distances.min() <= (MAX_PEAK_DISTANCE * STRIDE) ** 2:
        squared = ((centres - own[distances.argmin()]) ** 2).sum(axis=-1)
        np.maximum(heatmap, np.exp(-squared / (2 * sigma**2)), out=heatmap)


def _coverage(parts: NDArray[np.uint8], keys: int) -> NDArray[np.float32]:
    """Return the share of each cell that each key covers, (keys, h / STRIDE, w / STRIDE)."""
    rows, columns = (side // STRIDE for side in parts.shape)
    cell = np.arange(rows * columns).reshape(rows, columns).repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)
    key = (parts.astype(np.intp) + 1) // 2
    counts = np.bincount((key * rows * columns + cell).ravel(), minlength=(keys + 1) * rows * columns)
    return np.asarray(counts.reshape(-1, rows, columns)[1:] / STRIDE**2, np.float32)


def pool_mask(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of each cell that a mask (h, w) covers, (h / STRIDE, w / STRIDE)."""
    height, width = mask.shape
    cells = mask.reshape(height // STRIDE, STRIDE, width // STRIDE, STRIDE)
    return np.asarray(cells.mean(axis=(1, 3), dtype=np.float32))
