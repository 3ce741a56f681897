"""How well the detector works on real photos.

    python benchmarks/detector_photos.py labels.csv [--detector FILE] [--sheet FOLDER] [--write]

In:    real photos as a CSV table (path, label); tests/support/real_keys.json, hand-annotated keypoints of the
       photos with several keys, by the hash of the file
Out:   recall and false detections on those photos; the number of detections in photos of one key or none;
       with --sheet images of all detections; with --write also in docs/models.md
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
from keykind.core.parallel import parallel_map
from keykind.dataset.csv_table import Row, read_table
from keykind.detect.crops import DETECTION_SIDE
from keykind.detect.detection import Detection
from keykind.detect.detector import SCORE_THRESHOLD, Detector, load_detector
from keykind.photo.decode import Photo, read_photo
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
ANNOTATIONS = Path(__file__).parents[1] / "tests" / "support" / "real_keys.json"
SEVERAL = "multiple"  # label of photos with several keys
MAX_DISTANCE = 0.3  # mean distance of both keypoints to match, in lengths of the annotated key
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
FEW = 8  # keys; of photos with more most are bunches and walls of keys
THRESHOLDS = (0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15)  # of the score
RANGES = ((0, 0), (1, 1), (2, 10**9))  # detections in a photo
TILE, COLUMNS = 320, 6  # px, and images in a row of a sheet


@dataclass(frozen=True)
class PhotoDetections:
    """A photo and its detections."""

    label: str
    sha256: str
    photo: Photo
    detections: tuple[Detection, ...]


@dataclass(frozen=True)
class Count:
    """How a photo's detections compare with its annotations."""

    keys: int
    hits: int
    swapped: int
    false: int


def detect_all(detector: Detector, table: Path) -> list[PhotoDetections]:
    """Return every photo of a table with its detections."""

    def detect(row: Row) -> PhotoDetections:
        path = table.parent / row.cells["path"]
        photo = read_photo(path, min_side=DETECTION_SIDE)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return PhotoDetections(row.cells["label"], sha256, photo, detector.detect(photo))

    return list(parallel_map(detect, read_table(table, ("path", "label"))))


def with_one_false(
    detector: Detector, several: Sequence[PhotoDetections], annotations: dict[str, Any]
) -> list[Count]:
    """Return the counts at the lowest threshold with at most one false detection per photo on average."""
    best: list[Count] = []
    for threshold in THRESHOLDS:
        detected = [
            replace(item, detections=detector.detect(item.photo, score_threshold=threshold))
            for item in several
        ]
        counts = [count(item, annotations[item.sha256]) for item in detected]
        if sum(each.false for each in counts) > len(counts):
            break
        best = counts
    return best


def count(item: PhotoDetections, annotation: dict[str, Any]) -> Count:
    """Compare a photo's detections with its annotation; half-hidden keys are ignored."""
    size = np.array([item.photo.width, item.photo.height, item.photo.width, item.photo.height])
    keys, partial = (
        [(np.array(keypoints) * size).reshape(2, 2) for keypoints in annotation[name]]
        for name in ("keys", "partial")
    )
    hits = swapped = false = 0
    unmatched = [*keys, *partial]
    for detection in item.detections:
        keypoints = np.stack([detection.head, detection.tip])
        best = min(unmatched, key=lambda key: undirected_distance(keypoints, key), default=None)
        if best is None or undirected_distance(keypoints, best) > MAX_DISTANCE:
            centre = keypoints.mean(axis=0) / size[:2]
            false += not any(inside(centre, region) for region in annotation["dense"])
            continue
        unmatched = [key for key in unmatched if key is not best]
        if any(best is key for key in keys):
            hits += 1
            swapped += distance(keypoints, best) > distance(keypoints[::-1], best)
    return Count(len(keys), hits, swapped, false)


def distance(keypoints: Points, key: Points) -> float:
    """Return the mean distance of head and tip from a key's, in lengths of the key."""
    return float(np.linalg.norm(keypoints - key, axis=1).mean() / np.linalg.norm(key[0] - key[1]))


def undirected_distance(keypoints: Points, key: Points) -> float:
    """Return the same, whichever end is the head."""
    return min(distance(keypoints, key), distance(keypoints[::-1], key))


