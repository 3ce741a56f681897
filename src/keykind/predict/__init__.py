"""Photos -> the kind of each key; predictions as text, files and figures."""

from keykind.predict.recogniser import Key, Prediction, Recogniser

__all__ = ["Key", "Prediction", "Recogniser"]
