"""How well does the detector do on real photos?

    python benchmarks/detector_photos.py labels.csv [--detector FILE] [--sheet FOLDER] [--write]

In:    real photos as a CSV table (path, label); tests/support/real_keys.json, where the keys of photos with several
       were marked by eye, by the hash of the file
Out:   recall and false keys of those photos; how many keys photos of one key and of none get; with --sheet
       pictures of all that was found; docs/models.md
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from keykind.core.geometry import Points
from keykind.core.parallel import ordered
from keykind.dataset.csv_table import Row, read_table
from keykind.detect.crops import FIRST
from keykind.detect.detector import SCORE_THRESHOLD, KeyDetector, load_detector
from keykind.detect.postprocess import Detection
from keykind.photo import decode
from keykind.photo.decode import Photo
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
MARKS = Path(__file__).parents[1] / "tests" / "support" / "real_keys.json"
SEVERAL, NONE = "multiple", "not_key"
NEAR = 0.3  # of a marked key's length: mean distance of both ends at which it is the one found
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
FEW = 8
SCORES = (0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15)
RANGES = ((0, 0), (1, 1), (2, 10**9))  # keys found
TILE, COLUMNS = 320, 6  # px, and pictures in a row of a sheet


@dataclass(frozen=True)
class Looked:
    """A photo and what was found in it."""

    label: str
    sha256: str
    photo: Photo
    found: tuple[Detection, ...]


@dataclass(frozen=True)
class Count:
    """What became of one photo's marked keys."""

    keys: int
    hits: int
    swapped: int
    false: int


def look(detector: KeyDetector, listed: Path) -> list[Looked]:
    """Return every photo of a table with what is found in it."""

    def one(row: Row) -> Looked:
        path = listed.parent / row.cells["path"]
        shown = decode.read(path, at_least=FIRST)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Looked(row.cells["label"], digest, shown, detector.find(shown))

    return list(ordered(one, read_table(listed, ("path", "label"))))


def with_a_false_one(detector: KeyDetector, several: Sequence[Looked], marks: dict[str, Any]) -> list[Count]:
    """Return the counts at the lowest score at which at most one false key a photo is found."""
    counts: list[Count] = []
    for least in SCORES:
        again = [replace(one, found=detector.find(one.photo, least)) for one in several]
        these = [count(one, marks[one.sha256]) for one in again]
        if sum(one.false for one in these) > len(these):
            break
        counts = these
    return counts


def count(one: Looked, marks: dict[str, Any]) -> Count:
    """Compare what was found in a photo with what was marked; a key half hidden neither counts nor harms."""
    size = np.array([one.photo.width, one.photo.height, one.photo.width, one.photo.height])
    keys, partial = (
        [(np.array(ends) * size).reshape(2, 2) for ends in marks[name]] for name in ("keys", "partial")
    )
    hits = swapped = false = 0
    free = [*keys, *partial]
    for found in one.found:
        ends = np.stack([found.head, found.tip])
        best = min(free, key=lambda key: off(ends, key), default=None)
        if best is None or off(ends, best) > NEAR:
            middle = ends.mean(axis=0) / size[:2]
            false += not any(inside(middle, region) for region in marks["dense"])
            continue
        free = [key for key in free if key is not best]
        if any(best is key for key in keys):
            hits += 1
            swapped += straight(ends, best) > straight(ends[::-1], best)
    return Count(len(keys), hits, swapped, false)


def straight(ends: Points, key: Points) -> float:
    """Return the mean distance of head and tip from a key's, as a share of its length."""
    return float(np.linalg.norm(ends - key, axis=1).mean() / np.linalg.norm(key[0] - key[1]))


def off(ends: Points, key: Points) -> float:
    """Return the same, whichever end is the head."""
    return min(straight(ends, key), straight(ends[::-1], key))


def inside(place: Points, region: Sequence[float]) -> bool:
    left, top, right, bottom = region
    return bool(left <= place[0] <= right and top <= place[1] <= bottom)


