"""Classify photos with ONNX Runtime and Pillow.  python onnx_pillow.py keys.onnx PHOTO..."""

import sys

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1])
for path in sys.argv[2:]:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    print(path, int(session.run(["probabilities"], {"pixels": pixels[None]})[0].argmax()))
