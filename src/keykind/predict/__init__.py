"""Photos -> the kind of each key; predictions as text, files and figures.

Up to version 0.6 this was a module; the names that it had can still be imported from here.
"""

from keykind.predict.prediction import Key, Prediction
from keykind.predict.recogniser import Recogniser

__all__ = ["Key", "Prediction", "Recogniser"]
