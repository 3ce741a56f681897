"""Frames -> by how much the picture has moved between them, because a hand-held camera does.

In:    the pixels of each frame
Out:   the shift since the frame before, px
Needs: numpy, opencv-python-headless [video]

Source: phase correlation, Kuglin and Hines 1975, The phase correlation image alignment method.
"""

import numpy as np
from numpy.typing import NDArray

from keykind.video.opencv import opencv
from keykind.video.source import Pixels
from keykind.video.tracking import Shift

SIDE = 128  # px, longer side of the picture in which motion is measured
MIN_RESPONSE = 0.1  # of the correlation's peak, 0..1, below which the motion is not known

Brightness = NDArray[np.float32]  # (h, w)


def reduced(pixels: Pixels) -> Brightness:
    """Return the brightness of a frame (h, w, 3), reduced to SIDE px."""
    cv2 = opencv()
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)


class Motion:
    """Measures how the picture moves from frame to frame."""

    def __init__(self) -> None:
        self._previous: Brightness | None = None

    def update(self, brightness: Brightness, longer_side: int) -> Shift:
        """Return the shift (x, y) since the frame before, px of a frame whose longer side is given."""
        previous, self._previous = self._previous, brightness
        if previous is None or previous.shape != brightness.shape:
            return 0.0, 0.0
        cv2 = opencv()
        window = cv2.createHanningWindow(brightness.shape[::-1], cv2.CV_32F)
        (x, y), response = cv2.phaseCorrelate(previous, brightness, window)
        if response < MIN_RESPONSE:
            return 0.0, 0.0
        scale = longer_side / max(brightness.shape)
        return x * scale, y * scale
