"""Check what `pip install keykind` alone provides; run by `make bare` in an environment with nothing else.

Not a pytest file, because pytest is not installed there.
"""

import importlib.util
import json
import pkgutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

HEAVY = (
    *("keras", "tensorflow", "sklearn", "scipy", "matplotlib", "ray", "fastapi", "jinja2"),
    *("mitsuba", "drjit", "manifold3d", "starlette", "uvicorn", "prometheus_client"),
)
LIGHT_PACKAGES = ("core", "photo", "model", "detect", "dataset", "predict", "cli")
LIGHT = ("app", "export.export", "train.features", "evaluate.thumbnails")
GZIP = b"\x1f\x8b"  # how such a file begins
INSTALL_TRAIN = "pip install 'keykind[train]'"
KEYKIND = Path(sysconfig.get_path("scripts")) / "keykind"


def keykind(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KEYKIND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def check(passed: bool, claim: str) -> None:
    if not passed:
        sys.exit(f"bare install: not true: {claim}")
    print("ok:", claim)


def main() -> None:
    check(not any(map(importlib.util.find_spec, HEAVY)), "nothing heavy is installed")
    check(keykind("--version").stdout.startswith("keykind "), "--version works")
    doctor = keykind("doctor")
    check(doctor.returncode == 0 and INSTALL_TRAIN in doctor.stdout, "doctor names the missing packages")
    from keykind.dataset.bundled import bundled_photos

    check(keykind("inspect", str(bundled_photos())).returncode == 0, "the bundled photos are complete")
    with tempfile.TemporaryDirectory() as folder:
        draw_photos(Path(folder))
        page = Path(folder) / "page.html"
        inspected = keykind("inspect", folder, "--json", "--html", str(page))
        check(inspected.returncode == 0 and bool(json.loads(inspected.stdout)), "inspect reads photos")
        check(page.stat().st_size > 1000, "inspect writes its page")
        trained = keykind("train", folder, "--out", str(Path(folder) / "run"))
        check(trained.returncode == 2 and INSTALL_TRAIN in trained.stderr, "train names its extra")
        rendered = keykind("render", str(Path(folder) / "set"), "--count", "1")
        check(rendered.returncode == 2 and "'keykind[render]'" in rendered.stderr, "render names its extra")
        served = keykind("serve")
        check(served.returncode == 2 and "'keykind[serve]'" in served.stderr, "serve names its extra")
        ray = keykind("predict", "key.jpg", "--engine", "ray")
        check(ray.returncode == 2 and "'keykind[scale]'" in ray.stderr, "the engine ray names its extra")
        check_predictions(Path(folder))
        check_app(Path(folder) / "site")
    for name in light_modules():
        importlib.import_module(name)
    check(not set(HEAVY) & sys.modules.keys(), "every light module imports without the heavy ones")


def light_modules() -> Iterator[str]:
    """Yield the names of all modules that must work with nothing else installed."""
    yield from (f"keykind.{name}" for name in LIGHT)
    for package in LIGHT_PACKAGES:
        folder = importlib.import_module(f"keykind.{package}").__path__
        yield from (module.name for module in pkgutil.walk_packages(folder, f"keykind.{package}."))


def check_predictions(folder: Path) -> None:
    sys.path.append(str(Path(__file__).parents[1] / "support"))
    from tiny_model import tiny_file

    model, figure = tiny_file(folder / "tiny.tflite"), folder / "figure.png"
    photo = next((folder / "dimple").iterdir())
    predicted = keykind("predict", str(folder / "dimple"), "--json", "--model", str(model))
    lines = [json.loads(line) for line in predicted.stdout.splitlines()]
    check(predicted.returncode == 0 and len(lines) == 3 and not lines[0]["error"], "predict works")
    explained = keykind("explain", str(photo), "--out", str(figure), "--model", str(model))
    check(explained.returncode == 0 and figure.stat().st_size > 1000, "explain works")
    exported = keykind("export", str(folder), "--out", str(folder / "keys.tflite"))
    check(exported.returncode == 2 and INSTALL_TRAIN in exported.stderr, "export of a run names its extra")


def check_app(out: Path) -> None:
    from keykind.model import shipped
    from keykind.model.packed import unpack_file

    written = keykind("app", str(out))
    print(written.stderr, end="")
    check(written.returncode == 0 and (out / "index.html").exists(), "the app is included and can be written")
    (detector,) = (unpack_file(path.read_bytes()) for path in out.glob("assets/detector-*.bin"))
    files = [path.read_bytes() for path in out.glob("assets/*.bin")]
    packed = [unpack_file(data, detector) for data in files if data.startswith(GZIP)]  # the runtime is zstd
    refiner = [shipped.REFINER] if shipped.has_model(shipped.REFINER) else []
    for name in (shipped.DETECTOR, shipped.CLASSIFIER, *refiner):
        check(shipped.read_model(name) in packed, f"the app contains the bundled {name}")


def draw_photos(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for kind in ("cylinder", "dimple"):
        (folder / kind).mkdir()
        for i in range(3):
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / kind / f"{i}.png")


if __name__ == "__main__":
    main()
