"""Find and name keys with ONNX Runtime and OpenCV.  python onnx_opencv.py FOLDER REDUCTION PHOTO...

REDUCTION: 1, 2 or 4; OpenCV decodes JPEGs at this fraction of their size.
"""

import sys

import cv2
import numpy as np
import onnxruntime

SIDE, THRESHOLD, OVERLAP = 640, 0.5, 0.5
FLAGS = {"1": cv2.IMREAD_COLOR, "2": cv2.IMREAD_REDUCED_COLOR_2, "4": cv2.IMREAD_REDUCED_COLOR_4}

detector = onnxruntime.InferenceSession(f"{sys.argv[1]}/detector.onnx", providers=["CPUExecutionProvider"])
classifier = onnxruntime.InferenceSession(
    f"{sys.argv[1]}/classifier.onnx", providers=["CPUExecutionProvider"]
)
for path in sys.argv[3:]:
    image = cv2.imread(path, FLAGS[sys.argv[2]])
    scale = SIDE / max(image.shape)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    canvas = np.full((SIDE, SIDE, 3), 114, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    blob = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
    output = detector.run(None, {"image": blob})[0][0]
    output = output[output[:, 4] > THRESHOLD]
    boxes, scores = np.hstack([output[:, :2] - output[:, 2:4] / 2, output[:, 2:4]]), output[:, 4]
    for i in np.ravel(cv2.dnn.NMSBoxes(boxes, scores, THRESHOLD, OVERLAP))[:1]:
        x, y, width, height = (boxes[i] / scale).astype(int)
        crop = cv2.resize(image[max(y, 0) : y + height, max(x, 0) : x + width], (224, 224))
        blob = cv2.dnn.blobFromImage(crop, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)
        kinds = classifier.run(None, {"image": blob})[0][0]
        print(path, x, y, width, height, int(kinds.argmax()), flush=True)
