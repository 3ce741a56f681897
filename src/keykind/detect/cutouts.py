"""A photo -> each key in it on transparent ground, laid straight.

In:    how to read the photo, a detector
Out:   pictures (h, w, 4) uint8, red, green, blue and opacity, the surest key first; PNG files
Needs: numpy, pillow, ai-edge-litert

The detector looks at each key a second time, from near, so that holes of bows and gaps of rings open; the
mask's edge then moves to that of the picture (guided filter: He, Sun and Tang 2010,
doi:10.1007/978-3-642-15549-9_1).
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto, CannotWrite
from keykind.core.files import whole_file
from keykind.core.geometry import Mask
from keykind.detect.align import SLIM, OrientedCrop
from keykind.detect.crops import Detections, Read, detect_keys
from keykind.detect.detector import KeyDetector
from keykind.detect.postprocess import SIDE, Detection
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo
from keykind.photo.source import Source, load_pixels, name_of

WIDEST = 2048  # px of a cut-out at most
FAINT = 0.1  # least score of a key seen from near: that one is there is known
SAME = 0.5  # overlap of both looks' masks from which on the nearer is believed
REACH = 1 / 60  # of the picture's height: how far an edge may move
EVEN = 1e-3  # variance of brightness (0..1) below which a place has no edge
SHARP = (0.35, 0.65)  # of the mask after the filter: what is transparent and what is opaque

Floats = NDArray[np.float32]


def cut_outs(seen: Detections, read: Read, detector: KeyDetector) -> Iterator[NDArray[np.uint8]]:
    """Yield each key of a photo, (h, w, 4): head left and tip right, at the photo's scale up to WIDEST px.

    Raises what reading raises.
    """
    widths = [min(math.ceil(cut.width), WIDEST) for cut in seen.cuts]
    finest = max((width / cut.width for width, cut in zip(widths, seen.cuts, strict=True)), default=0)
    photo = read(math.ceil(min(finest, 1) * min(seen.photo.width, seen.photo.height)))
    for found, cut, width in zip(seen.found, seen.cuts, widths, strict=True):
        pixels = cut.shown_from(
            photo.pixels, photo.pixels.shape[1] / photo.width, max(round(width / SLIM), 1)
        )
        opacity = _refined(_mask(found, cut, pixels, detector), pixels)
        yield np.dstack([pixels, np.rint(255 * opacity).astype(np.uint8)])


def write_cut_outs(source: Source, detector: KeyDetector, out: Path) -> Iterator[Path]:
    """Write each key of a photo as a PNG and yield its path; of several the names are numbered.

    Raises BadPhoto if the photo cannot be read or shows no key, CannotWrite.
    """
    if out.suffix.lower() != ".png":
        fault = "is no .png file, the kind that keeps transparent ground"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .png")

    def read(least: int) -> Photo:
        return load_pixels(source, at_least=least)

    seen = detect_keys(read, detector)
    if not seen.cuts:
        fault = "shows no key that could be found"
        raise BadPhoto(name_of(source), fault=fault, remedy="take it from nearer, on an even ground")
    for number, picture in enumerate(cut_outs(seen, read, detector), 1):
        path = out if len(seen.cuts) == 1 else out.with_stem(f"{out.stem}-{number}")
        with whole_file(path) as temporary:
            Image.fromarray(picture).save(temporary, "PNG")
        yield path


def _mask(found: Detection, cut: OrientedCrop, pixels: Crop, detector: KeyDetector) -> Mask:
    """Return where the key is in its picture: as seen from near, or from afar if that is another thing."""
    height, width = pixels.shape[:2]
    far = _from_afar(found, cut, height)
    shown = detector.find(Photo(pixels, width, height, "array"), FAINT)
    near = [np.asarray(Image.fromarray(one.mask).resize((width, height))) for one in shown]
    best = max(near, key=lambda mask: _overlap(mask, far), default=far)
    return best if _overlap(best, far) >= SAME else far


def _from_afar(found: Detection, cut: OrientedCrop, height: int) -> Mask:
    """Return the mask with which the key was found, laid straight as its picture is."""
    grey = np.repeat(found.mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    small = cut.shown_from(grey, 1 / found.scale, SIDE // 2)[..., 0]
    large = Image.fromarray(small).resize((round(SLIM * height), height), Image.Resampling.BILINEAR)
    return np.asarray(large) > 160  # what lies beyond the photo is filled with less


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def _refined(mask: Mask, pixels: Crop) -> Floats:
    """Return the opacity (h, w) 0..1: the mask with its edge moved to the picture's."""
    reach = max(round(REACH * len(pixels)), 1)
    guide = (pixels @ np.array([0.299, 0.587, 0.114], np.float32)) / np.float32(255)
    filtered = guided(guide.astype(np.float32), mask.astype(np.float32), reach)
    low, high = SHARP
    return np.asarray(np.clip((filtered - low) / (high - low), 0, 1))


def guided(guide: Floats, values: Floats, reach: int) -> Floats:
    """Return values (h, w) smoothed over windows of `reach` px to each side, not across the guide's edges."""
    mean_guide, mean = _boxed(guide, reach), _boxed(values, reach)
    slope = (_boxed(guide * values, reach) - mean_guide * mean) / (
        _boxed(guide * guide, reach) - mean_guide**2 + EVEN
    )
    return np.asarray(_boxed(slope, reach) * guide + _boxed(mean - slope * mean_guide, reach))


def _boxed(values: Floats, reach: int) -> Floats:
    """Return the mean of the window around each place, of what of it lies inside."""
    for axis in (0, 1):
        sums = np.cumsum(values, axis=axis, dtype=np.float64)
        sums = np.insert(sums, 0, 0, axis=axis)
        places = np.arange(values.shape[axis])
        last, first = np.minimum(places + reach + 1, len(places)), np.maximum(places - reach, 0)
        count = (last - first).reshape((-1, 1) if axis == 0 else (1, -1))
        values = ((sums.take(last, axis) - sums.take(first, axis)) / count).astype(np.float32)
    return values
