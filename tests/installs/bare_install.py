"""What `pip install keykind` alone must do: run by `make bare` in an environment with nothing else.

Not a pytest file: there is no pytest there.
"""

import gzip
import importlib.util
import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HEAVY = (
    *("keras", "tensorflow", "sklearn", "scipy", "matplotlib", "ray", "fastapi", "jinja2"),
    *("mitsuba", "drjit", "manifold3d", "starlette", "uvicorn", "prometheus_client"),
)
MEND = "pip install 'keykind[train]'"
KEYKIND = Path(sysconfig.get_path("scripts")) / "keykind"


def keykind(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KEYKIND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def check(wanted: bool, what: str) -> None:
    if not wanted:
        sys.exit(f"bare install: {what}")
    print("good:", what)


def main() -> None:
    check(not any(map(importlib.util.find_spec, HEAVY)), "nothing heavy is installed")
    check(keykind("--version").stdout.startswith("keykind "), "--version answers")
    doctor = keykind("doctor")
    check(doctor.returncode == 0 and MEND in doctor.stdout, "doctor names what is missing")
    from keykind.dataset.bundled import bundled_photos

    check(keykind("inspect", str(bundled_photos())).returncode == 0, "the sample came along, whole")
    with tempfile.TemporaryDirectory() as folder:
        draw_photos(Path(folder))
        page = Path(folder) / "page.html"
        inspected = keykind("inspect", folder, "--json", "--html", str(page))
        check(inspected.returncode == 0 and bool(json.loads(inspected.stdout)), "inspect reads photos")
        check(page.stat().st_size > 1000, "inspect writes its page")
        trained = keykind("train", folder, "--out", str(Path(folder) / "run"))
        check(trained.returncode == 2 and MEND in trained.stderr, "train names its extra")
        rendered = keykind("render", str(Path(folder) / "set"), "--count", "1")
        check(rendered.returncode == 2 and "'keykind[render]'" in rendered.stderr, "render names its extra")
        served = keykind("serve")
        check(served.returncode == 2 and "'keykind[serve]'" in served.stderr, "serve names its extra")
        far = keykind("predict", "key.jpg", "--engine", "ray")
        check(far.returncode == 2 and "'keykind[scale]'" in far.stderr, "the engine ray names its extra")
        predict_and_explain(Path(folder))
        write_app(Path(folder) / "site")
    for module in (
        "addresses",
        "export",
        "explain",
        "features",
        "gathering",
        "head",
        "panels",
        "parts",
        "pictures",
        "predict",
        "shipped",
        "views",
        "web_app",
    ):
        importlib.import_module(f"keykind.{module}")
    check(not set(HEAVY) & sys.modules.keys(), "every light module imports without the heavy ones")


def predict_and_explain(folder: Path) -> None:
    from tiny_model import tiny_file

    model, why = tiny_file(folder / "tiny.tflite"), folder / "why.png"
    photo = next((folder / "dimple").iterdir())
    predicted = keykind("predict", str(folder / "dimple"), "--json", "--model", str(model))
    lines = [json.loads(line) for line in predicted.stdout.splitlines()]
    check(predicted.returncode == 0 and len(lines) == 3 and not lines[0]["error"], "predict answers")
    explained = keykind("explain", str(photo), "--out", str(why), "--model", str(model))
    check(explained.returncode == 0 and why.stat().st_size > 1000, "explain draws")
    exported = keykind("export", str(folder), "--out", str(folder / "keys.tflite"))
    check(exported.returncode == 2 and MEND in exported.stderr, "export of a run names its extra")


def write_app(out: Path) -> None:
    from keykind.model import shipped

    written = keykind("app", str(out))
    check(written.returncode == 0 and (out / "index.html").exists(), "the app came along, and is written")
    packed = [gzip.decompress(path.read_bytes()) for path in out.glob("assets/*.bin")]
    for name in (shipped.DETECTOR, shipped.CLASSIFIER):
        check(shipped.read_model(name) in packed, f"the app holds {name} as it ships")


def draw_photos(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for kind in ("cylinder", "dimple"):
        (folder / kind).mkdir()
        for number in range(3):
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / kind / f"{number}.png")


if __name__ == "__main__":
    main()
