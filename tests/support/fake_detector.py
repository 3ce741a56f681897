"""A detector that finds what it was told to find."""

import numpy as np

from keykind.detect.postprocess import Detection


def found(head, tip, width=40.0, score=0.9):
    """Return a key as the detector would: its ends and a box around them, px."""
    head, tip = np.array(head, float), np.array(tip, float)
    along = (tip - head) / np.linalg.norm(tip - head)
    across = np.array([-along[1], along[0]]) * width / 2
    box = np.array([head - across, tip - across, tip + across, head + across])
    nothing = np.zeros((1, 1), bool)
    return Detection(score, box, head, tip, 0.0, 0.0, nothing, nothing, 1.0)


class FakeDetector:
    digest = "told"

    def __init__(self, *keys):
        self.keys = keys
        self.asked = []

    def find(self, photo, least=0.0):
        self.asked.append(photo.pixels.shape)
        return self.keys
