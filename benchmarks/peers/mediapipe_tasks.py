"""Find and name keys with MediaPipe's ObjectDetector and ImageClassifier.

python mediapipe_tasks.py FOLDER PHOTO...
"""

import sys

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

detector_options = vision.ObjectDetectorOptions(
    base_options=BaseOptions(model_asset_path=f"{sys.argv[1]}/ssd.tflite"), max_results=1, score_threshold=0.5
)
classifier_options = vision.ImageClassifierOptions(
    base_options=BaseOptions(model_asset_path=f"{sys.argv[1]}/classifier.tflite"), max_results=1
)
with (
    vision.ObjectDetector.create_from_options(detector_options) as detector,
    vision.ImageClassifier.create_from_options(classifier_options) as classifier,
):
    for path in sys.argv[2:]:
        image = mp.Image.create_from_file(path)
        for detection in detector.detect(image).detections:
            box = detection.bounding_box
            rows = slice(max(box.origin_y, 0), box.origin_y + box.height)
            columns = slice(max(box.origin_x, 0), box.origin_x + box.width)
            pixels = np.ascontiguousarray(image.numpy_view()[rows, columns])
            result = classifier.classify(mp.Image(image_format=mp.ImageFormat.SRGB, data=pixels))
            print(path, box, result.classifications[0].categories[0].category_name, flush=True)
