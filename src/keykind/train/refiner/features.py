"""The feature maps of MobileNetV2 on which the refiner's heads are trained first.

In:    nothing
Out:   TAPS, FEATURE_SHAPES
Needs: numpy. Not TensorFlow: the processes that make training crops import this module
"""

from keykind.detect.refiner import HEIGHT, WIDTH

TAPS = ("block_2_add", "block_5_add", "block_12_add")  # layers of MobileNetV2
FEATURE_SHAPES = (
    (HEIGHT // 4, WIDTH // 4, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
)
