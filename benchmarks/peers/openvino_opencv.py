"""Classify photos with OpenVINO and OpenCV.  python openvino_opencv.py keys.onnx PHOTO..."""

import sys

import cv2
import openvino

model = openvino.Core().compile_model(sys.argv[1], "CPU")
for path in sys.argv[2:]:
    pixels = cv2.resize(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB), (224, 224))
    print(path, int(model(pixels[None])["probabilities"].argmax()))
