"""Opaque and translucent layers in 8 bits.

In:    images (h, w, 3) uint8, opacities (h, w) uint8: 0 to 255
Out:   images of the same size
Needs: numpy, opencv                                                                       [train]

OpenCV multiplies bytes ten times faster than NumPy multiplies the floats that they would become.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (h, w, 3)
Opacity = NDArray[np.uint8]  # (h, w)


def over(image: Pixels, layer: Pixels, opacity: Opacity) -> Pixels:
    """Return a layer over an image."""
    return np.asarray(cv2.add(shaded(layer, opacity), shaded(image, cv2.bitwise_not(opacity))))


def shaded(image: Pixels, light: Opacity) -> Pixels:
    """Return an image with each pixel as much darker as `light` is below 255."""
    return np.asarray(cv2.multiply(image, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), scale=1 / 255))


def scaled(values: Opacity, by: Opacity) -> Opacity:
    """Return the product of two opacities."""
    return np.asarray(cv2.multiply(values, by, scale=1 / 255))


def premultiplied(image: Pixels, opacity: Opacity) -> Pixels:
    """Return RGBA (h, w, 4) whose colours are multiplied by their opacity."""
    return np.asarray(cv2.cvtColor(cv2.merge([image, opacity]), cv2.COLOR_RGBA2mRGBA))
