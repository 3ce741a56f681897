"""Dataset and recipe -> a trained network. The package is callable: `keykind.train(photos, out="run")`.

In:    the arguments of `keykind.experiment.train.train`
Out:   its Run
Needs: nothing beyond Python to import it
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """A package of this name and a function of this name: both are `keykind.train`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Train on photos: see `keykind.experiment.train.train`."""
        return import_module("keykind.experiment.train").train(*args, **kwargs)  # above: not imported here


sys.modules[__name__].__class__ = _CallablePackage