def text(detector: KeyDetector, looked: Sequence[Looked], marks: dict[str, Any], command: str) -> str:
    """Return the section of the page."""
    several = [one for one in looked if one.label == SEVERAL]
    counts = [count(one, marks[one.sha256]) for one in several]
    more = with_a_false_one(detector, several, marks)
    rows = [
        (name, *told([one for one in these if one.keys <= most]))
        for these, scored in ((counts, ""), (more, ", one false allowed"))
        for name, most in ((f"all{scored}", math.inf), (f"of at most {FEW} keys{scored}", FEW))
    ]
    table = markdown(("photos of several keys", "photos", "keys", "recall", "false a photo", "swapped"), rows)
    others = [
        (label, str(len(mine)), *(str(sum(low <= n <= high for n in mine)) for low, high in RANGES))
        for label in sorted({one.label for one in looked} - {SEVERAL})
        for mine in [[len(one.found) for one in looked if one.label == label]]
    ]
    words = (
        f"A key that was marked by eye is found if the ends told are, on average, within {NEAR:.0%} of its "
        f"length; swapped: head and tip are. Score from {SCORE_THRESHOLD}, or from the lowest score at which "
        "at most one key a photo is false. Below: in how many other photos no key, one or more were found."
    )
    few = markdown(("photos of one kind or none", "photos", "no key", "one", "more"), others)
    heading = "The detector on real photos"
    return section(heading, f"{words}\n\n{table}\n\n{few}", command=command, packages=PACKAGES)


def told(counts: Sequence[Count]) -> tuple[str, ...]:
    """Return the cells of a row."""
    keys, hits, swapped, false = (
        sum(getattr(one, name) for one in counts) for name in ("keys", "hits", "swapped", "false")
    )
    photos = len(counts)
    return (
        str(photos),
        str(keys),
        f"{hits / keys:.3f}",
        f"{false / photos:.2f}",
        f"{swapped / max(hits, 1):.1%}",
    )


def sheets(looked: Iterable[Looked], folder: Path) -> None:
    """Draw what was found, a sheet a label."""
    folder.mkdir(parents=True, exist_ok=True)
    by_label: dict[str, list[Image.Image]] = {}
    for one in looked:
        by_label.setdefault(one.label, []).append(drawn(one))
    for label, tiles in by_label.items():
        sheet = Image.new("RGB", (COLUMNS * TILE, -(-len(tiles) // COLUMNS) * TILE), "white")
        for place, tile in enumerate(tiles):
            sheet.paste(tile, (place % COLUMNS * TILE, place // COLUMNS * TILE))
        sheet.save(folder / f"{label}.png")


def drawn(one: Looked) -> Image.Image:
    """Return a photo with the box of each key, a ring at its head and a dot at its tip."""
    tile = Image.fromarray(one.photo.pixels)
    tile.thumbnail((TILE, TILE))
    scale = tile.width / one.photo.width
    pen = ImageDraw.Draw(tile)
    for found in one.found:
        pen.polygon([tuple(corner * scale) for corner in found.box], outline="red")
        (x, y), (u, v) = found.head * scale, found.tip * scale
        pen.ellipse((x - 5, y - 5, x + 5, y + 5), outline="lime", width=2)
        pen.ellipse((u - 4, v - 4, u + 4, v + 4), fill="blue")
        pen.text(tuple(found.box.mean(axis=0) * scale), f"{found.score:.2f}", fill="yellow")
    return tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("--detector", type=Path, help="(default: the one that ships)")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="draw what was found there")
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    options = parser.parse_args()
    detector = load_detector(options.detector)
    looked = look(detector, options.photos)
    if options.sheet:
        sheets(looked, options.sheet)
    marks = json.loads(MARKS.read_text("utf-8"))
    page = text(detector, looked, marks, "python benchmarks/detector_photos.py labels.csv --write")
    print(page)
    if options.write:
        write_section("detector-photos", page, PAGE)


if __name__ == "__main__":
    main()
