"""What was trained -> the files that come with keykind.

    python benchmarks/ship.py --run RUN --imagenet WEIGHTS [--out FOLDER]
    python benchmarks/ship.py --detector detector.tflite

In:    RUN, which `keykind train` left, and the weights that its training began with; a detector's file
Out:   src/keykind/models/: keys.tflite (float16), the network's folded weights as float16, detector.tflite,
       and models.json with their hashes; docs/models.md: how the classifier was trained
Needs: keykind[train]

Refuses weights of which any tensor, folded and rounded to float16, is still the one that training began with.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from keykind.detect.detector import load_detector
from keykind.export.export import ExportOptions, export_model
from keykind.export.from_run import read_trained
from keykind.model.shipped import CLASSIFIER, DETECTOR, FOLDER, Arrays, write_arrays, write_model
from keykind.train.backbone import Backbone, load_backbone
from keykind.train.bn_folding import fold, folded_arrays
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
PACKAGES = ("keykind", "keras", "tensorflow-cpu", "ai-edge-litert")


def unchanged(arrays: Arrays, began: Arrays) -> list[str]:
    """Return the names of those arrays of more than one number that are the same in float16."""
    return [
        name
        for name, array in arrays.items()
        if array.size > 1 and np.array_equal(array.astype(np.float16), began[name].astype(np.float16))
    ]


def ship_run(run: Path, imagenet: Path, out: Path) -> None:
    """Write the classifier and its network's weights."""
    arrays = folded(read_trained(run).whole.backbone)
    for scaling in ("unit", "native"):  # the first kernel began as one of the two
        began = folded(load_backbone("mobilenet_v2", str(imagenet), scaling=scaling, seed=0))
        same = unchanged(arrays, began)
        if same:
            raise SystemExit(f"{len(same)} of {len(arrays)} tensors were not trained, the first is {same[0]}")
    with tempfile.TemporaryDirectory() as folder:
        exported = export_model(
            run, ExportOptions("fp16", mediapipe=False, out=Path(folder, CLASSIFIER), force=False)
        )
        told(write_model(CLASSIFIER, exported.path.read_bytes(), out))
        print(*exported.lines(), sep="\n")
    told(write_arrays(arrays, out))


def training(run: Path) -> str:
    """Return the section of the page: data, recipe, curves and scores on renders kept aside."""
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    photos = ", ".join(
        f"{kind.replace('_', ' ')} {sum(counts.values()):,}" for kind, counts in metrics["counts"].items()
    )
    words = (
        f"Rendered photos: {photos}; a key was found in {metrics['keys_found']:,}. Recipe "
        f"`default`, begun with {Path(metrics['weights']).name}, on three quarters of the photos; "
        f"on the others the weighted F1 is {metrics['test']['plain']['weighted_f1']:.3f}, the temperature "
        f"{metrics['temperature']:.2f}. All layers:"
    )
    names = [name for name in metrics["all_layers"][0] if name != "seconds"]
    epochs = [
        (str(number), *(f"{round(epoch[name], 3):g}" for name in names), f"{epoch['seconds'] / 60:.1f}")
        for number, epoch in enumerate(metrics["all_layers"], 1)
    ]
    table = markdown(("epoch", *(name.replace("_", " ") for name in names), "minutes"), epochs)
    command = "keykind train RENDERS --recipe default --weights imagenet --out RUN"
    return section(
        "How the classifier was trained", f"{words}\n\n{table}", command=command, packages=PACKAGES
    )


def folded(backbone: Backbone) -> Arrays:
    """Return the kernels and biases of a folded network."""
    return folded_arrays(fold(backbone))


def told(path: Path) -> None:
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    chosen = options()
    if chosen.detector:
        load_detector(chosen.detector)
        told(write_model(DETECTOR, chosen.detector.read_bytes(), chosen.out))
    if chosen.run:
        ship_run(chosen.run, chosen.imagenet, chosen.out)
        write_section("training", training(chosen.run), PAGE)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="of the classifier to ship")
    parser.add_argument("--imagenet", type=Path, help="weights that its training began with")
    parser.add_argument("--detector", type=Path, help="file of the detector to ship")
    parser.add_argument("--out", type=Path, default=FOLDER, help="(default: %(default)s)")
    chosen = parser.parse_args()
    if chosen.run and not chosen.imagenet:
        parser.error("--run needs --imagenet")
    return chosen


if __name__ == "__main__":
    main()
