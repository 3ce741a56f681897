"""Frames -> by how much the picture has moved between them, because a hand-held camera does.

In:    the pixels of each frame
Out:   the shift since the frame before, px
Needs: numpy, pillow

Source: phase correlation, Kuglin and Hines 1975, The phase correlation image alignment method.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.video.source import Pixels
from keykind.video.tracking import Shift

SIDE = 128  # px, longer side of the picture in which motion is measured
MIN_PEAK = 0.03  # of the correlation, 0..1, below which the motion is not known

Brightness = NDArray[np.float32]  # (h, w)


def reduced(pixels: Pixels) -> Brightness:
    """Return the brightness of a frame (h, w, 3), reduced to SIDE px."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image.convert("L"), np.float32)


class Motion:
    """Measures how the picture moves from frame to frame."""

    def __init__(self) -> None:
        self._previous: Brightness | None = None

    def update(self, brightness: Brightness, longer_side: int) -> Shift:
        """Return the shift (x, y) since the frame before, px of a frame whose longer side is given."""
        previous, self._previous = self._previous, brightness
        if previous is None or previous.shape != brightness.shape:
            return 0.0, 0.0
        correlation = _phase_correlation(previous, brightness)
        peak = np.unravel_index(int(correlation.argmax()), correlation.shape)
        if correlation[peak] < MIN_PEAK:
            return 0.0, 0.0
        scale = longer_side / max(brightness.shape)
        y, x = (
            (int(at) + size // 2) % size - size // 2 for at, size in zip(peak, brightness.shape, strict=True)
        )
        return x * scale, y * scale


def _phase_correlation(before: Brightness, after: Brightness) -> NDArray[np.float32]:
    """Return the correlation (h, w) 0..1 for every cyclic shift of `after` relative to `before`."""
    window = np.outer(*(np.hanning(size) for size in before.shape))
    spectra = [np.fft.rfft2((image - image.mean()) * window) for image in (before, after)]
    product = spectra[1] * spectra[0].conj()
    product /= np.maximum(np.abs(product), 1e-9)
    return np.asarray(np.fft.irfft2(product, before.shape), np.float32)
