"""How well a trained detector works on the rendered photos that training held out.

    python benchmarks/detector.py SET [SET ...] --run FOLDER [--refiner FILE] [--max-photos N] [--write]

In:    the rendered sets that `keykind dev train-detector` trained on; FOLDER, its results; its second stage
Out:   the scores on each set and the training curve; with --write also in docs/models.md
Needs: keykind[train]
"""

import argparse
import json
from pathlib import Path

from keykind.detect.detector import SCORE_THRESHOLD, load_detector
from keykind.train.detector.labels import MAX_PHOTOS, split_set
from keykind.train.detector.loss import PARTS
from keykind.train.detector.training import CURVES, MODEL, score_photos
from table import curve_rows, markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
PACKAGES = ("keykind", "keras", "tensorflow-cpu", "ai-edge-litert")


def score_rows(options: argparse.Namespace) -> list[tuple[str, ...]]:
    """Return a row of scores for each set."""
    detector = load_detector(options.run / MODEL, options.refiner)
    rows = []
    for folder in options.sets:
        scores = score_photos(detector, split_set(folder, options.max_photos)[1])
        rows.append(
            (
                folder.name,
                str(scores.photos),
                str(scores.keys),
                *(f"{share:.3f}" for share in (scores.ap50, scores.recall)),
                f"{scores.false:.2f}",
                f"{scores.swapped:.1%}",
                "-" if scores.mask_iou is None else f"{scores.mask_iou:.3f}",
            )
        )
    return rows


def text(options: argparse.Namespace) -> str:
    """Return the section of the page: how the detector was trained, and its scores."""
    training = json.loads((options.run / CURVES).read_text("utf-8"))
    recipe = training["recipe"]
    rows = [
        *curve_rows("neck and heads", training["neck"], recipe["batch"], PARTS),
        *curve_rows("all layers", training["curves"], recipe["fine_tune_batch"], PARTS),
    ]
    summary = (
        f"{training['photos']:,} rendered photos, AdamW, seed {options.seed}; the file has "
        f"{(options.run / MODEL).stat().st_size / 1e6:.2f} MB. Metrics on held-out renders: average "
        "precision of oriented boxes at an IoU of 0.5 (AP50), for keys of which at least half is visible; "
        "recall, false detections per photo, share with head and tip swapped and mask IoU at a score "
        f"threshold of {SCORE_THRESHOLD}; {'refined' if options.refiner else 'not refined'}."
    )
    header = ("renders", "photos", "keys", "AP50", "recall", "false per photo", "swapped", "mask IoU")
    scores, curve = (
        markdown(header, score_rows(options)),
        markdown(("trained", "views", "loss", *PARTS), rows),
    )
    return section(
        "The detector on renders",
        f"{summary}\n\n{scores}\n\n{curve}",
        command="python benchmarks/detector.py SET ... --run FOLDER --write",
        packages=PACKAGES,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER", help="results of the training")
    parser.add_argument("--refiner", type=Path, metavar="FILE", help="refiner.tflite (default: none)")
    parser.add_argument("--max-photos", type=int, default=MAX_PHOTOS, help="per set, as in the training")
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    page = text(options)
    print(page)
    if options.write:
        write_section("detector", page, PAGE)


if __name__ == "__main__":
    main()
