"""Photos -> the kind of each key; predictions as text, files and figures.

Up to version 0.6 this was a module; the names that it had can still be imported from here.
"""

from keykind.predict.recogniser import Key, Prediction, Recogniser

__all__ = ["Key", "Prediction", "Recogniser"]
