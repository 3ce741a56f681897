"""Crop of a key -> how sharp it is.

In:    Crop (SIZE, SIZE, 3) uint8; the region of the photo that it shows, and the detection in it
Out:   variance of the Laplacian relative to that of the luma, in the key's box: about 0.05 in good photos
Needs: numpy

It is relative, so that neither light nor contrast changes it.
Source: variance of the Laplacian, Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548.
"""

import numpy as np

from keykind.detect.align import ASPECT_RATIO, OrientedCrop
from keykind.detect.detection import Detection
from keykind.model.card import SIZE
from keykind.model.preprocess import Crop

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
MIN_VARIANCE = 25.0  # grey levels squared: in an image without contrast, noise would pass for sharpness
MIN_PIXELS = 64  # of a key, for the measurement to mean anything
UNKNOWN = 1.0  # of a key with fewer pixels


def sharpness(crop: Crop, region: OrientedCrop | None = None, detection: Detection | None = None) -> float:
    """Return the sharpness of a key in its crop; without a detection, of all of the crop."""
    rows, columns = slice(0, SIZE), slice(0, SIZE)
    if region is not None and detection is not None:
        rows, columns = _box_in_crop(region, detection)
    around = _widened(rows), _widened(columns)  # the Laplacian needs the neighbours, too
    luma = crop[around].astype(np.float64) @ np.array(LUMA)
    inside = luma[_within(rows, around[0]), _within(columns, around[1])]
    laplacian = luma[1:-1, :-2] + luma[1:-1, 2:] + luma[:-2, 1:-1] + luma[2:, 1:-1] - 4 * luma[1:-1, 1:-1]
    if inside.size < MIN_PIXELS or not laplacian.size:
        return UNKNOWN
    return float(laplacian.var() / max(float(inside.var()), MIN_VARIANCE))


def _box_in_crop(region: OrientedCrop, detection: Detection) -> tuple[slice, slice]:
    """Return the rows and columns of a crop whose pixels' centres are inside the detection's box."""
    axes = np.array([region.axis, (-region.axis[1], region.axis[0])])  # along the key, across it
    offsets = (detection.box - np.array(region.centre)) @ axes.T
    sides = np.array([region.width, region.width / ASPECT_RATIO])
    low, high = (offsets.min(axis=0) / sides + 0.5) * SIZE, (offsets.max(axis=0) / sides + 0.5) * SIZE
    return _covered(low[1], high[1]), _covered(low[0], high[0])


def _covered(low: float, high: float) -> slice:
    """Return the pixels whose centres are between two positions."""
    start, stop = int(np.ceil(low - 0.5)), int(np.floor(high - 0.5)) + 1
    return slice(min(max(start, 0), SIZE), min(max(stop, start, 0), SIZE))


def _widened(span: slice) -> slice:
    """Return a span with the pixel before and the one after it, if the crop has them."""
    return slice(max(span.start - 1, 0), min(span.stop + 1, SIZE))


def _within(span: slice, around: slice) -> slice:
    """Return a span relative to one around it."""
    return slice(span.start - around.start, span.stop - around.start)
