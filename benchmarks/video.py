"""Is each key of a video answered once?

    python benchmarks/video.py PHOTOS [--photos 40] [--write]

In:    a folder as `keykind dev score-real` reads it: photos with marked keys
Out:   how many keys are found, how often each is answered, how many kinds are right: in each photo, and in a
       video of a hand-held camera that moves over it; with --write also in docs/benchmarks.md
Needs: keykind's base installation, PyAV

The camera's window moves over the photo on an ellipse, turns, zooms and trembles for 4 s; keys leave it and
come back. Where each marked key is in each frame is known.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.parallel import parallel_map
from keykind.evaluate.real_photos.annotated_photo import AnnotatedPhoto
from keykind.evaluate.real_photos.annotations import read_annotations
from keykind.evaluate.real_photos.matching import MAX_DISTANCE, undirected_distance
from keykind.photo.source import load_pixels
from keykind.predict.prediction import Key
from keykind.predict.recogniser import Recogniser
from keykind.video.motion import Motion, reduced
from keykind.video.recognise import RATE
from keykind.video.tracking import Tracker
from table import markdown, section, write_section

SECONDS = 4.0
LONGER_SIDE = 1280  # px of a frame
WINDOW = 0.75  # of the photo's sides
TREMBLE = 0.004  # of the photo's longer side, standard deviation per frame
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow", "av")
HEADER = ("", "keys found", "answers per key found", "answers that are no key", "right kind, of those found")
Affine = NDArray[np.float64]  # (2, 3), px of a frame -> px of the photo


@dataclass(slots=True)
class Counts:
    """What was answered about some photos."""

    keys: int = 0
    found: int = 0
    answers: int = 0  # for marked keys
    false: int = 0  # answers for nothing that is marked
    known: int = 0  # keys found whose kind is marked
    right: int = 0

    def add(self, photo: AnnotatedPhoto, answers: Sequence[tuple[int | None, str | None]]) -> None:
        """Take the answers about a photo: the index of the marked key (None: no key), and the kind."""
        per_key: dict[int, list[str | None]] = {}
        for mark, kind in answers:
            if mark is None:
                self.false += 1
            else:
                per_key.setdefault(mark, []).append(kind)
        self.keys += len(photo.marks)
        self.found += len(per_key)
        self.answers += sum(map(len, per_key.values()))
        for mark, kinds in per_key.items():
            if photo.marks[mark].kind:
                self.known += 1
                self.right += photo.marks[mark].kind in kinds

    def row(self, name: str) -> list[str]:
        """Return a row of the table."""
        return [
            name,
            f"{self.found} of {self.keys}",
            f"{self.answers / max(self.found, 1):.2f}",
            f"{self.false}",
            f"{self.right} of {self.known}",
        ]


def camera_path(size: tuple[int, int], rng: np.random.Generator) -> Iterator[tuple[Affine, tuple[int, int]]]:
    """Yield the affine matrix of each frame over a photo of a size (w, h), and the frame's size."""
    width, height = size
    scale = WINDOW * max(width, height) / LONGER_SIDE  # px of the photo per px of a frame
    frame = round(WINDOW * width / scale), round(WINDOW * height / scale)
    start = rng.uniform(0, 2 * math.pi)
    for i in range(round(SECONDS * RATE)):
        phase = start + 2 * math.pi * i / (SECONDS * RATE)
        centre = np.array([width, height]) * (
            0.5 + 0.35 * (1 - WINDOW) * 2 * np.array([math.cos(phase), math.sin(phase)]) / 2
        )
        centre += rng.normal(0, TREMBLE * max(width, height), 2)
        angle, zoom = math.radians(6) * math.sin(2 * phase), scale * (1 + 0.1 * math.cos(phase))
        linear = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        yield np.column_stack([linear, centre - linear @ (np.array(frame) / 2)]), frame


def mark_of(photo: AnnotatedPhoto, key: Key, to_photo: Affine) -> int | None:
    """Return the index of the marked key that a key of a frame is, or None."""
    points = np.array([key.head, key.tip]) @ to_photo[:, :2].T + to_photo[:, 2]
    distances = [undirected_distance(points, mark.keypoints) for mark in photo.marks]
    best = int(np.argmin(distances))
    return best if distances[best] <= MAX_DISTANCE else None


def watch(
    recogniser: Recogniser, photo: AnnotatedPhoto, image: Image.Image, rng: np.random.Generator
) -> dict[str, list[tuple[int | None, str | None]]]:
    """Return the answers about a video over a photo, with and without the camera's motion."""
    steps = list(camera_path(image.size, rng))
    frames = [
        np.asarray(
            image.transform(size, Image.Transform.AFFINE, tuple(to_photo.ravel()), Image.Resampling.BICUBIC)
        )
        for to_photo, size in steps
    ]
    predictions = list(parallel_map(recogniser.recognise, frames))
    answers = {}
    for name, moves in (("video", True), ("video, without the camera's motion", False)):
        tracker, motion = Tracker(), Motion()
        for i, (frame, prediction) in enumerate(zip(frames, predictions, strict=True)):
            shift = motion.update(reduced(frame), max(frame.shape))
            tracker.update(prediction.keys, i / RATE, shift if moves else (0.0, 0.0))
        answers[name] = [
            (
                _most_seen(photo, track.seen, [to_photo for to_photo, _ in steps]),
                track.summary(recogniser.kind_threshold).kind,
            )
            for track in tracker.confirmed(len(frames))
        ]
    return answers


def _most_seen(
    photo: AnnotatedPhoto, seen: Sequence[tuple[float, Key]], steps: Sequence[Affine]
) -> int | None:
    """Return the marked key that most frames of a track show."""
    counts = Counter(mark_of(photo, key, steps[round(seconds * RATE)]) for seconds, key in seen)
    return counts.most_common(1)[0][0]


def measure(
    recogniser: Recogniser, photos: Sequence[AnnotatedPhoto], rng: np.random.Generator
) -> list[list[str]]:
    """Return the rows of the table."""
    counts = {"photo": Counts()}
    for photo in photos:
        pixels = load_pixels(photo.path).pixels
        placed = photo.at_size(pixels.shape[1], pixels.shape[0])
        still = recogniser.recognise(pixels).keys
        counts["photo"].add(placed, [(mark_of(placed, key, np.eye(2, 3)), key.kind) for key in still])
        for name, answers in watch(recogniser, placed, Image.fromarray(pixels), rng).items():
            counts.setdefault(name, Counts()).add(placed, answers)
    return [count.row(name) for name, count in counts.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=40, help="evenly spaced, of those with marked keys")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    marked = [photo for photo in read_annotations(options.folder) if photo.marks and not photo.hidden]
    chosen = [
        marked[i]
        for i in np.linspace(0, len(marked) - 1, min(options.photos, len(marked))).round().astype(int)
    ]
    rows = measure(Recogniser.load(), chosen, np.random.default_rng(0))
    body = (
        f"{len(chosen)} real photos whose keys are marked, and a video over each: a hand-held camera, "
        f"{SECONDS:.0f} s, {RATE:.0f} predicted frames a second. A key counts as found if an answer is at "
        f"its place. Half hidden keys are not marked, so they count among the answers that are no key.\n\n"
        f"{markdown(HEADER, rows)}"
    )
    command = f"python benchmarks/video.py EVERYDAY --photos {options.photos} --write"
    page = section("Keys in videos", body, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("video", page)


if __name__ == "__main__":
    main()
