"""Classify photos as in a Keras tutorial.  python keras_script.py model.keras PHOTO..."""

import sys

import keras
import numpy as np

model = keras.models.load_model(sys.argv[1], compile=False)
for path in sys.argv[2:]:
    pixels = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(224, 224)))
    print(path, int(np.argmax(model.predict(pixels[None], verbose=0))))
