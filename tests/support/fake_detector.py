"""A detector that returns given detections."""

import numpy as np

from keykind.detect.detection import Detection


def detection(head, tip, width=40.0, score=0.9):
    """Return a key with these endpoints, px."""
    return Detection(score, np.array(head, float), np.array(tip, float), width)


class FakeDetector:
    digest = "fake"

    def __init__(self, *detections):
        self.detections = detections
        self.shapes = []  # of the photos seen

    def detect(self, photo, score_threshold=0.0):
        self.shapes.append(photo.pixels.shape)
        return self.detections

    def detect_all(self, photo, score_threshold=0.0):
        return self.detect(photo, score_threshold)
