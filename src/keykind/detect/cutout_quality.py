"""Cut-outs and the true masks of their keys -> how clean they are.

In:    cut-outs (h, w, 4); folders of photos and labels that `keykind render` wrote
Out:   mask overlap, boundary F, halo, share of neighbours
Needs: numpy, pillow; of a folder also ai-edge-litert
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.geometry import Mask, Points, decode_rle
from keykind.detect.align import OrientedCrop
from keykind.detect.crops import Detections, detect_keys
from keykind.detect.cutouts import cutouts
from keykind.detect.detection import Detector
from keykind.detect.matting import box_filter
from keykind.detect.metrics import box_iou, mask_iou
from keykind.photo.decode import Photo, read_photo

MIN_LENGTH = 96  # px of a key's visible part; the edge of a smaller one is a tenth of it
MIN_BOX_IOU = 0.5  # from which a detection is a labelled key
TOLERANCE = 0.008  # of the cut-out's diagonal (Perazzi et al. 2016, doi:10.1109/CVPR.2016.85)
OPAQUE = 128  # alpha from which a pixel is the key's
INSIDE = 3  # px from the key's edge: from there its own colours are taken

Image4 = NDArray[np.uint8]  # (h, w, 4)


@dataclass(frozen=True, slots=True)
class Quality:
    """How clean a cut-out is."""

    iou: float  # of its opaque pixels and the key's
    boundary_f: float  # of the edges of both
    halo: float  # CIE 1976 colour difference of its half-transparent pixels from the key's nearby
    neighbours: float  # share of its opaque pixels that are those of another key or remote


def quality(image: Image4, key: Mask, others: Mask) -> Quality:
    """Return how clean a cut-out (h, w, 4) is; key, others: the pixels (h, w) of its key and of others."""
    opaque = image[..., 3] >= OPAQUE
    neighbours = float((opaque & others).sum() / max(opaque.sum(), 1))
    return Quality(mask_iou(opaque, key), boundary_f(opaque, key), _halo(image, key), neighbours)


def boundary_f(mask: Mask, truth: Mask, tolerance: float = TOLERANCE) -> float:
    """Return the F-measure of a mask's edge: pixels within a tolerance of the other edge are correct.

    tolerance: of the diagonal. Source: Martin, Fowlkes and Malik 2004, doi:10.1109/TPAMI.2004.1273918;
    matched by dilation as by DAVIS (Perazzi et al. 2016).
    """
    radius = math.ceil(tolerance * math.hypot(*mask.shape))
    edge, true_edge = _edge(mask), _edge(truth)
    if not edge.any() or not true_edge.any():
        return float(edge.any() == true_edge.any())
    precision = (edge & _dilated(true_edge, radius)).sum() / edge.sum()
    recall = (true_edge & _dilated(edge, radius)).sum() / true_edge.sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def _edge(mask: Mask) -> Mask:
    """Return the pixels whose right, lower or lower right neighbour differs."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return np.asarray((here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:]))


def _dilated(mask: Mask, radius: int) -> Mask:
    """Return the pixels within a radius, px, of those of a mask."""
    padded, dilated = np.pad(mask, radius), np.zeros_like(mask)
    height, width = mask.shape
    for y in range(-radius, radius + 1):
        half = math.isqrt(radius**2 - y**2)
        row = padded[radius + y : radius + y + height]
        sums = np.cumsum(np.pad(row, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
        left = radius - half
        dilated |= sums[:, left + 2 * half + 1 :][:, :width] > sums[:, left : left + width]
    return dilated


def _halo(image: Image4, key: Mask) -> float:
    """Return the mean colour difference of half-transparent pixels from the key's inner ones nearby."""
    soft = (image[..., 3] > 0) & (image[..., 3] < 255)
    inside = ~_dilated(~key, INSIDE)
    if not soft.any() or not inside.any():
        return 0.0
    colours, weights = _lab(image[..., :3]), inside.astype(np.float32)
    radius = max(len(image) // 20, 2 * INSIDE)  # px
    total = box_filter(weights, radius)
    own = box_filter(colours * weights[..., None], radius) / (total[..., None] + 1e-6)
    near = soft & (total > 0.01)
    difference = np.linalg.norm(colours - own, axis=2)[near]
    return float(np.average(difference, weights=image[..., 3][near])) if near.any() else 0.0


def _lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return sRGB (h, w, 3) uint8 as CIE L*a*b* of D65."""
    value = pixels.astype(np.float32) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = linear @ (matrix / np.array([[0.9505], [1.0], [1.089]])).T.astype(np.float32)
    x, y, z = np.moveaxis(np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116), 2, 0)
    return np.dstack([116 * y - 16, 500 * (x - y), 200 * (y - z)]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The keys of a rendered photo that count, and all that could be taken for a part of one."""

    photo: Path
    boxes: tuple[Points, ...]
    objects: tuple[Mask, ...]  # keys first


def labelled(folder: Path) -> Iterator[Labelled]:
    """Yield the photos of a rendered set with their keys of at least MIN_LENGTH px."""
    for path in sorted((folder / "labels").glob("*.json")):
        label = json.loads(path.read_text(encoding="utf-8"))
        entries = [entry for entry in label["keys"] if _length(entry) >= MIN_LENGTH]
        small = [entry for entry in label["keys"] if _length(entry) < MIN_LENGTH]
        objects = tuple(decode_rle(entry["mask"]) for entry in [*entries, *small, *label.get("remotes", [])])
        boxes = tuple(np.array(entry["box"], np.float64) for entry in entries)
        yield Labelled(folder / label["file"], boxes, objects)


def _length(entry: dict[str, Any]) -> float:
    return math.dist(entry["box"][0], entry["box"][1])


def on_cutout(mask: Mask, region: OrientedCrop, size: tuple[int, int]) -> Mask:
    """Return a mask of a photo as one of a cut-out of a size (w, h)."""
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    coefficients = region.to_photo(size).ravel().tolist()
    sampled = image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(sampled) >= OPAQUE


def pairs(detected: Detections, boxes: Sequence[Points]) -> dict[int, int]:
    """Return the labelled key of each detection that is one: {index of detection: index of key}."""
    found: dict[int, int] = {}
    for i, detection in enumerate(detected.detections):
        ious = [0.0 if k in found.values() else box_iou(detection.box, box) for k, box in enumerate(boxes)]
        if ious and max(ious) >= MIN_BOX_IOU:
            found[i] = int(np.argmax(ious))
    return found


def cut_out_keys(photo: Labelled, detector: Detector) -> Iterator[tuple[Image4, Quality, float]]:
    """Yield each labelled key that is detected: its cut-out, its quality, seconds of cutting it out."""

    def read(min_side: int) -> Photo:
        return read_photo(photo.photo, min_side=min_side)

    detected = detect_keys(read, detector)
    start = time.perf_counter()
    images = list(cutouts(detected, read))
    seconds = (time.perf_counter() - start) / max(len(images), 1)
    for i, k in pairs(detected, photo.boxes).items():
        size = images[i].shape[1], images[i].shape[0]
        masks = [on_cutout(mask, detected.regions[i], size) for mask in photo.objects]
        others = np.logical_or.reduce([np.zeros_like(masks[k]), *masks[:k], *masks[k + 1 :]])
        yield images[i], quality(images[i], masks[k], others), seconds
