"""Agreement of Keras with every file format, runtime and resize filter of the same model.

    python benchmarks/parity.py RUN [--write]

In:    RUN: a finished run whose photos still exist
Out:   for each the share of test photos with Keras's prediction, and the largest difference of a probability;
       with --write also in docs/benchmarks.md
Needs: keykind[train,onnx], onnxruntime, mediapipe

Target: fp32 agrees on every photo, with differences of at most 1e-4.
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
from keykind.export.from_run import keras_probabilities, load_trained_model, read_crops, read_run_dataset
from keykind.export.graph import PRECISIONS
from keykind.model.head import Floats
from keykind.model.model import load_model
from keykind.model.preprocess import Crop
from keykind.photo.decode import read_photo
from table import markdown, section, write_section

FILTERS = ("BOX", "HAMMING", "BICUBIC", "LANCZOS", "NEAREST")  # Pillow's, besides the BILINEAR that is used
PACKAGES = ("keras", "tensorflow-cpu", "ai-edge-litert", "onnxruntime", "mediapipe", "pillow")
MEDIAPIPE = Path(__file__).parent / "peers" / "mediapipe_crops.py"


def ood_scores_of(path: Path, crops: Sequence[Crop]) -> Floats:
    model = load_model(path)
    return np.array([model.run(crop).ood_score for crop in crops])


def run_litert(path: Path, crops: Sequence[Crop]) -> Floats:
    model = load_model(path)
    return np.stack([model.run(crop).probabilities for crop in crops])


def run_onnx(path: Path, crops: Sequence[Crop]) -> Floats:
    session = onnxruntime.InferenceSession(path)
    return np.stack([session.run(["probabilities"], {"pixels": crop[None]})[0][0] for crop in crops])


def run_mediapipe(path: Path, crops: Sequence[Crop], kinds: Sequence[str]) -> Floats:
    pixels = path.with_suffix(".npy")
    np.save(pixels, crops)
    command = [sys.executable, str(MEDIAPIPE), str(path), str(pixels)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return np.array([[json.loads(line)[kind] for kind in kinds] for line in lines], np.float32)


def resized(paths: Sequence[Path], filter_name: str) -> list[Crop]:
    """Return the photos decoded in full and stretched with a filter of Pillow's."""
    resample = Image.Resampling[filter_name]
    full = (Image.fromarray(read_photo(path).pixels) for path in paths)
    return [np.asarray(image.resize((224, 224), resample)) for image in full]


def text(run: Path, folder: Path) -> str:
    """Run every runtime on the same test photos and return the tables."""
    trained = load_trained_model(run)
    samples = read_run_dataset(run).subset("test")
    crops, paths = read_crops(samples), [sample.path for sample in samples]
    expected = keras_probabilities(trained, crops)

    def file(name: str, precision: str = "fp32", *, bare: bool = False) -> Path:
        return export_model(run, ExportOptions(precision, bare, folder / name, force=True)).path

    runtimes: dict[str, Callable[[], Floats]] = {
        f"LiteRT, {precision}": lambda precision=precision: run_litert(
            file(f"{precision}.tflite", precision), crops
        )
        for precision in PRECISIONS
    }
    runtimes["ONNX Runtime, fp32"] = lambda: run_onnx(file("keys.onnx"), crops)
    runtimes["MediaPipe, fp32"] = lambda: run_mediapipe(file("bare.tflite", bare=True), crops, trained.kinds)
    rows = [row(name, runtime(), expected) for name, runtime in runtimes.items()]
    model = folder / "fp32.tflite"
    own = run_litert(model, crops)
    filters = [
        row(f"decoded in full, {name}", run_litert(model, resized(paths, name)), own)
        for name in ("BILINEAR", *FILTERS)
    ]
    return f"""{len(crops)} test photos, each runtime against the Keras model on the same crops.

{table("runtime", rows)}

{rejection(folder, trained.ood_threshold)}

Effect of the resize: the fp32 file on crops made with other filters, against its answers on keykind's own
(decoded at reduced scale, Pillow's BILINEAR).

{table("resize", filters)}"""


def rejection(folder: Path, threshold: float) -> str:
    """Return how far the smaller files' OOD scores are off on photos without a key, and what that changes."""
    negatives = read_crops(read_negatives(bundled_negatives())[0])
    expected = ood_scores_of(folder / "fp32.tflite", negatives)
    rows = []
    for precision in PRECISIONS[1:]:
        scores = ood_scores_of(folder / f"{precision}.tflite", negatives)
        changed = int(((scores > threshold) != (expected > threshold)).sum())
        rows.append([precision, f"{np.abs(scores - expected).max():.1e}", str(changed)])
    header = ["LiteRT", "largest difference of the OOD score from fp32", "verdicts changed"]
    return f"{len(negatives)} photos without a key.\n\n{markdown(header, rows)}"


def row(name: str, probabilities: Floats, expected: Floats) -> list[str]:
    """Return the agreement and the largest difference of two sets of probabilities (n, c)."""
    agreement = float((probabilities.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return [name, f"{100 * agreement:.1f}%", f"{np.abs(probabilities - expected).max():.1e}"]


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
