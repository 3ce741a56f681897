"""Simple drawings of keys of four kinds, in two splits, for tests that do not need real photos.

In:    a folder, how many of each kind, a random generator
Out:   train/<kind>/drawn-NN.png and test/<kind>/drawn-NN.png, each marked as a drawing
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIDE = 240  # of a drawing, px
MARK = "drawn"  # written on each drawing, and the prefix of its name

Point = tuple[float, float]
Pen = ImageDraw.ImageDraw


def draw_photos(folder: Path, counts: Mapping[str, int], rng: np.random.Generator) -> None:
    """Write drawings of each kind for each split; the same `rng` gives the same pictures.

    counts: split -> drawings per kind, e.g. {"train": 12, "test": 6}.
    """
    for split, count in counts.items():
        for kind in BLADES:
            class_folder = folder / split / kind
            class_folder.mkdir(parents=True)
            for i in range(count):
                draw_key(kind, rng).save(class_folder / f"{MARK}-{i:02}.png")


def draw_key(kind: str, rng: np.random.Generator) -> Image.Image:
    """Return a drawing of a key, SIDE x SIDE px, randomly rotated and flipped, on a plain background."""
    background = tuple(int(level) for level in rng.integers(180, 256, 3))
    metal = tuple(int(level) for level in rng.integers(90, 170) + np.array([20, 10, -20]))
    picture = Image.new("RGB", (SIDE, SIDE), background)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((20, 85, 90, 155), fill=metal)
    pen.ellipse((38, 108, 60, 130), fill=background)
    BLADES[kind](pen, metal, rng)
    rotated = picture.rotate(float(rng.uniform(-40, 40)), Image.Resampling.BILINEAR, fillcolor=background)
    drawing = rotated.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else rotated
    ImageDraw.Draw(drawing).text((4, 4), MARK, fill=(120, 120, 120))
    return drawing


def _cylinder(pen: Pen, metal: Any, rng: np.random.Generator) -> None:
    cuts: list[Point] = [(90 + 8 * step, 108 + float(rng.uniform(0, 14))) for step in range(15)]
    pen.polygon([(85, 108), *cuts, (215, 125), (205, 132), (85, 132)], fill=metal)


def _dimple(pen: Pen, metal: Any, rng: np.random.Generator) -> None:
    pen.rectangle((85, 106, 210, 134), fill=metal)
    for x in range(100, 205, 15):
        radius, y = float(rng.uniform(2, 5)), float(rng.uniform(113, 127))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(50, 50, 50))


def _laser_track(pen: Pen, metal: Any, rng: np.random.Generator) -> None:
    pen.rectangle((85, 104, 210, 136), fill=metal)
    phase, frequency = rng.uniform(0, 6), rng.uniform(0.05, 0.1)
    track: list[Point] = [(x, 120 + 8 * math.sin(phase + frequency * x)) for x in range(100, 210, 3)]
    pen.line(track, fill=(60, 60, 60), width=6)


def _mortice(pen: Pen, metal: Any, rng: np.random.Generator) -> None:
    pen.rectangle((85, 115, 215, 125), fill=metal)
    pen.rectangle((180, 125, 210, 165), fill=metal)
    for x in range(184, 208, 8):
        pen.rectangle((x, 165 - int(rng.integers(6, 26)), x + 4, 166), fill=(235, 235, 235))


BLADES: dict[str, Callable[[Pen, Any, np.random.Generator], None]] = {
    "cylinder": _cylinder,
    "dimple": _dimple,
    "laser_track": _laser_track,
    "mortice": _mortice,
}
