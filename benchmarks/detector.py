"""Train the detector on rendered sets and tell how well it finds keys in renders kept aside.

    python benchmarks/detector.py SET [SET ...] --weights WEIGHTS --out FOLDER [--most N] [--sizes 192,...,320]
                                [--begin detector.weights.h5]

In:    folders that `keykind render` left, of single keys, several and none; MobileNetV2's weights
Out:   FOLDER/detector.tflite, FOLDER/detector.weights.h5, FOLDER/detector.json: the curves; the scores of each set,
       with --write also in docs/models.md
Needs: keykind[train]; hours on two cores

A stopped training goes on where it was; a finished one is only scored.
One photo in TEST of each set is kept aside.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

from keykind.core import geometry
from keykind.core.files import atomic_write, write_bytes, write_json
from keykind.core.parallel import parallel_map
from keykind.detect.detector import SCORE_THRESHOLD, KeyDetector
from keykind.detect.metrics import LabelledKey, score_detections
from keykind.detect.detection import Detection
from keykind.photo import decode
from keykind.train.backbone import load_backbone
from keykind.train.detector.network import (
    Labelled,
    detector_network,
    labelled_in,
    to_detector_file,
    train_detector,
)
from keykind.train.recipe import DetectorRecipe
from table import markdown, section, write_section

TEST = 20
PAGE = Path(__file__).parents[1] / "docs" / "models.md"
PACKAGES = ("keykind", "keras", "tensorflow-cpu", "ai-edge-litert")
FAINTEST = 0.05  # score down to which precision is averaged


def split(folder: Path, most: int) -> tuple[list[Labelled], list[Labelled]]:
    """Return the photos to train on and those kept aside, at most so many, spread over the set."""
    photos = labelled_in(folder)
    photos = photos[:: max(-(-len(photos) // most), 1)]
    number = [int(one.label.stem.rpartition("-")[2]) for one in photos]
    train = [one for one, place in zip(photos, number, strict=True) if place % TEST]
    return train, [one for one, place in zip(photos, number, strict=True) if not place % TEST]


def wanted_in(label: Path) -> list[LabelledKey]:
    """Return the keys of a label of which a pixel is seen."""
    keys = [
        LabelledKey(
            *(np.array(key[name], float) for name in ("head", "tip")),
            geometry.decode_rle(key["mask"]),
            (1 - key["occluded"]) * (1 - key["cut_off"]),
        )
        for key in json.loads(label.read_text("utf-8"))["keys"]
    ]
    return [key for key in keys if key.mask.any()]


def asked(
    detector: KeyDetector, photos: Sequence[Labelled]
) -> Iterator[tuple[tuple[Detection, ...], list[LabelledKey]]]:
    """Yield what the detector says of each photo, and what is there."""
    return parallel_map(
        lambda one: (detector.detect(decode.read_photo(one.photo), FAINTEST), wanted_in(one.label)), photos
    )


def train(options: argparse.Namespace, photos: Sequence[Labelled]) -> None:
    """Train on photos and leave the network and its curves in the folder."""
    backbone = load_backbone("mobilenet_v2", options.weights, scaling=options.scaling, seed=options.seed)
    keras.utils.set_random_seed(options.seed)
    model = detector_network(backbone)
    if options.begin:
        model.load_weights(options.begin)
    curves = train_detector(model, photos, DetectorRecipe(sizes=options.sizes), options.out, options.seed)
    with atomic_write(options.out / "detector.weights.h5") as temporary:
        model.save_weights(temporary)
    write_json(options.out / "detector.json", {"photos": len(photos), "curves": curves})
    write_bytes(options.out / "detector.tflite", to_detector_file(model))


def text(options: argparse.Namespace, aside: dict[str, list[Labelled]]) -> str:
    """Return the section of the page: how the detector was trained, and its scores."""
    data = (options.out / "detector.tflite").read_bytes()
    told = json.loads((options.out / "detector.json").read_text("utf-8"))
    detector = KeyDetector(data)
    rows = []
    for name, photos in aside.items():
        one = score_detections(asked(detector, photos), SCORE_THRESHOLD)
        shares = (f"{share:.3f}" for share in (one.ap50, one.recall, one.mask_iou))
        rows.append((name, str(one.photos), str(one.keys), *shares, f"{one.false:.2f}", f"{one.swapped:.1%}"))
    epochs = [
        (str(number), str(epoch["size"]), f"{epoch['loss']:.2f}", f"{epoch['seconds'] / 60:.1f}")
        for number, epoch in enumerate(told["curves"], 1)
    ]
    words = (
        f"{told['photos']:,} rendered photos, AdamW, seed {options.seed}; the file has "
        f"{len(data) / 1e6:.2f} MB. Scores on renders kept aside: average precision of oriented boxes at an "
        "overlap of one half (AP50), of keys of which at least half is seen; recall, false keys a photo, "
        f"heads taken for tips and the overlap of masks at a score from {SCORE_THRESHOLD}."
    )
    head = ("renders", "photos", "keys", "AP50", "recall", "mask IoU", "false a photo", "swapped")
    curves = markdown(("epoch", "px", "loss", "minutes"), epochs)
    return section(
        "The detector on renders",
        f"{words}\n\n{markdown(head, rows)}\n\n{curves}",
        command="python benchmarks/detector.py SET ... --out FOLDER --write",
        packages=PACKAGES,
    )


def main() -> None:
    options = arguments()
    sets = {folder.name: split(folder, options.most) for folder in options.sets}
    if not (options.out / "detector.tflite").exists():
        train(options, [one for mine, _ in sets.values() for one in mine])
    page = text(options, {name: aside for name, (_, aside) in sets.items()})
    print(page)
    if options.write:
        write_section("detector", page, PAGE)


def sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--weights", default="keykind", help="as for keykind train (default: %(default)s)")
    parser.add_argument("--scaling", default="unit", help="what they see (default: %(default)s)")
    parser.add_argument("--begin", type=Path, help="a detector.weights.h5 to go on from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=10_000, help="photos of a set (default: %(default)s)")
    parser.add_argument(
        "--sizes", type=sizes, default=DetectorRecipe().sizes, help="px of each epoch's views"
    )
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
