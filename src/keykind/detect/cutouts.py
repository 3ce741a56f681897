"""Photo -> each key on a transparent background, aligned.

In:    a function that reads the photo at a given size, a detector
Out:   images (h, w, 4) uint8 RGBA, highest score first; PNG files
Needs: numpy, pillow

Each key is detected again in its own enlarged crop, so that holes in bows and the insides of rings become
transparent. The mask's edge is then moved to the image's edge by a guided filter (He, Sun and Tang 2010,
doi:10.1007/978-3-642-15549-9_1).
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto, CannotWrite
from keykind.core.files import atomic_write
from keykind.core.geometry import Mask
from keykind.detect.align import ASPECT_RATIO, OrientedCrop
from keykind.detect.crops import Detections, Read, detect_keys
from keykind.detect.detection import Detection, Detector
from keykind.detect.metrics import mask_iou
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo
from keykind.photo.source import Source, load_pixels, name_of

MAX_WIDTH = 2048  # px of a cutout
CROP_SCORE_THRESHOLD = 0.1  # in a key's own crop, which is known to contain a key
MIN_OVERLAP = 0.5  # IoU of the coarse and the fine mask from which the fine one is used
COARSE_HEIGHT = 128  # px at which the coarse mask is aligned
COARSE_THRESHOLD = 160  # of 0..255; above PAD_VALUE, so that nothing outside the photo is key
FILTER_RADIUS = 1 / 60  # of the cutout's height: how far an edge may move
FILTER_EPSILON = 1e-3  # variance of brightness (0..1) below which a window counts as flat
ALPHA_RANGE = (0.35, 0.65)  # of the filtered mask: transparent up to the first, opaque from the second

Floats = NDArray[np.float32]


def cutouts(detected: Detections, read: Read, detector: Detector) -> Iterator[NDArray[np.uint8]]:
    """Yield each key of a photo, (h, w, 4): head left and tip right, at the photo's scale up to MAX_WIDTH px.

    Raises what `read` raises.
    """
    widths = [min(math.ceil(region.width), MAX_WIDTH) for region in detected.regions]
    scales = [width / region.width for width, region in zip(widths, detected.regions, strict=True)]
    scale = min(max(scales, default=0), 1)
    photo = read(math.ceil(scale * min(detected.photo.width, detected.photo.height)))
    for detection, region, width in zip(detected.detections, detected.regions, widths, strict=True):
        pixels = region.extract_unstretched(
            photo.pixels, photo.pixels.shape[1] / photo.width, max(round(width / ASPECT_RATIO), 1)
        )
        alpha = _alpha(_mask(detection, region, pixels, detector), pixels)
        yield np.dstack([pixels, np.rint(255 * alpha).astype(np.uint8)])


def write_cutouts(source: Source, detector: Detector, out: str | Path) -> Iterator[Path]:
    """Write each key of a photo as a PNG and yield its path; several are numbered: out-1.png, out-2.png...

    Raises BadPhoto if the photo cannot be read or shows no key, CannotWrite.
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        fault = f"ends in '{out.suffix}', but a transparent background needs .png"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .png")

    def read(min_side: int) -> Photo:
        return load_pixels(source, min_side=min_side)

    detected = detect_keys(read, detector)
    if not detected.regions:
        remedy = "take it from a shorter distance, on a plain background"
        raise BadPhoto(name_of(source), fault="has no detectable key", remedy=remedy)
    for i, image in enumerate(cutouts(detected, read, detector), 1):
        path = out if len(detected.regions) == 1 else out.with_stem(f"{out.stem}-{i}")
        with atomic_write(path) as temporary:
            Image.fromarray(image).save(temporary, "PNG")
        yield path


def _mask(detection: Detection, region: OrientedCrop, pixels: Crop, detector: Detector) -> Mask:
    """Return the key's mask in its own crop: the one detected there, or the coarse one if they disagree."""
    height, width = pixels.shape[:2]
    coarse = _coarse_mask(detection, region, height)
    detections = detector.detect(Photo(pixels, width, height, "array"), CROP_SCORE_THRESHOLD)
    masks = [np.asarray(Image.fromarray(found.mask).resize((width, height))) for found in detections]
    best = max(masks, key=lambda mask: mask_iou(mask, coarse), default=coarse)
    return best if mask_iou(best, coarse) >= MIN_OVERLAP else coarse


def _coarse_mask(detection: Detection, region: OrientedCrop, height: int) -> Mask:
    """Return the detection's mask, aligned as its crop is."""
    grey = np.repeat(detection.mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    small = region.extract_unstretched(grey, 1 / detection.scale, COARSE_HEIGHT)[..., 0]
    size = round(ASPECT_RATIO * height), height
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BILINEAR)) > COARSE_THRESHOLD


def _alpha(mask: Mask, pixels: Crop) -> Floats:
    """Return the opacity (h, w) 0..1: the mask with its edge moved to the image's."""
    radius = max(round(FILTER_RADIUS * len(pixels)), 1)
    guide = (pixels @ np.array([0.299, 0.587, 0.114], np.float32)) / np.float32(255)
    filtered = guided_filter(guide.astype(np.float32), mask.astype(np.float32), radius)
    low, high = ALPHA_RANGE
    return np.asarray(np.clip((filtered - low) / (high - low), 0, 1))


def guided_filter(guide: Floats, values: Floats, radius: int) -> Floats:
    """Return values (h, w) smoothed within `radius` px, preserving the guide's edges."""
    mean_guide, mean = _box_filter(guide, radius), _box_filter(values, radius)
    slope = (_box_filter(guide * values, radius) - mean_guide * mean) / (
        _box_filter(guide * guide, radius) - mean_guide**2 + FILTER_EPSILON
    )
    return np.asarray(_box_filter(slope, radius) * guide + _box_filter(mean - slope * mean_guide, radius))


def _box_filter(values: Floats, radius: int) -> Floats:
    """Return the mean of the window around each pixel, over the part of it inside the image."""
    for axis in (0, 1):
        sums = np.cumsum(values, axis=axis, dtype=np.float64)
        sums = np.insert(sums, 0, 0, axis=axis)
        index = np.arange(values.shape[axis])
        stop, start = np.minimum(index + radius + 1, len(index)), np.maximum(index - radius, 0)
        count = (stop - start).reshape((-1, 1) if axis == 0 else (1, -1))
        values = ((sums.take(stop, axis) - sums.take(start, axis)) / count).astype(np.float32)
    return values
