"""Builds of the app for tests: its core in a Node process, the whole app, and a module on its own.

They need the packages of web/package-lock.json; without them the tests are skipped.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keykind.detect import refiner
from keykind.detect.postprocess import HEIGHT, WIDTH, DenseOutputs
from keykind.model import shipped

WEB = Path(__file__).parents[2] / "web"
NO_PACKAGES = "the app's packages are not installed: run make web/node_modules"
SEARCH_PATH = (
    f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # Node is a Python package here
)
BUILD_MODULE = """
import { build } from 'vite';
const [root, entry, outDir] = process.argv.slice(1);
await build({ root, configFile: false, publicDir: false, logLevel: 'error', build: {
  outDir, minify: false, lib: { entry, formats: ['es'], fileName: () => 'module.mjs' } } });
"""


def npm(script: str, *arguments: str, **environment: str) -> None:
    """Run a script of web/package.json."""
    run_node(find_tool("npm"), "run", "--silent", script, "--", *arguments, **environment)


def node(code: str, *arguments: object) -> str:
    """Run an ES module given as source, in web/, and return what it prints."""
    return run_node(find_tool("node"), "--input-type=module", "--eval", code, *map(str, arguments))


def run_node(*command: str, **environment: str) -> str:
    """Run a command in web/ and return its output; skip the test if the packages are not installed."""
    if not (WEB / "node_modules").is_dir():
        pytest.skip(NO_PACKAGES)
    completed = subprocess.run(
        command,
        cwd=WEB,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": SEARCH_PATH} | environment,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def find_tool(name: str) -> str:
    """Return the path of one of Node's programs."""
    path = shutil.which(name, path=SEARCH_PATH)
    assert path is not None, f"{name} is not installed"
    return path


def build_core(out: Path = WEB / "build" / "core") -> Path:
    """Build the core into a folder."""
    npm("core", "--outDir", str(out), "--emptyOutDir")
    return out


class Core:
    """The core in a Node process; its methods are those of app_core.mjs.

    `run_detector` runs the detector's network: an image (HEIGHT, WIDTH, 3) uint8 -> DenseOutputs;
    `run_refiner` the refiner's: a crop uint8 -> values and masks.
    """

    run_detector: Callable[[NDArray[np.uint8]], DenseOutputs]
    run_refiner: Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]

    def __init__(self, folder: Path | None = None) -> None:
        """Take what `build_core` built; None: build it."""
        module = (folder or build_core()) / "core.js"
        command = [find_tool("node"), Path(__file__).parent / "app_core.mjs", module]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, method: str):
        return lambda *arguments: self._call(method, arguments)

    def _call(self, method, arguments):
        reply = self._send({"method": method, "arguments": encode(arguments)})
        while "run" in reply or "refine" in reply:
            if "run" in reply:
                outputs = self.run_detector(_image(reply["run"], HEIGHT, WIDTH))
            else:
                values, masks = self.run_refiner(_image(reply["refine"], refiner.HEIGHT, refiner.WIDTH))
                outputs = np.concatenate([values, masks.ravel()])
            reply = self._send(encode(outputs))
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]

    def _send(self, line):
        """Return the line that answers a line."""
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


def _image(data: str, height: int, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 3)


def encode(value):
    """Return a value as app_core.mjs reads it: images (h, w, 3) as RGBA, other arrays unchanged."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3:
        rgba = np.dstack([value, np.full(value.shape[:2], 255, np.uint8)])
        return {"type": "clamped", "shape": value.shape, "bytes": _base64(rgba.tobytes())}
    if isinstance(value, np.ndarray):
        return {"type": value.dtype.name, "shape": value.shape, "bytes": _base64(value.tobytes())}
    if isinstance(value, bytes):
        return {"type": "uint8", "shape": [len(value)], "bytes": _base64(value)}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return [encode(item) for item in value] if isinstance(value, list | tuple) else value


def decode_image(result) -> np.ndarray:
    """Return an image of the core as (h, w, 3) uint8."""
    rgba = np.frombuffer(base64.b64decode(result["bytes"]), np.uint8)
    pixels = rgba.reshape(result["height"], result["width"], 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def decode_array(result, *shape: int) -> np.ndarray:
    """Return a float32 array of the core."""
    return np.frombuffer(base64.b64decode(result["bytes"]), np.float32).reshape(shape)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def models() -> Path:
    """Return the folder with the app's models; skip the test if they are missing."""
    folder = Path(os.environ.get("KEYKIND_MODELS", shipped.FOLDER))
    missing = [name for name in (shipped.DETECTOR, shipped.CLASSIFIER) if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"{folder} has no {' and no '.join(missing)}; KEYKIND_MODELS may name another folder")
    return folder


def generate(_: Path) -> None:
    """Write what Python generates for builds into web/generated: once, since all builds read it there."""
    models()
    script = [sys.executable, WEB / "scripts" / "generate.py"]
    generated = subprocess.run(script, capture_output=True, text=True, check=False)
    assert generated.returncode == 0, generated.stderr


def build(out: Path) -> Path:
    """Build the app into a folder, with what `generate` wrote."""
    npm("build", KEYKIND_APP_OUT=str(out))
    return out


def build_package(out: Path) -> Path:
    """Build the package keykind-web into a folder, with what `generate` wrote."""
    npm("package", KEYKIND_PACKAGE_OUT=str(out))
    return out


def build_review(out: Path) -> Path:
    """Build the page of `keykind review` into a folder."""
    npm("review", KEYKIND_REVIEW_OUT=str(out))
    return out


def build_module(repository: Path, source: str, out: Path | None = None) -> Path:
    """Build one module of web/src in a copy of the repository, or into another folder; return the file."""
    folder = out or repository / "web" / "out"
    node(BUILD_MODULE, repository / "web", f"src/{source}", folder)
    return folder / "module.mjs"
