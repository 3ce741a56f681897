"""Classify a photo over HTTP as in a tutorial on FastAPI and Keras.

MODEL=model.keras uvicorn keras_service:app
"""

import io
import os

import keras
import numpy as np
from fastapi import FastAPI, UploadFile

app = FastAPI()
model = keras.models.load_model(os.environ["MODEL"], compile=False)


@app.post("/predict")
def predict(photo: UploadFile) -> dict[str, float]:
    image = keras.utils.load_img(io.BytesIO(photo.file.read()), target_size=(224, 224))
    probabilities = model.predict(keras.utils.img_to_array(image)[None], verbose=0)[0]
    return {"kind": int(np.argmax(probabilities)), "probability": float(np.max(probabilities))}
