"""Crops -> probabilities, by MediaPipe's ImageClassifier.  python mediapipe_crops.py MODEL CROPS.npy

Prints a line of JSON a crop (h, w, 3) uint8: kind -> probability. A process of its own, because MediaPipe and
TensorFlow bring the same libraries along.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=sys.argv[1]))
with vision.ImageClassifier.create_from_options(options) as classifier:
    for pixels in np.load(sys.argv[2]):
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
        said = classifier.classify(image).classifications[0]
        print(json.dumps({one.category_name: one.score for one in said.categories}))
