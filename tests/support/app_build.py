"""What the tests of the app share: the app's core in Node, and the app as Vite builds it.

Both are built where the packages of web/package-lock.json are, else the tests skip.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keykind.model import shipped

WEB = Path(__file__).parents[2] / "web"
NO_PACKAGES = "the app's packages are not installed: run make web/node_modules"
TOOLS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # Node comes with Python's packages


def npm(*command: str, **environment: str) -> None:
    """Run a script of web/package.json; skip the test where that cannot be."""
    if not (WEB / "node_modules").is_dir():
        pytest.skip(NO_PACKAGES)
    done = subprocess.run(
        [tool("npm"), "run", "--silent", *command],
        cwd=WEB,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": TOOLS} | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> str:
    """Return where a program of Node lies."""
    found = shutil.which(name, path=TOOLS)
    assert found is not None, f"{name} is not installed"
    return found


class Core:
    """The core in a process of Node."""

    def __init__(self) -> None:
        npm("core")
        command = [tool("node"), Path(__file__).parent / "app_core.mjs", WEB / "build" / "core" / "core.js"]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, call: str):
        return lambda *given: self._ask(call, given)

    def _ask(self, call, given):
        self._node.stdin.write(json.dumps({"call": call, "arguments": told(given)}) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        self._node.stdin.close()
        self._node.wait(10)


def told(value):
    """Return a value as the core's process reads it: pictures (h, w, 3) as RGBA, other arrays as they are."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3:
        rgba = np.dstack([value, np.full(value.shape[:2], 255, np.uint8)])
        return {"type": "clamped", "shape": value.shape, "bytes": _text(rgba.tobytes())}
    if isinstance(value, np.ndarray):
        return {"type": value.dtype.name, "shape": value.shape, "bytes": _text(value.tobytes())}
    if isinstance(value, bytes):
        return {"type": "uint8", "shape": [len(value)], "bytes": _text(value)}
    if isinstance(value, dict):
        return {key: told(one) for key, one in value.items()}
    return [told(one) for one in value] if isinstance(value, list | tuple) else value


def picture(result) -> np.ndarray:
    """Return the (h, w, 3) uint8 picture that the core answered."""
    rgba = np.frombuffer(base64.b64decode(result["bytes"]), np.uint8)
    pixels = rgba.reshape(result["height"], result["width"], 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def field(result, *shape: int) -> np.ndarray:
    """Return the float32 array that the core answered."""
    return np.frombuffer(base64.b64decode(result["bytes"]), np.float32).reshape(shape)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def models() -> Path:
    """Return the folder with the models that the app is built with; skip the test where there are none."""
    folder = Path(os.environ.get("KEYKIND_MODELS", shipped.FOLDER))
    missing = [name for name in (shipped.DETECTOR, shipped.CLASSIFIER) if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"{' and '.join(missing)} do not come with this version; KEYKIND_MODELS may name others")
    return folder


def build(out: Path) -> Path:
    """Build the app into a folder, with the self-test of the models it carries."""
    models()
    script = [sys.executable, WEB / "scripts" / "golden.py"]
    golden = subprocess.run(script, capture_output=True, text=True, check=False)
    assert golden.returncode == 0, golden.stderr
    npm("build", KEYKIND_APP_OUT=str(out))
    return out
