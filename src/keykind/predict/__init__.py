"""Photos -> the kind of each key; answers as text, files and figures."""

from keykind.predict.recogniser import Key, Prediction, Recogniser

__all__ = ["Key", "Prediction", "Recogniser"]
