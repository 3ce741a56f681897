"""Classify crops with MediaPipe's ImageClassifier.  python mediapipe_crops.py MODEL CROPS.npy

Prints a line of JSON per crop (h, w, 3) uint8: kind -> probability. Run it in a separate process, because
MediaPipe and TensorFlow contain the same libraries.
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
        result = classifier.classify(image).classifications[0]
        print(json.dumps({category.category_name: category.score for category in result.categories}))
