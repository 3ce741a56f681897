"""Import LiteRT, NumPy and Pillow, and decode each photo at reduced scale: what any such program needs.

python decode_once.py PHOTO...
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

for path in sys.argv[1:]:
    with Image.open(path) as image:
        image.draft("RGB", (480, 480))
        print(path, np.asarray(image).shape, Interpreter.__name__)
