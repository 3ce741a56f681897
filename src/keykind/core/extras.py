"""Optional dependencies: whether they are installed, and the command that installs them.

In:    the name of an extra
Out:   None; or MissingExtra
Needs: nothing beyond Python
"""

import sys
from importlib.util import find_spec

from keykind.core.errors import MissingExtra

BASE = {"numpy": "numpy", "pillow": "PIL", "ai-edge-litert": "ai_edge_litert"}
EXTRAS = {  # extra -> {package: module}
    "train": {
        "keras": "keras",
        "tensorflow": "tensorflow",
        "scikit-learn": "sklearn",
        "scipy": "scipy",
        "matplotlib": "matplotlib",
        "opencv-python-headless": "cv2",
    },
    "evaluate": {"scikit-learn": "sklearn", "scipy": "scipy", "matplotlib": "matplotlib"},  # part of train
    "heif": {"pi-heif": "pi_heif"},
    "render": {"mitsuba": "mitsuba", "manifold3d": "manifold3d"},
    "onnx": {"tf2onnx": "tf2onnx", "onnx": "onnx"},
    "video": {"av": "av"},
    "scale": {"ray": "ray", "pyarrow": "pyarrow", "fsspec": "fsspec"},
    "serve": {
        "fastapi": "fastapi",
        "uvicorn": "uvicorn",
        "httptools": "httptools",
        "python-multipart": "python_multipart",
        "prometheus-client": "prometheus_client",
        **({} if sys.platform == "win32" else {"uvloop": "uvloop"}),
    },
}


def is_installed(module: str) -> bool:
    """Return whether a module is installed, without importing it."""
    return find_spec(module) is not None


def require(extra: str) -> None:
    """Raise MissingExtra, which says how to install it, if a package of the extra is missing."""
    missing = [package for package, module in EXTRAS[extra].items() if not is_installed(module)]
    if missing:
        raise MissingExtra(f"keykind {extra}", extra=extra, missing=", ".join(missing))
