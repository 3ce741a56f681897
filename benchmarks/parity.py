"""Do all ways of asking one model agree?  Keras, every file of it, every runtime, every resize.

    python benchmarks/parity.py RUN [--write]

In:    RUN: a finished run whose photos are where they were
Out:   for each way the share of test photos with Keras's answer, and the largest difference of a probability;
       docs/benchmarks.md
Needs: keykind[train,onnx], onnxruntime, mediapipe

Target: fp32 agrees on every photo and to 1e-4.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
from PIL import Image

from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.dataset import read_negatives
from keykind.export.export import ExportOptions, export_model
from keykind.export.from_run import ask_keras, crops_of, read_trained, run_photos
from keykind.export.graph import PRECISIONS
from keykind.model.head import Floats
from keykind.model.model import load_model
from keykind.model.preprocess import Crop
from keykind.photo import decode
from table import markdown, section, write_section

FILTERS = ("BOX", "HAMMING", "BICUBIC", "LANCZOS", "NEAREST")  # of Pillow, beside its BILINEAR
PACKAGES = ("keras", "tensorflow-cpu", "ai-edge-litert", "onnxruntime", "mediapipe", "pillow")
MEDIAPIPE = Path(__file__).parent / "peers" / "mediapipe_crops.py"


def novelties(path: Path, crops: Sequence[Crop]) -> Floats:
    model = load_model(path)
    return np.array([model.run(crop).novelty for crop in crops])


def by_file(path: Path, crops: Sequence[Crop]) -> Floats:
    model = load_model(path)
    return np.stack([model.run(crop).probabilities for crop in crops])


def by_onnx(path: Path, crops: Sequence[Crop]) -> Floats:
    session = onnxruntime.InferenceSession(path)
    return np.stack([session.run(["probabilities"], {"pixels": crop[None]})[0][0] for crop in crops])


def by_mediapipe(path: Path, crops: Sequence[Crop], kinds: Sequence[str]) -> Floats:
    pixels = path.with_suffix(".npy")
    np.save(pixels, crops)
    command = [sys.executable, str(MEDIAPIPE), str(path), str(pixels)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return np.array([[json.loads(line)[kind] for kind in kinds] for line in lines], np.float32)


def resized(paths: Sequence[Path], how: str) -> list[Crop]:
    """Return the photos stretched by another filter, or decoded in full before (the usual one)."""
    chosen = Image.Resampling[how]
    full = (Image.fromarray(decode.read(path).pixels) for path in paths)
    return [np.asarray(picture.resize((224, 224), chosen)) for picture in full]


def text(run: Path, folder: Path) -> str:
    """Ask every way for the same test photos and return the tables."""
    trained = read_trained(run)
    samples = run_photos(run).of("test")
    crops, paths = crops_of(samples), [sample.path for sample in samples]
    asked = ask_keras(trained, crops)

    def file(name: str, precision: str = "fp32", *, bare: bool = False) -> Path:
        return export_model(run, ExportOptions(precision, bare, folder / name, force=True)).path

    ways: dict[str, Callable[[], Floats]] = {
        f"LiteRT, {precision}": lambda precision=precision: by_file(
            file(f"{precision}.tflite", precision), crops
        )
        for precision in PRECISIONS
    }
    ways["ONNX Runtime, fp32"] = lambda: by_onnx(file("keys.onnx"), crops)
    ways["MediaPipe, fp32"] = lambda: by_mediapipe(file("bare.tflite", bare=True), crops, trained.kinds)
    rows = [row(name, way(), asked) for name, way in ways.items()]
    model = folder / "fp32.tflite"
    ours = by_file(model, crops)
    filters = [row("decoded in full, BILINEAR", by_file(model, resized(paths, "BILINEAR")), ours)]
    filters += [
        row(f"decoded in full, {name}", by_file(model, resized(paths, name)), ours) for name in FILTERS
    ]
    return f"""{len(crops)} test photos, each way against the Keras model on the same crops.

{table("way", rows)}

{rejected(folder, trained.ood_threshold)}

How much the resize matters: the fp32 file on crops made otherwise, against its answers to keykind's own
(decoded at reduced scale, Pillow's BILINEAR).

{table("resize", filters)}"""


def rejected(folder: Path, most: float) -> str:
    """Return how far the smaller files' novelty is off on the photos without a key, and what that changes."""
    negatives = crops_of(read_negatives(bundled_negatives())[0])
    asked = novelties(folder / "fp32.tflite", negatives)
    said = {precision: novelties(folder / f"{precision}.tflite", negatives) for precision in PRECISIONS[1:]}
    rows = [
        [precision, f"{np.abs(found - asked).max():.1e}", str(int(((found > most) != (asked > most)).sum()))]
        for precision, found in said.items()
    ]
    heads = ["LiteRT", "largest difference of novelty to fp32", "verdicts that changed"]
    return f"{len(negatives)} photos without a key.\n\n{markdown(heads, rows)}"


def row(name: str, said: Floats, asked: Floats) -> list[str]:
    """Return the agreement and the largest difference of two sets of probabilities (n, c)."""
    agreement = float((said.argmax(axis=1) == asked.argmax(axis=1)).mean())
    return [name, f"{100 * agreement:.1f}%", f"{np.abs(said - asked).max():.1e}"]


def table(first: str, rows: Sequence[Sequence[str]]) -> str:
    return markdown([first, "same kind", "largest difference"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        page = section(
            "Parity",
            text(options.run, Path(folder)),
            command="python benchmarks/parity.py RUN",
            packages=PACKAGES,
        )
    print(page)
    if options.write:
        write_section("parity", page)


if __name__ == "__main__":
    main()
