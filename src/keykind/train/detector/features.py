"""The feature maps of MobileNetV2 on which the detector's neck is trained.

In:    nothing
Out:   TAPS, FEATURE_SHAPES
Needs: numpy. Not TensorFlow: the processes that make training views import this module
"""

from keykind.detect.postprocess import HEIGHT, WIDTH

TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project_BN")  # layers of MobileNetV2
FEATURE_SHAPES = (  # of their outputs; the first is average-pooled by 2
    (HEIGHT // 8, WIDTH // 8, 24),
    (HEIGHT // 8, WIDTH // 8, 32),
    (HEIGHT // 16, WIDTH // 16, 96),
    (HEIGHT // 32, WIDTH // 32, 320),
)
