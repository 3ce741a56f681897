"""keykind finds every key in a photo and tells what kind each is; it also trains and evaluates such models.

In:    a name of the Python API below
Out:   that class or function, imported on first use: `import keykind` itself loads no library
Needs: nothing beyond Python; what a name needs when it is used
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keykind.core.errors import BadPhoto as BadPhoto
    from keykind.core.errors import KeykindError as KeykindError
    from keykind.dataset.dataset import read_dataset as read_dataset
    from keykind.dataset.samples import Dataset as Dataset
    from keykind.detect.detection import Detection as Detection
    from keykind.detect.detector import KeyDetector as KeyDetector
    from keykind.experiment.train import train as train
    from keykind.predict.prediction import Key as Key
    from keykind.predict.prediction import Prediction as Prediction
    from keykind.predict.recogniser import Recogniser as Recogniser
    from keykind.train.recipe import Recipe as Recipe

__version__ = "0.11.0"

_MODULES = {
    "BadPhoto": "keykind.core.errors",
    "Dataset": "keykind.dataset.samples",
    "Detection": "keykind.detect.detection",
    "Key": "keykind.predict.prediction",
    "KeyDetector": "keykind.detect.detector",
    "KeykindError": "keykind.core.errors",
    "Prediction": "keykind.predict.prediction",
    "Recipe": "keykind.train.recipe",
    "Recogniser": "keykind.predict.recogniser",
    "read_dataset": "keykind.dataset.dataset",
}
__all__ = ["__version__", "train", *sorted(_MODULES)]  # noqa: PLE0604 - names of a dict are strings, too


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used."""
    if name == "train":
        return import_module("keykind.train")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(import_module(_MODULES[name]), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