def inside(point: Points, region: Sequence[float]) -> bool:
    left, top, right, bottom = region
    return bool(left <= point[0] <= right and top <= point[1] <= bottom)


def text(
    detector: Detector, photos: Sequence[PhotoDetections], annotations: dict[str, Any], command: str
) -> str:
    """Return the section of the page."""
    several = [item for item in photos if item.label == SEVERAL]
    counts = [count(item, annotations[item.sha256]) for item in several]
    tolerant = with_one_false(detector, several, annotations)
    rows = [
        (name, *cells([each for each in group if each.keys <= limit]))
        for group, suffix in ((counts, ""), (tolerant, ", one false allowed"))
        for name, limit in ((f"all{suffix}", math.inf), (f"with at most {FEW} keys{suffix}", FEW))
    ]
    header = ("photos of several keys", "photos", "keys", "recall", "false per photo", "swapped")
    others = [
        (label, str(len(numbers)), *(str(sum(low <= n <= high for n in numbers)) for low, high in RANGES))
        for label in sorted({item.label for item in photos} - {SEVERAL})
        for numbers in [[len(item.detections) for item in photos if item.label == label]]
    ]
    summary = (
        f"A marked key is detected if the predicted keypoints are, on average, within {MAX_DISTANCE:.0%} of "
        "its length of the marked ones; swapped: head and tip are exchanged. Score threshold "
        f"{SCORE_THRESHOLD}, or the lowest with at most one false detection per photo. Second table: the "
        "number of other photos with no, one or several detections."
    )
    few = markdown(("photos of one kind or none", "photos", "no key", "one", "several"), others)
    heading = "The detector on real photos"
    body = f"{summary}\n\n{markdown(header, rows)}\n\n{few}"
    return section(heading, body, command=command, packages=PACKAGES)


def cells(counts: Sequence[Count]) -> tuple[str, ...]:
    """Return the cells of a row."""
    keys, hits, swapped, false = (
        sum(getattr(each, name) for each in counts) for name in ("keys", "hits", "swapped", "false")
    )
    photos = len(counts)
    return (
        str(photos),
        str(keys),
        f"{hits / keys:.3f}",
        f"{false / photos:.2f}",
        f"{swapped / max(hits, 1):.1%}",
    )


def write_sheets(photos: Iterable[PhotoDetections], folder: Path) -> None:
    """Draw all detections, one sheet per label."""
    folder.mkdir(parents=True, exist_ok=True)
    by_label: dict[str, list[Image.Image]] = {}
    for item in photos:
        by_label.setdefault(item.label, []).append(draw(item))
    for label, tiles in by_label.items():
        sheet = Image.new("RGB", (COLUMNS * TILE, -(-len(tiles) // COLUMNS) * TILE), "white")
        for i, tile in enumerate(tiles):
            sheet.paste(tile, (i % COLUMNS * TILE, i // COLUMNS * TILE))
        sheet.save(folder / f"{label}.png")


def draw(item: PhotoDetections) -> Image.Image:
    """Return a photo with the box of each detection, a ring at its head and a dot at its tip."""
    tile = Image.fromarray(item.photo.pixels)
    tile.thumbnail((TILE, TILE))
    scale = tile.width / item.photo.width
    pen = ImageDraw.Draw(tile)
    for detection in item.detections:
        pen.polygon([tuple(corner * scale) for corner in detection.box], outline="red")
        (x, y), (u, v) = detection.head * scale, detection.tip * scale
        pen.ellipse((x - 5, y - 5, x + 5, y + 5), outline="lime", width=2)
        pen.ellipse((u - 4, v - 4, u + 4, v + 4), fill="blue")
        pen.text(tuple(detection.box.mean(axis=0) * scale), f"{detection.score:.2f}", fill="yellow")
    return tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("--detector", type=Path, help="(default: the bundled one)")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="draw all detections there")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    detector = load_detector(options.detector)
    photos = detect_all(detector, options.photos)
    if options.sheet:
        write_sheets(photos, options.sheet)
    annotations = json.loads(ANNOTATIONS.read_text("utf-8"))
    page = text(detector, photos, annotations, "python benchmarks/detector_photos.py labels.csv --write")
    print(page)
    if options.write:
        write_section("detector-photos", page, PAGE)


if __name__ == "__main__":
    main()
