"""Find and name keys as in a Keras tutorial.  python keras_script.py FOLDER PHOTO..."""

import sys

import keras
import numpy as np

SIDE, THRESHOLD = 640, 0.5

detector = keras.models.load_model(f"{sys.argv[1]}/detector.keras", compile=False)
classifier = keras.models.load_model(f"{sys.argv[1]}/classifier.keras", compile=False)
for path in sys.argv[2:]:
    image = keras.utils.load_img(path)
    scale = SIDE / max(image.size)
    small = image.resize([round(scale * length) for length in image.size])
    canvas = np.full((SIDE, SIDE, 3), 114, np.float32)
    canvas[: small.height, : small.width] = keras.utils.img_to_array(small)
    output = detector.predict(canvas[None] / 255, verbose=0)[0]
    boxes = output[output[:, 4] > THRESHOLD]
    for x, y, width, height, _ in boxes[boxes[:, 4].argsort()[::-1]][:1]:
        corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) / scale
        crop = keras.utils.img_to_array(image.crop(corners.round().astype(int).tolist()).resize((224, 224)))
        kinds = classifier.predict(keras.applications.mobilenet_v2.preprocess_input(crop[None]), verbose=0)[0]
        print(path, corners.tolist(), int(kinds.argmax()), flush=True)
