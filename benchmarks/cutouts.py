"""How clean the cut-outs of rendered photos are, whose masks are known to the pixel.

    python benchmarks/cutouts.py SET... [--write] [--save FOLDER]

In:    folders that `keykind render` wrote; one row a folder
Out:   mask overlap, boundary F, halo and share of neighbours; with --write also in docs/benchmarks.md
Needs: keykind's base installation

The masks of the keys are those of the labels. A key counts if its visible part is at least MIN_LENGTH px
long; keys that the detector misses, or takes for something else, are counted apart.
"""

import argparse
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.detect.cutout_quality import MIN_BOX_IOU, MIN_LENGTH, TOLERANCE, Quality, cut_out_keys, labelled
from keykind.detect.detector import load_detector
from table import markdown, section, write_section

HEADER = ("set", "photos", "keys", "missed", "IoU", "IoU < 0.93", "boundary F", "halo", "neighbours", "ms")
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")


def measure(folder: Path, save: Path | None = None) -> tuple[str, ...]:
    """Return a row of the table: the means over the keys of a rendered set."""
    detector, photos = load_detector(), list(labelled(folder))
    qualities: list[Quality] = []
    seconds: list[float] = []
    for photo in photos:
        for i, (image, quality, time) in enumerate(cut_out_keys(photo, detector)):
            qualities.append(quality)
            seconds.append(time)
            if save:
                name = f"{quality.iou:.3f}-{quality.boundary_f:.2f}-{photo.photo.stem}-{i}.png"
                Image.fromarray(image).save(save / name)
    keys = sum(len(photo.boxes) for photo in photos)
    low = sum(quality.iou < 0.93 for quality in qualities)
    iou, boundary, halo, neighbours = np.mean([astuple(quality) for quality in qualities], axis=0).tolist()
    numbers = (f"{iou:.3f}", str(low), f"{boundary:.3f}", f"{halo:.1f}", f"{neighbours:.1%}")
    counts = (str(len(photos)), str(keys), str(keys - len(qualities)))
    return (f"{folder.parent.name}/{folder.name}", *counts, *numbers, f"{1e3 * np.mean(seconds):.0f}")


def text(sets: Sequence[Path], save: Path | None) -> str:
    """Measure all sets and return the table as Markdown."""
    rows = [measure(folder, save) for folder in sets]
    return (
        f"Rendered photos, whose masks are exact. Keys of which at least {MIN_LENGTH} px are visible; "
        f"missed: those that no detection fits, with a box IoU of {MIN_BOX_IOU}; others: means over the "
        "keys that are found. Boundary F: of the pixels of both edges, within "
        f"{TOLERANCE:.1%} of the cut-out's diagonal. Halo: mean CIE 1976 colour difference of the "
        "half-transparent pixels from the key's own pixels nearby, weighted by alpha. Neighbours: share of "
        "opaque pixels that are those of another key or remote. ms: of one cut-out, without detection and "
        f"PNG.\n\n{markdown(HEADER, rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="also write the cut-outs there")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
    page = section(
        "Cut-outs",
        text(options.sets, options.save),
        command="python benchmarks/cutouts.py SET... --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("cutouts", page)


if __name__ == "__main__":
    main()
