"""Photo -> each key on a transparent background, aligned.

In:    a function that reads the photo at a given size, a detector that gives masks
Out:   images (h, w, 4) uint8 RGBA, highest score first; PNG files
Needs: numpy, pillow

Holes in bows and the insides of rings are not part of a key's mask. The mask's edge is moved to the image's
edge by a guided filter (He, Sun and Tang 2010, doi:10.1007/978-3-642-15549-9_1).
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto, CannotWrite, KeykindError
from keykind.core.files import atomic_write, check_new, check_not_input
from keykind.core.geometry import Mask
from keykind.detect.align import ASPECT_RATIO
from keykind.detect.crops import Detections, Read, detect_keys
from keykind.detect.detection import Detector
from keykind.detect.sharpness import LUMA
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo
from keykind.photo.source import Source, load_pixels, name_of

MAX_WIDTH = 2048  # px of a cutout
FILTER_RADIUS = 1 / 60  # of the cutout's height: how far an edge may move
FILTER_EPSILON = 1e-3  # variance of brightness (0..1) below which a window counts as flat
ALPHA_RANGE = (0.35, 0.65)  # of the filtered mask: transparent up to the first, opaque from the second

Floats = NDArray[np.float32]


def cutouts(detected: Detections, read: Read) -> Iterator[NDArray[np.uint8]]:
    """Yield each key of a photo, (h, w, 4): head left and tip right, at the photo's scale up to MAX_WIDTH px.

    Raises what `read` raises, and KeykindError for a detection without a mask.
    """
    widths = [min(math.ceil(region.width), MAX_WIDTH) for region in detected.regions]
    scales = [width / region.width for width, region in zip(widths, detected.regions, strict=True)]
    scale = min(max(scales, default=0), 1)
    photo = read(math.ceil(scale * min(detected.photo.width, detected.photo.height)))
    for detection, region, width in zip(detected.detections, detected.regions, widths, strict=True):
        pixels = region.extract_unstretched(
            photo.reductions, photo.scale, max(round(width / ASPECT_RATIO), 1)
        )
        if detection.mask is None:
            fault, remedy = "gives no masks, which cut-outs need", "use the detector of keykind"
            raise KeykindError("the detector", fault=fault, remedy=remedy)
        mask, _ = detection.mask.on_region(region, (pixels.shape[1], pixels.shape[0]))
        alpha = _alpha(mask, pixels)
        yield np.dstack([pixels, np.rint(255 * alpha).astype(np.uint8)])


def write_cutouts(
    source: Source, detector: Detector, out: str | Path, *, replace: bool = True
) -> Iterator[Path]:
    """Write each key of a photo as a PNG and yield its path; several are numbered: out-1.png, out-2.png...

    replace: whether images may be replaced that exist.
    Raises BadPhoto if the photo cannot be read or shows no key, CannotWrite (also if a path is the photo's),
    and KeykindError if the detector gives no masks.
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        fault = f"ends in '{out.suffix}', but a transparent background needs .png"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .png")

    def read(min_side: int) -> Photo:
        return load_pixels(source, min_side=min_side)

    detected = detect_keys(read, detector)
    if not detected.regions:
        raise _nothing_to_cut_out(name_of(source), len(detector.detect_all(detected.photo)))
    numbered = (out.with_stem(f"{out.stem}-{i + 1}") for i in range(len(detected.regions)))
    paths = [out] if len(detected.regions) == 1 else list(numbered)
    for path in paths:
        check_not_input(path, [source])
        check_new(path, force=replace)
    for path, image in zip(paths, cutouts(detected, read), strict=True):
        with atomic_write(path) as temporary:
            Image.fromarray(image).save(temporary, "PNG")
        yield path


def _nothing_to_cut_out(photo: str, remotes: int) -> BadPhoto:
    """Return the error for a photo without keys, which may show remotes."""
    fault = "has no detectable key"
    remedy = "take it from a shorter distance, on a plain background"
    if remotes:
        fault = f"shows only remotes or folded flip keys ({remotes}), which have no cut-out"
        remedy = "give a photo of a key whose blade can be seen"
    return BadPhoto(photo, fault=fault, remedy=remedy)


def _alpha(mask: Mask, pixels: Crop) -> Floats:
    """Return the opacity (h, w) 0..1: the mask with its edge moved to the image's."""
    radius = max(round(FILTER_RADIUS * len(pixels)), 1)
    guide = (pixels @ np.array(LUMA, np.float32)) / np.float32(255)
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
